//! What a hit pays for the fields of its answer: those that are stored, and five that are added.

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use engine::cache::stored::StoredHead;
use http::{HeaderMap, HeaderName, HeaderValue, header};

fn stored_head() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("server", "nginx/1.22.1"),
        ("date", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", "1024"),
        ("last-modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
        ("etag", "\"9e3779b97f4a7c15\""),
        ("cache-control", "public, max-age=60"),
        ("vary", "accept-encoding"),
        ("x-trace", "4bf92f3577b34da6a3ce929d0e0e4736"),
    ] {
        // As a parser makes them: each value in memory that it shares with others.
        let value = HeaderValue::from_str(value).expect("a value");
        headers.insert(HeaderName::from_static(name), value);
    }
    headers
}

fn add(headers: &mut HeaderMap) {
    headers.insert(header::AGE, HeaderValue::from_static("5"));
    for name in [
        "cache-status",
        "x-request-id",
        "ratelimit-policy",
        "ratelimit",
    ] {
        let name = HeaderName::from_static(name);
        headers.append(name, HeaderValue::from_static("forebay; hit; ttl=55"));
    }
}

fn answering(criterion: &mut Criterion) {
    let headers = stored_head();
    let own = StoredHead::new(&headers);
    StoredHead::new(&headers);
    let shared = StoredHead::new(&headers);
    let mut roomy = HeaderMap::with_capacity(headers.len() + 8);
    roomy.extend(headers.clone());
    let roomy = roomy.clone();
    let mut group = criterion.benchmark_group("answering");
    group.bench_function("map", |b| {
        b.iter(|| {
            let mut headers = black_box(&roomy).clone();
            add(&mut headers);
            headers
        });
    });
    group.bench_function("stored_head", |b| {
        b.iter(|| {
            let mut headers = black_box(&shared).to_headers();
            add(&mut headers);
            headers
        });
    });
    group.bench_function("stored_head_unshared", |b| {
        b.iter(|| {
            let mut headers = black_box(&own).to_headers();
            add(&mut headers);
            headers
        });
    });
    cold(&mut group, "map_cold", &headers, |headers| {
        let mut roomy = HeaderMap::with_capacity(headers.len() + 8);
        roomy.extend(headers);
        roomy.clone()
    });
    cold(&mut group, "stored_head_cold", &headers, |headers| {
        StoredHead::new(&headers)
    });
    group.bench_function("keep", |b| b.iter(|| StoredHead::new(black_box(&headers))));
    group.finish();
}

/// The same in the midst of so many others that none is in the processor's caches.
fn cold<T: Fields>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    headers: &HeaderMap,
    keep: impl Fn(HeaderMap) -> T,
) {
    let each = (0..50_000_u32).map(|number| {
        let mut headers = headers.clone();
        for value in headers.values_mut() {
            *value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(number));
        keep(headers)
    });
    let kept: Vec<_> = each.collect();
    let mut at = 0;
    group.bench_function(name, |b| {
        b.iter(|| {
            at = (at * 25_173 + 13_849) % kept.len();
            let mut headers = kept[at].fields();
            add(&mut headers);
            headers
        });
    });
}

/// What an answer's fields are made of.
trait Fields {
    fn fields(&self) -> HeaderMap;
}

impl Fields for HeaderMap {
    fn fields(&self) -> HeaderMap {
        self.clone()
    }
}

impl Fields for StoredHead {
    fn fields(&self) -> HeaderMap {
        self.to_headers()
    }
}

criterion_group!(benches, answering);
criterion_main!(benches);
