//! What a client may demand of the cache (RFC 9111, sections 5.2.1 and 5.4).

use super::table::{Case, case, holds};

const HOUR: &str = "Cache-Control: max-age=3600";

/// Stored for an hour and 600 seconds old, and then asked for with these fields.
fn demanding(name: &str, lines: &[&str]) -> Case {
    let case = case(name).origin_says(&[HOUR, "Age: 600"]);
    case.get(&[]).forwarded().get(lines)
}

fn served(name: &str, lines: &[&str]) -> Case {
    demanding(name, lines).hit().body_of(1)
}

fn renewed(name: &str, lines: &[&str]) -> Case {
    demanding(name, lines)
        .forwarded_as("request")
        .body_of(2)
        .get(&[])
        .hit()
        .body_of(2)
}

#[test]
fn a_client_may_want_something_newer() {
    holds(
        "",
        vec![
            renewed("no-cache", &["Cache-Control: no-cache"]),
            renewed("no-cache in other case", &["Cache-Control: No-Cache"]),
            renewed(
                "no-cache among others",
                &["Cache-Control: foo, no-cache, bar=1"],
            ),
            renewed(
                "no-cache on a second line",
                &["Cache-Control: foo", "Cache-Control: no-cache"],
            ),
            renewed("max-age=0", &["Cache-Control: max-age=0"]),
            renewed(
                "a max-age that it is older than",
                &["Cache-Control: max-age=599"],
            ),
            served(
                "a max-age that it is younger than",
                &["Cache-Control: max-age=1800"],
            ),
            served("a quoted max-age", &["Cache-Control: max-age=\"1800\""]),
            served(
                "a max-age that overflows",
                &["Cache-Control: max-age=99999999999999999999"],
            ),
            renewed("a max-age that is a word", &["Cache-Control: max-age=x"]),
            renewed(
                "of two the smaller max-age",
                &["Cache-Control: max-age=1800, max-age=10"],
            ),
            served(
                "a min-fresh that it has",
                &["Cache-Control: min-fresh=1800"],
            ),
            renewed(
                "a min-fresh that it does not have",
                &["Cache-Control: min-fresh=3100"],
            ),
            renewed(
                "a min-fresh that is a word",
                &["Cache-Control: min-fresh=x"],
            ),
            renewed(
                "one of two demands is not met",
                &["Cache-Control: max-age=1800, min-fresh=3100"],
            ),
            served(
                "both demands are met",
                &["Cache-Control: max-age=1800, min-fresh=1800"],
            ),
            renewed("Pragma without Cache-Control", &["Pragma: no-cache"]),
            renewed("Pragma among others", &["Pragma: foo, No-Cache"]),
            served(
                "Pragma beside Cache-Control",
                &["Pragma: no-cache", "Cache-Control: max-age=1800"],
            ),
            served(
                "Pragma beside an unknown directive",
                &["Pragma: no-cache", "Cache-Control: foo"],
            ),
            served("another Pragma", &["Pragma: foo"]),
            served(
                "unknown directives",
                &["Cache-Control: foo, bar=\"no-cache\""],
            ),
            served(
                "a lifetime for responses",
                &["Cache-Control: s-maxage=0, private, must-revalidate"],
            ),
            served("Expires means nothing in a request", &["Expires: 0"]),
        ],
    );
}

#[test]
fn a_client_may_want_only_what_is_here() {
    const ONLY: &str = "Cache-Control: only-if-cached";
    holds(
        "",
        vec![
            served("what is here", &[ONLY]),
            served(
                "what is here, in other case",
                &["Cache-Control: Only-If-Cached"],
            ),
            case("nothing is here")
                .origin_says(&[HOUR])
                .get(&[ONLY])
                .refused(504)
                .telling("detail=only-if-cached"),
            case("another variant is here")
                .origin_says(&[HOUR, "Vary: X-A"])
                .get(&["X-A: 1"])
                .get(&["X-A: 2", ONLY])
                .refused(504),
            case("what is here is stale")
                .origin_says(&["Cache-Control: max-age=60", "Age: 100", "ETag: \"a\""])
                .get(&[])
                .get(&[ONLY])
                .refused(504),
            case("what is here is too old for the client")
                .origin_says(&[HOUR, "Age: 600"])
                .get(&[])
                .get(&["Cache-Control: only-if-cached, max-age=100"])
                .refused(504),
            demanding(
                "no-cache forbids what is here",
                &["Cache-Control: only-if-cached, no-cache"],
            )
            .refused(504),
            case("what is here must be confirmed")
                .origin_says(&["Cache-Control: no-cache, max-age=60", "ETag: \"a\""])
                .get(&[])
                .get(&[ONLY])
                .refused(504),
        ],
    );
}

/// Stale for 40 seconds, and then asked for with this.
fn stale(name: &str, response: &str, request: &str) -> Case {
    case(name)
        .origin_says(&[
            &format!("Cache-Control: max-age=60{response}"),
            "Age: 100",
            "ETag: \"a\"",
        ])
        .get(&[])
        .get(&[request])
}

#[test]
fn a_client_may_take_what_is_stale() {
    holds(
        "",
        vec![
            stale("max-stale", "", "Cache-Control: max-stale")
                .hit()
                .body_of(1)
                .age(100),
            stale(
                "a max-stale that is enough",
                "",
                "Cache-Control: max-stale=100",
            )
            .hit()
            .body_of(1),
            stale(
                "a max-stale that is not enough",
                "",
                "Cache-Control: max-stale=30",
            )
            .forwarded(),
            stale(
                "a max-stale that is a word",
                "",
                "Cache-Control: max-stale=x",
            )
            .forwarded(),
            stale(
                "not what must be revalidated",
                ", must-revalidate",
                "Cache-Control: max-stale",
            )
            .forwarded(),
            stale(
                "not what proxies must revalidate",
                ", proxy-revalidate",
                "Cache-Control: max-stale",
            )
            .forwarded(),
            stale(
                "not what is no-cache",
                ", no-cache",
                "Cache-Control: max-stale",
            )
            .forwarded(),
            stale(
                "not what has an s-maxage",
                ", s-maxage=60",
                "Cache-Control: max-stale",
            )
            .forwarded(),
        ],
    );
}

#[test]
fn the_operator_may_decline_to_hear_clients() {
    let not_heard = || {
        vec![
            served("no-cache", &["Cache-Control: no-cache"]),
            served("max-age=0", &["Cache-Control: max-age=0"]),
            served("min-fresh", &["Cache-Control: min-fresh=3100"]),
            served("Pragma", &["Pragma: no-cache"]),
            stale("max-stale", "", "Cache-Control: max-stale").forwarded_as("stale"),
            case("no-store is always obeyed")
                .origin_says(&[HOUR])
                .get(&["Cache-Control: no-store"])
                .forwarded()
                .get(&[])
                .forwarded(),
            case("only-if-cached is always obeyed")
                .origin_says(&[HOUR])
                .get(&["Cache-Control: only-if-cached"])
                .refused(504),
        ]
    };
    holds("honor_request: never", not_heard());
    // Nobody is trusted in this configuration.
    holds("honor_request: trusted", not_heard());
}
