//! Which statuses are kept (RFC 9111, sections 3 and 5.2.2.3; RFC 9110, section 15).

use super::table::{Case, answer, case, holds};

const FRESH: &str = "Cache-Control: max-age=60";

fn twice(name: String, status: u16, lines: &[&str]) -> Case {
    let case = case(name).origin_answers(answer(status, lines));
    case.get(&[]).forwarded().status(status).get(&[])
}

fn kept(what: &str, status: u16, lines: &[&str]) -> Case {
    let case = twice(format!("{status} {what}"), status, lines).status(status);
    // Without a body the client may be quicker than the cache.
    case.hit().sooner_or_later()
}

fn asked_again(what: &str, status: u16, lines: &[&str]) -> Case {
    twice(format!("{status} {what}"), status, lines)
        .status(status)
        .forwarded()
}

#[test]
fn every_final_status_is_kept_if_the_origin_says_for_how_long() {
    let statuses = [
        200, 201, 202, 203, 204, 226, 299, 300, 301, 302, 303, 305, 307, 308, 399, 400, 401, 402,
        403, 404, 405, 406, 409, 410, 414, 418, 422, 429, 451, 499, 500, 501, 502, 503, 504, 599,
    ];
    let mut cases: Vec<_> = statuses
        .map(|status| kept("with max-age", status, &[FRESH]))
        .into();
    for status in [203, 302, 404, 503] {
        cases.push(kept("with Expires", status, &["Expires: {now+60}"]));
        cases.push(kept(
            "with s-maxage",
            status,
            &["Cache-Control: s-maxage=60"],
        ));
        cases.push(asked_again(
            "with no-store",
            status,
            &["Cache-Control: no-store, max-age=60"],
        ));
        cases.push(asked_again(
            "with private",
            status,
            &["Cache-Control: private, max-age=60"],
        ));
        cases.push(asked_again("that is too old", status, &[FRESH, "Age: 61"]));
    }
    cases.push(
        kept("keeps where it leads", 301, &[FRESH, "Location: /there"]).has("Location: /there"),
    );
    cases.push(asked_again(
        "that nobody asked for is no whole",
        206,
        &[FRESH, "Content-Range: bytes 0-7/100"],
    ));
    holds("", cases);
}

#[test]
fn no_status_is_kept_without_a_word_about_time() {
    let statuses = [
        200, 203, 301, 302, 307, 308, 400, 403, 404, 405, 410, 414, 500, 501, 503,
    ];
    let cases = statuses.map(|status| asked_again("without a lifetime", status, &[]));
    holds("", cases.into());
}

#[test]
fn must_understand_is_for_statuses_that_are_understood() {
    const UNDERSTAND: &str = "Cache-Control: must-understand, max-age=60";
    const OR_NOT: &str = "Cache-Control: must-understand, no-store, max-age=60";
    let mut cases = Vec::new();
    for status in [200, 204, 301, 308, 404, 410] {
        cases.push(kept("is understood", status, &[UNDERSTAND]));
        cases.push(kept(
            "is understood, so that no-store is for others",
            status,
            &[OR_NOT],
        ));
    }
    for status in [299, 399, 499, 599] {
        cases.push(asked_again("is not understood", status, &[UNDERSTAND]));
        cases.push(asked_again(
            "is not understood, and no-store counts",
            status,
            &[OR_NOT],
        ));
    }
    cases.push(asked_again(
        "is understood, and yet private",
        200,
        &["Cache-Control: must-understand, private, max-age=60"],
    ));
    holds("", cases);
}

#[test]
fn errors_are_remembered_for_as_long_as_the_operator_says() {
    holds(
        "negative_ttl: {404: 60s, 503: 30s}",
        vec![
            kept("that is named", 404, &[]),
            kept("that is named, too", 503, &[]),
            asked_again("that is not named", 410, &[]),
            asked_again("that is a success", 200, &[]),
            asked_again(
                "of which the origin says no-store",
                404,
                &["Cache-Control: no-store"],
            ),
            asked_again(
                "of which the origin says max-age=0",
                404,
                &["Cache-Control: max-age=0"],
            ),
            asked_again(
                "of which the origin says private",
                404,
                &["Cache-Control: private"],
            ),
            asked_again("that is older than that", 503, &["Age: 31"]),
        ],
    );
}
