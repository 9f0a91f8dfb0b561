//! What is recorded comes out, under the names of the catalogue and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use engine::{
    compression::headroom::Headroom,
    discovery::Refreshed,
    failure::{Failure, ShieldRefusal},
    health::{Standing, check::CheckOutcome, outlier},
    identity::KeysRefreshed,
    mirror::CopyOutcome,
    outcome::{
        AsIsReason, BreachOutcome, CacheOutcome, EncodeOutcome, JoinOutcome, LimitDecision,
        LimitOutcome, MissReason, StoreOutcome,
    },
    retry::{Reason, Stop},
    security::{SecurityAction, SecurityKind},
    transform::json::Flaw,
};
use policy::{
    Admin, BatchKind, BatchPolicy, ByteSize, CachePolicy, CallerKey, Clients, Coding,
    CompressionPolicy, ConcurrencyPolicy, DeduplicationPolicy, Endpoint, JsonTrim, LimitPolicy,
    Memory, Mode, PathReading, Rate, Route, RouteMatch, Scheme, SecurityLog, ShieldPolicy,
    Shutdown, TransformPolicy, UnknownCaller, Upstream,
};

use super::*;
use crate::{LimitMarks, MethodLabel, ShadowOutcomes, catalogue::CATALOGUE};

const SECOND: Duration = Duration::from_secs(1);

fn route(name: &str, mode: Mode) -> Route {
    let limit = |name: &str, mode| LimitPolicy {
        mode,
        ..LimitPolicy::new(name, Rate::new(1, Duration::from_secs(1)).unwrap())
    };
    Route {
        name: name.to_owned(),
        matches: RouteMatch::default(),
        upstream: 0,
        cache: Some(CachePolicy {
            mode,
            ..CachePolicy::default()
        }),
        compression: Some(CompressionPolicy {
            mode,
            ..CompressionPolicy::default()
        }),
        deduplication: Some(DeduplicationPolicy { mode }),
        rate_limits: vec![limit("strict", Mode::Enforce), limit("trial", Mode::Shadow)],
        concurrency: vec![ConcurrencyPolicy {
            name: "slots".to_owned(),
            mode: Mode::Enforce,
            max: 1,
            key: CallerKey::client_ip(),
            on_unknown: UnknownCaller::default(),
            queue: None,
        }],
        batch: Some(BatchPolicy {
            mode,
            kind: BatchKind::Body {
                items: "/input".to_owned(),
                answers: "/data".to_owned(),
                index: None,
            },
            max_size: 2,
            max_wait: Duration::from_millis(1),
            max_answer: ByteSize::from_bytes(1),
        }),
        shield: Some(shield(mode)),
        transform: Some(TransformPolicy {
            mode,
            json: Some(JsonTrim::default()),
            remove_headers: Vec::new(),
            set_headers: Vec::new(),
            security_headers: Vec::new(),
        }),
        ..Route::plain(name, 0)
    }
}

fn shield(mode: Mode) -> ShieldPolicy {
    let size = ByteSize::from_bytes(1 << 10);
    ShieldPolicy {
        mode,
        allow: Vec::new(),
        deny: Vec::new(),
        methods: Vec::new(),
        content_types: Vec::new(),
        max_url: size,
        max_query: size,
        max_header: size,
        max_body: None,
        max_json_depth: 64,
        paths: PathReading::Strict,
        rules: None,
    }
}

fn endpoint(host: &str) -> Endpoint {
    Endpoint::tcp(Scheme::Http, host, 80)
}

fn policies(routes: Vec<Route>) -> Policies {
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
        access_log: Default::default(),
        security_log: SecurityLog::Off,
        shutdown: Shutdown {
            delay: second,
            deadline: second,
        },
        cache: Default::default(),
        identity: None,
        upstreams: vec![Upstream::plain(
            "legacy".to_owned(),
            vec![endpoint("a"), endpoint("::1"), endpoint("a")],
        )],
        routes,
        redacted: String::new(),
    }
}

fn metrics(routes: Vec<Route>) -> Metrics {
    Metrics::new(&policies(routes), &Health::new()).unwrap()
}

/// Samples by name with labels, without the library's own process metrics.
fn samples(metrics: &Metrics) -> BTreeMap<String, f64> {
    let text = metrics.text().unwrap();
    let mut samples = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("forebay_")) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let twice = samples.insert(name.to_owned(), value.parse().unwrap());
        assert!(twice.is_none(), "{name} twice");
    }
    samples
}

#[track_caller]
fn assert_sample(metrics: &Metrics, name: &str, value: f64) {
    let samples = samples(metrics);
    assert_eq!(samples.get(name), Some(&value), "{name} in {samples:#?}");
}

/// Both rate limits of a route allow it.
fn both_allow() -> LimitMarks {
    let mut limits = LimitMarks::default();
    limits.note(0, LimitDecision::Allow);
    limits.note(1, LimitDecision::Allow);
    limits
}

fn hit() -> RequestEvent {
    let mut concurrency = LimitMarks::default();
    concurrency.note(0, LimitDecision::Allow);
    RequestEvent {
        limits: both_allow(),
        concurrency,
        route: Some(0),
        method: MethodLabel::Get,
        status: 200,
        cache: CacheOutcome::Hit,
        limit: LimitOutcome::Allow,
        encode: EncodeOutcome::Encoded(Coding::Br),
        duration: Duration::from_micros(80),
        response_bytes: 300,
        uncompressed_bytes: 1000,
        ..RequestEvent::default()
    }
}

fn miss() -> RequestEvent {
    RequestEvent {
        upstream: Some(0),
        endpoint: Some(1),
        upstream_status: Some(200),
        cache: CacheOutcome::Miss(MissReason::Uri),
        store: Some(StoreOutcome::Stored),
        join: JoinOutcome::Lead,
        upstream_time: Some(Duration::from_millis(30)),
        request_bytes: 12,
        ..hit()
    }
}

#[test]
fn a_hit_and_a_miss_come_out() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    metrics.record(&hit());
    metrics.record(&miss());
    for (name, value) in [
        (
            r#"forebay_http_requests_total{cache="hit",code_class="2xx",method="GET",route="api"}"#,
            1.0,
        ),
        (
            r#"forebay_http_requests_total{cache="miss",code_class="2xx",method="GET",route="api"}"#,
            1.0,
        ),
        (
            r#"forebay_http_request_duration_seconds_bucket{cache="hit",route="api",le="0.00005"}"#,
            0.0,
        ),
        (
            r#"forebay_http_request_duration_seconds_bucket{cache="hit",route="api",le="0.0001"}"#,
            1.0,
        ),
        (
            r#"forebay_http_request_duration_seconds_bucket{cache="hit",route="api",le="+Inf"}"#,
            1.0,
        ),
        (
            r#"forebay_http_request_duration_seconds_sum{cache="hit",route="api"}"#,
            0.00008,
        ),
        (r#"forebay_http_response_bytes_total{route="api"}"#, 600.0),
        (r#"forebay_http_request_bytes_total{route="api"}"#, 12.0),
        (
            r#"forebay_cache_requests_total{mode="enforce",outcome="hit",route="api"}"#,
            1.0,
        ),
        (
            r#"forebay_cache_stores_total{outcome="stored",route="api"}"#,
            1.0,
        ),
        (
            r#"forebay_deduplication_requests_total{mode="enforce",outcome="lead",route="api"}"#,
            1.0,
        ),
        (
            r#"forebay_compression_responses_total{mode="enforce",outcome="br",route="api"}"#,
            2.0,
        ),
        (
            r#"forebay_compression_bytes_total{direction="in",route="api"}"#,
            2000.0,
        ),
        (
            r#"forebay_compression_bytes_total{direction="out",route="api"}"#,
            600.0,
        ),
        (
            r#"forebay_upstream_requests_total{endpoint="[::1]:80",outcome="2xx",upstream="legacy"}"#,
            1.0,
        ),
        (
            r#"forebay_upstream_request_duration_seconds_count{upstream="legacy"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, &ordered(name), value);
    }
}

/// The library keeps labels in the order of the catalogue; the tests should not care.
fn ordered(name: &str) -> String {
    let Some((family, labels)) = name.split_once('{') else {
        return name.to_owned();
    };
    let labels: Vec<&str> = labels.trim_end_matches('}').split(',').collect();
    let base = ["_bucket", "_sum", "_count"]
        .iter()
        .find_map(|suffix| family.strip_suffix(suffix))
        .unwrap_or(family);
    let known = CATALOGUE.iter().find(|known| known.name == base).unwrap();
    let mut ordered: Vec<&str> = Vec::new();
    for label in known.labels {
        ordered.extend(
            labels
                .iter()
                .filter(|text| text.split('=').next() == Some(label.name)),
        );
    }
    ordered.extend(labels.iter().filter(|text| text.starts_with("le=")));
    format!("{family}{{{}}}", ordered.join(","))
}

#[test]
fn the_caches_answers_are_summed_over_routes() {
    let metrics = metrics(vec![
        route("api", Mode::Enforce),
        route("web", Mode::Enforce),
    ]);
    metrics.record(&hit());
    metrics.record(&RequestEvent {
        route: Some(1),
        ..hit()
    });
    metrics.record(&miss());
    let answers = metrics.cache_answers();
    assert_eq!((answers.hits, answers.misses, answers.stale), (2, 1, 0));
}

#[test]
fn a_shadow_policy_counts_what_it_would_have_done() {
    let metrics = metrics(vec![route("api", Mode::Shadow)]);
    metrics.record(&RequestEvent {
        cache: CacheOutcome::Off,
        join: JoinOutcome::Alone,
        encode: EncodeOutcome::AsIs(AsIsReason::Shadow),
        shadow: ShadowOutcomes {
            cache: Some(CacheOutcome::Hit),
            join: Some(JoinOutcome::Follow),
            encode: Some(EncodeOutcome::Encoded(Coding::Zstd)),
        },
        ..miss()
    });
    for (name, value) in [
        (
            r#"forebay_http_requests_total{route="api",method="GET",code_class="2xx",cache="off"}"#,
            1.0,
        ),
        (
            r#"forebay_cache_requests_total{route="api",outcome="hit",mode="shadow"}"#,
            1.0,
        ),
        (
            r#"forebay_deduplication_requests_total{route="api",outcome="follow",mode="shadow"}"#,
            1.0,
        ),
        (
            r#"forebay_compression_responses_total{route="api",outcome="zstd",mode="shadow"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
    assert!(!metrics.text().unwrap().contains("compression_bytes"));
}

#[test]
fn each_limit_has_its_own_decisions() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    let said = |strict: Option<LimitDecision>, trial: Option<LimitDecision>| {
        let mut limits = LimitMarks::default();
        for (position, decision) in [strict, trial].into_iter().enumerate() {
            if let Some(decision) = decision {
                limits.note(position, decision);
            }
        }
        RequestEvent { limits, ..hit() }
    };
    let (allow, delay, deny) = (
        Some(LimitDecision::Allow),
        Some(LimitDecision::Delay),
        Some(LimitDecision::Deny),
    );
    metrics.record(&said(allow, allow));
    metrics.record(&said(deny, allow));
    metrics.record(&said(deny, deny));
    metrics.record(&said(delay, None));
    for (name, value) in [
        (
            r#"forebay_rate_limit_decisions_total{route="api",limit="strict",decision="deny",mode="enforce"}"#,
            2.0,
        ),
        (
            r#"forebay_rate_limit_decisions_total{route="api",limit="strict",decision="allow",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_rate_limit_decisions_total{route="api",limit="strict",decision="delay",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_rate_limit_decisions_total{route="api",limit="trial",decision="deny",mode="shadow"}"#,
            1.0,
        ),
        (
            r#"forebay_rate_limit_decisions_total{route="api",limit="trial",decision="allow",mode="shadow"}"#,
            2.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn limits_on_what_is_in_flight_are_counted_apart() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    let mut concurrency = LimitMarks::default();
    concurrency.note(0, LimitDecision::Deny);
    metrics.record(&RequestEvent {
        concurrency,
        limits: LimitMarks::default(),
        ..hit()
    });
    let slots = r#"forebay_concurrency_decisions_total{route="api",limit="slots",decision="deny",mode="enforce"}"#;
    assert_sample(&metrics, slots, 1.0);
    assert!(!metrics.text().unwrap().contains("rate_limit_decisions"));
}

#[test]
fn decisions_of_a_shield_are_counted_for_its_route() {
    let metrics = metrics(vec![route("api", Mode::Shadow)]);
    let refused = ShieldDecision::Refuse(ShieldRefusal::JsonTooDeep);
    for decision in [refused, refused, ShieldDecision::Allow] {
        metrics.shield_decided(0, decision);
    }
    metrics.shield_matched(0, AttackCategory::SqlInjection);
    // There is no such route.
    metrics.shield_decided(1, refused);
    metrics.shield_matched(1, AttackCategory::SqlInjection);
    for (name, value) in [
        (
            r#"forebay_shield_decisions_total{route="api",decision="json-too-deep",mode="shadow"}"#,
            2.0,
        ),
        (
            r#"forebay_shield_decisions_total{route="api",decision="allow",mode="shadow"}"#,
            1.0,
        ),
        (
            r#"forebay_shield_matches_total{route="api",category="sql_injection",mode="shadow"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn batches_and_their_members_are_counted() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    metrics.batch(0, BatchOutcome::Split, 7);
    metrics.batch(0, BatchOutcome::Status, 2);
    metrics.batch_request(0, MemberOutcome::Missing);
    // Of a route that is not there.
    metrics.batch(1, BatchOutcome::Split, 7);
    metrics.batch_request(1, MemberOutcome::Missing);
    for (name, value) in [
        (
            r#"forebay_batches_total{route="api",outcome="split",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_batches_total{route="api",outcome="status",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_batch_members_total{route="api",mode="enforce"}"#,
            9.0,
        ),
        (
            r#"forebay_batch_requests_total{route="api",outcome="missing",mode="enforce"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn json_bodies_are_counted_before_and_after_they_are_trimmed() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    metrics.trimmed(0, Trimmed::Trimmed, 100, 60);
    metrics.trimmed(0, Trimmed::Flawed(Flaw::NotJson), 10, 5);
    // Of a route that is not there.
    metrics.trimmed(1, Trimmed::Trimmed, 100, 60);
    for (name, value) in [
        (
            r#"forebay_transform_bytes_total{route="api",direction="in",mode="enforce"}"#,
            110.0,
        ),
        (
            r#"forebay_transform_bytes_total{route="api",direction="out",mode="enforce"}"#,
            65.0,
        ),
        (
            r#"forebay_transform_responses_total{route="api",outcome="trimmed",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_transform_responses_total{route="api",outcome="not-json",mode="enforce"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn positions_that_do_not_exist_are_not_a_panic() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    metrics.record(&RequestEvent {
        route: Some(9),
        upstream: Some(9),
        ..miss()
    });
    metrics.record(&RequestEvent {
        endpoint: Some(9),
        limits: {
            let mut limits = LimitMarks::default();
            limits.note(9, LimitDecision::Deny);
            limits
        },
        ..miss()
    });
    assert_sample(
        &metrics,
        r#"forebay_upstream_requests_total{upstream="legacy",endpoint="none",outcome="2xx"}"#,
        1.0,
    );
}

#[test]
fn a_failure_says_whose_doing_it_was() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    metrics.record(&RequestEvent {
        failure: Some(Failure::NoRoute),
        status: 404,
        ..RequestEvent::default()
    });
    metrics.record(&RequestEvent {
        failure: Some(Failure::ConnectFailed),
        status: 502,
        endpoint: Some(0),
        upstream_status: None,
        ..miss()
    });
    for (name, value) in [
        (
            r#"forebay_failures_total{route="none",failure="no-route",blame="client"}"#,
            1.0,
        ),
        (
            r#"forebay_failures_total{route="api",failure="connect-failed",blame="upstream"}"#,
            1.0,
        ),
        (
            r#"forebay_upstream_requests_total{upstream="legacy",endpoint="a:80",outcome="connect-failed"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn a_route_called_none_does_not_make_a_series_twice() {
    let metrics = metrics(vec![route("none", Mode::Enforce)]);
    metrics.record(&RequestEvent {
        route: None,
        ..hit()
    });
    metrics.record(&hit());
    assert_sample(
        &metrics,
        r#"forebay_http_response_bytes_total{route="none"}"#,
        600.0,
    );
}

#[test]
fn a_reload_keeps_the_numbers_of_what_stays() {
    let health = Health::new();
    let both = policies(vec![
        route("api", Mode::Enforce),
        route("old", Mode::Enforce),
    ]);
    let before = Metrics::new(&both, &health).unwrap();
    before.record(&hit());
    before.record(&RequestEvent {
        route: Some(1),
        ..hit()
    });
    before.config_loaded(SystemTime::UNIX_EPOCH + Duration::from_secs(5));

    let other = policies(vec![
        route("new", Mode::Enforce),
        route("api", Mode::Enforce),
    ]);
    let after = before.reloaded(&other).unwrap();
    after.record(&RequestEvent {
        route: Some(1),
        ..hit()
    });
    before.record(&hit()); // began under the old policies
    assert_sample(
        &after,
        r#"forebay_http_response_bytes_total{route="api"}"#,
        900.0,
    );
    assert_sample(&after, "forebay_config_last_reload_successful", 1.0);
    assert!(!after.text().unwrap().contains(r#"route="old""#));
    after.config_refused();
    assert_sample(&after, "forebay_config_last_reload_successful", 0.0);
    assert_sample(
        &after,
        "forebay_config_last_reload_success_timestamp_seconds",
        5.0,
    );
}

#[test]
fn threads_do_not_lose_counts() {
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| (0..1000).for_each(|_| metrics.record(&hit())));
        }
    });
    assert_sample(
        &metrics,
        r#"forebay_http_requests_total{route="api",method="GET",code_class="2xx",cache="hit"}"#,
        12_000.0,
    );
}

#[test]
fn what_is_exported_is_exactly_the_catalogue() {
    let metrics = metrics(vec![
        route("api", Mode::Enforce),
        route("tried", Mode::Shadow),
    ]);
    metrics.record(&miss());
    metrics.record(&RequestEvent {
        failure: Some(Failure::UpstreamTruncated),
        ..miss()
    });
    metrics.record(&RequestEvent {
        breach: Some(BreachOutcome::Padded),
        ..miss()
    });
    metrics.request_decoded(0, 1, 2);
    metrics.watch_headroom(Headroom::default);
    metrics.trimmed(0, Trimmed::Trimmed, 2, 1);
    metrics.batch(0, BatchOutcome::Split, 2);
    metrics.batch_request(0, MemberOutcome::Answered);
    metrics.shield_decided(0, ShieldDecision::Allow);
    metrics.shield_matched(0, AttackCategory::Xss);
    metrics.watch_bans(|| {
        vec![BanFigures {
            name: "guessing".to_owned(),
            mode: Mode::Enforce,
            banned: 1,
            begun: 2,
        }]
    });
    metrics.shadow_pick(0, 0);
    metrics.upstream_retry(0, Reason::Reset, RetryOutcome::Answered);
    metrics.upstream_retry_stopped(0, Stop::Budget);
    metrics.upstream_hedge(0, HedgeOutcome::Won);
    metrics.upstream_copy(0, CopyOutcome::Answered);
    metrics.upstream_connect(0, 0, ConnectOutcome::Connected);
    metrics.upstream_connection(0, None, Some(ConnectionState::Active));
    metrics.upstream_connection_closed(0, CloseReason::Removed);
    metrics.endpoint_standing(0, 0, None, Some(Standing::Well));
    metrics.health_check(0, 0, CheckOutcome::Passed);
    metrics.ejection(0, 0, outlier::Reason::SuccessRate, Mode::Enforce);
    metrics.client_connected();
    metrics.client_disconnected(ClientConnectionEnd::Closed);
    metrics.config_loaded(SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    metrics.watch_cache(CacheFigures::default);
    metrics.identity_keys(1);
    metrics.identity_refreshed(KeysRefreshed::Changed);
    metrics.security_event(SecurityKind::Banned, SecurityAction::Blocked);
    metrics.upstream_endpoints(0, 2);
    metrics.discovery_refreshed(0, Refreshed::Changed, SystemTime::UNIX_EPOCH + SECOND);
    let many: Vec<_> = (0..1024)
        .map(|it| metrics.endpoint_place(0, &it.to_string()))
        .collect();
    metrics.watch_breakers(|| {
        vec![BreakerFigures {
            scope: BreakerScope::Route,
            name: "api".to_owned(),
            mode: Mode::Enforce,
            positions: [1, 0, 0],
            opened: 0,
            stopped: 0,
        }]
    });
    metrics.watch_capacity(|| {
        let waits = Waits::default();
        waits.observe(Duration::from_millis(3));
        vec![CapacityFigures {
            upstream: "legacy".to_owned(),
            mode: Mode::Enforce,
            limit: 20,
            in_flight: 19,
            queued: 2,
            share: 0.25,
            idle_latency: Some(Duration::from_millis(5)),
            shed: [[1; 3]; 4],
            waited: waits.so_far(),
        }]
    });
    metrics.watch_limits(|| LimitFigures {
        callers: 5,
        shared: 1,
        waiting: 2,
        in_flight: vec![("api".to_owned(), "slots".to_owned(), 3)],
        tightened: vec![("api".to_owned(), "strict".to_owned(), 4)],
    });
    let text = metrics.text().unwrap();
    let exported: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .filter(|name| name.starts_with("forebay_"))
        .collect();
    let catalogued: BTreeSet<&str> = CATALOGUE.iter().map(|family| family.name).collect();
    assert_eq!(exported, catalogued);
    drop(many);
    assert!(text.contains("process_resident_memory_bytes"));
}

#[test]
fn an_endpoint_is_healthy_while_all_of_its_name_are_well() {
    let metrics = metrics(vec![]);
    let name = r#"forebay_upstream_endpoint_healthy{upstream="legacy",endpoint="a:80"}"#;
    assert!(!samples(&metrics).contains_key(name));
    let (ill, well) = (Some(Standing::Ill), Some(Standing::Well));
    metrics.endpoint_standing(0, 0, None, well);
    metrics.endpoint_standing(0, 0, None, well); // listed twice, counted in one place
    assert_sample(&metrics, name, 1.0);
    thread::scope(|scope| {
        scope.spawn(|| metrics.endpoint_standing(0, 0, well, ill));
    });
    assert_sample(&metrics, name, 0.0);
    metrics.endpoint_standing(0, 0, ill, None);
    assert_sample(&metrics, name, 1.0);
    metrics.endpoint_standing(0, 0, well, None);
    assert!(!samples(&metrics).contains_key(name));
}

#[test]
fn checks_and_ejections_are_counted_by_how_and_why() {
    let metrics = metrics(vec![]);
    metrics.health_check(0, 1, CheckOutcome::TimedOut);
    metrics.health_check(0, 1, CheckOutcome::TimedOut);
    metrics.ejection(0, 1, outlier::Reason::ConsecutiveFailures, Mode::Enforce);
    metrics.ejection(0, 1, outlier::Reason::ConsecutiveFailures, Mode::Shadow);
    for (name, value) in [
        (
            r#"forebay_upstream_health_checks_total{upstream="legacy",endpoint="[::1]:80",outcome="timed-out"}"#,
            2.0,
        ),
        (
            r#"forebay_upstream_ejections_total{upstream="legacy",endpoint="[::1]:80",reason="consecutive-failures",mode="enforce"}"#,
            1.0,
        ),
        (
            r#"forebay_upstream_ejections_total{upstream="legacy",endpoint="[::1]:80",reason="consecutive-failures",mode="shadow"}"#,
            1.0,
        ),
    ] {
        assert_sample(&metrics, name, value);
    }
}

#[test]
fn a_connection_moves_between_states() {
    let metrics = metrics(vec![]);
    let (active, idle) = (Some(ConnectionState::Active), Some(ConnectionState::Idle));
    metrics.upstream_connection(0, None, active);
    metrics.upstream_connection(0, None, active);
    metrics.upstream_connection(0, active, idle);
    thread::scope(|scope| {
        scope.spawn(|| metrics.upstream_connection(0, idle, None));
    });
    let name =
        |state| format!(r#"forebay_upstream_connections{{upstream="legacy",state="{state}"}}"#);
    assert_sample(&metrics, &name("active"), 1.0);
    assert_sample(&metrics, &name("idle"), 0.0);
}

/// `cargo test --release -p forebay-telemetry measure -- --ignored --nocapture`
#[test]
#[ignore = "a measurement, which says nothing in a debug build"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn measure_record() {
    use std::{hint::black_box, time::Instant};

    const ROUNDS: u32 = 5_000_000;
    let metrics = metrics(vec![route("api", Mode::Enforce)]);
    for (what, threads) in [("one thread", 1), ("two threads", 2)] {
        for (kind, event) in [("hit", hit()), ("miss", miss())] {
            let began = Instant::now();
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| (0..ROUNDS).for_each(|_| metrics.record(black_box(&event))));
                }
            });
            let each = (Instant::now() - began) / ROUNDS;
            println!("{what}, {kind}: {each:?} for each record");
        }
    }
}

/// Endpoints come and go by the thousand; the series of an upstream stay bounded.
#[test]
fn the_series_of_endpoints_are_bounded_and_the_gone_are_forgotten() {
    let metrics = metrics(vec![]);
    let count = |place: &EndpointPlace| {
        metrics.record(&RequestEvent {
            endpoint: Some(place.number()),
            ..miss()
        });
    };
    let series = |metrics: &Metrics| {
        let samples = samples(metrics);
        let requests = samples.keys();
        requests
            .filter(|name| name.starts_with("forebay_upstream_requests_total"))
            .count()
    };
    let name = |endpoint: &str| {
        format!(
            r#"forebay_upstream_requests_total{{upstream="legacy",endpoint="{endpoint}",outcome="2xx"}}"#
        )
    };
    let places: Vec<_> = (0..2000)
        .map(|it| metrics.endpoint_place(0, &it.to_string()).unwrap())
        .collect();
    places.iter().for_each(count);
    // 1022 beside the two that are listed, and `other`.
    assert_eq!(series(&metrics), 1023);
    assert_sample(&metrics, &name("7"), 1.0);
    assert_sample(&metrics, &name("other"), 978.0);
    let dropped = r#"forebay_upstream_series_dropped_total{upstream="legacy"}"#;
    assert_sample(&metrics, dropped, 978.0);
    drop(places);
    metrics.forget_endpoints(0, SECOND);
    assert_eq!(series(&metrics), 1023);
    metrics.forget_endpoints(0, 700 * SECOND);
    assert_eq!(series(&metrics), 1);
    // Who takes a place that was somebody's begins at zero.
    let place = metrics.endpoint_place(0, "new").unwrap();
    count(&place);
    assert_sample(&metrics, &name("new"), 1.0);
    assert!(metrics.endpoint_place(9, "new").is_none());
}

#[test]
fn a_look_that_brought_nothing_is_no_success() {
    let metrics = metrics(vec![]);
    let at = |seconds| SystemTime::UNIX_EPOCH + seconds * SECOND;
    metrics.discovery_refreshed(0, Refreshed::Changed, at(5));
    metrics.discovery_refreshed(0, Refreshed::Failed, at(6));
    metrics.discovery_refreshed(0, Refreshed::Unchanged, at(7));
    metrics.discovery_refreshed(0, Refreshed::Missing, at(8));
    metrics.upstream_endpoints(0, 3);
    let name = r#"forebay_discovery_refreshes_total{upstream="legacy",outcome="failed"}"#;
    assert_sample(&metrics, name, 1.0);
    let name = r#"forebay_discovery_last_success_timestamp_seconds{upstream="legacy"}"#;
    assert_sample(&metrics, name, 7.0);
    let name = r#"forebay_upstream_endpoints{upstream="legacy"}"#;
    assert_sample(&metrics, name, 3.0);
}
