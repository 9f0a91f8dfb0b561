//! What a write makes obsolete (RFC 9111, section 4.4).

use super::table::{Answer, Case, answer, case, holds};

const FRESH: &str = "Cache-Control: max-age=60";

/// What is stored at `at`, and then a request with this method for the path of the case.
fn written(name: &str, at: &str, method: &'static str, answer: Answer) -> Case {
    case(name)
        .origin_says(&[FRESH])
        .if_asked_with(method, answer)
        .get(&[])
        .at(at)
        .forwarded()
        .get(&[])
        .at(at)
        .hit()
        .ask(method, &[])
        .forwarded()
        .get(&[])
        .at(at)
}

fn obsolete(name: &str, at: &str, method: &'static str, answer: Answer) -> Case {
    written(name, at, method, answer).forwarded_as("uri-miss")
}

fn untouched(name: &str, at: &str, method: &'static str, answer: Answer) -> Case {
    written(name, at, method, answer).hit().body_of(1)
}

#[test]
fn writes_make_the_target_obsolete() {
    let mut cases = Vec::new();
    for method in ["POST", "PUT", "DELETE", "PATCH", "MKCOL", "M-SEARCH"] {
        cases.push(obsolete(
            &format!("a {method} that succeeds"),
            "",
            method,
            answer(200, &[]),
        ));
        cases.push(untouched(
            &format!("a {method} that fails"),
            "",
            method,
            answer(500, &[]),
        ));
    }
    for status in [201, 202, 204, 301, 303, 307] {
        cases.push(obsolete(
            &format!("an answer of {status}"),
            "",
            "POST",
            answer(status, &[]),
        ));
    }
    for status in [400, 401, 403, 404, 409, 412, 422, 502, 503] {
        cases.push(untouched(
            &format!("an answer of {status}"),
            "",
            "POST",
            answer(status, &[]),
        ));
    }
    for method in ["HEAD", "OPTIONS"] {
        cases.push(
            case(format!("{method} changes nothing"))
                .origin_says(&[FRESH])
                .if_asked_with(method, answer(200, &[]))
                .get(&[])
                .ask(method, &[])
                .get(&[])
                .hit()
                .body_of(1),
        );
    }
    cases.push(untouched(
        "another query is another target",
        "?a=1",
        "POST",
        answer(200, &[]),
    ));
    cases.push(untouched(
        "what lies below is another target",
        "/below",
        "POST",
        answer(200, &[]),
    ));
    holds("", cases);
}

#[test]
fn location_and_content_location_are_obsolete_if_they_are_ours() {
    let location = |value: &str| answer(201, &[&format!("Location: {value}")]);
    let content_location = |value: &str| answer(200, &[&format!("Content-Location: {value}")]);
    let fails = answer(409, &["Location: {path}/x", "Content-Location: {path}/x"]);
    holds(
        "",
        vec![
            obsolete("Location: a path", "/x", "POST", location("{path}/x")),
            obsolete(
                "Content-Location: a path",
                "/x",
                "POST",
                content_location("{path}/x"),
            ),
            obsolete(
                "Location: a URL",
                "/x",
                "POST",
                location("http://shop.test{path}/x"),
            ),
            obsolete(
                "Content-Location: a URL",
                "/x",
                "PUT",
                content_location("http://shop.test{path}/x"),
            ),
            obsolete(
                "the host in other case",
                "/x",
                "POST",
                location("HTTP://Shop.TEST{path}/x"),
            ),
            obsolete(
                "the port said",
                "/x",
                "POST",
                location("http://shop.test:80{path}/x"),
            ),
            obsolete(
                "without a scheme",
                "/x",
                "POST",
                location("//shop.test{path}/x"),
            ),
            obsolete("spelled otherwise", "/x", "POST", location("{path}/%78")),
            case("on a port that is not the usual one")
                .origin_says(&[FRESH])
                .if_asked_with("POST", location("http://shop.test:8080{path}/x"))
                .get(&["Host: shop.test:8080"])
                .at("/x")
                .ask("POST", &["Host: shop.test:8080"])
                .get(&["Host: shop.test:8080"])
                .at("/x")
                .forwarded(),
            obsolete("with a fragment", "/x", "POST", location("{path}/x#part")),
            obsolete("with dots", "/x", "POST", location("{path}/y/../x")),
            obsolete("with a query", "/x?a=1", "POST", location("{path}/x?a=1")),
            untouched(
                "with another query",
                "/x?a=1",
                "POST",
                location("{path}/x?a=2"),
            ),
            untouched(
                "another host",
                "/x",
                "POST",
                location("http://other.test{path}/x"),
            ),
            untouched(
                "another host, in Content-Location",
                "/x",
                "POST",
                content_location("http://other.test{path}/x"),
            ),
            untouched(
                "another scheme",
                "/x",
                "POST",
                location("https://shop.test{path}/x"),
            ),
            untouched(
                "another port",
                "/x",
                "POST",
                location("http://shop.test:81{path}/x"),
            ),
            untouched(
                "a host that only begins alike",
                "/x",
                "POST",
                location("http://shop.test.evil{path}/x"),
            ),
            untouched(
                "ours as a user name",
                "/x",
                "POST",
                location("http://shop.test@evil{path}/x"),
            ),
            untouched("after an error", "/x", "POST", fails),
            untouched(
                "after an error of the server",
                "/x",
                "DELETE",
                answer(500, &["Location: {path}/x"]),
            ),
            case("relative to the target")
                .origin_says(&[FRESH])
                .if_asked_with("POST", answer(201, &["Location: x"]))
                .get(&[])
                .at("/y/x")
                .ask("POST", &[])
                .at("/y/z")
                .get(&[])
                .at("/y/x")
                .forwarded(),
            case("Location and Content-Location both")
                .origin_says(&[FRESH])
                .if_asked_with(
                    "POST",
                    answer(201, &["Location: {path}/x", "Content-Location: {path}/y"]),
                )
                .get(&[])
                .at("/x")
                .get(&[])
                .at("/y")
                .ask("POST", &[])
                .get(&[])
                .at("/x")
                .forwarded()
                .get(&[])
                .at("/y")
                .forwarded(),
            case("a GET with a Location writes nothing")
                .origin_says(&[FRESH])
                .origin_says(&[FRESH, "Location: {path}/x"])
                .get(&[])
                .at("/x")
                .get(&[])
                .get(&[])
                .at("/x")
                .hit(),
        ],
    );
}

#[test]
fn all_that_is_stored_for_a_target_is_obsolete() {
    holds(
        "",
        vec![
            case("every variant")
                .origin_says(&[FRESH, "Vary: X-A"])
                .if_asked_with("POST", answer(200, &[]))
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .ask("POST", &["X-A: 1"])
                .get(&["X-A: 1"])
                .forwarded()
                .get(&["X-A: 2"])
                .forwarded(),
            case("what is fetched after the write is kept")
                .origin_says(&[FRESH])
                .if_asked_with("PUT", answer(204, &[]))
                .get(&[])
                .ask("PUT", &[])
                .sending("new")
                .get(&[])
                .forwarded()
                .body_of(3)
                .get(&[])
                .hit()
                .body_of(3),
        ],
    );
}
