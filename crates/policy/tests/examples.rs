//! The files in `config/` are read, checked, and valid under the schema that lies beside them.

use std::{fs, path::PathBuf};

use policy::{Checked, Source, json_schema, parse, reference_markdown, single_upstream};

const EXAMPLES: [&str; 4] = [
    "minimal.yaml",
    "legacy-json-api.yaml",
    "protected-api.yaml",
    "full-reference.yaml",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn load(name: &str) -> String {
    let path = root().join("config").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn checked(name: &str, text: &str) -> Checked {
    let source = Source {
        name,
        bytes: text.as_bytes(),
    };
    parse(source, &|_| None).unwrap_or_else(|diagnostics| panic!("{diagnostics}"))
}

#[test]
fn every_example_is_accepted_without_a_warning() {
    for name in EXAMPLES {
        let checked = checked(name, &load(name));
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    }
}

/// Measuring is rare, and what is refused cannot be measured.
#[test]
fn what_is_measured_is_accepted_without_a_warning() {
    let files = fs::read_dir(root().join("tests/bench")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "yaml"))
        .collect();
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let name = path.to_string_lossy();
        let checked = checked(&name, &fs::read_to_string(&path).unwrap());
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    }
}

#[test]
fn every_example_names_its_schema() {
    for name in EXAMPLES {
        let modeline = "# yaml-language-server: $schema=./forebay.schema.json\n";
        assert!(load(name).starts_with(modeline), "{name}");
    }
}

#[test]
fn every_example_is_valid_under_the_schema() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for name in EXAMPLES {
        let instance: serde_json::Value = serde_yaml::from_str(&load(name)).unwrap();
        let mistakes: Vec<_> = validator
            .iter_errors(&instance)
            .map(|error| format!("{}: {error}", error.instance_path))
            .collect();
        assert!(mistakes.is_empty(), "{name}: {mistakes:#?}");
    }
}

#[test]
fn the_schema_and_the_reader_agree_on_shapes() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let head = "version: 1\nlisteners: [{address: '0.0.0.0:80'}]\n\
        upstreams: {app: {endpoints: ['http://a']}}\n";
    for (body, fine) in [
        (
            "routes: [{name: a, upstream: app, cache: , memory: }]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, cache: , compression: }]",
            true,
        ),
        (
            "routes: [{name: a, upstream: app}]\nmemory:\nadmin:\nx-any: [1]",
            true,
        ),
        ("routes: [{name: a, upstream: app, cache: {ttl: }}]", false),
        (
            "routes: [{name: a, upstream: app, cache: {ttl: 1 s}}]",
            false,
        ),
        ("routes: [{name: a, upstream: app, use: }]", false),
        ("routes: [{name: a}]", false),
        (
            "routes: [{name: a, upstream: app, match: {headers: {X: {}}}}]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, match: {headers: {X: }}}]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, match: {host: a, headers: {X: a}}}]",
            true,
        ),
        (
            "routes: [{name: a, upstream: app, rate_limit: [{name: a, rate: 1/s, key: {ip: x}}]}]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, rate_limit: [{name: a, rate: 1/s, key: client_ip}]}]",
            true,
        ),
        (
            "routes: [{name: a, upstream: app, cache: {negative_ttl: {'404': 1s}, jitter: 5%}}]",
            true,
        ),
        (
            "routes: [{name: a, upstream: app, cache: {negative_ttl: {'200': 1s}}}]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, cache: {jitter: 101%}}]",
            false,
        ),
        (
            "routes: [{name: a, upstream: app, cache: {heuristic: , key: {query: , body: }}}]",
            true,
        ),
        ("routes: [{name: a, upstream: app}]\ncache:", true),
        ("routes: [{name: a, upstream: app}]\ncache: {warm: }", false),
        (
            "routes: [{name: a, upstream: app}]\ncache: {purge: }",
            false,
        ),
        ("routes: [{name: a, upstream: app}]\nidentity:", false),
        (
            "routes: [{name: a, upstream: app}]\nidentity: {jwt: {jwks_file: /a, algorithms: [none]}}",
            false,
        ),
        (
            "routes: [{name: a, upstream: app}]\nidentity: {jwt: {jwks_file: /a, token: {header: A}}}",
            true,
        ),
        (
            "routes: [{name: a, upstream: app}]\naccess_log: some",
            false,
        ),
        ("routes: [{name: a, upstream: app}]\nredis: {}", false),
        (
            "routes: [{name: a, upstream: app}]\nsecurity_log: off",
            true,
        ),
        ("routes: [{name: a, upstream: app}]\nsecurity_log:", true),
        (
            "routes: [{name: a, upstream: app}]\nsecurity_log: all",
            false,
        ),
        (
            "routes: [{name: a, upstream: app}]\nidentity: {jwt: {jwks_url: 'http://a/b', timeout: 1s}}",
            true,
        ),
        (
            "routes: [{name: a, upstream: app}]\nidentity: {jwt: {jwks_url: 'http://a/b', jwks_file: c}}",
            false,
        ),
        (
            "routes: [{name: a, upstream: app}]\nidentity: {jwt: {issuer: a}}",
            false,
        ),
        (
            "routes: [{name: a, upstream: app}]\naccess_log: ${NONE:-all}",
            true,
        ),
        (
            "routes: [{name: a, upstream: app}]\nclients: {max_headers: '${NONE:-20}'}",
            true,
        ),
        (
            "routes: [{name: a, upstream: app}]\nclients: {max_headers: '20'}",
            false,
        ),
    ] {
        let text = format!("{head}{body}");
        let instance: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let source = Source {
            name: "f.yaml",
            bytes: text.as_bytes(),
        };
        assert_eq!(parse(source, &|_| None).is_ok(), fine, "read {body}");
        assert_eq!(validator.is_valid(&instance), fine, "schema {body}");
    }
}

#[test]
fn the_schema_and_the_reader_agree_on_upstreams() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for (fields, fine) in [
        ("balance: maglev, hash_on: client_ip", true),
        ("balance: maglev, hash_on: {cookie: a}", true),
        ("balance: maglev, hash_on: [client_ip, {header: a}]", true),
        ("balance: maglev, hash_on: {cookies: a}", false),
        ("balance: maglev, hash_on: cookie", false),
        ("balance: maglev, hash_on: ", false),
        ("balance: rendezvous", false),
        (
            "sticky: , retry: , hedge: , breaker: , endpoint_breaker: ",
            true,
        ),
        (
            "capacity: , outliers: , health_check: , connections: ",
            true,
        ),
        ("mirror: ", false),
        ("discovery: ", false),
        ("outliers: {consecutive_failures: off}", true),
        ("outliers: {consecutive_failures: none}", false),
        (
            "outliers: {consecutive_failures: 3, success_rate: off}",
            true,
        ),
        ("outliers: {success_rate: }", true),
        ("outliers: {success_rate: {deviations: 1.9}}", true),
        ("outliers: {success_rate: {deviations: high}}", false),
        ("outliers: {success_rate: 5}", false),
        (
            "breaker: {consecutive_failures: 5, failure_rate: off}",
            true,
        ),
        ("breaker: {failure_rate: 20%, answer: stale}", true),
        ("breaker: {failure_rate: 20}", false),
        ("breaker: {answer: {upstreams: app}}", false),
        ("endpoint_breaker: {answer: stale}", false),
        ("retry: {on: [connect, 503]}", true),
        ("retry: {on: [conect]}", false),
        ("retry: {on: [200]}", false),
        ("retry: {on: connect}", false),
        ("hedge: {after: p95}", true),
        ("hedge: {after: 50ms}", true),
        ("hedge: {after: soon}", false),
        ("health_check: {statuses: [200-299, 304]}", true),
        ("health_check: {statuses: [99]}", false),
        ("health_check: {statuses: [all]}", false),
        ("health_check: {method: get}", false),
        ("capacity: {classes: {header: a, values: {x: high}}}", true),
        (
            "capacity: {classes: {header: a, values: {x: urgent}}}",
            false,
        ),
        ("connections: {proxy_protocol: v2}", true),
        ("connections: {proxy_protocol: 2}", false),
    ] {
        let text = format!(
            "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
             upstreams: {{app: {{endpoints: ['http://a'], {fields}}}}}\n\
             routes: [{{name: a, upstream: app}}]\n"
        );
        let instance: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let source = Source {
            name: "f.yaml",
            bytes: text.as_bytes(),
        };
        assert_eq!(parse(source, &|_| None).is_ok(), fine, "read {fields}");
        assert_eq!(validator.is_valid(&instance), fine, "schema {fields}");
    }
}

#[test]
fn the_schema_and_the_reader_agree_on_what_guards_a_route() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for (fields, fine) in [
        ("rate_limit: [{name: a, preset: login}]", true),
        ("rate_limit: [{name: a, preset: logins}]", false),
        (
            "rate_limit: [{name: a, preset: default, key: everybody}]",
            true,
        ),
        (
            "rate_limit: [{name: a, rate: 1/s, key: [client_ip, {cookie: a}, {path: id}]}]",
            true,
        ),
        ("rate_limit: [{name: a, rate: 1/s, key: [ip]}]", false),
        (
            "rate_limit: [{name: a, rate: 1/s, key: {header: a, cookie: b}}]",
            false,
        ),
        (
            "rate_limit: [{name: a, rate: 9/s, cost: {methods: {POST: 5}}}]",
            true,
        ),
        ("rate_limit: [{name: a, rate: 9/s, cost: 3}]", true),
        ("rate_limit: [{name: a, rate: 9/s, cost: }]", true),
        ("rate_limit: [{name: a, rate: 9/s, cost: [3]}]", false),
        (
            "rate_limit: [{name: a, rate: 9/s, queue: off, adapt: off}]",
            true,
        ),
        (
            "rate_limit: [{name: a, rate: 9/s, queue: 1s, adapt: , headers: both}]",
            true,
        ),
        (
            "rate_limit: [{name: a, rate: 9/s, adapt: {min: 10%, tenant: {header: a}, delay: off}}]",
            true,
        ),
        ("rate_limit: [{name: a, rate: 9/s, queue: never}]", false),
        (
            "concurrency: [{name: a, max: 3, queue: 1s, on_unknown: deny}]",
            true,
        ),
        ("concurrency: [{name: a, max: -1}]", false),
        ("concurrency: [{max: 1}]", false),
        ("bans: [{name: a, when: {status: [401]}}]", true),
        ("bans: [{name: a, when: {status: [401], score: 1}}]", false),
        ("bans: [{name: a, when: status}]", false),
        ("bans: [{name: a, when: {status: 401}}]", false),
        ("shield: , compression: , transform: ", true),
        ("shield: {rules: }", true),
        ("shield: {rules: off, max_body: off}", true),
        ("shield: {rules: on}", false),
        ("shield: {rules: {exclude: [{}]}}", false),
        ("shield: {rules: {exclude: [{in: q}, {rule: 7}]}}", true),
        ("shield: {paths: any}", false),
        ("compression: {encodings: [deflate]}", true),
        ("compression: {level: 9}", false),
        (
            "compression: {requests: , dictionary: off, breach_guard: off}",
            true,
        ),
        ("compression: {requests: {max_ratio: 20}}", true),
        ("compression: {dictionary: }", false),
        ("compression: {dictionary: {file: a, path: /b}}", false),
        (
            "compression: {dictionary: {file: a, path: /b, match: '/*'}}",
            true,
        ),
        ("transform: {json: , security_headers: true}", true),
        ("transform: {json: off, security_headers: {x-a: b}}", true),
        ("transform: {json: {fields: id}}", false),
        ("transform: {set_headers: {x-a: 1}}", false),
        ("transform: {security_headers: }", false),
    ] {
        let text = format!(
            "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
             upstreams: {{app: {{endpoints: ['http://a'], capacity: }}}}\n\
             routes: [{{name: a, upstream: app, match: {{path: '/{{id}}'}}, {fields}}}]\n"
        );
        let instance: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let source = Source {
            name: "f.yaml",
            bytes: text.as_bytes(),
        };
        assert_eq!(parse(source, &|_| None).is_ok(), fine, "read {fields}");
        assert_eq!(validator.is_valid(&instance), fine, "schema {fields}");
    }
}

#[test]
fn the_full_reference_has_every_field() {
    let text = load("full-reference.yaml");
    let schema = json_schema();
    let mut fields = Vec::new();
    collect_fields(&schema, &mut fields);
    assert!(fields.len() > 100, "{fields:?}");
    // Another way to say the same, which a comment there shows.
    let other_ways = ["absent", "exact", "cookie", "jwks_file"];
    for field in fields {
        let there = text.contains(&format!("{field}:")) || other_ways.contains(&field.as_str());
        assert!(there, "{field} is missing");
    }
}

/// The names of every property of every mapping.
fn collect_fields(schema: &serde_json::Value, fields: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(|one| one.as_object()) {
        fields.extend(properties.keys().cloned());
    }
    match schema {
        serde_json::Value::Object(object) => object
            .values()
            .for_each(|value| collect_fields(value, fields)),
        serde_json::Value::Array(items) => {
            items.iter().for_each(|value| collect_fields(value, fields))
        }
        _ => {}
    }
}

#[test]
fn the_schema_in_config_is_fresh() {
    let fresh = format!("{:#}\n", json_schema());
    assert!(
        load("forebay.schema.json") == fresh,
        "run `cargo run -p forebay-policy --example print_schema > config/forebay.schema.json`"
    );
}

#[test]
fn the_policy_reference_in_docs_is_fresh() {
    let page = root().join("docs/reference/policies.md");
    assert!(
        fs::read_to_string(page).unwrap() == reference_markdown(),
        "run `cargo run -p forebay-policy --example print_reference > docs/reference/policies.md`"
    );
}

#[test]
fn what_is_shown_of_an_example_can_be_read_again() {
    for name in EXAMPLES {
        let shown = checked(name, &load(name)).policies.redacted;
        checked(name, &shown);
    }
}

#[test]
fn a_single_upstream_is_a_file() {
    let text = single_upstream("http://127.0.0.1:3000", "0.0.0.0:8080");
    let checked = checked("single", &text);
    assert!(checked.warnings.is_empty());
    let route = &checked.policies.routes[0];
    assert_eq!(route.cache.as_ref().unwrap().lifetimes.times.ttl, None);
    assert!(route.compression.is_some() && route.deduplication.is_some());
}

#[test]
fn a_single_upstream_cannot_say_more_than_an_address() {
    for url in [
        "http://a\"]\nadmin: {address: off}\n#",
        "${HOME}",
        "http://a\\",
        "\u{0}",
    ] {
        let text = single_upstream(url, "0.0.0.0:8080");
        let source = Source {
            name: "single",
            bytes: text.as_bytes(),
        };
        let diagnostics = parse(source, &|_| Some("http://b".to_owned())).unwrap_err();
        assert_eq!(diagnostics.len(), 1, "{diagnostics}");
        assert_eq!(
            diagnostics.list()[0].path,
            "upstreams.upstream.endpoints[0]"
        );
    }
}
