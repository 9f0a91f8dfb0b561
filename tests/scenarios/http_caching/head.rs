//! HEAD: answered from what a GET left, and telling whether that still holds (RFC 9110, section
//! 9.3.2; RFC 9111, section 4.3.5).

use super::table::{Answer, Case, answer, case, holds, not_modified};

const FRESH: &str = "Cache-Control: max-age=60";
const STALE: &str = "Cache-Control: max-age=0";
const TAG: &str = "ETag: \"a\"";
const MODIFIED: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

#[test]
fn a_head_is_answered_from_what_a_get_left() {
    holds(
        "",
        vec![
            case("with the fields, the length and no body")
                .origin_says(&[FRESH, "X-A: 1", "Content-Type: a/b"])
                .get(&[])
                .head(&[])
                .hit()
                .status(200)
                .has("X-A: 1")
                .has("Content-Type: a/b")
                .has("Content-Length: 8")
                .body(""),
            case("a status of its own is kept")
                .origin_answers(answer(404, &[FRESH]))
                .get(&[])
                .head(&[])
                .hit()
                .status(404),
            case("the variant that it selects")
                .origin_says(&[FRESH, "Vary: X-A"])
                .get(&["X-A: 1"])
                .head(&["X-A: 1"])
                .hit()
                .head(&["X-A: 2"])
                .forwarded_as("vary-miss"),
            case("a HEAD is no answer to a GET")
                .origin_says(&[FRESH])
                .head(&[])
                .forwarded()
                .get(&[])
                .forwarded()
                .body_of(2),
            case("a Range means nothing to a HEAD")
                .origin_says(&[FRESH])
                .get(&[])
                .head(&["Range: bytes=0-1"])
                .status(200)
                .lacks("Content-Range")
                .has("Content-Length: 8"),
            case("a miss asks with HEAD")
                .origin_says(&[FRESH])
                .if_asked_with("HEAD", answer(200, &["X-Head: 1"]))
                .head(&[])
                .forwarded()
                .has("X-Head: 1"),
            case("only-if-cached without anything kept is 504")
                .origin_says(&[FRESH])
                .head(&["Cache-Control: only-if-cached"])
                .refused(504),
            case("a HEAD may confirm what is stale")
                .origin_says(&[STALE, TAG])
                .if_conditional(not_modified(&[TAG, FRESH]))
                .get(&[])
                .head(&[])
                .forwarded_as("stale")
                .status(200)
                .has("Content-Length: 8")
                .get(&[])
                .hit()
                .body_of(1),
        ],
    );
}

/// Stored with these fields, then asked with a HEAD, which the origin answers with `update`.
fn asked(name: &str, stored: &[&str], update: Answer) -> Case {
    case(name)
        .origin_answers(answer(200, stored).saying("12345678"))
        .if_asked_with("HEAD", update.saying("12345678"))
        .get(&[])
        .forwarded()
        .head(&["Cache-Control: no-cache"])
        .forwarded()
        .get(&[])
}

#[test]
fn a_head_refreshes_what_it_agrees_with() {
    holds(
        "",
        vec![
            asked(
                "a field that is new",
                &[FRESH, TAG],
                answer(200, &[FRESH, TAG, "X-New: 1"]),
            )
            .hit()
            .has("X-New: 1")
            .body("12345678"),
            asked(
                "a field that has changed",
                &[FRESH, TAG, "X-A: 1"],
                answer(200, &[FRESH, TAG, "X-A: 2"]),
            )
            .hit()
            .lines("X-A", &["2"]),
            asked(
                "a field that is not mentioned stays",
                &[FRESH, TAG, "X-A: 1"],
                answer(200, &[FRESH, TAG]),
            )
            .hit()
            .lines("X-A", &["1"]),
            asked(
                "what was stale is fresh again",
                &[STALE, TAG],
                answer(200, &[FRESH, TAG]),
            )
            .hit(),
            asked(
                "its age begins anew",
                &[FRESH, "Age: 50", TAG],
                answer(200, &[FRESH, TAG, "Age: 5"]),
            )
            .hit()
            .age(5),
            asked(
                "by Last-Modified",
                &[STALE, MODIFIED],
                answer(200, &[FRESH, MODIFIED]),
            )
            .hit(),
            asked(
                "by both validators",
                &[STALE, TAG, MODIFIED],
                answer(200, &[FRESH, TAG, MODIFIED]),
            )
            .hit(),
            asked(
                "Set-Cookie is not taken in",
                &[FRESH, TAG],
                answer(200, &[FRESH, TAG, "Set-Cookie: a=b"]),
            )
            .lacks("Set-Cookie"),
        ],
    );
}

#[test]
fn a_head_makes_obsolete_what_it_disagrees_with() {
    let shorter = case("another length")
        .origin_answers(answer(200, &[FRESH, TAG]).saying("12345678"))
        .if_asked_with("HEAD", answer(200, &[FRESH, TAG]).saying("123"))
        .get(&[])
        .head(&["Cache-Control: no-cache"])
        .get(&[])
        .forwarded();
    let later = "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT";
    holds(
        "",
        vec![
            shorter,
            asked(
                "another tag",
                &[FRESH, TAG],
                answer(200, &[FRESH, "ETag: \"b\""]),
            )
            .forwarded(),
            asked(
                "another date",
                &[FRESH, MODIFIED],
                answer(200, &[FRESH, later]),
            )
            .forwarded(),
            asked(
                "the tag agrees and the date does not",
                &[FRESH, TAG, MODIFIED],
                answer(200, &[FRESH, TAG, later]),
            )
            .forwarded(),
            case("what was stale has changed")
                .origin_answers(answer(200, &[STALE, TAG]))
                .if_asked_with("HEAD", answer(200, &[FRESH, "ETag: \"b\""]))
                .get(&[])
                .head(&[])
                .forwarded()
                .get(&[])
                .forwarded()
                .origin_saw_no("If-None-Match")
                .body_of(3),
            asked(
                "an error says nothing about it",
                &[FRESH, TAG],
                answer(500, &[]),
            )
            .hit(),
            asked(
                "a 503 says nothing about it",
                &[FRESH, TAG],
                answer(503, &[]),
            )
            .hit(),
        ],
    );
}
