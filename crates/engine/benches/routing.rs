//! The price of one routing decision with one route and with a thousand: it must not grow.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use engine::routing::{RouteQuery, Router};
use http::{HeaderMap, Method};
use policy::{HostPattern, PathPattern, PathSegment, Route, RouteMatch};

fn route(number: usize) -> Route {
    let segments = vec![
        PathSegment::Literal("api".to_owned()),
        PathSegment::Literal(format!("service-{number}")),
        PathSegment::Parameter("id".to_owned()),
        PathSegment::Literal("items".to_owned()),
    ];
    Route {
        name: format!("route-{number}"),
        matches: RouteMatch {
            hosts: vec![HostPattern::Exact("api.example.com".to_owned())],
            path: PathPattern { segments },
            methods: vec![Method::GET],
            ..RouteMatch::default()
        },
        ..Route::plain("", 0)
    }
}

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routing");
    for count in [1_usize, 1000] {
        let routes: Vec<_> = (0..count).map(route).collect();
        let router = Router::new(&routes);
        let headers = HeaderMap::new();
        let path = format!("/api/service-{}/4711/items", count / 2);
        let query = RouteQuery {
            host: "api.example.com",
            method: &Method::GET,
            path: &path,
            query: None,
            headers: &headers,
        };
        group.bench_function(format!("{count}_routes"), |bencher| {
            bencher.iter(|| router.route(black_box(&query)));
        });
    }
    group.finish();
}

criterion_group!(benches, routing);
criterion_main!(benches);
