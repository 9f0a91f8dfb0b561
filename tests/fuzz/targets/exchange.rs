//! A whole exchange, from the request's head to the answer out of the cache: what the origin or the
//! client forbids is not done, and what is stored serves the request it was stored for.

use std::time::Duration;

use bytes::Bytes;
use engine::{
    cache::{
        advice::{Answered, Facts, advise},
        conditional,
        draw::Draw,
        head,
        invalidate::{Obsolete, Write, after},
        keep::{self, Keep},
        range,
        request::{Lookup, Partition, RequestClass, RequestHead, RequestRules, classify},
        response::{ResponseFacts, ResponseHead},
        reuse::{self, Moment, Reuse, Selected},
        revalidate::{self, Confirmation, Freshened},
        share::{self, Share},
        status::CacheStatus,
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    outcome::{CacheOutcome, MissReason, StoreOutcome},
};
use http::{HeaderMap, Method, StatusCode, header};
use policy::{CachePolicy, Scheme, SetCookie};

use super::Target;
use crate::{
    input::Input,
    oracle::{at, plainly_forbids_storing, response},
};

pub(crate) const TARGET: Target = Target {
    name: "exchange",
    words: &[
        "GET\n",
        "HEAD\n",
        "POST\n",
        "cache-control: ",
        "no-store",
        "private",
        "no-cache",
        "public",
        "max-age=60",
        "s-maxage=60",
        "must-understand",
        "stale-while-revalidate=60",
        "max-stale",
        "only-if-cached",
        "authorization: Basic YTpi",
        "cookie: a=b",
        "set-cookie: a=b",
        "vary: ",
        "accept-encoding",
        "accept",
        ": ",
        "etag: \"a\"",
        "if-none-match: \"a\"",
        "range: bytes=0-1",
        "if-range: \"a\"",
        "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
        "expires: 0",
        "age: 5",
        "date: Mon, 01 Jan 2024 00:00:00 GMT",
        "pragma: no-cache",
        "content-length: 5",
        "content-encoding: gzip",
        "connection: etag",
        "location: /b",
        "cdn-cache-control: max-age=5",
        "forebay-cache-control: max-age=5",
        "upgrade: h2c",
        "\n",
        "\n\n",
    ],
    run,
};

/// What both heads say together.
struct Exchange<'a> {
    method: &'a Method,
    request: &'a HeaderMap,
    lookup: Lookup,
    facts: &'a ResponseFacts<'a>,
    /// Seconds until it is asked for again, and once more.
    later: [u64; 2],
}

fn run(data: &[u8]) {
    let mut input = Input::of(data);
    let method = Method::from_bytes(input.line()).unwrap_or(Method::GET);
    let status = u16::try_from(input.number()).unwrap_or_default();
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let later = [(); 2].map(|()| input.number() % (1 << 33));
    let (request, answer, again) = (input.fields(), input.fields(), input.fields());

    let write = Write {
        method: &method,
        scheme: Scheme::Https,
        host: "shop.test",
        port: 443,
        target: "/a/b?c",
    };
    if let Obsolete::Targets(targets) = after(&write, status, &answer) {
        assert!(!method.is_safe());
        assert!(targets[0] == write.target && targets.iter().all(|it| it.starts_with('/')));
    }
    let head = RequestHead {
        method: &method,
        headers: &request,
        has_body: false,
    };
    let facts = ResponseFacts::read(response(status, &answer));
    let lookup = match classify(head, &RequestRules::default()) {
        RequestClass::Bypass(reason) => {
            return told(
                CacheOutcome::Bypass(reason),
                None,
                &method,
                &request,
                &facts,
            );
        }
        RequestClass::Lookup(lookup) => lookup,
    };
    let exchange = Exchange {
        method: &method,
        request: &request,
        lookup,
        facts: &facts,
        later,
    };
    let mut operator = CachePolicy {
        set_cookie: SetCookie::Strip,
        ..CachePolicy::default()
    };
    operator.lifetimes.times.ttl = Some(Duration::from_secs(60));
    for policy in [&CachePolicy::default(), &operator] {
        exchange.under(policy, &again);
    }
}

fn told(
    outcome: CacheOutcome,
    store: Option<StoreOutcome>,
    method: &Method,
    headers: &HeaderMap,
    response: &ResponseFacts<'_>,
) {
    let ResponseHead {
        status,
        headers: answer,
        ..
    } = response.head;
    let facts = Facts {
        method,
        headers,
        query: Some("a=1"),
        answered: Some(Answered::of(status, answer)),
    };
    assert!(!advise(outcome, store, &facts).because.is_empty());
    let status = CacheStatus {
        outcome,
        store,
        ..CacheStatus::default()
    };
    assert!(status.header_value().to_str().is_ok());
}

// === impl Exchange ===

impl Exchange<'_> {
    fn under(&self, policy: &CachePolicy, again: &HeaderMap) {
        let (facts, lookup) = (self.facts, &self.lookup);
        let may_be_shared = share::decide(lookup, facts, policy.set_cookie);
        let kept = keep::decide(lookup, facts, policy, Draw::NEUTRAL);
        let store = match kept {
            Keep::Skip(reason) => StoreOutcome::Skipped(reason),
            Keep::Store(_) => StoreOutcome::Stored,
        };
        let miss = CacheOutcome::Miss(MissReason::Uri);
        told(miss, Some(store), self.method, self.request, facts);
        if plainly_forbids_storing(facts.head.headers) {
            assert_ne!(may_be_shared, Share::Yes, "what must not be shared is");
            assert!(matches!(kept, Keep::Skip(_)), "what must not be stored is");
        }
        let Keep::Store(terms) = kept else {
            return;
        };
        if lookup.authorization && lookup.partition == Partition::Shared {
            let control = &facts.control;
            assert!(control.public || control.must_revalidate || control.s_maxage.is_some());
        }
        for mode in [
            AcceptEncoding::Fixed,
            AcceptEncoding::Reduced,
            AcceptEncoding::Verbatim,
        ] {
            let meta = StoredMeta::new(facts, self.request, terms, mode);
            self.serves(&meta);
            self.renews(&meta, policy, mode, again);
        }
    }

    fn serves(&self, meta: &StoredMeta) {
        for name in [header::SET_COOKIE, header::AGE, header::CONNECTION] {
            assert!(!meta.head.contains(&name), "{name} is stored");
        }
        assert!(meta.head.contains(&header::DATE) && meta.weight() > 0);
        for name in &self.facts.withheld {
            assert!(*name == header::DATE || !meta.head.contains(name));
        }
        let selected = reuse::select([meta].into_iter(), self.request);
        assert_eq!(selected, Selected::Variant(0));
        let mut youngest = Duration::ZERO;
        for seconds in [self.later[0], self.later[0] + self.later[1]] {
            let now = at(seconds);
            let (age, fresh) = match reuse::decide(meta, &self.lookup, &Moment::plain(now)) {
                Reuse::Fresh { age, ttl, .. } => {
                    assert!(!meta.rules.no_cache && !self.lookup.demand.no_cache);
                    assert!(age.as_duration() <= meta.lifetime.length);
                    assert!(ttl.as_duration() <= meta.lifetime.length);
                    (age, true)
                }
                Reuse::Stale { age, .. } => {
                    assert!(!meta.rules.no_cache && !meta.rules.must_revalidate);
                    (age, false)
                }
                Reuse::Revalidate(_) | Reuse::Unusable(_) => continue,
            };
            assert!(age.as_duration() >= youngest, "it became younger");
            youngest = age.as_duration();
            assert!(fresh || age.as_duration() >= meta.lifetime.length);
            conditional::decide(&self.lookup, self.request, meta, now.wall);
            let wanted = range::decide(&self.lookup, self.request, meta, 5, now.wall);
            if let range::Wanted::Single(span) = wanted {
                let held = range::Held::whole(Bytes::from_static(b"hello"));
                assert!(held.cut(span).is_some());
            }
            reuse::on_error(meta, now);
        }
    }

    fn renews(
        &self,
        meta: &StoredMeta,
        policy: &CachePolicy,
        accept_encoding: AcceptEncoding,
        again: &HeaderMap,
    ) {
        let mut sent = self.request.clone();
        let held = revalidate::Held {
            selected: Some(meta),
            others: &[],
        };
        revalidate::prepare(self.method, &mut sent, held);
        assert!(!sent.contains_key(header::IF_RANGE) && !sent.contains_key(header::IF_MATCH));
        let now = at(self.later[0]);
        let answer = Confirmation {
            headers: again,
            request: self.request,
            lookup: &self.lookup,
            accept_encoding,
            sent_at: now,
            received_at: now,
            draw: Draw::NEUTRAL,
        };
        if let Freshened::Updated(renewed) = revalidate::freshen(meta, &answer, policy) {
            assert!(
                !plainly_forbids_storing(again),
                "a 304 that forbids it renews"
            );
            assert!(!renewed.head.contains(&header::SET_COOKIE));
            let length = |meta: &StoredMeta| {
                let length = meta.head.get(&header::CONTENT_LENGTH);
                length.map(<[u8]>::to_vec)
            };
            assert_eq!(length(&renewed), length(meta), "of other bytes");
        }
        let headed = head::decide(meta, 5, StatusCode::OK, &answer, policy);
        if let head::Headed::Refreshed(_) = headed {
            assert!(
                !plainly_forbids_storing(again),
                "a HEAD that forbids it renews"
            );
        }
    }
}
