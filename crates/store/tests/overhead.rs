//! What a small entry costs beyond its key, its fields and its body: measured on the allocator that
//! Forebay runs with, in a process of its own.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use engine::{
    cache::{
        freshness::{Lifetime, LifetimeSource, Terms},
        response::{Framing, ResponseFacts, ResponseHead},
        stored::StoredMeta,
        vary::AcceptEncoding,
    },
    time::Now,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use store::{ResponseStore, StoredResponse};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENTRIES: u64 = 100_000;
const BODY: usize = 100;
/// The promise, in bytes per entry.
const MOST: u64 = 700;
/// Nearly full when all is stored, so that the sketch of frequencies is there.
const LIMIT: u64 = 160 * 1024 * 1024;

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.unwrap().parse::<u64>().unwrap() * 1024
}

/// Eight fields as an API behind nginx sends them.
fn fields(number: u64) -> HeaderMap {
    let lines = [
        ("server", "nginx/1.22.1".to_owned()),
        ("date", "Mon, 01 Jan 2024 00:00:00 GMT".to_owned()),
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("content-length", BODY.to_string()),
        (
            "last-modified",
            format!("Mon, 01 Jan 2024 00:00:{:02} GMT", number % 60),
        ),
        (
            "etag",
            format!("\"{:032x}\"", number.wrapping_mul(0x9e37_79b9)),
        ),
        ("cache-control", "public, max-age=60".to_owned()),
        ("vary", "accept-encoding".to_owned()),
    ];
    let lines = lines.into_iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::try_from(value).unwrap())
    });
    lines.collect()
}

fn response(fields: &HeaderMap) -> Arc<StoredResponse> {
    let at = Now {
        monotonic: Duration::from_secs(1),
        wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200),
    };
    let facts = ResponseFacts::read(ResponseHead {
        status: StatusCode::OK,
        headers: fields,
        framing: Framing::Delimited,
        sent_at: at,
        received_at: at,
    });
    let terms = Terms {
        lifetime: Lifetime {
            length: Duration::from_secs(60),
            source: LifetimeSource::MaxAge,
        },
        ..Terms::NONE
    };
    let meta = StoredMeta::new(&facts, &HeaderMap::new(), terms, AcceptEncoding::Fixed);
    Arc::new(StoredResponse::new(meta, vec![b'x'; BODY].into()))
}

#[test]
fn a_small_entry_costs_little_beyond_its_text() {
    let store = ResponseStore::new(LIMIT);
    // Warm: tables of shapes, thread-local heaps, moka's first segments.
    store.put(b"warm", response(&fields(0)), 1);
    store.put(b"warm", response(&fields(1)), 1);
    let before = resident();
    let mut text = 0;
    for number in 0..ENTRIES {
        let fields = fields(number);
        let key = format!("GET https api.example 443 /products/{number}");
        let lines = fields.iter();
        let lines = lines.map(|(name, value)| name.as_str().len() + value.len());
        text += (lines.sum::<usize>() + key.len() + BODY) as u64;
        store.put(key.as_bytes(), response(&fields), 1);
        // Each is a hit once: bodies and fields that are shared cost a counter more.
        let kept = store.get(key.as_bytes()).unwrap();
        let kept = kept.select(&HeaderMap::new(), b"").unwrap();
        let _sent = (kept.meta.head.to_headers(), kept.body.clone());
    }
    store.tidy();
    let stats = store.stats();
    assert_eq!(stats.entries, ENTRIES + 1, "{stats:?}");
    let taken = (resident() - before) / ENTRIES;
    let (text, weighed) = (text / ENTRIES, stats.bytes / ENTRIES);
    let overhead = taken.saturating_sub(text);
    println!("{taken} bytes per entry, {text} of them text, {weighed} weighed");
    assert!(overhead <= MOST, "{overhead} bytes over its text");
    // What is weighed is what is taken, within a twelfth.
    assert!(
        weighed * 12 >= taken * 11,
        "{weighed} weighed, {taken} taken"
    );
}
