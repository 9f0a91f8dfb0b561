use std::time::{Duration, SystemTime};

use engine::{
    cache::{
        freshness::{Grace, Lifetime, LifetimeSource, Terms},
        key::KeyParts,
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    outcome::MissReason,
    time::Now,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use policy::{QueryKey, Scheme};

use super::*;

/// Variants per key.
const MOST: usize = 8;

fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let fields = fields.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    fields.collect()
}

/// A response to `request`, received `age` after the beginning.
fn response(request: &HeaderMap, vary: &'static str, age: u64, body: usize) -> Arc<StoredResponse> {
    let at = Now {
        monotonic: Duration::from_secs(age),
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + age),
    };
    let fields = match vary {
        "" => headers(&[]),
        vary => headers(&[("vary", vary)]),
    };
    let facts = ResponseFacts::read(ResponseHead {
        status: StatusCode::OK,
        headers: &fields,
        framing: Framing::Delimited,
        sent_at: at,
        received_at: at,
    });
    let terms = Terms {
        lifetime: Lifetime {
            length: Duration::from_secs(60),
            source: LifetimeSource::MaxAge,
        },
        grace: Grace::NONE,
    };
    let meta = StoredMeta::new(&facts, request, terms, AcceptEncoding::Verbatim);
    Arc::new(StoredResponse::new(meta, vec![b'x'; body].into()))
}

/// A response for which nothing but its being there matters.
pub(crate) fn any_response() -> StoredResponse {
    let only = response(&HeaderMap::new(), "", 0, 1);
    Arc::into_inner(only).expect("nobody else has it yet")
}

/// The key of `http://a.example/x`.
pub(crate) fn key() -> Vec<u8> {
    let parts = KeyParts {
        route: "route",
        scheme: Scheme::Http,
        host: "a.example",
        port: 80,
        path: "/x",
        query: None,
        user: None,
        body: None,
    };
    let mut key = Vec::new();
    parts.encode(&QueryKey::default(), None, &mut key);
    key
}

fn variants(store: &ResponseStore, key: &[u8]) -> usize {
    store.get(key).map_or(0, |variants| variants.len())
}

#[test]
fn each_request_gets_the_variant_it_selects() {
    let store = ResponseStore::new(1024 * 1024);
    let (english, german) = (
        headers(&[("accept-language", "en")]),
        headers(&[("accept-language", "de")]),
    );
    store.put(b"k", response(&english, "accept-language", 0, 1), MOST);
    store.put(b"k", response(&german, "accept-language", 1, 2), MOST);
    let entry = store.get(b"k").unwrap();
    assert_eq!(entry.select(&english, b"").unwrap().body.len(), 1);
    assert_eq!(entry.select(&german, b"").unwrap().body.len(), 2);
    assert_eq!(
        entry.select(&headers(&[]), b"").unwrap_err(),
        MissReason::Vary
    );
}

#[test]
fn a_newer_response_takes_the_place_of_the_one_the_same_requests_select() {
    let store = ResponseStore::new(1024 * 1024);
    let request = headers(&[]);
    store.put(b"k", response(&request, "", 0, 1), MOST);
    store.put(b"k", response(&request, "", 1, 2), MOST);
    assert_eq!(variants(&store, b"k"), 1);
    assert_eq!(
        store
            .get(b"k")
            .unwrap()
            .select(&request, b"")
            .unwrap()
            .body
            .len(),
        2
    );
}

/// TRAPS 17: a field with a thousand values does not make a thousand variants.
#[test]
fn variants_of_a_key_are_bounded() {
    let store = ResponseStore::new(16 * 1024 * 1024);
    for number in 0..1_000_u64 {
        let mut request = HeaderMap::new();
        request.insert("user-agent", HeaderValue::from(number));
        store.put(b"k", response(&request, "user-agent", number, 1), MOST);
    }
    assert_eq!(variants(&store, b"k"), MOST);
}

/// TRAPS 17: removing a key removes every variant.
#[test]
fn removing_a_key_removes_all_its_variants() {
    let store = ResponseStore::new(1024 * 1024);
    for language in ["en", "de"] {
        let mut request = HeaderMap::new();
        request.insert("accept-language", HeaderValue::from_static(language));
        store.put(b"k", response(&request, "accept-language", 0, 1), MOST);
    }
    store.remove(b"k");
    assert!(store.get(b"k").is_none());
}

#[test]
fn renewing_what_somebody_else_has_replaced_changes_nothing() {
    let store = ResponseStore::new(1024 * 1024);
    let request = headers(&[]);
    let first = response(&request, "", 0, 1);
    store.put(b"k", Arc::clone(&first), MOST);
    store.put(b"k", response(&request, "", 1, 2), MOST);
    store.renew(b"k", &first, response(&request, "", 2, 3));
    assert_eq!(
        store
            .get(b"k")
            .unwrap()
            .select(&request, b"")
            .unwrap()
            .body
            .len(),
        2
    );
    store.forget(b"k", &first);
    assert_eq!(variants(&store, b"k"), 1);
}

#[test]
fn what_is_kept_stays_within_the_limit() {
    let limit = 1024 * 1024;
    let store = ResponseStore::new(limit);
    let request = headers(&[]);
    for number in 0..1_000_u64 {
        store.put(
            &number.to_be_bytes(),
            response(&request, "", number, 8 * 1024),
            MOST,
        );
    }
    store.tidy();
    let stats = store.stats();
    assert!(stats.bytes <= limit, "{stats:?}");
    assert!(stats.entries > 50, "{stats:?}");
    assert!(stats.evicted > 0, "{stats:?}");
}
