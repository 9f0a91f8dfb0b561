//! What a route's limits and penalty boxes come to, and where each setting came from.

use std::time::Duration;

use policy::{
    BanTrigger, CallerKey, CallerPart, LimitAlgorithm, LimitFields, LimitScope, Mode, Percent,
    Policies, Route, SettingOrigin, Source, UnknownCaller, parse,
};

fn read(policies_and_routes: &str) -> Policies {
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
         upstreams: {{app: {{endpoints: ['http://a'], capacity: {{}}}}}}\n{policies_and_routes}"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let checked = parse(source, &|name| (name == "COST").then(|| "3".to_owned()));
    checked.unwrap_or_else(|wrong| panic!("{wrong}")).policies
}

fn route(policies_and_routes: &str) -> Route {
    read(policies_and_routes).routes.remove(0)
}

fn setting<'r>(route: &'r Route, path: &str) -> (&'r str, &'r SettingOrigin) {
    let found = route.settings.iter().find(|setting| setting.path == path);
    let found = found.unwrap_or_else(|| panic!("no {path} in {:#?}", route.settings));
    (&found.value, &found.origin)
}

#[test]
fn a_preset_fills_what_is_not_said() {
    let text = "routes:
  - name: a
    upstream: app
    rate_limit:
      - {name: default, preset: default}
      - {name: login, preset: login}
      - {name: reset, preset: password_reset}
      - {name: dear, preset: expensive}
";
    let route = route(text);
    let limits: Vec<_> = route
        .rate_limits
        .iter()
        .map(|limit| (limit.rate.to_string(), limit.algorithm))
        .collect();
    let gcra = |burst| LimitAlgorithm::Gcra { burst };
    assert_eq!(
        limits,
        [
            ("60/min".to_owned(), gcra(60)),
            ("5/min".to_owned(), LimitAlgorithm::SlidingWindow),
            ("3/h".to_owned(), LimitAlgorithm::SlidingWindow),
            ("10/min".to_owned(), gcra(3)),
        ]
    );
    for limit in &route.rate_limits {
        assert_eq!(limit.key, CallerKey::client_ip());
    }
    let preset = SettingOrigin::Preset {
        name: "expensive",
        line: 11,
    };
    assert_eq!(setting(&route, "rate_limit.dear.burst"), ("3", &preset));
    assert_eq!(
        setting(&route, "rate_limit.dear.key"),
        ("client_ip", &SettingOrigin::Default)
    );
}

#[test]
fn what_is_said_anywhere_wins_over_a_preset() {
    let text = "policies:
  early: {rate_limit: [{name: a, rate: 7/s, burst: 9}]}
  late: {rate_limit: [{name: a, preset: expensive}]}
routes:
  - name: a
    upstream: app
    use: [early, late]
    rate_limit: [{name: b, preset: login, algorithm: gcra, rate: 6/min, burst: 2}]
";
    let route = route(text);
    assert_eq!(route.rate_limits[0].rate.to_string(), "7/s");
    assert_eq!(route.rate_limits[0].burst(), 9);
    assert_eq!(
        route.rate_limits[1].algorithm,
        LimitAlgorithm::Gcra { burst: 2 }
    );
    let early = SettingOrigin::Policy {
        name: "early".to_owned(),
        line: 5,
    };
    assert_eq!(setting(&route, "rate_limit.a.rate"), ("7/s", &early));
}

#[test]
fn a_limit_says_everything_there_is() {
    let text = "routes:
  - name: a
    upstream: app
    match: {path: '/users/{id}/{*rest}'}
    rate_limit:
      - name: a
        rate: 100/30d
        algorithm: sliding_window
        key: [{header: X-Key}, {cookie: c}, {path: id}, {path: rest}]
        on_unknown: deny
        cost: {base: 2, methods: {POST: 5}, response_header: X-Cost}
        scope: upstream
        queue: 500ms
        adapt: {min: 10%, tenant: [{header: X-Tenant}, client_ip], delay: 1s}
        headers: both
      - {name: b, rate: 9/s, key: everybody, cost: '${COST}'}
";
    let route = route(text);
    let [a, b] = &route.rate_limits[..] else {
        panic!("{:?}", route.rate_limits);
    };
    let header = |name: &'static str| CallerPart::Header(name.parse().unwrap());
    assert_eq!(
        a.key.parts,
        [
            header("x-key"),
            CallerPart::Cookie("c".to_owned()),
            CallerPart::PathParameter("id".to_owned()),
            CallerPart::PathParameter("rest".to_owned())
        ]
    );
    assert_eq!(a.on_unknown, UnknownCaller::Deny);
    assert_eq!(
        (a.cost.base, &a.cost.methods[..]),
        (2, &[("POST".parse().unwrap(), 5)][..])
    );
    assert_eq!(a.cost.response_header, Some("x-cost".parse().unwrap()));
    assert_eq!(
        (a.scope, a.headers),
        (LimitScope::Upstream, LimitFields::Both)
    );
    assert_eq!(a.queue, Some(Duration::from_millis(500)));
    let adapt = a.adapt.as_ref().unwrap();
    assert_eq!(adapt.min, Percent::of(10));
    assert_eq!(
        adapt.tenant.parts,
        [header("x-tenant"), CallerPart::ClientIp]
    );
    assert_eq!(adapt.delay, Some(Duration::from_secs(1)));
    assert!(b.key.parts.is_empty());
    assert_eq!(b.cost.base, 3);
    for (path, value) in [
        (
            "a.cost",
            "{base: 2, methods: {POST: 5}, response_header: x-cost}",
        ),
        (
            "a.key",
            "[{header: x-key}, {cookie: c}, {path: id}, {path: rest}]",
        ),
        ("a.queue", "500ms"),
        ("a.adapt.tenant", "[{header: x-tenant}, client_ip]"),
        ("b.key", "everybody"),
        ("b.cost", "${COST}"),
        ("b.adapt", "off"),
    ] {
        assert_eq!(setting(&route, &format!("rate_limit.{path}")).0, value);
    }
}

#[test]
fn what_is_switched_off_begins_anew() {
    let text = "policies:
  one: {rate_limit: [{name: a, rate: 1/s, queue: 1s, adapt: {min: 50%}}, {name: b, rate: 1/s, adapt: {min: 50%}}]}
  two: {rate_limit: [{name: a, queue: off, adapt: off}, {name: b, adapt: {delay: 1s}}]}
  three: {rate_limit: [{name: a, adapt: {delay: 2s}}, {name: b, adapt: {delay: off}}]}
routes:
  - {name: all, upstream: app, use: [one, two, three]}
  - {name: off, upstream: app, match: {path: /off}, use: [one, two]}
";
    let routes = read(text).routes;
    let [a, b] = &routes[0].rate_limits[..] else {
        panic!("{:?}", routes[0].rate_limits);
    };
    assert_eq!(a.queue, None);
    let adapt = a.adapt.as_ref().unwrap();
    assert_eq!(
        (adapt.min, adapt.delay),
        (Percent::of(20), Some(Duration::from_secs(2)))
    );
    let adapt = b.adapt.as_ref().unwrap();
    assert_eq!((adapt.min, adapt.delay), (Percent::of(50), None));
    assert_eq!(routes[1].rate_limits[0].adapt, None);
    let off = setting(&routes[1], "rate_limit.a.adapt");
    assert_eq!(off.0, "off");
    assert!(matches!(off.1, SettingOrigin::Policy { name, line: 6 } if name == "two"));
}

#[test]
fn limits_on_what_is_in_flight_are_merged_by_name() {
    let text = "policies:
  p: {concurrency: [{name: slots, max: 10, queue: 1s}, {name: keyed, max: 2, key: {header: X-Key}, on_unknown: client_ip}]}
routes:
  - {name: a, upstream: app, use: [p], concurrency: [{name: slots, max: 3, mode: shadow}]}
";
    let route = route(text);
    let [slots, keyed] = &route.concurrency[..] else {
        panic!("{:?}", route.concurrency);
    };
    assert_eq!((slots.max, slots.mode), (3, Mode::Shadow));
    assert_eq!(slots.queue, Some(Duration::from_secs(1)));
    assert_eq!(
        (keyed.max, keyed.queue, keyed.on_unknown),
        (2, None, UnknownCaller::ClientIp)
    );
    assert_eq!(setting(&route, "concurrency.slots.max").0, "3");
}

#[test]
fn bans_are_merged_by_name_and_grow_no_shorter() {
    let text = "policies:
  p: {bans: [{name: guessing, when: {status: [401]}, count: 3}]}
routes:
  - name: a
    upstream: app
    use: [p]
    rate_limit: [{name: logins, preset: login}]
    concurrency: [{name: slots, max: 1, key: [{header: X-Key}, client_ip]}]
    shield: {}
    bans:
      - {name: guessing, duration: 2d, mode: shadow}
      - {name: flooding, when: {limited: logins}}
      - {name: crowding, when: {limited: slots}, key: {header: X-Key}}
      - {name: pushing, when: {limited: any}}
      - {name: attacking, when: {score: 5}, within: 2m, max_duration: 1h}
";
    let route = route(text);
    let bans = &route.bans;
    assert_eq!(bans[0].trigger, BanTrigger::Status(vec![401]));
    assert_eq!((bans[0].count, bans[0].mode), (3, Mode::Shadow));
    let day = Duration::from_secs(86_400);
    assert_eq!((bans[0].duration, bans[0].max_duration), (day * 2, day * 2));
    assert_eq!(
        bans[1].trigger,
        BanTrigger::Limited(Some("logins".to_owned()))
    );
    assert_eq!((bans[1].count, bans[1].max_duration), (10, day));
    assert_eq!(bans[1].within, Duration::from_secs(60));
    assert_eq!(bans[1].duration, Duration::from_secs(300));
    assert_eq!(bans[3].trigger, BanTrigger::Limited(None));
    assert_eq!(bans[4].trigger, BanTrigger::Score(5));
    assert_eq!(setting(&route, "bans.pushing.when").0, "{limited: any}");
    assert_eq!(setting(&route, "bans.guessing.when").0, "{status: [401]}");
}

#[test]
fn what_is_off_needs_nothing_to_hold_on_to() {
    let text = "routes:
  - name: a
    upstream: plain
    rate_limit: [{name: a, rate: 1/s, mode: off, adapt: {}}]
    bans:
      - {name: b, mode: off, when: {limited: gone}}
      - {name: c, mode: off, when: {score: 1}}
";
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
         upstreams: {{plain: {{endpoints: ['http://a']}}}}\n{text}"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    assert!(parse(source, &|_| None).is_ok());
}

#[test]
fn cookies_that_tell_callers_apart_are_shown_by_name() {
    let text = "policies:
  p:
    rate_limit: [{name: a, rate: 1/s, key: {cookie: session}, adapt: {tenant: {cookie: shop}}}]
routes:
  - name: a
    upstream: app
    use: [p]
    rate_limit: [{name: b, rate: 1/s, key: [{cookie: one}], adapt: {tenant: [{cookie: two}]}}]
    concurrency: [{name: c, max: 1, key: [{cookie: three}, client_ip]}]
    bans: [{name: d, when: {status: [401]}, key: {cookie: four}}]
    transform: {set_headers: {x-api-key: hunter2, x-plain: shown}}
";
    let shown = read(text).redacted;
    for name in ["session", "shop", "one", "two", "three", "four", "shown"] {
        assert!(shown.contains(&format!(": {name}\n")), "{name}:\n{shown}");
    }
    assert!(!shown.contains("hunter2"), "{shown}");
}
