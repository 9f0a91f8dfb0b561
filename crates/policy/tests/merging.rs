//! What a route's policies come to, and where each setting came from.

use std::time::Duration;

use policy::{
    ByteSize, CallerKey, CallerPart, Coding, MediaTypePattern, Mode, RequestCookies, Route,
    SettingOrigin, Source, parse,
};

fn routes(policies_and_routes: &str) -> Vec<Route> {
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
         upstreams: {{app: {{endpoints: ['http://a']}}}}\n{policies_and_routes}"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let checked = parse(source, &|_| None);
    checked
        .unwrap_or_else(|wrong| panic!("{wrong}"))
        .policies
        .routes
}

fn setting<'r>(route: &'r Route, path: &str) -> (&'r str, &'r SettingOrigin) {
    let found = route.settings.iter().find(|setting| setting.path == path);
    let found = found.unwrap_or_else(|| panic!("no {path} in {:#?}", route.settings));
    (&found.value, &found.origin)
}

fn policy(name: &str, line: usize) -> SettingOrigin {
    SettingOrigin::Policy {
        name: name.to_owned(),
        line,
    }
}

#[test]
fn nothing_is_on_unless_asked_for() {
    let route = &routes("routes: [{name: a, upstream: app}]")[0];
    assert!(route.cache.is_none() && route.compression.is_none());
    assert!(route.deduplication.is_none() && route.rate_limits.is_empty());
    assert!(route.settings.is_empty());
}

#[test]
fn an_empty_mapping_and_an_empty_value_switch_a_policy_on() {
    let text = "routes:\n- {name: a, upstream: app, match: {path: /a}, cache: {}, compression: {}}\n\
                - name: b\n  upstream: app\n  cache:\n  compression:\n  deduplication:\n";
    let routes = routes(text);
    assert_eq!(routes[0].cache, routes[1].cache);
    assert_eq!(routes[0].compression, routes[1].compression);
    assert_eq!(routes[1].deduplication.unwrap().mode, Mode::Enforce);
    let cache = routes[0].cache.as_ref().unwrap();
    assert_eq!(
        (cache.mode, cache.lifetimes.times.ttl),
        (Mode::Enforce, None)
    );
    assert_eq!(cache.request_cookies, RequestCookies::Bypass);
    assert_eq!(cache.max_object, ByteSize::from_bytes(8 << 20));
    let compression = routes[0].compression.as_ref().unwrap();
    assert_eq!(compression.encodings, Coding::DEFAULT);
    assert_eq!(compression.min_size, ByteSize::from_bytes(1024));
    assert!(
        compression
            .types
            .contains(&MediaTypePattern::Subtypes("text".to_owned()))
    );
    assert_eq!(
        setting(&routes[0], "cache.ttl"),
        ("none", &SettingOrigin::Default)
    );
}

#[test]
fn the_last_layer_that_says_something_wins() {
    let text = "policies:
  slow: {cache: {ttl: 60s, max_object: 1MiB, request_cookies: ignore}}
  quick: {cache: {ttl: 5s}, deduplication: {mode: shadow}}
routes:
  - name: a
    upstream: app
    use: [slow, quick]
    cache: {max_object: 2MiB}
";
    let route = &routes(text)[0];
    let cache = route.cache.as_ref().unwrap();
    assert_eq!(cache.lifetimes.times.ttl, Some(Duration::from_secs(5)));
    assert_eq!(cache.max_object, ByteSize::from_bytes(2 << 20));
    assert_eq!(cache.request_cookies, RequestCookies::Ignore);
    assert_eq!(route.deduplication.unwrap().mode, Mode::Shadow);
    assert_eq!(setting(route, "cache.ttl"), ("5s", &policy("quick", 6)));
    assert_eq!(
        setting(route, "cache.request_cookies"),
        ("ignore", &policy("slow", 5))
    );
    assert_eq!(
        setting(route, "cache.max_object"),
        ("2MiB", &SettingOrigin::Route { line: 11 })
    );
    assert_eq!(
        setting(route, "cache.mode"),
        ("enforce", &SettingOrigin::Default)
    );
    assert_eq!(
        setting(route, "deduplication.mode"),
        ("shadow", &policy("quick", 6))
    );
    assert_eq!(route.line, 8);
}

#[test]
fn limits_are_merged_by_name() {
    let text = "policies:
  fair: {rate_limit: [{name: per_client, rate: 10/s}, {name: all, rate: 5/10s, burst: 7}]}
  strict: {rate_limit: [{name: per_client, burst: 3}]}
routes:
  - name: a
    upstream: app
    use: [fair, strict]
    rate_limit: [{name: per_client, mode: shadow}, {name: keyed, rate: 1/min, key: {header: X-Key}}]
";
    let route = &routes(text)[0];
    let [client, all, keyed] = &route.rate_limits[..] else {
        panic!("{:?}", route.rate_limits);
    };
    assert_eq!(
        (client.name.as_str(), client.burst(), client.mode),
        ("per_client", 3, Mode::Shadow)
    );
    assert_eq!(client.rate.events(), 10);
    assert_eq!((all.name.as_str(), all.burst()), ("all", 7));
    assert_eq!((keyed.name.as_str(), keyed.burst()), ("keyed", 1));
    let parts = vec![CallerPart::Header("x-key".parse().unwrap())];
    assert_eq!(keyed.key, CallerKey { parts });
    assert_eq!(
        setting(route, "rate_limit.per_client.rate"),
        ("10/s", &policy("fair", 5))
    );
    assert_eq!(
        setting(route, "rate_limit.per_client.burst"),
        ("3", &policy("strict", 6))
    );
    let key = setting(route, "rate_limit.keyed.key");
    assert_eq!(key, ("{header: x-key}", &SettingOrigin::Route { line: 11 }));
    assert_eq!(
        setting(route, "rate_limit.all.rate"),
        ("5/10s", &policy("fair", 5))
    );
}

#[test]
fn merge_keys_work_like_anywhere_in_yaml() {
    let text = "x-cache: &cache {ttl: 60s, max_object: 1MiB}
routes:
  - {name: a, upstream: app, cache: {<<: *cache, ttl: 5s}}
";
    let route = &routes(text)[0];
    let cache = route.cache.as_ref().unwrap();
    assert_eq!(cache.lifetimes.times.ttl, Some(Duration::from_secs(5)));
    assert_eq!(cache.max_object, ByteSize::from_bytes(1 << 20));
    let size = setting(route, "cache.max_object");
    assert_eq!(size, ("1MiB", &SettingOrigin::Route { line: 4 }));
}
