use std::fs;

use policy::Source;
use serde_json::Value;

use super::*;
use crate::{args::Cli, args::Command, output::Ink};

/// What `forebay explain -c config/NAME ARGUMENTS` says, as text and as JSON.
fn explained(name: &str, arguments: &[&str]) -> (String, Value) {
    use clap::Parser as _;

    let path = format!("{}/../../config/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = fs::read(path).unwrap();
    let source = Source {
        name,
        bytes: &bytes,
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    let arguments = ["forebay", "explain"].iter().chain(arguments);
    let Command::Explain(args) = Cli::try_parse_from(arguments).unwrap().command else {
        panic!("not explain");
    };
    let request = Request::new(&args).unwrap();
    let mut explanation = Explanation::new(&policies, &request);
    explanation.judge(&policies, &args).unwrap();
    (
        explanation.to_text(&policies, Ink::Plain),
        explanation.to_json(&policies),
    )
}

#[test]
fn it_names_the_route_the_lines_the_key_and_the_limits() {
    let (text, json) = explained(
        "legacy-json-api.yaml",
        &[
            "GET",
            "http://Shop.example.com:8080/api/products/1/price?utm_source=x&b=1",
            "-H",
            "Accept-Encoding: br",
        ],
    );
    assert_eq!(json["route"]["name"], "prices");
    let others = serde_json::json!(["products", "everything_else"]);
    assert_eq!(json["less_specific_routes"], others);
    let ttl = json["settings"].as_array().unwrap().iter();
    let ttl = ttl
        .into_iter()
        .find(|setting| setting["path"] == "cache.ttl");
    let ttl = ttl.unwrap();
    assert_eq!(
        (&ttl["value"], &ttl["origin"]),
        (&"5s".into(), &"route".into())
    );
    assert!(ttl["line"].as_u64() > json["route"]["line"].as_u64());
    assert_eq!(json["cache"]["key"]["host"], "shop.example.com");
    assert_eq!(json["cache"]["key"]["query"], "b=1");
    assert_eq!(json["compression"], "br");
    assert_eq!(json["limits"][0]["caller"], "client_ip 127.0.0.1");
    for part in ["route    prices, line", "policy public_read", "query  b=1"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn it_tells_why_the_cache_is_passed_by() {
    let explained = |arguments: &[&str]| {
        let mut all = vec!["GET", "http://x/api/products/1"];
        all.extend(arguments);
        explained("legacy-json-api.yaml", &all).1["cache"].clone()
    };
    assert_eq!(explained(&[])["answer"], "asked");
    assert_eq!(explained(&["-H", "Range: bytes=0-1"])["answer"], "asked");
    assert_eq!(
        explained(&["-H", "Content-Length: 3"])["bypass_reason"],
        "body-with-get"
    );
    let remarks = explained(&["-H", "Authorization: Basic eA=="])["remarks"].to_string();
    assert!(remarks.contains("Authorization"), "{remarks}");
}

#[test]
fn it_says_who_the_caller_is() {
    let (_, json) = explained(
        "legacy-json-api.yaml",
        &[
            "GET",
            "/api/reports/1",
            "--from",
            "10.1.2.3",
            "-H",
            "X-Forwarded-For: 2001:db8:1:2:3::4",
            "-H",
            "X-Partner-Id: acme",
        ],
    );
    assert_eq!(json["read_as"]["client"], "2001:db8:1:2:3::4");
    assert_eq!(json["limits"][0]["caller"], "client_ip 2001:db8:1:2::/64");
    assert_eq!(json["limits"][1]["caller"], "x-partner-id: acme");
    assert_eq!(json["limits"][1]["mode"], "shadow");
}

#[test]
fn it_tells_what_guards_a_route() {
    let (text, json) = explained(
        "protected-api.yaml",
        &["POST", "http://x/login", "--from", "203.0.113.9"],
    );
    for line in [
        "limits   per_client (enforce): 60/min, 60 at once, for client_ip 203.0.113.9",
        "logins (enforce): 5/min, in any window, for client_ip 203.0.113.9",
        "slots    slots (enforce): 20 at the same time, for client_ip 203.0.113.9",
        "guessing (enforce): after 10 of status 401, 403 within 5m, for 10m up to 1d",
        "shield   enforce: rules of paranoia 1 refuse from 5 points on",
        "trim     enforce: JSON without white space; headers: 2 removed, 0 set, 5 for browsers",
        ", preset login",
    ] {
        assert!(text.contains(line), "{line} is missing:\n{text}");
    }
    assert_eq!(json["concurrency"][0]["max"], 20);
    assert_eq!(json["bans"][0]["when"], "score 5");
    assert_eq!(json["bans"][1]["max_duration"], "1d");
    let settings = json["settings"].as_array().unwrap();
    let rate = settings
        .iter()
        .find(|one| one["path"] == "rate_limit.logins.rate");
    let rate = rate.unwrap();
    assert_eq!(
        (&rate["origin"], &rate["preset"], &rate["value"]),
        (&"preset".into(), &"login".into(), &"5/min".into())
    );
    let (text, json) = explained("legacy-json-api.yaml", &["GET", "http://x/orders"]);
    assert!(json["shield"].is_null() && json["transform"].is_null());
    assert!(!text.contains("shield") && !text.contains("trim"), "{text}");
}

#[test]
fn it_says_which_part_of_a_caller_is_missing() {
    let text = "version: 1
listeners: [{address: 127.0.0.1:1}]
identity: {jwt: {jwks_file: /keys}}
upstreams: {a: {endpoints: [\"http://127.0.0.1:2\"]}}
routes:
  - name: r
    match: {path: \"/shops/{shop}/{*rest}\"}
    upstream: a
    rate_limit:
      - {name: a, rate: 1/s, key: [{header: x-key}, {path: shop}, {path: rest}], on_unknown: client_ip}
      - {name: b, rate: 1/s, key: {cookie: sid}, on_unknown: deny}
      - {name: c, rate: 1/s, key: {header: x-key}, on_unknown: allow}
      - {name: d, rate: 1/s, key: [{claim: sub}, client_ip]}
      - {name: e, rate: 1/s, key: everybody}
";
    let source = Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    let callers = |headers: &[(&'static str, &'static str)]| {
        let args = ExplainArgs {
            config: Default::default(),
            method: Method::GET,
            url: "/shops/7/a/b".to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect(),
            from: [127, 0, 0, 1].into(),
            response: None,
            ask: false,
            output: ReportFormat::Text,
        };
        let request = Request::new(&args).unwrap();
        let json = Explanation::new(&policies, &request).to_json(&policies);
        let limits = json["limits"].as_array().unwrap().iter();
        let callers = limits.map(|limit| limit["caller"].as_str().unwrap().to_owned());
        callers.collect::<Vec<_>>()
    };
    assert_eq!(
        callers(&[]),
        [
            "client_ip 127.0.0.1, for want of x-key + path shop 7 + path rest a/b",
            "no cookie sid; it is refused",
            "no x-key; it is not counted",
            "claim sub of its token, if verified + client_ip 127.0.0.1",
            "everybody",
        ]
    );
    let known = callers(&[("x-key", "k"), ("cookie", "a=b; sid=hunter2")]);
    assert_eq!(
        known[..3],
        [
            "x-key: k + path shop 7 + path rest a/b",
            "cookie sid",
            "x-key: k"
        ]
    );
    // Whoever says it twice is nobody.
    let twice = callers(&[
        ("x-key", "k"),
        ("x-key", "l"),
        ("cookie", "sid=1"),
        ("cookie", "sid=2"),
    ]);
    assert_eq!(
        twice[1..3],
        [
            "no single cookie sid; it is refused",
            "no single x-key; it is not counted"
        ]
    );
}

#[test]
fn it_names_the_strategy_and_the_persona_behind_a_setting() {
    let (text, json) = explained(
        "full-reference.yaml",
        &[
            "GET",
            "http://api.example.com/items/4/x?version=2&page=1",
            "-H",
            "Accept: application/json",
        ],
    );
    let settings = json["settings"].as_array().unwrap();
    let setting = |path: &str| {
        let found = settings.iter().find(|setting| setting["path"] == path);
        found.unwrap()
    };
    let cases = setting("cache.cases");
    assert_eq!(cases["origin"], "strategy");
    assert_eq!(cases["strategy"], "catalogue");
    assert!(cases["policy"].is_null());
    let device = setting("cache.key.persona.device");
    assert_eq!(
        (&device["origin"], &device["persona"], &device["value"]),
        (&"persona".into(), &"shopper".into(), &"true".into())
    );
    for part in [", strategy catalogue", ", persona shopper"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn it_says_what_speaks_against_a_route() {
    let (text, json) = explained(
        "full-reference.yaml",
        &[
            "GET",
            "http://api.example.com/items/4/x?version=3&page=1",
            "-H",
            "Accept: application/json",
        ],
    );
    assert_eq!(json["route"]["name"], "everything_else");
    let said = "not items: query parameter version exactly \"2\" does not hold";
    assert!(text.contains(said), "{text}");
}

#[test]
fn nothing_matches_and_the_nearest_are_named() {
    let text = "version: 1
listeners: [{address: 127.0.0.1:1}]
upstreams: {a: {endpoints: [\"http://127.0.0.1:2\"]}}
routes:
  - {name: far, match: {host: x.example, path: /far, methods: [PUT]}, upstream: a}
  - {name: near, match: {path: /here, methods: [GET]}, upstream: a}
";
    let source = Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    let fate = |method: Method, url: &str| {
        let args = ExplainArgs {
            config: Default::default(),
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            from: [127, 0, 0, 1].into(),
            response: None,
            ask: false,
            output: ReportFormat::Text,
        };
        let request = Request::new(&args).unwrap();
        Explanation::new(&policies, &request).to_json(&policies)
    };
    let wrong_method = fate(Method::POST, "/here");
    assert_eq!(wrong_method["status"], 405);
    assert_eq!(wrong_method["allow"], serde_json::json!(["GET", "HEAD"]));
    let wrong_path = fate(Method::GET, "/there");
    assert_eq!(wrong_path["status"], 404);
    assert_eq!(wrong_path["nearest_routes"][0]["name"], "near");
    let refused = fate(Method::TRACE, "/here");
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&501.into(), &"bad-method".into())
    );
}

#[test]
fn a_url_that_nobody_could_ask_for_is_refused() {
    for url in [
        "example.com/x",
        "ftp://example.com/",
        "http://",
        "http://a b/",
    ] {
        let args = ExplainArgs {
            config: Default::default(),
            method: Method::GET,
            url: url.to_owned(),
            headers: Vec::new(),
            from: [127, 0, 0, 1].into(),
            response: None,
            ask: false,
            output: ReportFormat::Text,
        };
        assert!(Request::new(&args).is_err(), "{url}");
    }
}

#[test]
fn it_says_what_becomes_of_the_answer_of_a_silent_origin() {
    let verdict = |arguments: &[&str]| {
        let mut all = vec!["GET", "http://x/api/products/1"];
        all.extend(arguments);
        let (text, json) = explained("legacy-json-api.yaml", &all);
        (text, json["verdict"].clone())
    };
    let (text, kept) = verdict(&[]);
    assert_eq!(kept["answer_of"], "silent");
    assert_eq!(
        (&kept["stored"], &kept["reason"]),
        (&true.into(), &"stored".into())
    );
    assert_eq!(kept["lifetime_source"], "operator-ttl");
    assert!(
        text.contains("If the origin says nothing about caching"),
        "{text}"
    );
    let (text, mine) = verdict(&["-H", "Authorization: Basic eA=="]);
    assert_eq!(mine["reason"], "authorization");
    assert_eq!(mine["advice"]["yaml"], "cache: {key: {per_user: sub}}");
    for part in ["not kept: authorization", "change", "risk"] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
    let (_, no_store) = verdict(&["-H", "Cache-Control: no-store"]);
    assert_eq!(no_store["reason"], "request-no-store");
    assert!(no_store["advice"]["yaml"].is_null());
    assert!(no_store["advice"]["nothing"].is_string());
}

#[test]
fn a_saved_answer_is_judged_as_of_when_it_was_made() {
    let directory = std::env::temp_dir().join(format!("forebay-saved-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("head.txt");
    let judged = |head: &str| {
        fs::write(&file, head).unwrap();
        let path = file.display().to_string();
        let arguments = ["GET", "http://x/api/products/1", "--response", &path];
        explained("legacy-json-api.yaml", &arguments).1["verdict"].clone()
    };
    let old = "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 2\r\n";
    let fresh = judged(&format!(
        "HTTP/1.1 200 OK\r\n{old}Cache-Control: max-age=5\r\n\r\n{{}}"
    ));
    assert_eq!(
        (&fresh["stored"], &fresh["fresh_for_seconds"]),
        (&true.into(), &5.into())
    );
    let private = judged(&format!(
        "HTTP/1.1 200 OK\r\n{old}Cache-Control: private\r\n\r\n"
    ));
    assert_eq!(private["reason"], "private");
    let cookie = judged(&format!("HTTP/1.1 200 OK\r\n{old}Set-Cookie: a=b\r\n\r\n"));
    assert_eq!(cookie["advice"]["yaml"], "cache: {set_cookie: strip}");
    let cut = judged("HTTP/1.1 200 OK\r\n\r\n");
    assert_eq!(cut["reason"], "close-delimited");
    fs::remove_dir_all(&directory).unwrap();
}
