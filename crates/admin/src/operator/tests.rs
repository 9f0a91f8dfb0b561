//! What is shown, and to whom.

use http::{Method, StatusCode};
use telemetry::EndpointOrigin;

use super::*;
use crate::fixture::{Answer, ask, policies};

mod bans;
mod breakers;
mod cache;
mod capacity;
mod health;

const TOKEN: &str = "0123456789abcdef";

fn router(token: Option<&str>) -> Router {
    let policies = Arc::new(policies());
    admin_router(AdminState {
        policies: Arc::new(move || Arc::clone(&policies)),
        cache: Arc::new(|| CacheStats {
            hits: 7,
            ..CacheStats::default()
        }),
        lookup: Arc::new(cache::holding),
        purge: Arc::new(cache::purged),
        bans: bans::bans(),
        breakers: breakers::breakers(),
        endpoints: Arc::new(endpoints),
        health: Arc::new(health::of),
        capacity: Arc::new(capacity::of),
        token: token.map(|token| Token::new(token).unwrap()),
        names: vec!["forebay.internal".to_owned()],
        version: "1.2.3",
    })
}

/// Two that are listed, and one that was found and has gone.
fn endpoints(upstream: usize) -> Vec<EndpointFigures> {
    let listed = policies().upstreams[upstream].endpoints.clone();
    let mut figures: Vec<_> = (0..)
        .zip(listed)
        .map(|(in_flight, endpoint)| EndpointFigures {
            endpoint,
            origin: EndpointOrigin::Listed,
            in_flight,
        })
        .collect();
    figures.push(EndpointFigures {
        endpoint: policy::Endpoint::tcp(policy::Scheme::Http, "10.0.0.7", 80),
        origin: EndpointOrigin::Draining,
        in_flight: 3,
    });
    figures
}

async fn get(path: &str) -> Answer {
    ask(
        &router(None),
        Method::GET,
        path,
        &[("host", "127.0.0.1:9901")],
    )
    .await
}

#[tokio::test]
async fn every_place_is_there() {
    for place in PLACES.iter().filter(|place| place.method == "GET") {
        let answer = get(place.path).await;
        assert_eq!(answer.status, 200, "{}", place.path);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", place.path);
    }
    assert_eq!(
        get("/").await.json().as_array().unwrap().len(),
        PLACES.len()
    );
    assert_eq!(get("/version").await.json()["version"], "1.2.3");
    assert_eq!(get("/cache/stats").await.json()["hits"], 7);
}

#[tokio::test]
async fn the_configuration_is_the_redacted_one() {
    let answer = get("/config_dump").await;
    assert_eq!(answer.header("content-type"), "text/yaml; charset=utf-8");
    assert_eq!(answer.body, "version: 1\n");
}

#[tokio::test]
async fn a_route_is_described_without_what_it_compares_with() {
    let answer = get("/routes").await;
    assert!(!answer.body.contains("shared-secret"), "{}", answer.body);
    let route = &answer.json()[0];
    assert_eq!(route["name"], "products");
    assert_eq!(route["match"]["path"], "/api/{id}/{*rest}");
    assert_eq!(route["match"]["hosts"][0], "*.example.com");
    assert_eq!(route["match"]["headers"][0], "x-gateway");
    assert_eq!(route["upstream"], "legacy");
    assert_eq!(route["cache"], "shadow");
    assert_eq!(route["compression"], "off");
    assert_eq!(route["deduplication"], "enforce");
    assert_eq!(route["rate_limits"][0]["burst"], 200);
    assert_eq!(route["rate_limits"][0]["algorithm"], "gcra");
    assert_eq!(route["concurrency"][0]["max"], 3);
    assert_eq!(route["bans"][0]["when"], "status 401, 403");
    assert_eq!(route["bans"][0]["max_seconds"], 86_400.0);
    assert_eq!(
        (&route["shield"], &route["transform"]),
        (&"off".into(), &"off".into())
    );
}

#[tokio::test]
async fn endpoints_tell_their_load() {
    let upstreams = get("/upstreams").await.json();
    assert_eq!(upstreams[0]["endpoints"][0]["url"], "http://127.0.0.1:3000");
    assert_eq!(upstreams[0]["endpoints"][1]["url"], "https://[::1]:443");
    assert_eq!(upstreams[0]["endpoints"][1]["in_flight"], 1);
    assert!(upstreams[0]["endpoints"][0]["health"].is_null());
    let health = &upstreams[0]["endpoints"][1]["health"];
    assert_eq!(health["standing"], "ill");
    assert_eq!(health["because"], "timed-out");
    assert_eq!(health["last_check"]["took_seconds"], 0.5);
    assert!(health["ejection"].is_null());
    assert_eq!(upstreams[0]["endpoints"][1]["origin"], "listed");
    let capacity = &upstreams[0]["capacity"];
    assert_eq!(capacity["limit"], 20);
    assert_eq!(capacity["in_flight"], 19);
    assert_eq!(capacity["queued"], 3);
}

#[tokio::test]
async fn endpoints_are_those_there_are_now() {
    let upstreams = get("/upstreams").await.json();
    let gone = &upstreams[0]["endpoints"][2];
    assert_eq!(gone["url"], "http://10.0.0.7:80");
    assert_eq!(gone["origin"], "draining");
    assert_eq!(gone["in_flight"], 3);
    assert_eq!((&gone["priority"], &gone["weight"]), (&0.into(), &1.into()));
}

#[tokio::test]
async fn only_our_own_names_are_answered() {
    let router = router(None);
    for host in [
        "127.0.0.1:9901",
        "10.0.0.7",
        "[::1]:9901",
        "localhost",
        "LocalHost:9901",
        "forebay.internal:9901",
        "forebay.internal.",
    ] {
        let answer = ask(&router, Method::GET, "/version", &[("host", host)]).await;
        assert_eq!(answer.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:9901",
        "user@localhost",
        "localhost:evil",
        "[evil]",
        "",
    ] {
        let answer = ask(&router, Method::GET, "/version", &[("host", host)]).await;
        answer.is_problem(StatusCode::FORBIDDEN);
    }
    let answer = ask(&router, Method::GET, "/version", &[]).await;
    answer.is_problem(StatusCode::FORBIDDEN);
    let twice = [("host", "localhost"), ("host", "localhost")];
    let answer = ask(&router, Method::GET, "/version", &twice).await;
    answer.is_problem(StatusCode::FORBIDDEN);
    let target = "http://evil.example/version";
    let answer = ask(&router, Method::GET, target, &[("host", "localhost")]).await;
    answer.is_problem(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn other_sites_are_refused() {
    let router = router(None);
    for (name, value, expected) in [
        ("origin", "http://localhost:9901", 200),
        ("origin", "https://localhost:9901", 200),
        ("origin", "http://localhost:8080", 403),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "none", 200),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
    ] {
        let headers = [("host", "localhost:9901"), (name, value)];
        let answer = ask(&router, Method::GET, "/version", &headers).await;
        assert_eq!(answer.status, expected, "{name}: {value}");
    }
}

#[tokio::test]
async fn the_token_guards_every_path() {
    let router = router(Some(TOKEN));
    let host = ("host", "localhost");
    for path in ["/", "/config_dump", "/nothing"] {
        let answer = ask(&router, Method::GET, path, &[host]).await;
        answer.is_problem(StatusCode::UNAUTHORIZED);
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"forebay\""
        );
    }
    let wrong = ("authorization", "Bearer 0123456789abcdeX");
    let answer = ask(&router, Method::GET, "/", &[host, wrong]).await;
    answer.is_problem(StatusCode::UNAUTHORIZED);
    assert!(answer.header("www-authenticate").contains("invalid_token"));
    let right = ("authorization", "Bearer 0123456789abcdef");
    let answer = ask(&router, Method::GET, "/", &[host, right]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn nothing_can_be_changed() {
    let router = router(None);
    for method in [
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let answer = ask(&router, method, "/config_dump", &[("host", "localhost")]).await;
        answer.is_problem(StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
    let answer = ask(&router, Method::GET, "/purge", &[("host", "localhost")]).await;
    answer.is_problem(StatusCode::NOT_FOUND);
}
