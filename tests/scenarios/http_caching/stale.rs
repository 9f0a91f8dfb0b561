//! When a response that is no longer fresh is served all the same (RFC 5861; RFC 9111, sections
//! 4.2.4 and 5.2.2; RFC 9211, section 2).
//!
//! What is stored here arrives at an age of 100 seconds, with a lifetime of 60.

use super::table::{Answer, Case, answer, case, hang_up, holds, not_modified};

const FRESH: &str = "Cache-Control: max-age=60";
const OLD: &str = "Age: 100";
const TAG: &str = "ETag: \"a\"";

/// Stored when it was stale for 40 seconds; these are the directives besides its lifetime.
fn stale(name: &str, directives: &str) -> Case {
    let control = format!("Cache-Control: max-age=60{directives}");
    case(name).origin_says(&[&control, OLD, TAG])
}

/// The same, from an origin that then fails like this.
fn failing(name: &str, directives: &str, failure: Answer) -> Case {
    stale(name, directives)
        .origin_answers(failure)
        .get(&[])
        .forwarded()
        .get(&[])
}

#[test]
fn the_origin_may_allow_what_is_stale_while_it_is_asked() {
    let asked = |case: Case| {
        case.origin_says(&[FRESH, TAG])
            .get(&[])
            .forwarded()
            .get(&[])
    };
    holds(
        "",
        vec![
            asked(stale(
                "it is served at once and replaced in the background",
                ", stale-while-revalidate=60",
            ))
            .served_stale()
            .status(200)
            .body_of(1)
            .age(100)
            .get(&[])
            .sooner_or_later()
            .hit()
            .body_of(2),
            asked(stale(
                "the background asks with its tag",
                ", stale-while-revalidate=60",
            ))
            .served_stale()
            .get(&[])
            .sooner_or_later()
            .hit()
            .body_of(2)
            .origin_saw("If-None-Match: \"a\""),
            asked(stale("in other case", ", Stale-While-Revalidate=60")).served_stale(),
            asked(stale("quoted", ", stale-while-revalidate=\"60\"")).served_stale(),
            asked(stale(
                "of two the smaller",
                ", stale-while-revalidate=60, stale-while-revalidate=10",
            ))
            .forwarded_as("stale")
            .body_of(2),
            asked(stale(
                "not longer than it says",
                ", stale-while-revalidate=30",
            ))
            .forwarded_as("stale")
            .body_of(2),
            asked(stale("0 is not at all", ", stale-while-revalidate=0")).forwarded_as("stale"),
            asked(stale("a word is not at all", ", stale-while-revalidate=x"))
                .forwarded_as("stale"),
            asked(stale("nothing is not at all", ", stale-while-revalidate")).forwarded_as("stale"),
            asked(stale("not without its word", ""))
                .forwarded_as("stale")
                .body_of(2),
            asked(stale(
                "stale-if-error is another word",
                ", stale-if-error=60",
            ))
            .forwarded_as("stale"),
            asked(stale(
                "must-revalidate forbids it",
                ", stale-while-revalidate=60, must-revalidate",
            ))
            .forwarded_as("stale")
            .body_of(2),
            asked(stale(
                "proxy-revalidate forbids it",
                ", stale-while-revalidate=60, proxy-revalidate",
            ))
            .forwarded_as("stale")
            .body_of(2),
            asked(stale(
                "no-cache forbids it",
                ", stale-while-revalidate=60, no-cache",
            ))
            .forwarded_as("stale")
            .body_of(2),
            stale(
                "a client that does not want it does not get it",
                ", stale-while-revalidate=60",
            )
            .origin_says(&[FRESH, TAG])
            .get(&[])
            .get(&["Cache-Control: no-cache"])
            .forwarded()
            .body_of(2),
            stale("a HEAD gets it, too", ", stale-while-revalidate=60")
                .origin_says(&[FRESH, TAG])
                .get(&[])
                .head(&[])
                .served_stale(),
            stale(
                "a client that holds it gets 304",
                ", stale-while-revalidate=60",
            )
            .origin_says(&[FRESH, TAG])
            .get(&[])
            .get(&["If-None-Match: \"a\""])
            .served_stale()
            .status(304),
            case("without a validator it is fetched anew")
                .origin_says(&["Cache-Control: max-age=60, stale-while-revalidate=60", OLD])
                .origin_says(&[FRESH])
                .get(&[])
                .forwarded()
                .get(&[])
                .served_stale()
                .body_of(1)
                .get(&[])
                .sooner_or_later()
                .hit()
                .body_of(2),
            stale(
                "a 304 in the background makes it fresh",
                ", stale-while-revalidate=60",
            )
            .if_conditional(not_modified(&[FRESH, TAG]))
            .get(&[])
            .get(&[])
            .served_stale()
            .get(&[])
            .sooner_or_later()
            .hit()
            .has(FRESH)
            .body_of(1),
            stale(
                "an error in the background does not replace it",
                ", stale-while-revalidate=60",
            )
            .origin_answers(answer(500, &[]))
            .get(&[])
            .get(&[])
            .served_stale()
            .get(&[])
            .served_stale()
            .body_of(1),
        ],
    );
}

#[test]
fn the_origin_may_allow_what_is_stale_when_it_fails() {
    const ALLOWED: &str = ", stale-if-error=60";
    let mut cases = Vec::new();
    for status in [500, 502, 503, 504] {
        cases.push(
            failing(
                &format!("{status} is a failure"),
                ALLOWED,
                answer(status, &[]),
            )
            .stands_in_for(status)
            .status(200)
            .body_of(1)
            .age(100),
        );
    }
    for status in [400, 403, 404, 429, 501, 505] {
        cases.push(
            failing(
                &format!("{status} is an answer"),
                ALLOWED,
                answer(status, &[]),
            )
            .forwarded_as("stale")
            .status(status),
        );
    }
    cases.extend([
        failing("no answer is a failure", ALLOWED, hang_up())
            .telling("detail=stale-if-error")
            .status(200)
            .body_of(1),
        failing("in other case", ", STALE-IF-ERROR=60", answer(503, &[])).stands_in_for(503),
        failing("quoted", ", stale-if-error=\"60\"", answer(503, &[])).stands_in_for(503),
        failing(
            "not longer than it says",
            ", stale-if-error=30",
            answer(503, &[]),
        )
        .status(503),
        failing("0 is not at all", ", stale-if-error=0", answer(503, &[])).status(503),
        failing(
            "a word is not at all",
            ", stale-if-error=x",
            answer(503, &[]),
        )
        .status(503),
        failing("not without its word", "", answer(503, &[])).status(503),
        failing(
            "must-revalidate forbids it",
            ", stale-if-error=60, must-revalidate",
            answer(503, &[]),
        )
        .status(503),
        failing(
            "proxy-revalidate forbids it",
            ", stale-if-error=60, proxy-revalidate",
            answer(503, &[]),
        )
        .status(503),
        failing(
            "no-cache forbids it",
            ", stale-if-error=60, no-cache",
            answer(503, &[]),
        )
        .status(503),
        failing(
            "and must-revalidate when nobody answers",
            ", stale-if-error=60, must-revalidate",
            hang_up(),
        )
        .status(502),
        stale("a client that holds it gets 304", ALLOWED)
            .origin_answers(answer(503, &[]))
            .get(&[])
            .get(&["If-None-Match: \"a\""])
            .stands_in_for(503)
            .status(304),
        stale("an origin that is well again is heard", ALLOWED)
            .origin_answers(answer(503, &[]))
            .origin_says(&[FRESH])
            .get(&[])
            .get(&[])
            .stands_in_for(503)
            .get(&[])
            .sooner_or_later()
            .hit()
            .body_of(3),
        case("what is not stored cannot stand in")
            .origin_answers(answer(503, &[]))
            .get(&[])
            .forwarded()
            .status(503),
    ]);
    holds("", cases);
}

#[test]
fn the_operator_may_allow_it_where_the_origin_is_silent() {
    let asked = |name: &str, directives: &str| {
        stale(name, directives)
            .origin_says(&[FRESH, TAG])
            .get(&[])
            .forwarded()
            .get(&[])
    };
    holds(
        "stale_while_revalidate: 60s",
        vec![
            asked("silent", "").served_stale().body_of(1),
            asked(
                "the origin's word goes first: shorter",
                ", stale-while-revalidate=30",
            )
            .forwarded_as("stale"),
            asked(
                "the origin's word goes first: not at all",
                ", stale-while-revalidate=0",
            )
            .forwarded_as("stale"),
            asked("must-revalidate goes first", ", must-revalidate").forwarded_as("stale"),
            asked("proxy-revalidate goes first", ", proxy-revalidate").forwarded_as("stale"),
            asked("s-maxage goes first", ", s-maxage=60").forwarded_as("stale"),
            asked("no-cache goes first", ", no-cache").forwarded_as("stale"),
            case("not longer than they say")
                .origin_says(&[FRESH, "Age: 130", TAG])
                .get(&[])
                .get(&[])
                .forwarded_as("stale"),
        ],
    );
    holds(
        "stale_if_error: 60s",
        vec![
            failing("silent", "", answer(503, &[]))
                .stands_in_for(503)
                .body_of(1),
            failing("silent, and nobody answers", "", hang_up())
                .status(200)
                .body_of(1),
            failing(
                "the origin's word goes first",
                ", stale-if-error=0",
                answer(503, &[]),
            )
            .status(503),
            failing(
                "must-revalidate goes first",
                ", must-revalidate",
                answer(503, &[]),
            )
            .status(503),
            failing(
                "proxy-revalidate goes first",
                ", proxy-revalidate",
                answer(503, &[]),
            )
            .status(503),
            failing("s-maxage goes first", ", s-maxage=60", answer(503, &[])).status(503),
            failing("no-cache goes first", ", no-cache", answer(503, &[])).status(503),
            case("not longer than they say")
                .origin_says(&[FRESH, "Age: 130", TAG])
                .origin_answers(answer(503, &[]))
                .get(&[])
                .get(&[])
                .status(503),
        ],
    );
}
