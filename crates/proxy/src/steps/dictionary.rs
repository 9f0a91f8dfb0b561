//! The dictionary of a route that compresses against one: it is told of, given out, and used for those
//! who have it (RFC 9842).

use std::{path::PathBuf, sync::Arc};

use bytes::Bytes;
use engine::{
    cache::etag::{EntityTag, Member, Members},
    coding::dictionary::{NoDictionary, SharedDictionary},
    compression::{
        Decision,
        breach::{Secrecy, carries_secret},
        dictionary::{self, Announcement, Holding, KEPT, Readability},
        untouchable,
    },
    outcome::{AsIsReason, EncodeOutcome},
};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    request,
};
use policy::{BreachGuard, HostPattern, Mode, Route};

use super::{admit::Admitted, encode::Privacy};
use crate::{body::ResponseBody, exchange::Exchange, recording::RecordedBody};

/// The dictionary of a route.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) shared: Arc<SharedDictionary>,
    announcement: Announcement,
    /// Those of its route; empty for any.
    hosts: Vec<HostPattern>,
    path: String,
    breach_guard: BreachGuard,
}

/// A request whose response might be compressed against a dictionary, and that response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) request: &'a HeaderMap,
    pub(crate) response: &'a HeaderMap,
    pub(crate) privacy: Privacy,
}

/// A dictionary that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .file.display())]
pub struct DictionaryError {
    file: PathBuf,
    reason: String,
}

// === impl Offer ===

impl Offer {
    /// The dictionaries of these routes, in their order; nothing at all where no route has one.
    pub(crate) fn load_all(routes: &[Route]) -> Result<Vec<Option<Self>>, DictionaryError> {
        let offers: Vec<_> = routes.iter().map(Self::load).collect::<Result<_, _>>()?;
        let is_any = offers.iter().any(Option::is_some);
        Ok(if is_any { offers } else { Vec::new() })
    }

    /// Reads the dictionary of a route, if it has one.
    fn load(route: &Route) -> Result<Option<Self>, DictionaryError> {
        let compression = route.compression.as_ref();
        let Some(compression) = compression.filter(|it| it.mode == Mode::Enforce) else {
            return Ok(None);
        };
        let Some(policy) = &compression.dictionary else {
            return Ok(None);
        };
        let wrong = |reason: String| DictionaryError {
            file: policy.file.clone(),
            reason,
        };
        let raw = std::fs::read(&policy.file).map_err(|error| wrong(error.to_string()))?;
        let shared = SharedDictionary::new(Bytes::from(raw), compression.level)
            .map_err(|no: NoDictionary| wrong(no.to_string()))?;
        let announcement = Announcement::new(policy, shared.hash())
            .ok_or_else(|| wrong("its path cannot be said in a field".to_owned()))?;
        Ok(Some(Self {
            shared: Arc::new(shared),
            announcement,
            hosts: route.matches.hosts.clone(),
            path: policy.path.clone(),
            breach_guard: compression.breach_guard,
        }))
    }

    /// Whether it is found at this path of this host.
    fn is_at(&self, host: &str, path: &str) -> bool {
        let is_here = |pattern: &HostPattern| pattern.takes(host);
        self.path == path && (self.hosts.is_empty() || self.hosts.iter().any(is_here))
    }

    /// Whether it may be used for this response. Where that may hold a secret that is guarded, nothing
    /// is made to resemble a known text.
    fn is_for(&self, asked: &Asked<'_>) -> bool {
        self.breach_guard == BreachGuard::Off
            || asked.privacy == Privacy::Shared
            || carries_secret(asked.request, asked.response) == Secrecy::Open
    }
}

/// The dictionary of the route that governs a request, if it has one.
pub(crate) fn of(exchange: &Exchange) -> Option<&Offer> {
    let snapshot = exchange.snapshot();
    let route = usize::from(exchange.recording.event.route?);
    snapshot.dictionaries.get(route)?.as_ref()
}

/// The route whose dictionary a request asks for, which then governs it.
pub(crate) fn wanted(
    exchange: &mut Exchange,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Option<usize> {
    if exchange.snapshot().dictionaries.is_empty()
        || !matches!(head.method, Method::GET | Method::HEAD)
    {
        return None;
    }
    let (host, path) = (admitted.authority.host(), admitted.path.as_str());
    let mut offers = exchange.snapshot().dictionaries.iter();
    let is_it = |offer: &Option<Offer>| offer.as_ref().is_some_and(|it| it.is_at(host, path));
    let route = offers.position(is_it)?;
    exchange.event().route = u16::try_from(route).ok();
    Some(route)
}

/// Answers with the dictionary itself.
pub(crate) fn answer(exchange: Exchange, request: &request::Parts) -> Response<RecordedBody> {
    let mut response = Response::new(ResponseBody::Empty);
    if let Some(offer) = of(&exchange) {
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, KEPT);
        headers.insert(ETAG, offer.announcement.tag.clone());
        headers.insert("use-as-dictionary", offer.announcement.use_as.clone());
        if has_it(&request.headers, &offer.announcement.tag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let kind = HeaderValue::from_static("application/octet-stream");
            headers.insert(CONTENT_TYPE, kind);
            let raw = offer.shared.raw().clone();
            headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from(raw.len()));
            if request.method != Method::HEAD {
                *response.body_mut() = ResponseBody::Full(raw);
            }
        }
    }
    exchange.finish(response)
}

fn has_it(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let Some(ours) = EntityTag::of(tag) else {
        return false;
    };
    let mut lines = request.get_all(IF_NONE_MATCH).iter();
    lines.any(|line| {
        Members::of(line.as_bytes()).any(|member| match member {
            Member::Any => true,
            Member::Invalid => false,
            Member::Tag(theirs) => theirs.weakly_equals(ours),
        })
    })
}

/// The decision for a client that may have the dictionary: what would be compressed for it, or would be
/// if it took any other coding, is compressed against it, unless it is hidden from the page that asks.
/// `allowed` is whose pages may read it.
pub(crate) fn instead(
    exchange: &mut Exchange,
    asked: &Asked<'_>,
    decision: Option<Decision>,
    allowed: impl FnOnce() -> Option<HeaderValue>,
) -> Option<Decision> {
    let decided = decision?;
    let is_fit = matches!(
        decided.outcome,
        EncodeOutcome::AsIs(AsIsReason::ClientDeclined) | EncodeOutcome::Encoded(_)
    );
    if !is_fit || decided.undo.is_some() {
        return decision;
    }
    let Some(offer) = of(exchange).filter(|offer| offer.is_for(asked)) else {
        return decision;
    };
    let holding = dictionary::holding(asked.request, offer.shared.hash());
    exchange.tells_dictionary = true;
    if holding != Holding::Ours
        || untouchable(asked.request).is_some()
        || dictionary::readability(asked.request, allowed) == Readability::Withheld
    {
        return decision;
    }
    let decision = Decision {
        outcome: EncodeOutcome::Dictionary,
        ..decided
    };
    exchange.event().encode = decision.told(asked.method);
    Some(decision)
}

/// The origin's own 304, of which nobody knows whether its 200 might be compressed.
pub(crate) fn confirmed(exchange: &mut Exchange, asked: &Asked<'_>) {
    exchange.tells_dictionary = of(exchange).is_some_and(|offer| offer.is_for(asked));
}

/// Tells of the dictionary on a response for which it might be used.
pub(crate) fn announce(exchange: &Exchange, status: StatusCode, headers: &mut HeaderMap) {
    if exchange.tells_dictionary
        && let Some(offer) = of(exchange)
    {
        dictionary::announce(&offer.announcement, status, headers);
    }
}
