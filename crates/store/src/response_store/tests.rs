use std::time::{Duration, SystemTime};

use bytes::Bytes;
use engine::{
    cache::{
        freshness::{Grace, Lifetime, LifetimeSource, Terms},
        key::KeyParts,
        label::Label,
        purge::{Epoch, Purged},
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    outcome::MissReason,
    time::Now,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use policy::{Coding, QueryKey, Scheme};
use proptest::prelude::*;

use super::*;
use crate::Encoding;

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

/// Who is asking is compared with the fields that select.
#[test]
fn each_persona_gets_its_own() {
    let store = ResponseStore::new(1024 * 1024);
    let request = headers(&[]);
    let of = |persona: &[u8], body| {
        let response = Arc::into_inner(response(&request, "", 0, body)).unwrap();
        Arc::new(response.with_persona(persona))
    };
    store.put(b"k", of(b"gold", 1), MOST);
    store.put(b"k", of(b"", 2), MOST);
    store.put(b"k", of(b"gold", 3), MOST);
    let entry = store.get(b"k").unwrap();
    let length = |persona: &[u8]| entry.select(&request, persona).map(|it| it.body.len());
    assert_eq!(entry.len(), 2);
    assert_eq!((length(b"gold"), length(b"")), (Ok(3), Ok(2)));
    assert_eq!(length(b"silver"), Err(MissReason::Vary));
}

/// A response with an encoding takes the place of the one without, and is weighed anew.
#[test]
fn encodings_are_kept_and_weighed() {
    let store = ResponseStore::new(1024 * 1024);
    let request = headers(&[]);
    let plain = response(&request, "", 0, 4_000);
    store.put(b"k", Arc::clone(&plain), MOST);
    store.tidy();
    let before = store.stats().bytes;
    let encoding = |length| Encoding {
        coding: Coding::Gzip,
        head: plain.meta.head.clone(),
        body: vec![b'x'; length].into(),
    };
    let encoded = Arc::new(
        plain
            .with_encoding(encoding(900))
            .with_encoding(encoding(1_000)),
    );
    store.renew(b"k", &plain, Arc::clone(&encoded));
    store.tidy();
    let entry = store.get(b"k").unwrap();
    let kept = entry.select(&request, b"").unwrap();
    assert_eq!(kept.encodings().len(), 1);
    assert_eq!(kept.encoding(Coding::Gzip).unwrap().body.len(), 1_000);
    assert!(kept.encoding(Coding::Br).is_none());
    assert!((1_000..1_300).contains(&(store.stats().bytes - before)));
}

#[test]
fn a_judgement_never_goes_back() {
    let judged = response(&headers(&[]), "", 0, 1);
    let seventh = (Epoch::from_u64(7), Purged::Soft);
    judged.judge(seventh.0, seventh.1);
    judged.judge(Epoch::from_u64(3), Purged::Hard);
    assert_eq!(judged.judged(), seventh);
    let encoding = Encoding {
        coding: Coding::Br,
        head: judged.meta.head.clone(),
        body: Bytes::new(),
    };
    assert_eq!(judged.with_encoding(encoding).judged(), seventh);
}

/// However fast it is written, and whatever nobody calls, the store never holds much more than its
/// limit: a sixty-fourth, four MiB at most, besides what moka has not looked at.
#[test]
fn writers_keep_the_promise_themselves() {
    let limit = 8 * 1024 * 1024;
    let store = ResponseStore::new(limit);
    let request = headers(&[]);
    for number in 0..2_000_u64 {
        let body = if number % 7 == 0 { 300_000 } else { 3_000 };
        store.put(&number.to_be_bytes(), response(&request, "", 0, body), MOST);
        let held: usize = store
            .entries
            .iter()
            .map(|(key, kept)| weight(&key, &kept))
            .sum();
        let held = held as u64;
        assert!(held <= limit + limit / 64 + 400_000, "{number}: {held}");
    }
}

proptest! {
    /// As a list of the last response per selecting value, newest last, at most so many.
    #[test]
    fn variants_are_the_last_of_each_kind(
        steps in prop::collection::vec((0_u8..6, 0_u8..3), 1..60),
        most in 1_usize..8,
    ) {
        let store = ResponseStore::new(16 * 1024 * 1024);
        let mut model: Vec<((u8, u8), usize)> = Vec::new();
        for (step, (language, persona)) in steps.into_iter().enumerate() {
            let mut request = HeaderMap::new();
            request.insert("accept-language", HeaderValue::from(u32::from(language)));
            let kept = response(&request, "accept-language", 0, step + 1);
            let kept = Arc::into_inner(kept).unwrap().with_persona([persona]);
            store.put(b"k", Arc::new(kept), most);
            model.retain(|(kind, _)| *kind != (language, persona));
            model.push(((language, persona), step + 1));
            let surplus = model.len().saturating_sub(most);
            model.drain(..surplus);
        }
        let entry = store.get(b"k").unwrap();
        let lengths: Vec<_> = entry.iter().map(|kept| kept.body.len()).collect();
        let expected: Vec<_> = model.iter().map(|(_, length)| *length).collect();
        prop_assert_eq!(lengths, expected);
        for ((language, persona), length) in model {
            let mut request = HeaderMap::new();
            request.insert("accept-language", HeaderValue::from(u32::from(language)));
            let selected = entry.select(&request, &[persona]).map(|kept| kept.body.len());
            prop_assert_eq!(selected, Ok(length));
        }
    }

    /// The weight covers the bytes of key and bodies, and is not far above them for large ones.
    #[test]
    fn the_weight_is_honest(key in 1_usize..300, body in 0_usize..100_000, labels in 0_usize..20) {
        let plain = response(&headers(&[]), "", 0, body);
        let plain = Arc::into_inner(plain).unwrap().with_labels(vec![Label::tag(b"a"); labels]);
        let response = Arc::new(plain);
        let weight = weight(&vec![0; key], &Variants::one(Arc::clone(&response)));
        let least = key + body + 16 * labels + size_of::<StoredResponse>();
        prop_assert!(weight >= least);
        prop_assert!(weight <= least + least / 4 + ENTRY_OVERHEAD + 256);
    }
}
