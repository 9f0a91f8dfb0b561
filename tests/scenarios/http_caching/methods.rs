//! Methods other than GET and HEAD (RFC 9110, section 9; RFC 9111, sections 2, 3 and 4; RFC 10008).

use super::table::{Case, answer, case, holds};

const FRESH: &str = "Cache-Control: max-age=60";

#[test]
fn only_reads_are_answered_from_the_cache() {
    let mut cases = Vec::new();
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT", "get",
    ] {
        cases.push(
            case(format!("{method} goes to the origin each time"))
                .origin_says(&["Cache-Control: public, max-age=60"])
                .ask(method, &[])
                .forwarded_as("method")
                .ask(method, &[])
                .forwarded_as("method")
                .body_of(2),
        );
        cases.push(
            case(format!("{method} leaves nothing for a GET"))
                .origin_says(&["Cache-Control: public, max-age=60"])
                .ask(method, &[])
                .get(&[])
                .forwarded()
                .body_of(2),
        );
        cases.push(
            case(format!("{method} is not answered with what a GET left"))
                .origin_says(&["Cache-Control: public, max-age=60"])
                .get(&[])
                .ask(method, &[])
                .forwarded_as("method")
                .body_of(2),
        );
    }
    cases.push(
        case("a GET with a body goes past the cache (trap 12)")
            .origin_says(&[FRESH])
            .get(&[])
            .get(&[])
            .sending("x")
            .forwarded_as("bypass")
            .get(&[])
            .hit()
            .body_of(1),
    );
    holds("", cases);
}

/// A POST whose answer has these fields, and then a GET.
fn posted(name: &str, status: u16, lines: &[&str]) -> Case {
    case(name)
        .origin_says(&[FRESH])
        .if_asked_with("POST", answer(status, lines))
        .ask("POST", &[])
        .sending("x")
        .forwarded()
        .get(&[])
}

#[test]
fn an_answer_to_post_may_be_an_answer_to_get() {
    const HERE: &str = "Content-Location: {path}";
    holds(
        "",
        vec![
            posted("it says that it is, and for how long", 200, &[FRESH, HERE])
                .hit()
                .body_of(1),
            posted(
                "s-maxage says for how long",
                200,
                &["Cache-Control: s-maxage=60", HERE],
            )
            .hit(),
            posted(
                "Expires says for how long",
                200,
                &["Expires: {now+60}", HERE],
            )
            .hit(),
            posted(
                "with a whole URL",
                200,
                &[FRESH, "Content-Location: http://shop.test{path}"],
            )
            .hit()
            .body_of(1),
            posted(
                "it is about something else",
                200,
                &[FRESH, "Content-Location: {path}/x"],
            )
            .forwarded(),
            posted(
                "it is about another host",
                200,
                &[FRESH, "Content-Location: http://x.test{path}"],
            )
            .forwarded(),
            posted("it does not say so", 200, &[FRESH]).forwarded(),
            posted("it does not say for how long", 200, &[HERE]).forwarded(),
            posted("it is stale", 200, &["Cache-Control: max-age=0", HERE]).forwarded(),
            posted(
                "it is private",
                200,
                &["Cache-Control: private, max-age=60", HERE],
            )
            .forwarded(),
            posted(
                "it is not to be stored",
                200,
                &["Cache-Control: no-store, max-age=60", HERE],
            )
            .forwarded(),
            case("no POST is ever answered with it")
                .origin_says(&[FRESH, HERE])
                .ask("POST", &[])
                .sending("x")
                .ask("POST", &[])
                .sending("x")
                .forwarded()
                .body_of(2),
            case("it replaces what a GET left")
                .origin_says(&[FRESH, HERE])
                .get(&[])
                .ask("POST", &[])
                .sending("x")
                .forwarded()
                .get(&[])
                .hit()
                .body_of(2),
        ],
    );
}

/// A QUERY with this body, and then whatever comes.
fn queried(name: &str, lines: &[&str]) -> Case {
    case(name)
        .origin_says(lines)
        .ask("QUERY", &["Content-Type: text/plain"])
        .sending("a=1")
        .forwarded()
        .status(200)
}

#[test]
fn a_query_is_a_read_whose_body_counts() {
    let again = |case: Case, body: &str| {
        case.ask("QUERY", &["Content-Type: text/plain"])
            .sending(body)
    };
    holds(
        "",
        vec![
            again(queried("the same body", &[FRESH]), "a=1")
                .hit()
                .body_of(1),
            again(queried("another body", &[FRESH]), "a=2")
                .forwarded()
                .body_of(2),
            again(queried("a longer body", &[FRESH]), "a=1 ").forwarded(),
            again(queried("an empty body", &[FRESH]), "").forwarded(),
            queried("another Content-Type", &[FRESH])
                .ask("QUERY", &["Content-Type: text/html"])
                .sending("a=1")
                .forwarded(),
            again(queried("another target", &[FRESH]), "a=1")
                .at("?x")
                .forwarded(),
            again(queried("nothing said about time", &[]), "a=1").forwarded(),
            again(
                queried("no-store", &["Cache-Control: no-store, max-age=60"]),
                "a=1",
            )
            .forwarded(),
            queried("a GET is another thing", &[FRESH])
                .get(&[])
                .forwarded()
                .body_of(2),
            again(queried("each body has its own answer", &[FRESH]), "a=2")
                .forwarded()
                .ask("QUERY", &["Content-Type: text/plain"])
                .sending("a=1")
                .hit()
                .body_of(1)
                .ask("QUERY", &["Content-Type: text/plain"])
                .sending("a=2")
                .hit()
                .body_of(2),
            case("it writes nothing")
                .origin_says(&[FRESH])
                .get(&[])
                .ask("QUERY", &["Content-Type: text/plain"])
                .sending("a=1")
                .get(&[])
                .hit()
                .body_of(1),
            queried("a write makes it obsolete", &[FRESH])
                .ask("POST", &[])
                .sending("x")
                .ask("QUERY", &["Content-Type: text/plain"])
                .sending("a=1")
                .forwarded(),
            again(
                queried(
                    "what is stale is confirmed",
                    &["Cache-Control: max-age=0", "ETag: \"a\""],
                ),
                "a=1",
            )
            .forwarded_as("stale")
            .origin_saw("If-None-Match: \"a\""),
        ],
    );
}
