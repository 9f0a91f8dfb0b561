//! What is kept of a response's head (RFC 9111, section 3.1).
//!
//! Every field as it came, in its order and with its repetitions, except what belongs to one
//! connection (TRAPS row 7), to one client (`Set-Cookie`, TRAPS row 15), to nobody but the receiver
//! (`private="..."`, `no-cache="..."`), to us alone (`Forebay-Cache-Control`), and `Age`, which is
//! told anew with every answer.

mod head;
mod shape;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    date::HttpDate,
    freshness::{Grace, Lifetime, LifetimeSource, Terms},
    response::{ResponseFacts, ResponseHead},
    targeted::{FOREBAY_CACHE_CONTROL, Governing},
    vary::{AcceptEncoding, Vary, VaryKey},
};

use head::Line;

pub use head::StoredHead;

static DATE: HeaderName = header::DATE;

/// The head of a stored response, and what is needed to decide about using it.
#[derive(Clone, Debug)]
pub struct StoredMeta {
    /// Its status.
    pub status: StatusCode,
    /// Its fields, stripped of what may not be stored; `Date` is always there, `Age` never.
    pub head: StoredHead,
    /// What `Forebay-Cache-Control` said, if that governs it: a 304 need not repeat it.
    pub own_control: Option<HeaderValue>,
    /// The strong tag that the origin gave it, if its bytes are others now and its tag is weak: the
    /// origin is asked with its own.
    pub origin_tag: Option<HeaderValue>,
    /// How long it is fresh, counted from when it was made.
    pub lifetime: Lifetime,
    /// For how long it may be used after that.
    pub grace: Grace,
    /// How long the origin took for it.
    pub fetch_time: Duration,
    /// How old it was when it came.
    pub initial_age: Duration,
    /// When it came, on the monotonic clock.
    pub received_at: Duration,
    /// Its `Date`.
    pub date: HttpDate,
    /// Which requests it is for.
    pub vary: VaryKey,
    /// What the origin said about using it.
    pub rules: ReuseRules,
}

/// What the origin said about using a stored response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReuseRules {
    /// It may answer a request that carries `Authorization` (RFC 9111, section 3.5).
    pub allows_credentials: bool,
    /// It does not change while it is fresh (RFC 8246).
    pub immutable: bool,
    /// It must not be used stale: `must-revalidate`, `proxy-revalidate` or `s-maxage`.
    pub must_revalidate: bool,
    /// It must not be used without asking the origin.
    pub no_cache: bool,
}

/// Who declared a stored response cacheable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// The operator, with a time of their own or by leaving it to heuristics.
    ByOperator,
    /// The origin, with its own fields.
    ByOrigin,
}

// === impl StoredMeta ===

impl StoredMeta {
    /// Makes what is kept of `response`, fetched with the fields `request`.
    ///
    /// `request` are the client's fields, as later requests will be compared with them.
    pub fn new(
        response: &ResponseFacts<'_>,
        request: &HeaderMap,
        terms: Terms,
        accept_encoding: AcceptEncoding,
    ) -> Self {
        let control = &response.control;
        let names: &[HeaderName] = match &response.vary {
            Vary::Fields(names) => names,
            // Such a response is never stored; it is only made to be sent once.
            Vary::Star => &[],
        };
        let ResponseHead {
            headers,
            sent_at,
            received_at,
            ..
        } = response.head;
        let mut lines = kept_lines(headers, &response.withheld);
        let date = undated(&lines).then(|| HttpDate::header_value(received_at.wall));
        lines.extend(date.as_ref().map(|date| (&DATE, date)));
        Self {
            status: response.head.status,
            head: StoredHead::of(&lines),
            own_control: match response.governing {
                Governing::Forebay => joined(headers, &FOREBAY_CACHE_CONTROL),
                Governing::CacheControl | Governing::Cdn => None,
            },
            origin_tag: None,
            lifetime: terms.lifetime,
            grace: terms.grace,
            fetch_time: received_at.monotonic.saturating_sub(sent_at.monotonic),
            initial_age: response.initial_age,
            received_at: received_at.monotonic,
            date: response.date,
            vary: VaryKey::capture(names, request, headers, accept_encoding),
            rules: ReuseRules {
                allows_credentials: response.allows_credentials(),
                immutable: control.immutable,
                must_revalidate: control.must_revalidate
                    || control.proxy_revalidate
                    || control.s_maxage.is_some(),
                no_cache: response.is_no_cache(),
            },
        }
    }

    /// Who declared it cacheable.
    pub fn declared(&self) -> Declared {
        match self.lifetime.source {
            LifetimeSource::Heuristic | LifetimeSource::Negative | LifetimeSource::OperatorTtl => {
                Declared::ByOperator
            }
            LifetimeSource::Expires
            | LifetimeSource::MaxAge
            | LifetimeSource::NoCache
            | LifetimeSource::SharedMaxAge => Declared::ByOrigin,
        }
    }

    /// How many bytes it holds in memory, for the store's weigher: the struct itself and what it
    /// points to; the body not included.
    pub fn weight(&self) -> usize {
        let own = self.own_control.as_ref().map_or(0, HeaderValue::len);
        let tag = self.origin_tag.as_ref().map_or(0, HeaderValue::len);
        size_of::<Self>() + self.head.weight() + own + tag + self.vary.weight()
    }
}

/// Room in the index for the fields that every answer adds (`Age`, `Cache-Status`, ..): a copy of the
/// map has it too, and is not indexed anew for them.
const ADDED_LATER: usize = 8;

/// The fields of a response that may be kept, or given to more than one client.
///
/// `withheld` are those that its directives keep back. A response without `Date` is given one, the
/// time of receipt (RFC 9110, section 6.6.1).
pub fn prepare_headers(
    headers: &HeaderMap,
    withheld: &[HeaderName],
    received_at: SystemTime,
) -> HeaderMap {
    let mut kept = HeaderMap::with_capacity(headers.len() + 1);
    let lines = kept_lines(headers, withheld);
    let undated = undated(&lines);
    for (name, value) in lines {
        kept.append(name.clone(), value.clone());
    }
    if undated {
        kept.insert(header::DATE, HttpDate::header_value(received_at));
    }
    kept
}

/// The lines of a response that may be kept, those of one field together.
fn kept_lines<'a>(headers: &'a HeaderMap, withheld: &[HeaderName]) -> Vec<Line<'a>> {
    let listed = connection_listed(headers);
    let is_kept = |name: &HeaderName| {
        !is_never_kept(name.as_str()) && !withheld.contains(name) && !listed.contains(name)
    };
    let mut lines = Vec::with_capacity(headers.len() + 1);
    lines.extend(headers.iter().filter(|(name, _)| is_kept(name)));
    lines
}

fn undated(lines: &[Line<'_>]) -> bool {
    lines.iter().all(|(name, _)| **name != DATE)
}

/// The fields of a response that are for the client whose request it answers and for nobody else:
/// cookies, and what its directives withhold from others.
pub fn personal_headers(headers: &HeaderMap, withheld: &[HeaderName]) -> HeaderMap {
    let mut personal = HeaderMap::new();
    for (name, value) in headers {
        let is_cookie = matches!(name.as_str(), "set-cookie" | "set-cookie2");
        if is_cookie || (withheld.contains(name) && !is_never_kept(name.as_str())) {
            personal.append(name.clone(), value.clone());
        }
    }
    personal
}

/// All lines of a field as one.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    match lines.as_slice() {
        [] => None,
        [only] => Some((*only).clone()),
        several => {
            let lines: Vec<_> = several.iter().map(|line| line.as_bytes()).collect();
            HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
        }
    }
}

/// Fields named by `Connection` belong to the connection. Those on which the meaning of the stored
/// bytes or their lifetime depends are never taken out that way.
fn connection_listed(headers: &HeaderMap) -> Vec<HeaderName> {
    let lines = headers.get_all(header::CONNECTION).iter();
    lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| !is_indispensable(name.as_str()))
        .collect()
}

fn is_indispensable(name: &str) -> bool {
    matches!(
        name,
        "cache-control"
            | "cdn-cache-control"
            | "content-encoding"
            | "content-length"
            | "content-type"
            | "date"
            | "etag"
            | "expires"
            | "last-modified"
            | "vary"
    )
}

fn is_never_kept(name: &str) -> bool {
    name.starts_with("proxy-")
        || matches!(
            name,
            "age"
                | "connection"
                | "forebay-cache-control"
                | "keep-alive"
                | "set-cookie"
                | "set-cookie2"
                | "te"
                | "trailer"
                | "transfer-encoding"
                | "upgrade"
        )
}

#[cfg(test)]
mod tests;
