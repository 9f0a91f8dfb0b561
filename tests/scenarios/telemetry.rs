//! What the operator sees, and what nobody sees.

use std::collections::{BTreeMap, HashSet};

use harness::{Ask, Origin, Reply, Sidecar, eventually, metrics::Metrics};
use serde_json::Value;

use crate::{forebay, in_front_of};

fn busy() -> (Origin, Sidecar) {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/error" => Reply::status(500),
        _ => Reply::ok("x".repeat(3000))
            .header("Cache-Control", "max-age=60")
            .header("Content-Type", "text/plain"),
    });
    let sidecar = forebay()
        .origin(&origin)
        .with_policies(
            "cache: {}\ncompression: {}\ndeduplication: {}\n\
             rate_limit: [{name: l, rate: 5/h, burst: 5}]",
        )
        .start();
    for target in [
        "/",
        "/",
        "/error",
        "/\"quoted\\%22",
        "/x?token=secret&a=b",
        "/over",
    ] {
        sidecar.ask(&Ask::get(target).header("Accept-Encoding", "gzip"));
    }
    sidecar.wait_for_metric("forebay_http_requests_total", &[], 6.0);
    (origin, sidecar)
}

/// One line of the access log per request, as JSON.
fn lines(sidecar: &Sidecar, count: usize) -> Vec<Value> {
    eventually("the lines are written", || {
        let lines = sidecar.access_log();
        (lines.len() >= count).then_some(lines)
    })
}

/// What `promtool check metrics` looks at, and what a scraper relies on.
#[test]
fn the_metrics_are_well_formed() {
    let (_origin, sidecar) = busy();
    let response = sidecar.telemetry("/metrics");
    assert!(
        response
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let metrics = Metrics::parse(&response.text());
    let mut types = BTreeMap::new();
    let mut helps = HashSet::new();
    for line in response.text().lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(
                types.insert(name.to_owned(), kind.to_owned()).is_none(),
                "{name} twice"
            );
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty(), "{name}");
            helps.insert(name.to_owned());
        }
    }
    let mut seen = HashSet::new();
    for sample in &metrics.samples {
        let family = types.keys().find(|family| {
            let rest = sample.name.strip_prefix(family.as_str());
            matches!(rest, Some("" | "_bucket" | "_sum" | "_count"))
        });
        let family = family.unwrap_or_else(|| panic!("{} has no type", sample.name));
        assert!(helps.contains(family), "{family} has no help");
        assert_eq!(
            types[family] == "counter",
            family.ends_with("_total"),
            "{family}"
        );
        assert!(
            seen.insert((sample.name.clone(), sample.labels.clone())),
            "{sample:?} twice"
        );
        assert!(
            family.starts_with("forebay_") || family.starts_with("process_"),
            "{family}"
        );
    }
    assert_eq!(metrics.sum("forebay_ready", &[]), 1.0);
    assert_eq!(metrics.sum("forebay_build_info", &[]), 1.0);
    assert_eq!(
        metrics.sum("forebay_config_last_reload_successful", &[]),
        1.0
    );
}

/// Labels come from the configuration, never from a client.
#[test]
fn nothing_a_client_sends_becomes_a_label() {
    let (_origin, sidecar) = busy();
    sidecar.ask(&Ask::new("MADE-UP", "/made-up").header("Host", "made-up.test"));
    sidecar.ask(&Ask::get("/").header("User-Agent", "made-up"));
    sidecar.wait_for_metric("forebay_http_requests_total", &[("method", "other")], 1.0);
    assert!(!sidecar.metrics().text.to_lowercase().contains("made-up"));
}

#[test]
fn requests_are_counted_by_what_became_of_them() {
    let (_origin, sidecar) = busy();
    let count = |labels: &[(&str, &str)]| sidecar.metric("forebay_http_requests_total", labels);
    assert_eq!(
        count(&[("cache", "hit"), ("code_class", "2xx"), ("route", "all")]),
        1.0
    );
    assert_eq!(count(&[("code_class", "5xx")]), 1.0);
    assert_eq!(count(&[("code_class", "4xx")]), 1.0);
    let name = "forebay_failures_total";
    assert_eq!(
        sidecar.metric(name, &[("failure", "rate-limited"), ("blame", "client")]),
        1.0
    );
    let name = "forebay_http_request_duration_seconds_count";
    assert_eq!(sidecar.metric(name, &[]), 6.0);
    sidecar.wait_for_metric("forebay_cache_entries", &[], 2.0);
    assert_eq!(sidecar.metric("forebay_http_requests_in_flight", &[]), 0.0);
}

#[test]
fn a_request_that_no_route_takes_is_counted_too() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .origin(&origin)
        .routes("  - {name: a, match: {path: /a}, upstream: origin}")
        .start();
    sidecar.get("/b").assert_problem(404, "no-route");
    let labels = [("route", "none"), ("failure", "no-route")];
    sidecar.wait_for_metric("forebay_failures_total", &labels, 1.0);
}

#[test]
fn the_probes_answer() {
    let origin = Origin::saying("x");
    let address = origin.address();
    drop(origin);
    // None of them depends on the upstream.
    let sidecar = forebay().endpoint(&format!("http://{address}")).start();
    for probe in ["/healthz", "/livez", "/readyz", "/startupz"] {
        assert_eq!(sidecar.telemetry(probe).status, 200, "{probe}");
    }
    assert_eq!(sidecar.telemetry("/config_dump").status, 404);
    let post = Ask::post("/readyz", "").header("Host", "localhost");
    assert_eq!(post.send(sidecar.telemetry_address()).status, 405);
}

#[test]
fn each_request_leaves_one_line_of_json() {
    let (_origin, sidecar) = busy();
    let lines = lines(&sidecar, 6);
    assert_eq!(lines.len(), 6);
    let (first, second) = (&lines[0], &lines[1]);
    assert_eq!(first["http.request.method"], "GET");
    assert_eq!(first["url.path"], "/");
    assert_eq!(first["http.response.status_code"], 200);
    assert_eq!(first["server.address"], "shop.test");
    assert_eq!(first["client.address"], "127.0.0.1");
    assert_eq!(first["network.protocol.version"], "1.1");
    assert_eq!(first["route"], "all");
    assert_eq!(first["upstream"], "origin");
    assert_eq!(first["cache"], "miss");
    assert_eq!(first["store"], "stored");
    assert_eq!(first["encode"], "gzip");
    assert_eq!(first["limit"], "allow");
    assert_eq!(first["trace_id"].as_str().unwrap().len(), 32);
    assert!(first["timestamp"].as_str().unwrap().ends_with('Z'));
    assert!(first["duration"].as_f64().unwrap() > 0.0);
    assert!(first["http.response.body.size"].as_u64().unwrap() < 3000);
    assert_eq!(second["cache"], "hit");
    assert_eq!(lines[2]["upstream_status"], 500);
    assert_eq!(lines[5]["failure"], "rate-limited");
    assert_eq!(lines[5]["blame"], "client");
}

/// Nothing a client sends can forge a line, and secrets stay out.
#[test]
fn the_log_cannot_be_fooled() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    sidecar.ask(
        &Ask::get("/x?token=hunter2&password=hunter2&page=2")
            .header("User-Agent", "a\"},{\"forged\": \"b\u{85}\u{e9}")
            .header("Authorization", "Bearer hunter2")
            .header("Cookie", "session=hunter2"),
    );
    let lines = lines(&sidecar, 1);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].get("forged").is_none());
    assert!(
        !sidecar.stdout().contains("hunter2"),
        "{}",
        sidecar.stdout()
    );
    assert!(!sidecar.stdout().contains('\u{1b}'));
    assert!(
        lines[0]["url.query"].as_str().unwrap().contains("page=2"),
        "{}",
        lines[0]
    );
}

#[test]
fn only_errors_are_logged_when_that_is_what_is_wanted() {
    let origin = Origin::http(|request| match request.target.as_str() {
        "/error" => Reply::status(503),
        _ => Reply::ok("x"),
    });
    let sidecar = forebay()
        .config(&format!(
            "version: 1\nlisteners: [{{address: \"{{listen}}\"}}]\n\
             admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}\n\
             upstreams: {{o: {{endpoints: [\"http://{}\"]}}}}\n\
             routes: [{{name: all, upstream: o}}]\n",
            origin.address()
        ))
        .start();
    sidecar.get("/fine");
    sidecar.get("/error");
    let lines = lines(&sidecar, 1);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["url.path"], "/error");
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let origin = Origin::saying("x");
    let sidecar = forebay()
        .env("FOREBAY_TEST_KEY", "hunter2")
        .routes(&format!(
            "  - {{name: partner, match: {{headers: {{X-Key: \"{}\"}}}}, upstream: origin}}",
            "${FOREBAY_TEST_KEY}"
        ))
        .origin(&origin)
        .start();
    assert_eq!(sidecar.get("/").status, 404);
    assert_eq!(
        sidecar
            .ask(&Ask::get("/").header("X-Key", "hunter2"))
            .status,
        200
    );
    let dump = sidecar.admin("/config_dump");
    assert_eq!(dump.status, 200);
    assert!(dump.text().contains("origin"), "{}", dump.text());
    for place in ["/config_dump", "/routes", "/upstreams"] {
        let text = sidecar.admin(place).text();
        assert!(!text.contains("hunter2"), "{place}: {text}");
    }
}

#[test]
fn what_the_cache_holds_is_told() {
    let (_origin, sidecar) = busy();
    let stats = eventually("the entries are counted", || {
        let stats: Value = serde_json::from_str(&sidecar.admin("/cache/stats").text()).unwrap();
        (stats["entries"] == 2).then_some(stats)
    });
    assert_eq!(stats["hits"], 1);
    assert!(stats["bytes"].as_u64().unwrap() >= 6000, "{stats}");
    assert!(
        stats["limit_bytes"].as_u64().unwrap() > 1_000_000,
        "{stats}"
    );
    for place in ["/", "/routes", "/upstreams", "/version"] {
        let response = sidecar.admin(place);
        assert_eq!(response.status, 200, "{place}");
        let _json: Value = serde_json::from_str(&response.text()).unwrap();
    }
}

#[test]
fn a_token_is_asked_for_when_there_is_one() {
    let origin = Origin::saying("x");
    let token = "a-token-that-nobody-guesses-0123456789";
    let sidecar = forebay()
        .config(&format!(
            "version: 1\nlisteners: [{{address: \"{{listen}}\"}}]\n\
             admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\", \
             token_file: \"{{directory}}/token\"}}\n\
             upstreams: {{o: {{endpoints: [\"http://{}\"]}}}}\n\
             routes: [{{name: all, upstream: o}}]\n",
            origin.address()
        ))
        .file("token", &format!("{token}\n"))
        .start();
    let with = |header: Option<&str>| {
        let ask = Ask::get("/config_dump").header("Host", "localhost");
        let ask = header
            .iter()
            .fold(ask, |ask, value| ask.header("Authorization", value));
        ask.send(sidecar.admin_address())
    };
    let right = format!("Bearer {token}");
    assert_eq!(with(Some(&right)).status, 200);
    for wrong in [None, Some("Bearer wrong"), Some("Bearer "), Some(token)] {
        let response = with(wrong);
        assert_eq!(response.status, 401, "{wrong:?}");
        assert!(response.headers.has("www-authenticate"));
    }
    // Metrics and probes need none.
    assert_eq!(sidecar.telemetry("/metrics").status, 200);
    assert!(!sidecar.stderr().contains(token) && !with(Some(&right)).text().contains(token));
}

/// A page on another site must not read it (DNS rebinding).
#[test]
fn the_admin_listener_answers_to_its_own_names_only() {
    let origin = Origin::saying("x");
    let sidecar = in_front_of(&origin);
    let ask = |name: &str, value: &str| {
        let host = if name == "Host" { value } else { "localhost" };
        let ask = Ask::get("/config_dump").header("Host", host);
        let ask = if name == "Host" {
            ask
        } else {
            ask.header(name, value)
        };
        ask.send(sidecar.admin_address()).status
    };
    assert_eq!(ask("Host", "127.0.0.1"), 200);
    for (name, value) in [
        ("Host", "evil.test"),
        ("Origin", "http://evil.test"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        let status = ask(name, value);
        assert!((400..=421).contains(&status), "{name}: {value}: {status}");
    }
    // And nothing of it is to be had where clients come in.
    assert_eq!(sidecar.get("/config_dump").text(), "x");
}
