//! What the origin's answer about a stored response does to it (RFC 9111, sections 3.2, 4.3.3 and
//! 4.3.4).

use super::table::{Case, answer, case, hang_up, holds, not_modified};

const STALE: &str = "Cache-Control: max-age=0";
const FRESH: &str = "Cache-Control: max-age=60";
const TAG: &str = "ETag: \"a\"";
const MODIFIED: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

/// Stored with a tag and these fields, stale at once, and then confirmed with a 304 of those fields.
fn confirmed(name: &str, stored: &[&str], update: &[&str]) -> Case {
    let mut lines = vec![STALE, TAG];
    lines.extend(stored);
    let mut fields = vec![TAG];
    fields.extend(update);
    case(name)
        .origin_says(&lines)
        .if_conditional(not_modified(&fields))
        .get(&[])
        .forwarded_as("uri-miss")
        .get(&[])
        .forwarded_as("stale")
        .telling("fwd-status=304")
        .status(200)
        .body_of(1)
}

#[test]
fn a_304_updates_what_is_stored() {
    holds(
        "",
        vec![
            confirmed("max-age makes fresh again", &[], &[FRESH])
                .get(&[])
                .hit()
                .has(FRESH)
                .body_of(1),
            confirmed(
                "s-maxage makes fresh again",
                &[],
                &["Cache-Control: s-maxage=60"],
            )
            .get(&[])
            .hit(),
            confirmed("a 304 without a lifetime leaves the old one", &[], &[])
                .get(&[])
                .forwarded_as("stale"),
            confirmed(
                "a 304 that says no-cache is heard",
                &[],
                &["Cache-Control: no-cache, max-age=60"],
            )
            .get(&[])
            .forwarded_as("stale"),
            confirmed(
                "a field gets its new value",
                &["X-Round: 1"],
                &[FRESH, "X-Round: 2"],
            )
            .lines("X-Round", &["2"])
            .get(&[])
            .hit()
            .lines("X-Round", &["2"]),
            confirmed("a field that is new is added", &[], &[FRESH, "X-New: 1"])
                .has("X-New: 1")
                .get(&[])
                .hit()
                .has("X-New: 1"),
            confirmed(
                "a field that is not mentioned stays",
                &["X-Old: 1"],
                &[FRESH],
            )
            .has("X-Old: 1")
            .get(&[])
            .hit()
            .has("X-Old: 1"),
            confirmed(
                "all lines of a field are replaced, by as many as there are now",
                &["X-Round: 1", "X-Round: 2", "X-Round: 3"],
                &[FRESH, "X-Round: 4", "X-Round: 5"],
            )
            .get(&[])
            .hit()
            .lines("X-Round", &["4", "5"]),
            confirmed(
                "Content-Type is a field like others",
                &["Content-Type: a/b"],
                &[FRESH, "Content-Type: c/d"],
            )
            .get(&[])
            .hit()
            .lines("Content-Type", &["c/d"]),
            confirmed(
                "Set-Cookie is for the one who asked",
                &[],
                &[FRESH, "Set-Cookie: a=b"],
            )
            .get(&[])
            .lacks("Set-Cookie"),
            confirmed(
                "Content-Length is of the stored bytes",
                &[],
                &[FRESH, "Content-Length: 3"],
            )
            .lines("Content-Length", &["8"])
            .get(&[])
            .hit()
            .lines("Content-Length", &["8"]),
            confirmed(
                "Content-Encoding is of the stored bytes",
                &[],
                &[FRESH, "Content-Encoding: gzip"],
            )
            .lacks("Content-Encoding")
            .get(&[])
            .hit()
            .lacks("Content-Encoding"),
            confirmed(
                "Content-Range is of the stored bytes",
                &[],
                &[FRESH, "Content-Range: bytes 0-1/9"],
            )
            .lacks("Content-Range")
            .get(&[])
            .hit()
            .lacks("Content-Range"),
            confirmed(
                "what Connection names is not taken in",
                &[],
                &[FRESH, "Connection: X-Hop", "X-Hop: 1"],
            )
            .get(&[])
            .hit()
            .lacks("X-Hop"),
            confirmed(
                "Date is that of the 304",
                &["Date: {now-100}"],
                &[FRESH, "Date: {now-20}"],
            )
            .get(&[])
            .hit()
            .age(20),
            confirmed(
                "Expires is that of the 304",
                &["Expires: 0"],
                &["Cache-Control: public", "Expires: {now+60}"],
            )
            .get(&[])
            .hit(),
        ],
    );
}

#[test]
fn a_304_is_about_the_response_that_it_names() {
    let tagged = |name: &str, stored: &str, named: &str| {
        case(name)
            .origin_says(&[STALE, stored])
            .if_conditional(not_modified(&[FRESH, named]))
            .get(&[])
            .get(&[])
    };
    holds(
        "",
        vec![
            tagged("a strong tag names it", TAG, TAG)
                .body_of(1)
                .get(&[])
                .hit(),
            tagged(
                "a weak tag names a weak one",
                "ETag: W/\"a\"",
                "ETag: W/\"a\"",
            )
            .body_of(1)
            .get(&[])
            .hit(),
            tagged("Last-Modified names it", MODIFIED, MODIFIED)
                .body_of(1)
                .get(&[])
                .hit(),
            tagged(
                "no validator at all is good enough with one stored response",
                TAG,
                "X-No: tag",
            )
            .body_of(1)
            .get(&[])
            .hit(),
            case("the tag goes before Last-Modified")
                .origin_says(&[STALE, TAG, MODIFIED])
                .if_conditional(not_modified(&[
                    FRESH,
                    TAG,
                    "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT",
                ]))
                .get(&[])
                .get(&[])
                .body_of(1)
                .get(&[])
                .hit()
                .lines("Last-Modified", &["Mon, 07 Nov 1994 08:49:37 GMT"]),
            tagged("another tag is about something else", TAG, "ETag: \"b\"")
                .forwarded()
                .origin_saw_no("If-None-Match")
                .status(200)
                .body_of(3),
            tagged(
                "another Last-Modified is about something else",
                MODIFIED,
                "Last-Modified: Mon, 07 Nov 1994 08:49:37 GMT",
            )
            .forwarded()
            .origin_saw_no("If-Modified-Since")
            .status(200)
            .body_of(3),
        ],
    );
}

#[test]
fn a_304_is_judged_like_a_new_response() {
    holds(
        "",
        vec![
            confirmed(
                "no-store: it is used once more and forgotten",
                &[],
                &["Cache-Control: no-store"],
            )
            .get(&[])
            .forwarded_as("uri-miss")
            .origin_saw_no("If-None-Match"),
            confirmed(
                "private: it is used once more and forgotten",
                &[],
                &["Cache-Control: private"],
            )
            .get(&[])
            .forwarded_as("uri-miss")
            .origin_saw_no("If-None-Match"),
            confirmed(
                "Vary that is new is heard (trap 17)",
                &[],
                &[FRESH, "Vary: X-A"],
            )
            .get(&[])
            .hit()
            .get(&["X-A: 1"])
            .forwarded_as("vary-miss"),
            confirmed("Vary: * that is new is heard", &[], &[FRESH, "Vary: *"])
                .get(&[])
                .forwarded(),
            case("nobody asked for a 304: it is never kept")
                .origin_answers(not_modified(&[FRESH, TAG]))
                .origin_says(&[FRESH, TAG])
                .get(&[])
                .get(&[])
                .forwarded()
                .status(200)
                .body_of(2),
        ],
    );
}

#[test]
fn other_answers_replace_what_is_stored_or_leave_it() {
    let changed = |name: &str, answer| {
        case(name)
            .origin_says(&[STALE, TAG])
            .if_conditional(answer)
            .get(&[])
            .get(&[])
            .forwarded_as("stale")
    };
    holds(
        "",
        vec![
            changed("a 200 replaces it", answer(200, &[FRESH, "ETag: \"b\""]))
                .telling("fwd-status=200")
                .body_of(2)
                .get(&[])
                .hit()
                .body_of(2)
                .has("ETag: \"b\""),
            changed(
                "none of the old fields stays",
                answer(200, &[FRESH, "X-New: 1"]),
            )
            .get(&[])
            .hit()
            .has("X-New: 1")
            .lacks("ETag"),
            changed(
                "a 200 with the same tag replaces it, too",
                answer(200, &[FRESH, TAG]),
            )
            .get(&[])
            .hit()
            .body_of(2),
            changed(
                "a 200 that may not be kept leaves nothing",
                answer(200, &["Cache-Control: no-store"]),
            )
            .body_of(2)
            .get(&[])
            .forwarded_as("uri-miss")
            .origin_saw_no("If-None-Match"),
            changed("a 404 leaves nothing", answer(404, &[]))
                .status(404)
                .get(&[])
                .forwarded_as("uri-miss")
                .origin_saw_no("If-None-Match"),
            changed("a 404 with a lifetime replaces it", answer(404, &[FRESH]))
                .status(404)
                .get(&[])
                .hit()
                .status(404),
            changed("a 500 is passed on and leaves it", answer(500, &[]))
                .status(500)
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"a\""),
            changed("a 503 is passed on and leaves it", answer(503, &[]))
                .status(503)
                .get(&[])
                .forwarded_as("stale")
                .origin_saw("If-None-Match: \"a\""),
            case("what must be revalidated does not stand in for a silent origin")
                .origin_says(&["Cache-Control: max-age=0, must-revalidate", TAG])
                .if_conditional(hang_up())
                .get(&[])
                .get(&[])
                .status(502),
        ],
    );
}
