//! Small makers of input for the tests of this folder.

use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use policy::{ByteSize, CachePolicy};

use super::{
    draw::Draw,
    keep::{self, Keep},
    request::{Lookup, RequestClass, RequestHead, RequestRules, classify},
    response::{Framing, ResponseFacts, ResponseHead},
    stored::StoredMeta,
    vary::AcceptEncoding,
};
use crate::time::Now;

/// 2024-01-01 00:00:00 GMT, where the tests' clock begins.
pub(crate) const EPOCH: u64 = 1_704_067_200;

/// Both clocks, `seconds` after the beginning.
pub(crate) fn at(seconds: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(seconds),
        wall: UNIX_EPOCH + Duration::from_secs(EPOCH + seconds),
    }
}

/// A header map of these lines.
pub(crate) fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

/// The date `seconds` after the beginning, as a field value.
pub(crate) fn date(seconds: u64) -> String {
    httpdate::fmt_http_date(at(seconds).wall)
}

/// A policy with this TTL.
pub(crate) fn policy(ttl: Option<u64>) -> CachePolicy {
    let mut policy = CachePolicy {
        max_object: ByteSize::from_bytes(1 << 20),
        ..CachePolicy::default()
    };
    policy.lifetimes.times.ttl = ttl.map(Duration::from_secs);
    policy
}

/// The facts of a GET with these fields, which the cache may answer.
pub(crate) fn get(fields: &HeaderMap) -> Lookup {
    lookup(&Method::GET, fields)
}

/// The facts of a request with these fields, which the cache may answer.
pub(crate) fn lookup(method: &Method, fields: &HeaderMap) -> Lookup {
    let head = RequestHead {
        method,
        headers: fields,
        has_body: false,
    };
    match classify(head, &RequestRules::default()) {
        RequestClass::Lookup(lookup) => lookup,
        RequestClass::Bypass(reason) => panic!("bypassed: {reason:?}"),
    }
}

/// What is read from a response with this status and these fields, received at `received`.
pub(crate) fn response(status: u16, fields: &HeaderMap, received: Now) -> ResponseFacts<'_> {
    ResponseFacts::read(ResponseHead {
        status: StatusCode::from_u16(status).unwrap(),
        headers: fields,
        framing: Framing::Delimited,
        sent_at: received,
        received_at: received,
    })
}

/// What is stored of a 200 with these fields, fetched with those, at the beginning; the operator's
/// TTL is a minute.
pub(crate) fn stored(fields: &[(&str, &str)], request: &[(&str, &str)]) -> StoredMeta {
    stored_at(at(0), fields, request)
}

/// The same, received at `received`.
pub(crate) fn stored_at(
    received: Now,
    fields: &[(&str, &str)],
    request: &[(&str, &str)],
) -> StoredMeta {
    stored_under(&policy(Some(60)), received, fields, request)
}

/// The same under this policy.
pub(crate) fn stored_under(
    policy: &CachePolicy,
    received: Now,
    fields: &[(&str, &str)],
    request: &[(&str, &str)],
) -> StoredMeta {
    let (fields, request) = (headers(fields), headers(request));
    let facts = response(200, &fields, received);
    match keep::decide(&get(&request), &facts, policy, Draw::NEUTRAL) {
        Keep::Store(terms) => StoredMeta::new(&facts, &request, terms, AcceptEncoding::Verbatim),
        Keep::Skip(reason) => panic!("not stored: {reason:?}"),
    }
}
