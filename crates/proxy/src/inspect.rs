//! What the cache holds for a request, told without asking anybody and without changing anything.
//!
//! The operator asks "why is this not cached?" about a URL. The answer comes from the steps that a
//! request for it would take (admit, route, lookup), from what is stored under its key, and, when nothing
//! is, from what is remembered of the last answer that was not kept.

use std::time::Duration;

use engine::{
    admit::{self, RequestHead},
    cache::{
        advice::{Advice, Answered, Facts, advise},
        age,
        freshness::LifetimeSource,
        key::KeyParts,
        persona,
        purge::Purged,
        request::Lookup,
        reuse::{self, Moment, Reuse},
    },
    client_ip::PeerTrust,
    failure::Malformed,
    host,
    outcome::{BypassReason, CacheOutcome, MissReason, StoreOutcome},
    path,
    routing::{RouteOutcome, RouteQuery},
    time::Now,
    transform::wants_original,
};
use http::{HeaderMap, HeaderName, StatusCode, Version, header, request};
use policy::{CachePolicy, Mode, Scheme};
use store::{Skipped, StoredResponse, Variants};

use crate::{
    clock,
    sidecar::Sidecar,
    snapshot::Snapshot,
    steps::{
        admit::Admitted,
        identify::{self, Asker, identify},
        lookup,
        transform::is_trimmed,
    },
};

/// What is known about the cache and one request.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The route that takes it.
    pub route: String,
    /// What it would get now; [`CacheOutcome::Stale`] when the origin had to be asked first.
    pub outcome: CacheOutcome,
    /// Everything stored under its key, the latest last.
    pub variants: Vec<HeldVariant>,
    /// Why the last answer was not kept, if that is remembered and nothing is held.
    pub last: Option<LastSkipped>,
    /// What there is to say about it, and what would change it.
    pub advice: Advice,
}

/// One stored response.
#[derive(Clone, Debug)]
pub struct HeldVariant {
    /// Whether it is the one for this request.
    pub selected: bool,
    /// Its status.
    pub status: StatusCode,
    /// How old it is.
    pub age: Duration,
    /// How much longer it is fresh; zero when it is not.
    pub ttl: Duration,
    /// For how long after that it may be used while it is renewed, or in place of an error.
    pub grace: Duration,
    /// Who gave it its lifetime.
    pub lifetime_source: LifetimeSource,
    /// How many bytes its body has.
    pub size: u64,
    /// The content coding it came with, if any, and those it was encoded in since.
    pub encodings: Vec<String>,
    /// Its tags, as the origin wrote them.
    pub tags: Vec<String>,
    /// The request fields that select it.
    pub vary: Vec<HeaderName>,
}

/// An answer that was not kept.
#[derive(Clone, Copy, Debug)]
pub struct LastSkipped {
    /// Why, and what it was.
    pub skipped: Skipped,
    /// How long ago.
    pub ago: Duration,
}

/// A request that no cache could be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uninspectable {
    /// It would be refused as malformed.
    #[error("the request would be refused: {}", .0.as_str())]
    Malformed(Malformed),
    /// No route takes it.
    #[error("no route takes the request")]
    Unrouted,
}

// === impl Sidecar ===

impl Sidecar {
    /// Looks up a request as if it had come to the listener at this position.
    ///
    /// # Errors
    /// When it would never get as far as the cache.
    pub fn inspect(
        &self,
        request: http::Request<()>,
        listener: usize,
    ) -> Result<Inspection, Uninspectable> {
        let snapshot = self.snapshot.load_full();
        let mut head = request.into_parts().0;
        // Whatever version it was made with, fields alone say where it goes.
        head.version = Version::HTTP_11;
        let scheme = match snapshot.policies.listeners.get(listener) {
            Some(listener) if listener.tls.is_some() => Scheme::Https,
            _ => Scheme::Http,
        };
        let admitted = admitted(&head, scheme).map_err(Uninspectable::Malformed)?;
        let query = RouteQuery {
            host: admitted.authority.host(),
            method: &head.method,
            path: admitted.path.as_str(),
            query: head.uri.query(),
            headers: &head.headers,
        };
        let RouteOutcome::Route(route) = snapshot.router.route(&query) else {
            return Err(Uninspectable::Unrouted);
        };
        Ok(self.look(&snapshot, route, scheme, &head, &admitted))
    }

    fn look(
        &self,
        snapshot: &Snapshot,
        route: usize,
        scheme: Scheme,
        head: &request::Parts,
        admitted: &Admitted<'_>,
    ) -> Inspection {
        let trims = is_trimmed(snapshot, route);
        let route = &snapshot.policies.routes[route];
        let cache = route.cache.as_ref().filter(|cache| cache.mode != Mode::Off);
        let class = self.class(snapshot, head, admitted, (cache, trims));
        let (outcome, variants, last) = match (class, cache) {
            (Err(reason), _) => (CacheOutcome::Bypass(reason), Vec::new(), None),
            (Ok(_), None) => (CacheOutcome::Off, Vec::new(), None),
            (Ok((asker, known)), Some(cache)) => {
                let parts = KeyParts {
                    user: asker.user(&cache.key),
                    ..lookup::key_parts(scheme, route, head, admitted)
                };
                let query = &cache.key.query;
                let search = lookup::search_variance(self, &parts, query);
                let mut key = Vec::new();
                parts.encode(query, search.as_deref(), &mut key);
                lookup::mark_shadow(cache, &mut key);
                self.held(cache, &key, &known, &asker, &head.headers)
            }
        };
        let skipped = last.map(|last| last.skipped);
        let facts = Facts {
            method: &head.method,
            headers: &head.headers,
            query: head.uri.query(),
            answered: answered(skipped, &variants),
        };
        let store = skipped.map(|skipped| StoreOutcome::Skipped(skipped.reason));
        Inspection {
            route: route.name.clone(),
            advice: advise(outcome, store, &facts),
            outcome,
            variants,
            last,
        }
    }

    fn class(
        &self,
        snapshot: &Snapshot,
        head: &request::Parts,
        admitted: &Admitted<'_>,
        (cache, trims): (Option<&CachePolicy>, bool),
    ) -> Result<(Asker, Lookup), BypassReason> {
        let asker = match cache {
            Some(cache) => identify(&cache.key, || {
                identify::prove(snapshot, &head.headers, clock::now())
            })?,
            None => Asker::Anybody,
        };
        // Nobody speaks through a trusted proxy here.
        let peer = PeerTrust::Untrusted;
        let known = lookup::classify(peer, head, admitted, cache, &asker)?;
        if trims && wants_original(&head.headers) {
            return Err(BypassReason::NoTransform);
        }
        Ok((asker, known))
    }

    fn held(
        &self,
        cache: &CachePolicy,
        key: &[u8],
        known: &Lookup,
        asker: &Asker,
        request: &HeaderMap,
    ) -> (CacheOutcome, Vec<HeldVariant>, Option<LastSkipped>) {
        let now = clock::now();
        let last = self.verdicts.recall(store::hash(key));
        let last = last.map(|skipped| LastSkipped {
            skipped,
            ago: now.monotonic.saturating_sub(skipped.at),
        });
        let Some(variants) = self.responses.get(key) else {
            return (CacheOutcome::Miss(MissReason::Uri), Vec::new(), last);
        };
        let mut persona = Vec::new();
        persona::write(&cache.key.dimensions, request, asker.claims(), &mut persona);
        let judge = |stored: &StoredResponse| self.purges.judge(stored, key);
        let (outcome, selected) = decide(&variants, known, request, &persona, judge, now);
        let outcome = match cache.mode {
            Mode::Shadow => CacheOutcome::Bypass(BypassReason::Shadow),
            Mode::Enforce | Mode::Off => outcome,
        };
        let held = variants.iter().map(|stored| {
            let selected = selected.is_some_and(|selected| std::ptr::eq(selected, &**stored));
            HeldVariant::of(stored, selected, now)
        });
        // What is held speaks for itself, unless it is for others.
        let last = last.filter(|_| {
            !matches!(
                outcome,
                CacheOutcome::Hit | CacheOutcome::ServedStale(_) | CacheOutcome::Stale
            )
        });
        (outcome, held.collect(), last)
    }
}

fn admitted<'a>(head: &'a request::Parts, scheme: Scheme) -> Result<Admitted<'a>, Malformed> {
    let admitted = admit::admit(&RequestHead {
        method: &head.method,
        uri: &head.uri,
        version: head.version,
        headers: &head.headers,
    })?;
    Ok(Admitted {
        authority: host::authority(&head.uri, &head.headers, head.version, scheme)?,
        path: path::normalize(head.uri.path()),
        declared: admitted.body,
        upgrade: admitted.upgrade,
        has_body: matches!(
            admitted.body,
            admit::DeclaredBody::Chunked | admit::DeclaredBody::Length(1..)
        ),
    })
}

/// What the request would get, and the response it selects.
fn decide<'a>(
    variants: &'a Variants,
    known: &Lookup,
    request: &HeaderMap,
    persona: &[u8],
    judge: impl Fn(&StoredResponse) -> Purged,
    now: Now,
) -> (CacheOutcome, Option<&'a StoredResponse>) {
    let stored = match variants.select(request, persona) {
        Ok(stored) => stored,
        Err(reason) => return (CacheOutcome::Miss(reason), None),
    };
    let moment = Moment {
        purged: judge(stored),
        ..Moment::plain(now)
    };
    let outcome = match reuse::decide(&stored.meta, known, &moment) {
        Reuse::Fresh { .. } => CacheOutcome::Hit,
        Reuse::Gone => return (CacheOutcome::Miss(MissReason::Uri), None),
        Reuse::Revalidate(_) => CacheOutcome::Stale,
        Reuse::Stale { reason, .. } => CacheOutcome::ServedStale(reason),
        Reuse::Unusable(reason) => CacheOutcome::Bypass(reason),
    };
    (outcome, Some(&**stored))
}

/// The origin's answer, as far as it is known.
fn answered(skipped: Option<Skipped>, variants: &[HeldVariant]) -> Option<Answered> {
    let of_skipped = skipped.map(|skipped| Answered {
        status: skipped.status,
        content_type: None,
        length: skipped.length,
        vary: Vec::new(),
    });
    of_skipped.or_else(|| {
        variants.last().map(|held| Answered {
            status: held.status,
            content_type: None,
            length: Some(held.size),
            vary: held.vary.clone(),
        })
    })
}

fn encodings(stored: &StoredResponse) -> Vec<String> {
    let came = stored.meta.head.get(&header::CONTENT_ENCODING);
    let came = came.map(|value| String::from_utf8_lossy(value).into_owned());
    let ours = stored.encodings().iter();
    let ours = ours.map(|encoding| encoding.coding.as_str().to_owned());
    came.into_iter().chain(ours).collect()
}

/// What the origin's tag fields say.
fn tags(headers: &HeaderMap) -> Vec<String> {
    let lines = |name: &'static str, separator: char| {
        let lines = headers.get_all(name).iter();
        let lines = lines.filter_map(|line| line.to_str().ok());
        lines.flat_map(move |line| line.split(separator))
    };
    let tags = lines("surrogate-key", ' ').chain(lines("cache-tag", ','));
    let tags = tags.map(str::trim).filter(|tag| !tag.is_empty());
    tags.map(str::to_owned).collect()
}

// === impl HeldVariant ===

impl HeldVariant {
    fn of(stored: &StoredResponse, selected: bool, now: Now) -> Self {
        let meta = &stored.meta;
        let age = age::current(meta.initial_age, meta.received_at, now);
        Self {
            selected,
            status: meta.status,
            age,
            ttl: meta.lifetime.length.saturating_sub(age),
            grace: meta.grace.longest(),
            lifetime_source: meta.lifetime.source,
            size: stored.body.len() as u64,
            encodings: encodings(stored),
            tags: tags(&meta.head.to_headers()),
            vary: meta.vary.names().cloned().collect(),
        }
    }
}
