//! What a route's cache comes to: strategies and what refines them, keys and personas, tags.

use std::time::Duration;

use policy::{
    ByteSize, CachePolicy, Checked, Dimension, EarlyRefresh, HonorRequest, LifetimeCase,
    MediaTypePattern, NegativeTtl, Percent, Ranges, Route, SetCookie, SettingOrigin, Source, Times,
    TokenAlgorithm, TokenSource, parse,
};

/// The first line of what follows is line 4.
const HEAD: &str = "version: 1\nlisteners: [{address: '0.0.0.0:80'}]\n\
    upstreams: {app: {endpoints: ['http://a']}}\n";

fn read(text: &str) -> Checked {
    let text = format!("{HEAD}{text}");
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let env = |name: &str| (name == "TTL").then(|| "7s".to_owned());
    parse(source, &env).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn first_route(text: &str) -> Route {
    read(text).policies.routes.remove(0)
}

/// The cache of a route that says only this, between braces.
fn cache(block: &str) -> CachePolicy {
    let text = format!("routes: [{{name: a, upstream: app, cache: {{{block}}}}}]");
    let cache = first_route(&text).cache;
    cache.unwrap_or_else(|| panic!("{block}: no cache"))
}

fn setting<'r>(route: &'r Route, path: &str) -> (&'r str, &'r SettingOrigin) {
    let found = route.settings.iter().find(|setting| setting.path == path);
    let found = found.unwrap_or_else(|| panic!("no {path} in {:#?}", route.settings));
    (&found.value, &found.origin)
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn strategy(name: &str, line: Option<usize>) -> SettingOrigin {
    SettingOrigin::Strategy {
        name: name.to_owned(),
        line,
    }
}

#[test]
fn a_built_in_strategy_brings_its_lifetimes() {
    for (name, ttl, errors) in [
        ("analytics", 300, 1),
        ("api", 30, 2),
        ("static", 86_400, 2),
        ("user", 5, 0),
    ] {
        let lifetimes = cache(&format!("strategy: {name}")).lifetimes;
        assert_eq!(lifetimes.times.ttl, seconds(ttl), "{name}");
        assert_eq!(lifetimes.negative.len(), errors, "{name}");
        assert!(lifetimes.cases.is_empty(), "{name}");
    }
    let user = cache("strategy: user").lifetimes;
    assert!(user.times.stale_if_error <= seconds(60));
    assert_eq!(user.times.stale_while_revalidate, seconds(0));
}

#[test]
fn what_a_strategy_decides_is_said_to_be_its_word() {
    let route = first_route("routes: [{name: a, upstream: app, cache: {strategy: api, ttl: 9s}}]");
    let here = SettingOrigin::Route { line: 4 };
    assert_eq!(setting(&route, "cache.strategy"), ("api", &here));
    assert_eq!(setting(&route, "cache.ttl"), ("9s", &here));
    assert_eq!(
        setting(&route, "cache.negative_ttl"),
        ("{404: 5s, 410: 1m}", &strategy("api", None))
    );
    assert_eq!(
        setting(&route, "cache.heuristic.share"),
        ("0%", &strategy("api", None))
    );
    assert_eq!(
        setting(&route, "cache.ranges"),
        ("fill", &SettingOrigin::Default)
    );
}

#[test]
fn a_strategy_of_ones_own_is_refined_field_by_field() {
    let route = first_route(
        "cache:
  strategies:
    catalogue:
      ttl: ${TTL}
      stale_while_revalidate: 1m
      stale_if_error: 1h
      negative_ttl: {404: 30s, 410: 5m}
      heuristic: {share: 20%}
      early_refresh: true
      cases:
        - {content_type: [\"image/*\"], status: [200, 206], ttl: 1d}
        - {personalized: true, ttl: 0s, stale_while_revalidate: 0s}
policies:
  slow: {cache: {strategy: static, stale_if_error: 2h, heuristic: {max: 2h}}}
routes:
  - {name: a, upstream: app, use: [slow], cache: {strategy: catalogue, negative_ttl: {503: 1s}}}
",
    );
    let lifetimes = &route.cache.as_ref().unwrap().lifetimes;
    assert_eq!(
        lifetimes.times,
        Times {
            ttl: seconds(7),
            stale_while_revalidate: seconds(60),
            stale_if_error: seconds(7_200),
        }
    );
    let [unavailable] = lifetimes.negative[..] else {
        panic!("the table is replaced as a whole: {:?}", lifetimes.negative);
    };
    let ttl = Duration::from_secs(1);
    assert_eq!(
        unavailable,
        NegativeTtl {
            status: http::StatusCode::SERVICE_UNAVAILABLE,
            ttl
        }
    );
    assert_eq!(lifetimes.heuristic.share, Percent::of(20));
    assert_eq!(lifetimes.heuristic.max, Duration::from_secs(7_200));
    assert_eq!(lifetimes.jitter, Percent::of(5), "as without a strategy");
    assert_eq!(lifetimes.early_refresh, EarlyRefresh::On);
    let [image, personal] = &lifetimes.cases[..] else {
        panic!("{:?}", lifetimes.cases);
    };
    let images = MediaTypePattern::Subtypes("image".to_owned());
    assert_eq!(image.content_types, [images]);
    assert_eq!(image.statuses.len(), 2);
    let gone_at_once = LifetimeCase {
        personalized: Some(true),
        times: Times {
            ttl: seconds(0),
            stale_while_revalidate: seconds(0),
            stale_if_error: None,
        },
        ..LifetimeCase::default()
    };
    assert_eq!(*personal, gone_at_once);
    let ttl = setting(&route, "cache.ttl");
    assert_eq!(ttl, ("${TTL}", &strategy("catalogue", Some(7))));
    assert_eq!(
        setting(&route, "cache.jitter"),
        ("5%", &SettingOrigin::Default)
    );
    assert_eq!(
        setting(&route, "cache.cases"),
        (
            "[{status: [200, 206], content_type: [\"image/*\"], ttl: 1d}, \
             {personalized: true, ttl: 0s, stale_while_revalidate: 0s}]",
            &strategy("catalogue", Some(14))
        )
    );
}

#[test]
fn key_fields_are_merged_one_by_one() {
    let route = first_route(
        "policies:
  wide: {cache: {key: {headers: [X-A], device: true, query: {sort: true, ignore: [a]}}}}
  narrow: {cache: {key: {headers: [], cookies: [c], language: [en, de], query: {keep: []}}}}
routes:
  - {name: a, upstream: app, use: [wide, narrow], cache: {key: {body: {methods: [POST]}}}}
",
    );
    let key = &route.cache.as_ref().unwrap().key;
    let languages = vec!["en".to_owned(), "de".to_owned()];
    assert_eq!(
        key.dimensions,
        [
            Dimension::Cookie("c".to_owned()),
            Dimension::Language(languages),
            Dimension::Device
        ]
    );
    assert!(key.query.sort && !key.query.no_vary_search);
    assert_eq!(key.query.ignore, ["a"]);
    assert_eq!(key.query.keep, Some(Vec::new()), "no parameter takes part");
    assert_eq!(key.body.methods, [http::Method::POST]);
    assert_eq!(key.body.max_size, ByteSize::from_bytes(16 << 10));
    let narrow = SettingOrigin::Policy {
        name: "narrow".to_owned(),
        line: 6,
    };
    assert_eq!(setting(&route, "cache.key.headers"), ("[]", &narrow));
    assert_eq!(
        setting(&route, "cache.key.body.methods"),
        ("[POST]", &SettingOrigin::Route { line: 8 })
    );
}

#[test]
fn a_persona_adds_its_fields_to_those_of_the_key() {
    let route = first_route(
        "identity: {jwt: {jwks_file: /keys}}
cache:
  personas:
    shopper: {headers: [X-Tenant], claims: [tier], device: true}
routes:
  - name: a
    upstream: app
    cache: {key: {persona: shopper, headers: [X-Edition], device: true, per_user: sub}}
",
    );
    let key = &route.cache.as_ref().unwrap().key;
    assert_eq!(
        key.dimensions,
        [
            Dimension::Header("x-tenant".parse().unwrap()),
            Dimension::Claim("tier".to_owned()),
            Dimension::Device,
            Dimension::Header("x-edition".parse().unwrap()),
        ],
        "the device is there once"
    );
    assert_eq!(key.per_user.as_deref(), Some("sub"));
    let persona = SettingOrigin::Persona {
        name: "shopper".to_owned(),
        line: 7,
    };
    assert_eq!(
        setting(&route, "cache.key.persona.claims"),
        ("[\"tier\"]", &persona)
    );
    let here = SettingOrigin::Route { line: 11 };
    assert_eq!(setting(&route, "cache.key.persona"), ("shopper", &here));
    assert_eq!(
        setting(&route, "cache.key.headers"),
        ("[\"X-Edition\"]", &here)
    );
}

#[test]
fn tags_are_those_of_the_last_layer_and_know_the_path() {
    let text = "policies: {tagged: {cache: {tags: [products]}}}
routes:
  - {name: a, upstream: app, match: {path: /a}, use: [tagged]}
  - {name: b, upstream: app, match: {path: \"/b/{id}/{*rest}\"}, use: [tagged], cache: {tags: [\"b-{id}\"]}}
";
    let routes = read(text).policies.routes;
    let tags = |at: usize| &routes[at].cache.as_ref().unwrap().tags;
    assert_eq!(tags(0), &["products"]);
    assert_eq!(tags(1), &["b-{id}"]);
}

#[test]
fn words_and_numbers_arrive() {
    let cache = cache(
        "set_cookie: strip, honor_request: trusted, ranges: parts, max_variants: 1024, jitter: 50%",
    );
    assert_eq!(cache.set_cookie, SetCookie::Strip);
    assert_eq!(cache.honor_request, HonorRequest::Trusted);
    assert_eq!(cache.ranges, Ranges::Parts);
    assert_eq!(cache.max_variants, 1024);
    assert_eq!(cache.lifetimes.jitter, Percent::of(50));
}

#[test]
fn an_empty_block_means_what_the_type_says_it_means() {
    assert_eq!(cache(""), CachePolicy::default());
}

#[test]
fn the_cache_as_a_whole_and_identity_have_defaults() {
    let text = "routes: [{name: a, upstream: app}]
cache:
  purge: {token_file: /run/purge}
  debug_from: [127.0.0.1]
  warm: {popularity: {file: /var/popular}}
identity: {jwt: {jwks_file: /keys, algorithms: [HS256, HS512], token: {cookie: session}}}
";
    let policies = read(text).policies;
    let purge = policies.cache.purge.unwrap();
    assert!(purge.from.is_empty(), "from anywhere");
    assert_eq!(policies.cache.debug_from.len(), 1);
    let warm = policies.cache.warm.unwrap();
    assert_eq!((warm.top.get(), warm.concurrency.get()), (1_000, 4));
    assert_eq!(warm.rate.to_string(), "50/s");
    assert_eq!(warm.popularity.unwrap().every, Duration::from_secs(60));
    let identity = policies.identity.unwrap();
    let shared = [TokenAlgorithm::Hs256, TokenAlgorithm::Hs512];
    assert_eq!(identity.algorithms, shared);
    assert_eq!(identity.source, TokenSource::Cookie("session".to_owned()));
    assert_eq!(identity.leeway, Duration::from_secs(60));
    let shown = policies.redacted;
    assert!(shown.contains("cookie: session"), "{shown}");
    let plain = "routes: [{name: a, upstream: app}]\ncache:\n";
    assert_eq!(read(plain).policies.cache, policy::CacheSettings::default());
    assert_eq!(read(plain).policies.identity, None);
}
