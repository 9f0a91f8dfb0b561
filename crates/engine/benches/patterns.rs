//! What it costs to look for the patterns of attacks, where there are none and where there are.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::shield::patterns::{Inspector, Score};
use http::{HeaderMap, HeaderName, HeaderValue};
use policy::{AttackCategory, ByteSize, ShieldRules};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn inspector() -> Inspector {
    Inspector::new(&ShieldRules {
        paranoia: 1,
        threshold: 5,
        categories: AttackCategory::ALL.to_vec(),
        headers: vec![
            HeaderName::from_static("user-agent"),
            HeaderName::from_static("referer"),
        ],
        body: ByteSize::from_bytes(16 * 1024),
        exclude: Vec::new(),
    })
}

fn heads(criterion: &mut Criterion) {
    let inspector = inspector();
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static(AGENT));
    let mut group = criterion.benchmark_group("patterns_head");
    for (name, path, query) in [
        (
            "clean",
            "/api/products/4711/reviews",
            Some("page=2&sort=-name"),
        ),
        (
            "search",
            "/api/products",
            Some("q=red+shoes%2C+size+42&page=2"),
        ),
        ("name", "/api/people", Some("q=Conan+O%27Brien")),
        (
            "attack",
            "/api/products",
            Some("q=1%27+union+select+user%2Cpass+from+users--"),
        ),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| inspector.head(black_box(path), black_box(query), black_box(&headers)));
        });
    }
    group.finish();
}

/// Sixteen kibibytes of the kind of JSON that APIs are sent.
fn document(text: &str) -> String {
    let mut body = String::from("[");
    let mut number = 0;
    while body.len() < 16 * 1024 {
        number += 1;
        body += &format!(
            "{{\"id\": {number}, \"name\": \"Item {number}\", \"created\": \"2026-11-21T15:00:00Z\", \
             \"url\": \"https://example.com/items/{number}\", \"text\": \"{text}\"}},"
        );
    }
    body.truncate(16 * 1024);
    body
}

fn bodies(criterion: &mut Criterion) {
    let inspector = inspector();
    let mut group = criterion.benchmark_group("patterns_json");
    for (name, text) in [
        ("clean", "A lamp for the desk, in red, blue and green."),
        ("prose", "It's a lamp (for the desk); you don't need more."),
        ("attack", "<img src=x onerror=alert(1)>"),
    ] {
        let body = document(text);
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut score = Score::default();
                inspector.body(
                    Some("application/json"),
                    black_box(body.as_bytes()),
                    &mut score,
                );
                score
            });
        });
    }
    group.finish();
}

criterion_group!(benches, heads, bodies);
criterion_main!(benches);
