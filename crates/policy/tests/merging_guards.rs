//! What a route's shield, compression and transformation come to, and what is said of the whole file.

use std::time::Duration;

use policy::{
    AttackCategory, BreachGuard, ByteSize, Coding, CompressionLevel, JwksSource, MediaTypePattern,
    Mode, PathReading, Policies, RuleExclusion, SecurityLog, SettingOrigin, Source,
    UpstreamCodings, parse,
};

fn read(rest: &str) -> Policies {
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
         upstreams: {{app: {{endpoints: ['http://a']}}}}\n{rest}"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let checked = parse(source, &|_| None);
    checked.unwrap_or_else(|wrong| panic!("{wrong}")).policies
}

const KIB: u64 = 1 << 10;

fn bytes(bytes: u64) -> ByteSize {
    ByteSize::from_bytes(bytes)
}

#[test]
fn an_empty_shield_has_its_defaults() {
    let policies = read("routes: [{name: a, upstream: app, shield: {}}]");
    let shield = policies.routes[0].shield.as_ref().unwrap();
    assert_eq!(
        (shield.mode, shield.paths),
        (Mode::Enforce, PathReading::Strict)
    );
    assert!(shield.allow.is_empty() && shield.deny.is_empty());
    assert!(shield.methods.is_empty() && shield.content_types.is_empty());
    assert_eq!(
        (shield.max_url, shield.max_query, shield.max_header),
        (bytes(8 * KIB), bytes(4 * KIB), bytes(8 * KIB))
    );
    assert_eq!((shield.max_body, shield.max_json_depth), (None, 64));
    let rules = shield.rules.as_ref().unwrap();
    assert_eq!((rules.paranoia, rules.threshold), (1, 5));
    for category in AttackCategory::ALL {
        assert!(rules.categories.contains(&category));
    }
    assert_eq!(rules.headers, ["user-agent", "referer"]);
    assert_eq!((rules.body, &rules.exclude[..]), (bytes(16 * KIB), &[][..]));
}

#[test]
fn a_shield_is_refined_field_by_field() {
    let text = "policies:
  wide: {shield: {allow: [10.1.2.3/8], max_body: 1MiB, rules: {paranoia: 2, headers: [X-Q]}}}
  off: {shield: {rules: off}}
routes:
  - name: a
    upstream: app
    use: [wide]
    shield: {allow: [], paths: lenient, max_body: off, rules: {threshold: 7, exclude: [{rule: 3, in: q}, {in: z}]}}
  - {name: b, upstream: app, match: {path: /b}, use: [wide, off], shield: {deny: [10.0.0.7, '::ffff:10.1.0.0/112', '::ffff:10.2.0.7', '::/0']}}
  - {name: c, upstream: app, match: {path: /c}, use: [wide, off], shield: {rules: {threshold: 3}}}
";
    let routes = read(text).routes;
    let shield = routes[0].shield.as_ref().unwrap();
    assert!(shield.allow.is_empty());
    assert_eq!(
        (shield.paths, shield.max_body),
        (PathReading::Lenient, None)
    );
    let rules = shield.rules.as_ref().unwrap();
    assert_eq!((rules.paranoia, rules.threshold), (2, 7));
    assert_eq!(rules.headers, ["x-q"]);
    let exclusion = |rule, target: &str| RuleExclusion {
        rule,
        target: Some(target.to_owned()),
    };
    assert_eq!(
        rules.exclude,
        [exclusion(Some(3), "q"), exclusion(None, "z")]
    );
    let shield = routes[1].shield.as_ref().unwrap();
    assert_eq!(shield.rules, None);
    assert_eq!(shield.allow, ["10.0.0.0/8".parse().unwrap()]);
    // IPv4 in IPv6 is IPv4 wherever a client is meant.
    let deny = ["10.0.0.7/32", "10.1.0.0/16", "10.2.0.7/32", "::/0"];
    assert_eq!(shield.deny, deny.map(|net| net.parse().unwrap()));
    assert_eq!(shield.max_body, Some(bytes(KIB * KIB)));
    // What was said before it was switched off is forgotten.
    let rules = routes[2].shield.as_ref().unwrap().rules.as_ref().unwrap();
    assert_eq!((rules.paranoia, rules.threshold), (1, 3));
    let settings = &routes[0].settings;
    let exclude = settings
        .iter()
        .find(|one| one.path == "shield.rules.exclude");
    let exclude = exclude.unwrap();
    assert_eq!(exclude.value, "[{rule: 3, in: \"q\"}, {in: \"z\"}]");
    assert_eq!(exclude.origin, SettingOrigin::Route { line: 11 });
}

#[test]
fn compression_says_everything_there_is() {
    let text = "clients: {max_body: 1MiB}
policies:
  p:
    compression:
      encodings: [deflate, gzip]
      level: best
      flush: [text/plain]
      upstream_codings: recode
      breach_guard: pad
      requests: {max_ratio: 7}
      dictionary: {file: /a, path: /d, match: /x/*}
routes:
  - {name: a, upstream: app, use: [p]}
  - {name: b, upstream: app, match: {path: /b}, use: [p], compression: {requests: off, dictionary: off}}
  - {name: c, upstream: app, match: {path: /c}, compression: {}}
";
    let routes = read(text).routes;
    let all = routes[0].compression.as_ref().unwrap();
    assert_eq!(all.encodings, [Coding::Deflate, Coding::Gzip]);
    assert_eq!(all.level, CompressionLevel::Best);
    assert_eq!(
        all.flush,
        [MediaTypePattern::Exact("text/plain".to_owned())]
    );
    assert_eq!(
        (all.upstream_codings, all.breach_guard),
        (UpstreamCodings::Recode, BreachGuard::Pad)
    );
    // Not more than a client may send.
    let requests = all.requests.unwrap();
    assert_eq!(
        (requests.max_size, requests.max_ratio),
        (bytes(KIB * KIB), 7)
    );
    let dictionary = all.dictionary.as_ref().unwrap();
    assert_eq!(dictionary.file.to_str(), Some("/a"));
    assert_eq!(
        (&dictionary.path[..], &dictionary.matches[..]),
        ("/d", "/x/*")
    );
    let off = routes[1].compression.as_ref().unwrap();
    assert!(off.requests.is_none() && off.dictionary.is_none());
    let usual = routes[2].compression.as_ref().unwrap();
    assert_eq!(usual.level, CompressionLevel::Adaptive);
    assert_eq!(usual.breach_guard, BreachGuard::Off);
    assert_eq!(usual.flush.len(), 2);
    assert!(usual.requests.is_none() && usual.dictionary.is_none());
}

#[test]
fn a_transformation_names_fields_and_headers() {
    let text = "policies:
  p:
    transform:
      json: {fields: [id, 'items.*.price']}
      remove_headers: [Server]
      set_headers: {X-Served-By: forebay}
      security_headers: true
routes:
  - {name: a, upstream: app, use: [p]}
  - name: b
    upstream: app
    match: {path: /b}
    use: [p]
    transform: {json: {fields: []}, security_headers: {x-frame-options: SAMEORIGIN}}
  - {name: c, upstream: app, match: {path: /c}, use: [p], transform: {json: off, security_headers: false}}
";
    let routes = read(text).routes;
    let transform = |at: usize| routes[at].transform.as_ref().unwrap();
    let paths = transform(0).json.as_ref().unwrap().fields.iter();
    let paths: Vec<_> = paths.map(|path| path.names.join("/")).collect();
    assert_eq!(paths, ["id", "items/*/price"]);
    assert_eq!(transform(0).remove_headers, ["server"]);
    let set = &transform(0).set_headers;
    assert_eq!(set[0].0, "x-served-by");
    assert_eq!(set[0].1, "forebay");
    let usual = transform(0).security_headers.iter();
    let usual: Vec<_> = usual
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert_eq!(
        usual,
        [
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "referrer-policy: strict-origin-when-cross-origin",
            "strict-transport-security: max-age=31536000",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
        ]
    );
    assert!(transform(1).json.as_ref().unwrap().fields.is_empty());
    assert_eq!(transform(1).security_headers.len(), 1);
    assert_eq!(transform(1).security_headers[0].1, "SAMEORIGIN");
    assert!(transform(2).json.is_none() && transform(2).security_headers.is_empty());
}

#[test]
fn the_log_of_security_events_is_on_unless_it_is_off() {
    let log = |field: &str| {
        let text = format!("{field}\nroutes: [{{name: a, upstream: app}}]");
        match read(&text).security_log {
            SecurityLog::Lines(rate) => rate.to_string(),
            SecurityLog::Off => "off".to_owned(),
        }
    };
    assert_eq!(log(""), "100/s");
    assert_eq!(log("security_log: {}"), "100/s");
    assert_eq!(log("security_log: {max_rate: 5/min}"), "5/min");
    assert_eq!(log("security_log: off"), "off");
}

#[test]
fn keys_come_from_a_file_or_a_url() {
    let identity = |fields: &str| {
        let text = format!("identity: {fields}\nroutes: [{{name: a, upstream: app}}]");
        read(&text).identity.unwrap()
    };
    let file = identity("{jwt: {jwks_file: /a}}");
    assert_eq!(file.jwks, JwksSource::File("/a".into()));
    assert_eq!(file.refresh, Duration::from_secs(300));
    let url = identity("{jwt: {jwks_url: 'https://a/b'}, refresh: 30s}");
    assert_eq!(url.refresh, Duration::from_secs(30));
    let expected = JwksSource::Url {
        url: "https://a/b".to_owned(),
        timeout: Duration::from_secs(2),
    };
    assert_eq!(url.jwks, expected);
}

#[test]
fn one_address_may_open_what_all_may_unless_told_otherwise() {
    let clients = |fields: &str| {
        let text = format!("clients: {fields}\nroutes: [{{name: a, upstream: app}}]");
        read(&text).clients
    };
    assert_eq!(clients("{}"), policy::Clients::default());
    assert_eq!(
        clients("{max_connections: 20000}").max_connections_per_ip,
        20_000
    );
    let told = clients("{max_connections_per_ip: 5, max_http2_resets: 6, min_body_rate: 7B}");
    assert_eq!((told.max_connections_per_ip, told.max_http2_resets), (5, 6));
    assert_eq!(told.min_body_rate, bytes(7));
}
