//! What the file says of an upstream, as Forebay runs on it.

use std::{path::PathBuf, time::Duration};

use policy::{
    Balance, Balancing, Breaker, ByteSize, Capacity, ClassSource, Connections, Discovery,
    DnsRecord, Endpoint, EndpointAddress, HashOn, Hedge, HedgeAfter, Mode, OpenAnswer, Outliers,
    Percent, Policies, Priority, Probe, ProxyProtocol, Retry, RetryOn, Scheme, Source, Sticky,
    SuccessRate, Upstream, parse,
};

fn policies(upstreams: &str) -> Policies {
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\nidentity: {{jwt: {{jwks_file: /k}}}}\n\
         upstreams:\n{upstreams}\n\
         routes: [{{name: a, upstream: app, match: {{path: '/{{id}}'}}}}]\n"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let env = |name: &str| match name {
        "FIVE" => Some("5".to_owned()),
        "HALF" => Some("50%".to_owned()),
        "OFF" => Some("off".to_owned()),
        "TENTHS" => Some("2.5".to_owned()),
        _ => None,
    };
    let checked = parse(source, &env);
    checked.unwrap_or_else(|wrong| panic!("{wrong}")).policies
}

/// The upstream `app` with one endpoint and this beside it.
fn app(fields: &str) -> Upstream {
    let text = format!("  app: {{endpoints: ['http://a:1'], {fields}}}");
    policies(&text).upstreams.remove(0)
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn nothing_is_on_unless_asked_for() {
    let plain = Upstream::plain("app".to_owned(), vec![Endpoint::tcp(Scheme::Http, "a", 1)]);
    assert_eq!(app(""), plain);
    assert_eq!(app("timeouts: {}, connections: {}"), plain);
    assert_eq!(app("balance: round_robin, balance_mode: enforce"), plain);
}

#[test]
fn an_endpoint_says_where_it_is_and_what_it_is_worth() {
    let text = "  app:
    balance: weighted
    endpoints:
      - https://b
      - {url: 'http+unix:/run/app.sock', weight: 3, zone: eu-1a, priority: 2}
      - HTTPS+unix:/run/tls.sock
";
    let endpoints = policies(text).upstreams.remove(0).endpoints;
    assert_eq!(endpoints[0], Endpoint::tcp(Scheme::Https, "b", 443));
    let socket = EndpointAddress::Unix(PathBuf::from("/run/app.sock"));
    assert_eq!(endpoints[1].address, socket);
    assert_eq!(endpoints[1].url(), "http+unix:/run/app.sock");
    assert_eq!((endpoints[1].weight.value(), endpoints[1].priority), (3, 2));
    assert_eq!(endpoints[1].zone.as_deref(), Some("eu-1a"));
    assert_eq!(endpoints[2].url(), "https+unix:/run/tls.sock");
}

#[test]
fn every_way_of_balancing_has_its_word() {
    for balance in [
        Balance::LeastRequests,
        Balance::Maglev,
        Balance::PeakEwma,
        Balance::Random,
        Balance::RingHash,
        Balance::RoundRobin,
        Balance::Weighted,
    ] {
        let read = app(&format!("balance: {}", balance.as_str()));
        assert_eq!(read.balancing.balance, balance);
    }
}

#[test]
fn one_thing_to_hash_needs_no_list() {
    let hashed = |text: &str| {
        app(&format!("balance: maglev, hash_on: {text}"))
            .balancing
            .hash_on
    };
    let header = HashOn::Header("x-user".parse().unwrap());
    assert_eq!(hashed("client_ip"), [HashOn::ClientIp]);
    assert_eq!(hashed("{header: X-User}"), vec![header.clone()]);
    assert_eq!(hashed("[client_ip]"), [HashOn::ClientIp]);
    let all = hashed("[{path_parameter: id}, {cookie: sid}, {header: X-User}, client_ip]");
    let [parameter, cookie] = [
        HashOn::PathParameter("id".to_owned()),
        HashOn::Cookie("sid".to_owned()),
    ];
    assert_eq!(all, [parameter, cookie, header, HashOn::ClientIp]);
}

#[test]
fn balancing_can_be_told_everything() {
    let read = app(
        "balance: ring_hash, balance_mode: shadow, bounded_load: 125%, zone: eu-1a, \
        slow_start: 30s, spill_below: 60%, panic_below: 0%, \
        sticky: {cookie: at, key_file: /key, ttl: 1h}",
    );
    let expected = Balancing {
        balance: Balance::RingHash,
        mode: Mode::Shadow,
        hash_on: Vec::new(),
        bounded_load: Some(125),
        sticky: Some(Sticky {
            cookie: "at".to_owned(),
            key_file: Some(PathBuf::from("/key")),
            ttl: Some(3_600 * SECOND),
        }),
        zone: Some("eu-1a".into()),
        slow_start: 30 * SECOND,
        spill_below: Percent::of(60),
        panic_below: Percent::of(0),
    };
    assert_eq!(read.balancing, expected);
    let standard = Sticky {
        cookie: "forebay_endpoint".to_owned(),
        key_file: None,
        ttl: None,
    };
    assert_eq!(app("sticky: {}").balancing.sticky, Some(standard.clone()));
    assert_eq!(app("sticky: ").balancing.sticky, Some(standard));
}

#[test]
fn connections_can_be_told_everything() {
    let read = app("max_idle_connections: 8, deadline_header: X-Left, \
        connections: {max_open: 100, max_age: 10m, preconnect: 2, max_streams: 50}, \
        timeouts: {tls: 2s, per_try: 4s, total: 4s}");
    let expected = Connections {
        max_idle: 8,
        max_open: Some(100),
        max_age: Some(600 * SECOND),
        preconnect: 2,
        max_streams: 50,
        proxy_protocol: None,
    };
    assert_eq!(read.connections, expected);
    assert_eq!(read.deadline_header.unwrap(), "x-left");
    assert_eq!(read.timeouts.tls, 2 * SECOND);
    assert_eq!(read.timeouts.per_try, read.timeouts.total);
    let version = app("connections: {proxy_protocol: v1}")
        .connections
        .proxy_protocol;
    assert_eq!(version, Some(ProxyProtocol::V1));
}

#[test]
fn tls_is_for_endpoints_that_may_speak_it() {
    let tls = "tls: {ca_file: /ca, certificate_file: /c, key_file: /k, server_name: API.example}";
    for endpoints in [
        "endpoints: ['http://a', 'https://b']",
        "discovery: {dns: {name: a, scheme: https}}",
        "discovery: {file: {path: /a}}",
    ] {
        let read = policies(&format!("  app: {{{endpoints}, {tls}}}"))
            .upstreams
            .remove(0);
        assert_eq!(read.tls.ca_file, Some(PathBuf::from("/ca")));
        assert_eq!(read.tls.server_name.as_deref(), Some("api.example"));
        assert_eq!(read.tls.client.unwrap().key_file, PathBuf::from("/k"));
    }
}

#[test]
fn endpoints_may_be_found_elsewhere() {
    let found = |text: &str| {
        let read = policies(&format!("  app: {{discovery: {text}}}"))
            .upstreams
            .remove(0);
        assert!(read.endpoints.is_empty());
        read.discovery.unwrap()
    };
    let Discovery::Dns(dns) = found("{dns: {name: App.svc, server: '127.0.0.1:5353'}}") else {
        panic!("not by DNS");
    };
    assert_eq!((dns.name.as_str(), dns.scheme), ("app.svc", Scheme::Http));
    assert_eq!(dns.record, DnsRecord::Address { port: 80 });
    assert_eq!((dns.min_refresh, dns.max_refresh), (SECOND, 30 * SECOND));
    assert_eq!(dns.server, Some("127.0.0.1:5353".parse().unwrap()));
    let Discovery::Dns(dns) =
        found("{dns: {name: a, record: srv, min_refresh: 1m, server: '::1'}}")
    else {
        panic!("not by DNS");
    };
    assert_eq!(dns.record, DnsRecord::Service);
    assert_eq!(
        dns.max_refresh,
        60 * SECOND,
        "not shorter than what was asked for"
    );
    assert_eq!(dns.server, Some("[::1]:53".parse().unwrap()));
    let Discovery::File(file) = found("{file: {path: /run/endpoints.yaml}}") else {
        panic!("not by a file");
    };
    assert_eq!(
        (file.path, file.poll),
        (PathBuf::from("/run/endpoints.yaml"), SECOND)
    );
}

#[test]
fn a_health_check_has_defaults_for_each_kind() {
    let check = |text: &str| app(&format!("health_check: {text}")).health_check.unwrap();
    let plain = check("{}");
    let http = Probe::Http {
        method: "GET".parse().unwrap(),
        path: "/".to_owned(),
        host: None,
        statuses: vec![200..=299],
        body_contains: None,
    };
    assert_eq!(plain.probe, http);
    assert_eq!((plain.interval, plain.timeout), (5 * SECOND, SECOND));
    assert_eq!((plain.healthy_after, plain.unhealthy_after), (2, 3));
    assert_eq!(plain.jitter, Percent::of(20));
    let Probe::Http { statuses, .. } = check("{statuses: [200-299, 304]}").probe else {
        panic!("not by HTTP");
    };
    assert_eq!(statuses, [200..=299, 304..=304]);
    assert_eq!(check("{kind: tcp}").probe, Probe::Tcp);
    let grpc = check("{kind: grpc, service: shop.Orders}").probe;
    let service = "shop.Orders".to_owned();
    assert_eq!(grpc, Probe::Grpc { service });
}

#[test]
fn outliers_have_defaults_that_can_be_switched_off() {
    let outliers = |text: &str| app(&format!("outliers: {text}")).outliers.unwrap();
    let standard = Outliers {
        mode: Mode::Enforce,
        consecutive_failures: Some(5),
        success_rate: Some(SuccessRate {
            min_requests: 100,
            min_endpoints: 5,
            deviations: 19,
        }),
        interval: 10 * SECOND,
        ejection: 30 * SECOND,
        max_ejection: 300 * SECOND,
        max_ejected: Percent::of(50),
    };
    assert_eq!(outliers("{}"), standard);
    assert_eq!(outliers("{success_rate: }"), standard);
    assert_eq!(
        outliers("{consecutive_failures: off}").consecutive_failures,
        None
    );
    assert_eq!(outliers("{success_rate: off}").success_rate, None);
    assert_eq!(
        outliers("{success_rate: {deviations: 3}}")
            .success_rate
            .unwrap()
            .deviations,
        30
    );
    assert_eq!(outliers("{ejection: 1h}").max_ejection, 3_600 * SECOND);
}

#[test]
fn what_may_be_off_may_come_from_the_environment() {
    let read = app(
        "breaker: {consecutive_failures: '${FIVE}', failure_rate: '${OFF}'}, \
        endpoint_breaker: {failure_rate: '${HALF}'}, \
        outliers: {success_rate: {deviations: '${TENTHS}'}}",
    );
    let breaker = read.breaker.unwrap();
    assert_eq!(
        (breaker.consecutive_failures, breaker.failure_rate),
        (Some(5), None)
    );
    assert_eq!(
        read.endpoint_breaker.unwrap().failure_rate,
        Some(Percent::of(50))
    );
    assert_eq!(read.outliers.unwrap().success_rate.unwrap().deviations, 25);
}

#[test]
fn retries_and_hedges_have_defaults() {
    let retry = Retry {
        mode: Mode::Enforce,
        attempts: 2,
        on: vec![
            RetryOn::Connect,
            RetryOn::Reset,
            RetryOn::Status(502),
            RetryOn::Status(503),
            RetryOn::Status(504),
        ],
        budget: Percent::of(20),
        min_retries: 3,
        base_delay: Duration::from_millis(25),
        max_delay: SECOND,
        idempotency_key: false,
        max_body: ByteSize::from_bytes(64 << 10),
    };
    assert_eq!(app("retry: {}").retry, Some(retry));
    let read = app("retry: {attempts: 3, on: [timeout, 429], base_delay: 5s}")
        .retry
        .unwrap();
    assert_eq!((read.attempts, read.max_delay), (3, 5 * SECOND));
    assert_eq!(read.on, [RetryOn::Timeout, RetryOn::Status(429)]);
    let hedge = Hedge {
        mode: Mode::Enforce,
        after: HedgeAfter::Percentile(Percent::of(95)),
        min_delay: Duration::from_millis(5),
        budget: Percent::of(5),
    };
    assert_eq!(app("hedge: {}").hedge, Some(hedge.clone()));
    for (text, after) in [
        ("p99", HedgeAfter::Percentile(Percent::of(99))),
        ("95%", hedge.after),
        ("50ms", HedgeAfter::Time(Duration::from_millis(50))),
    ] {
        assert_eq!(
            app(&format!("hedge: {{after: {text}}}"))
                .hedge
                .unwrap()
                .after,
            after
        );
    }
}

#[test]
fn breakers_and_mirrors_name_other_upstreams() {
    let text = "  app:
    endpoints: ['http://a']
    breaker: {answer: {upstream: spare}}
    endpoint_breaker: {trials: 2}
    mirror: {upstream: copy}
  copy: {endpoints: ['http://b']}
  spare: {endpoints: ['http://c'], breaker: {answer: stale, open_for: 2m}}
";
    let upstreams = policies(text).upstreams;
    let standard = Breaker {
        mode: Mode::Enforce,
        consecutive_failures: None,
        failure_rate: Some(Percent::of(50)),
        window: 10 * SECOND,
        min_requests: 20,
        open_for: 5 * SECOND,
        max_open: 60 * SECOND,
        trials: 1,
        answer: OpenAnswer::Upstream(2),
    };
    assert_eq!(upstreams[0].breaker, Some(standard.clone()));
    let each = upstreams[0].endpoint_breaker.clone().unwrap();
    assert_eq!((each.trials, each.answer), (2, OpenAnswer::Refuse));
    assert_eq!(each.consecutive_failures, Some(5));
    let mirror = upstreams[0].mirror.clone().unwrap();
    assert_eq!((mirror.upstream, mirror.share), (1, Percent::of(100)));
    assert_eq!(
        (mirror.max_body.bytes(), mirror.max_in_flight),
        (64 << 10, 64)
    );
    let spare = upstreams[2].breaker.clone().unwrap();
    assert_eq!(
        (spare.answer, spare.max_open),
        (OpenAnswer::Stale, 120 * SECOND)
    );
}

#[test]
fn capacity_fits_between_what_was_said() {
    let capacity = |text: &str| app(&format!("capacity: {text}")).capacity.unwrap();
    let standard = Capacity {
        mode: Mode::Enforce,
        min: 4,
        max: 1_000,
        initial: 20,
        queue: 100,
        queue_timeout: SECOND,
        classes: None,
    };
    assert_eq!(capacity("{}"), standard);
    let few = capacity("{max: 2}");
    assert_eq!((few.min, few.initial, few.max), (2, 2, 2));
    let many = capacity("{min: 2000}");
    assert_eq!((many.min, many.initial, many.max), (2_000, 2_000, 2_000));
    let by_claim = capacity("{classes: {claim: plan, values: {gold: high, token: low}}}");
    let classes = by_claim.classes.unwrap();
    assert_eq!(classes.source, ClassSource::Claim("plan".to_owned()));
    let values = [("gold", Priority::High), ("token", Priority::Low)];
    assert_eq!(
        classes.values,
        values.map(|(value, one)| (value.to_owned(), one))
    );
}

#[test]
fn names_of_cookies_and_classes_are_no_secrets() {
    let text = "  app: {endpoints: ['http://a'], balance: maglev, sticky: {cookie: at}, \
        hash_on: [{cookie: sid}], capacity: {classes: {header: X-Plan, values: {token: low}}}}";
    let shown = policies(text).redacted;
    assert!(!shown.contains("<redacted>"), "{shown}");
}
