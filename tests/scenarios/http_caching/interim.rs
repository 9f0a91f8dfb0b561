//! Interim responses: 1xx, which are no answers yet (RFC 9110, section 15.2; RFC 9111, section 3).

use super::table::{Answer, Case, answer, case, holds, not_modified};

const FRESH: &str = "Cache-Control: max-age=60";

fn after(interim: &str) -> Answer {
    answer(200, &[FRESH]).after_interim(interim)
}

fn kept(name: &str, answer: Answer) -> Case {
    case(name)
        .origin_answers(answer)
        .get(&[])
        .forwarded()
        .status(200)
        .body_of(1)
        .get(&[])
        .hit()
        .status(200)
        .body_of(1)
}

#[test]
fn the_final_response_is_what_is_kept() {
    holds(
        "",
        vec![
            kept("behind 100", after("100 Continue")),
            kept("behind 102", after("102 Processing")),
            kept("behind 103", after("103 Early Hints\r\nLink: </a>")),
            kept("behind 199, which nobody knows", after("199 Whatever")),
            kept(
                "behind several",
                after("103 Early Hints").after_interim("102 Processing"),
            ),
            kept(
                "an interim no-store is not about it",
                after("103 Early Hints\r\nCache-Control: no-store"),
            ),
            kept(
                "an interim Vary is not about it",
                after("103 Early Hints\r\nVary: *"),
            ),
            kept(
                "an interim Age is not about it",
                after("103 Early Hints\r\nAge: 1000"),
            )
            .age(0),
            kept(
                "an interim field is not part of it",
                after("103 Early Hints\r\nLink: </a>"),
            )
            .lacks("Link"),
            kept(
                "an interim tag is not its tag",
                after("103 Early Hints\r\nETag: \"a\""),
            )
            .lacks("ETag"),
            case("an interim lifetime is not its lifetime")
                .origin_answers(
                    answer(200, &[]).after_interim("103 Early Hints\r\nCache-Control: max-age=60"),
                )
                .get(&[])
                .get(&[])
                .forwarded()
                .body_of(2),
            case("an error behind one is an error")
                .origin_answers(
                    answer(404, &["Cache-Control: no-store"]).after_interim("103 Early Hints"),
                )
                .get(&[])
                .status(404)
                .get(&[])
                .forwarded(),
            case("a 304 behind one confirms")
                .origin_says(&["Cache-Control: max-age=0", "ETag: \"a\""])
                .if_conditional(
                    not_modified(&["ETag: \"a\"", FRESH])
                        .after_interim("103 Early Hints\r\nX-Interim: 1"),
                )
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .body_of(1)
                .lacks("X-Interim")
                .get(&[])
                .hit()
                .body_of(1),
        ],
    );
}

#[test]
fn interim_responses_are_passed_on() {
    holds(
        "",
        vec![
            case("a client gets the interim response, and the final one")
                .origin_answers(after("103 Early Hints\r\nLink: </a>"))
                .get(&[])
                .status(200)
                .after_interim(103)
                .get(&[])
                .hit()
                .without_interim(),
        ],
    );
}
