//! What a route's batches, breaker and priority come to.

use std::time::Duration;

use policy::{
    BatchKind, ByteSize, Mode, OpenAnswer, Percent, Priority, Route, SettingOrigin, Source, parse,
};

fn routes(policies_and_routes: &str) -> Vec<Route> {
    let text = format!(
        "version: 1\nlisteners: [{{address: '0.0.0.0:80'}}]\n\
         upstreams: {{app: {{endpoints: ['http://a']}}, spare: {{endpoints: ['http://b']}}}}\n\
         {policies_and_routes}"
    );
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    let checked = parse(source, &|_| None);
    let checked = checked.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert!(checked.warnings.is_empty(), "{}", checked.warnings);
    checked.policies.routes
}

fn setting<'r>(route: &'r Route, path: &str) -> (&'r str, &'r SettingOrigin) {
    let found = route.settings.iter().find(|setting| setting.path == path);
    let found = found.unwrap_or_else(|| panic!("no {path} in {:#?}", route.settings));
    (&found.value, &found.origin)
}

const POLICIES: &str = "policies:
  base:
    batch: {path: {parameter: id, request: '/users?ids={ids}'}, max_size: 10}
    breaker: {consecutive_failures: 3, answer: {upstream: spare}}
    priority: low
";

fn base(line: usize) -> SettingOrigin {
    SettingOrigin::Policy {
        name: "base".to_owned(),
        line,
    }
}

#[test]
fn a_route_refines_the_batch_of_its_policies() {
    let route = "routes:
  - name: a
    upstream: app
    match: {path: '/users/{id}'}
    use: [base]
    batch: {path: {separator: ';'}, max_wait: 10ms}
";
    let route = &routes(&format!("{POLICIES}{route}"))[0];
    let batch = route.batch.as_ref().unwrap();
    let kind = BatchKind::Path {
        parameter: "id".to_owned(),
        request: "/users?ids={ids}".to_owned(),
        separator: ";".to_owned(),
        answers: String::new(),
        id: "id".to_owned(),
    };
    assert_eq!((batch.mode, &batch.kind), (Mode::Enforce, &kind));
    assert_eq!(
        (batch.max_size, batch.max_wait),
        (10, Duration::from_millis(10))
    );
    assert_eq!(batch.max_answer, ByteSize::from_bytes(1 << 20));
    let request = setting(route, "batch.path.request");
    assert_eq!(request, ("\"/users?ids={ids}\"", &base(6)));
    let separator = setting(route, "batch.path.separator");
    assert_eq!(separator, ("\";\"", &SettingOrigin::Route { line: 14 }));
    assert_eq!(
        setting(route, "batch.max_answer"),
        ("1MiB", &SettingOrigin::Default)
    );
}

#[test]
fn bodies_are_joined_where_it_is_said_how() {
    let text = "routes: [{name: a, upstream: app, batch: {mode: shadow, \
        body: {items: /input, answers: /data, index: index}}}, \
        {name: b, upstream: spare, match: {path: /b}, batch: {mode: off}}]";
    let routes = routes(text);
    let batch = routes[0].batch.as_ref().unwrap();
    let kind = BatchKind::Body {
        items: "/input".to_owned(),
        answers: "/data".to_owned(),
        index: Some("index".to_owned()),
    };
    assert_eq!((batch.mode, &batch.kind), (Mode::Shadow, &kind));
    assert_eq!(
        (batch.max_size, batch.max_wait),
        (20, Duration::from_millis(5))
    );
    assert_eq!(routes[1].batch, None);
}

#[test]
fn a_route_refines_the_breaker_of_its_policies() {
    let route = "routes:
  - {name: a, upstream: app, use: [base], match: {path: '/{id}'}, breaker: {open_for: 2m}}
";
    let route = &routes(&format!("{POLICIES}{route}"))[0];
    let breaker = route.breaker.as_ref().unwrap();
    assert_eq!(breaker.answer, OpenAnswer::Upstream(1));
    assert_eq!(breaker.consecutive_failures, Some(3));
    assert_eq!(breaker.failure_rate, Some(Percent::of(50)));
    assert_eq!(breaker.open_for, breaker.max_open);
    assert_eq!(
        setting(route, "breaker.consecutive_failures"),
        ("3", &base(7))
    );
    assert_eq!(
        setting(route, "breaker.answer"),
        ("{upstream: spare}", &base(7))
    );
    let open_for = setting(route, "breaker.open_for");
    assert_eq!(open_for, ("2m", &SettingOrigin::Route { line: 10 }));
}

#[test]
fn the_last_word_on_priority_counts() {
    let text = "routes:
  - {name: a, upstream: app, use: [base], match: {path: '/a/{id}'}}
  - {name: b, upstream: app, use: [base], match: {path: '/b/{id}'}, priority: critical}
  - {name: c, upstream: app}
";
    let routes = routes(&format!("{POLICIES}{text}"));
    let priorities: Vec<_> = routes.iter().map(|route| route.priority).collect();
    assert_eq!(
        priorities,
        [Some(Priority::Low), Some(Priority::Critical), None]
    );
    assert_eq!(setting(&routes[0], "priority"), ("low", &base(8)));
    let own = setting(&routes[1], "priority");
    assert_eq!(own, ("critical", &SettingOrigin::Route { line: 11 }));
}
