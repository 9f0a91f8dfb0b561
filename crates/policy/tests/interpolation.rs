//! `${VAR}` in values: what it becomes, and what is never shown of it.

use policy::{Checked, Code, Source, parse};

const HEAD: &str = "version: 1\nupstreams: {app: {endpoints: ['http://a']}}\n";

fn env(name: &str) -> Option<String> {
    match name {
        "ADDRESS" => Some("127.0.0.1:8080".to_owned()),
        "COUNT" => Some("20".to_owned()),
        "EMPTY" => Some(String::new()),
        "EVIL" => Some("\"]\nadmin: {address: off}\nx: [\"".to_owned()),
        "PORT" => Some("8080".to_owned()),
        "SECRET" => Some("hunter2".to_owned()),
        "YES" => Some("true".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<Checked, policy::Diagnostics> {
    let text = format!("{HEAD}{text}");
    let source = Source {
        name: "f.yaml",
        bytes: text.as_bytes(),
    };
    parse(source, &env)
}

fn listener(address: &str) -> String {
    format!("listeners: [{{address: \"{address}\"}}]\nroutes: [{{name: a, upstream: app}}]\n")
}

#[test]
fn variables_are_filled_in() {
    for address in [
        "${ADDRESS}",
        "127.0.0.1:${PORT}",
        "${NONE:-127.0.0.1:8080}",
        "${EMPTY:-127.0.0.1}:8080",
        "${ADDRESS:?is needed}",
        "127.0.0.1:${NONE:-80}${NONE:-80}",
    ] {
        let checked = read(&listener(address)).unwrap();
        let policy::ListenAddress::Tcp(tcp) = &checked.policies.listeners[0].address else {
            panic!("not TCP");
        };
        assert_eq!(tcp.port(), 8080, "{address}");
    }
}

#[test]
fn a_value_takes_the_type_its_field_wants() {
    let text = "clients: {max_headers: \"${COUNT}\"}\nlisteners: [{address: '0.0.0.0:80'}]\n\
        routes: [{name: a, upstream: app, match: {headers: {X: {present: \"${YES}\"}, Y: \"${COUNT}\"}}}]\n";
    let checked = read(text).unwrap();
    assert_eq!(checked.policies.clients.max_headers, 20);
    assert_eq!(checked.policies.routes[0].matches.headers.len(), 2);
}

#[test]
fn a_value_never_becomes_yaml() {
    let diagnostics = read(&listener("${EVIL}")).unwrap_err();
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics.list()[0].code, Code::BadAddress);
}

#[test]
fn a_doubled_dollar_is_text() {
    let text = "listeners: [{address: '0.0.0.0:80'}]\n\
        routes: [{name: a, upstream: app, match: {headers: {X: \"$${HOME} $5 $\"}}}]\n";
    let checked = read(text).unwrap();
    let policy::TextMatch::Exact(value) = &checked.policies.routes[0].matches.headers[0].value
    else {
        panic!("not exact");
    };
    assert_eq!(value, "${HOME} $5 $");
}

#[test]
fn keys_and_ignored_sections_are_left_alone() {
    let text = listener("0.0.0.0:80") + "x-any: \"${NONE}\"\n";
    read(&text).unwrap();
    let diagnostics = read(&(listener("0.0.0.0:80") + "\"${NONE}\": 1\n")).unwrap_err();
    assert_eq!(diagnostics.list()[0].code, Code::UnknownField);
}

#[test]
fn what_cannot_be_filled_in_is_reported_once() {
    for (address, code) in [
        ("${NONE}", Code::VariableUnset),
        ("${NONE:?say where}", Code::VariableUnset),
        ("${EMPTY:?say where}", Code::VariableUnset),
        ("${", Code::BadInterpolation),
        ("${}", Code::BadInterpolation),
        ("${1A}", Code::BadInterpolation),
        ("${A B}", Code::BadInterpolation),
        ("${A:=b}", Code::BadInterpolation),
        ("${A:-${B}}", Code::BadInterpolation),
    ] {
        let diagnostics = read(&listener(address)).unwrap_err();
        let codes: Vec<_> = diagnostics.list().iter().map(|one| one.code).collect();
        assert_eq!(codes, [code], "{address}");
    }
}

#[test]
fn values_from_the_environment_are_not_shown() {
    let text = "listeners: [{address: '0.0.0.0:80'}]\n\
        routes: [{name: a, upstream: app, match: {headers: {X: \"${SECRET}\"}}, \
        cache: {ttl: \"${COUNT}s\", key: {query: {ignore: [b, \"${SECRET}\"]}}}, \
        rate_limit: [{name: \"${SECRET}\", rate: 1/s, key: {header: \"${SECRET}\"}}]}]\n";
    let checked = read(text).unwrap();
    let policies = &checked.policies;
    assert!(
        !policies.redacted.contains("hunter2"),
        "{}",
        policies.redacted
    );
    assert!(policies.redacted.contains("${SECRET}"));
    for setting in &policies.routes[0].settings {
        assert!(!format!("{setting:?}").contains("hunter2"), "{setting:?}");
    }
    let ttl = policies.routes[0]
        .settings
        .iter()
        .find(|setting| setting.path == "cache.ttl");
    assert_eq!(ttl.unwrap().value, "${COUNT}s");
}

#[test]
fn literal_secrets_are_blanked_out_of_what_is_shown() {
    let text = "listeners: [{address: '0.0.0.0:80'}]\nadmin: {token_file: /run/token}\n\
        routes: [{name: a, upstream: app, match: {headers: {Authorization: Bearer 1234, \
        X-Api-Key: {exact: abcd}, X-Env: prod}}, cache: {request_cookies: ignore}}]\n";
    let shown = read(text).unwrap().policies.redacted;
    for secret in ["1234", "abcd"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for plain in ["/run/token", "prod", "request_cookies: ignore"] {
        assert!(shown.contains(plain), "{shown}");
    }
}
