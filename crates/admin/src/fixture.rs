//! Policies and requests for the tests of this crate.

use std::time::Duration;

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use policy::{
    AccessLog, Admin, BanPolicy, BanTrigger, ByteSize, CachePolicy, CallerKey, Clients,
    ConcurrencyPolicy, DeduplicationPolicy, Endpoint, FieldMatch, HostPattern, LimitAlgorithm,
    LimitPolicy, Memory, Mode, PathPattern, PathSegment, Policies, Rate, Route, RouteMatch, Scheme,
    SecurityLog, Shutdown, TextMatch, UnknownCaller, Upstream,
};
use tower::ServiceExt as _;

/// An answer with its body read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Checks that this is a problem document of this status.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: StatusCode) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json()["status"], status.as_u16());
        assert_eq!(self.header("x-content-type-options"), "nosniff");
        assert_eq!(self.header("access-control-allow-origin"), "");
    }
}

/// One request through a router, without a socket.
pub(crate) async fn ask(
    router: &Router,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
) -> Answer {
    send(router, method, target, headers, "").await
}

pub(crate) async fn send(
    router: &Router,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.into()).unwrap(),
    }
}

pub(crate) fn policies() -> Policies {
    let second = Duration::from_secs(1);
    Policies {
        listeners: Vec::new(),
        memory: Memory {
            limit: ByteSize::from_bytes(1),
        },
        clients: Clients::default(),
        admin: Admin {
            address: None,
            telemetry_address: None,
            token_file: None,
        },
        access_log: AccessLog::Off,
        security_log: SecurityLog::Off,
        shutdown: Shutdown {
            delay: second,
            deadline: second,
        },
        cache: Default::default(),
        identity: None,
        upstreams: vec![upstream()],
        routes: vec![route()],
        redacted: "version: 1\n".to_owned(),
    }
}

fn upstream() -> Upstream {
    let endpoints = vec![
        Endpoint::tcp(Scheme::Http, "127.0.0.1", 3000),
        Endpoint::tcp(Scheme::Https, "::1", 443),
    ];
    Upstream::plain("legacy".to_owned(), endpoints)
}

fn route() -> Route {
    Route {
        name: "products".to_owned(),
        matches: RouteMatch {
            hosts: vec![HostPattern::Below("example.com".to_owned())],
            path: PathPattern {
                segments: vec![
                    PathSegment::Literal("api".to_owned()),
                    PathSegment::Parameter("id".to_owned()),
                    PathSegment::Rest("rest".to_owned()),
                ],
            },
            methods: vec![Method::GET],
            headers: vec![FieldMatch {
                name: http::header::HeaderName::from_static("x-gateway"),
                value: TextMatch::Exact("shared-secret".to_owned()),
            }],
            query: Vec::new(),
        },
        upstream: 0,
        cache: Some(CachePolicy {
            mode: Mode::Shadow,
            ..CachePolicy::default()
        }),
        compression: None,
        deduplication: Some(DeduplicationPolicy {
            mode: Mode::Enforce,
        }),
        rate_limits: vec![LimitPolicy {
            algorithm: LimitAlgorithm::Gcra { burst: 200 },
            ..LimitPolicy::new(
                "per_client",
                Rate::new(100, Duration::from_secs(1)).unwrap(),
            )
        }],
        concurrency: vec![ConcurrencyPolicy {
            name: "slots".to_owned(),
            mode: Mode::Enforce,
            max: 3,
            key: CallerKey::client_ip(),
            on_unknown: UnknownCaller::Share,
            queue: None,
        }],
        bans: vec![BanPolicy {
            name: "guessing".to_owned(),
            mode: Mode::Shadow,
            trigger: BanTrigger::Status(vec![401, 403]),
            count: 10,
            within: Duration::from_secs(60),
            key: CallerKey::client_ip(),
            duration: Duration::from_secs(300),
            max_duration: Duration::from_secs(86_400),
        }],
        line: 7,
        ..Route::plain("products", 0)
    }
}
