//! The price of each decision that every request pays, on a head such as a browser sends.

use std::{hint::black_box, net::IpAddr, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use engine::{
    admit::{RequestHead, UpgradeIntent, admit},
    cache::key::KeyParts,
    client_ip::{PeerTrust, client_ip},
    forwarding::{ForwardFacts, Hop, Instance, check_loop, prepare_request, prepare_response},
    host::authority,
    negotiation::negotiate,
    path::normalize,
    rate_limit::{Ask, Cell, Gcra, LimitHeaders, Limiter},
    trace::{Sampling, TraceSeed, continue_trace, request_id},
};
use http::{HeaderMap, HeaderValue, Method, Uri, Version};
use policy::{Coding, QueryKey, Rate, Scheme};

fn browser_head() -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "api.example.com"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
        ),
        ("accept", "application/json, text/plain, */*"),
        ("accept-language", "de,en-US;q=0.7,en;q=0.3"),
        ("accept-encoding", "gzip, deflate, br, zstd"),
        ("referer", "https://shop.example.com/products"),
        ("connection", "keep-alive"),
        ("sec-fetch-dest", "empty"),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-site", "same-site"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

fn reading(criterion: &mut Criterion) {
    let headers = browser_head();
    let uri = Uri::from_static("/api/products/4711/reviews?page=2");
    let head = RequestHead {
        method: &Method::GET,
        uri: &uri,
        version: Version::HTTP_11,
        headers: &headers,
    };
    let peer = IpAddr::from([192, 0, 2, 1]);
    let trusted = ["10.0.0.0/8".parse().expect("a network")];
    let instance = Instance::new("forebay-1").expect("a token");
    let mut group = criterion.benchmark_group("reading");
    group.bench_function("admit", |b| b.iter(|| admit(black_box(&head))));
    group.bench_function("authority", |b| {
        b.iter(|| authority(black_box(&uri), &headers, Version::HTTP_11, Scheme::Http));
    });
    group.bench_function("normalize", |b| b.iter(|| normalize(black_box(uri.path()))));
    group.bench_function("client_ip", |b| {
        b.iter(|| client_ip(black_box(peer), &headers, &trusted));
    });
    group.bench_function("check_loop", |b| {
        b.iter(|| check_loop(black_box(&headers), &instance));
    });
    group.bench_function("negotiate", |b| {
        b.iter(|| negotiate(black_box(&headers), &Coding::ALL));
    });
    group.finish();
}

fn telling(criterion: &mut Criterion) {
    let headers = browser_head();
    let seed = TraceSeed {
        trace_id: 1,
        parent_id: 2,
        sampling: Sampling::NotSampled,
    };
    let limit = Gcra::new(Rate::new(100, Duration::from_secs(1)).expect("a rate"), 200);
    let told = LimitHeaders::new("per_client", &Limiter::Gcra(limit));
    let ask = Ask::new(Duration::from_secs(5));
    let (verdict, _) = limit.decide(Cell::default(), &ask);
    let mut group = criterion.benchmark_group("telling");
    group.bench_function("gcra", |b| {
        b.iter(|| limit.decide(black_box(Cell::default()), &ask));
    });
    group.bench_function("rate_limit_header", |b| {
        b.iter(|| told.limit(black_box(verdict)))
    });
    group.bench_function("request_id", |b| {
        b.iter(|| request_id(black_box(&headers), 42))
    });
    group.bench_function("trace", |b| {
        b.iter(|| continue_trace(black_box(&headers), &seed))
    });
    group.finish();
}

fn rewriting(criterion: &mut Criterion) {
    let headers = browser_head();
    let instance = Instance::new("forebay-1").expect("a token");
    let hop = Hop::new(
        IpAddr::from([192, 0, 2, 1]),
        Scheme::Http,
        "api.example.com",
    );
    let facts = ForwardFacts {
        hop: &hop,
        trust: PeerTrust::Untrusted,
        version: Version::HTTP_11,
        upgrade: UpgradeIntent::None,
        instance: &instance,
    };
    let mut group = criterion.benchmark_group("rewriting");
    group.bench_function("clone_only", |b| b.iter(|| black_box(&headers).clone()));
    group.bench_function("prepare_request", |b| {
        b.iter(|| {
            let mut headers = black_box(&headers).clone();
            prepare_request(&mut headers, &facts);
            headers
        });
    });
    group.bench_function("prepare_response", |b| {
        b.iter(|| {
            let mut headers = black_box(&headers).clone();
            prepare_response(&mut headers);
            headers
        });
    });
    group.finish();
}

fn keying(criterion: &mut Criterion) {
    let parts = KeyParts {
        route: "products",
        scheme: Scheme::Https,
        host: "api.example.com",
        port: 443,
        path: "/api/products/4711/reviews",
        query: Some("page=2&utm_source=mail&sort=date"),
        user: None,
        body: None,
    };
    let ignoring = QueryKey {
        ignore: vec!["utm_*".to_owned()],
        ..QueryKey::default()
    };
    let sorting = QueryKey {
        sort: true,
        ..ignoring.clone()
    };
    let mut key = Vec::new();
    let mut group = criterion.benchmark_group("keying");
    for (name, query) in [
        ("plain", QueryKey::default()),
        ("ignoring", ignoring),
        ("sorting", sorting),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| black_box(&parts).encode(&query, None, &mut key));
        });
    }
    group.bench_function("reading_back", |b| b.iter(|| KeyParts::of(black_box(&key))));
    group.finish();
}

criterion_group!(benches, reading, keying, telling, rewriting);
criterion_main!(benches);
