//! Conditions of the client, answered from the cache (RFC 9110, section 13; RFC 9111, section 4.3.2).

use super::table::{Case, answer, case, holds, not_modified};

const FRESH: &str = "Cache-Control: max-age=60";
const TAG: &str = "ETag: \"a\"";
const DAY: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const MODIFIED: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";

/// Stored with these fields, and then asked for with those.
fn conditional(name: &str, stored: &[&str], asked: &[&str]) -> Case {
    let mut lines = vec![FRESH];
    lines.extend(stored);
    case(name).origin_says(&lines).get(&[]).get(asked).hit()
}

fn unchanged(name: &str, stored: &[&str], asked: &[&str]) -> Case {
    conditional(name, stored, asked).status(304).body("")
}

fn changed(name: &str, stored: &[&str], asked: &[&str]) -> Case {
    conditional(name, stored, asked).status(200).body_of(1)
}

#[test]
fn if_none_match_is_answered_from_the_cache() {
    const WEAK: &str = "ETag: W/\"a\"";
    holds(
        "",
        vec![
            unchanged("the same tag", &[TAG], &["If-None-Match: \"a\""]),
            changed("another tag", &[TAG], &["If-None-Match: \"b\""]),
            unchanged(
                "a weak tag for a strong one",
                &[TAG],
                &["If-None-Match: W/\"a\""],
            ),
            unchanged(
                "a strong tag for a weak one",
                &[WEAK],
                &["If-None-Match: \"a\""],
            ),
            unchanged("both weak", &[WEAK], &["If-None-Match: W/\"a\""]),
            unchanged("a star", &[TAG], &["If-None-Match: *"]),
            unchanged("a star without a stored tag", &[], &["If-None-Match: *"]),
            changed("a tag without a stored tag", &[], &["If-None-Match: \"a\""]),
            unchanged("first of a list", &[TAG], &["If-None-Match: \"a\", \"b\""]),
            unchanged(
                "last of a list",
                &[TAG],
                &["If-None-Match: \"b\", W/\"c\", \"a\""],
            ),
            changed("none of a list", &[TAG], &["If-None-Match: \"b\", \"c\""]),
            unchanged(
                "a list without spaces",
                &[TAG],
                &["If-None-Match: \"b\",\"a\""],
            ),
            unchanged(
                "a list with empty members",
                &[TAG],
                &["If-None-Match: , \"b\",, \"a\","],
            ),
            unchanged(
                "two lines",
                &[TAG],
                &["If-None-Match: \"b\"", "If-None-Match: \"a\""],
            ),
            unchanged(
                "a comma in a tag",
                &["ETag: \"a,b\""],
                &["If-None-Match: \"x\", \"a,b\""],
            ),
            changed(
                "half a tag with a comma",
                &["ETag: \"a\""],
                &["If-None-Match: \"x,a\""],
            ),
            changed("a tag without quotes", &[TAG], &["If-None-Match: a"]),
            changed("a tag with one quote", &[TAG], &["If-None-Match: \"a"]),
            changed("a small w is not W", &[TAG], &["If-None-Match: w/\"a\""]),
            changed("case matters", &[TAG], &["If-None-Match: \"A\""]),
            changed("an empty field", &[TAG], &["If-None-Match:"]),
            unchanged("an empty tag", &["ETag: \"\""], &["If-None-Match: \"\""]),
            changed(
                "a stored tag without quotes is no tag",
                &["ETag: a"],
                &["If-None-Match: \"a\""],
            ),
        ],
    );
}

#[test]
fn if_modified_since_is_answered_from_the_cache() {
    let ims = |date: &str| format!("If-Modified-Since: {date}");
    let same = ims(DAY);
    let later = ims("Mon, 07 Nov 1994 08:49:37 GMT");
    let earlier = ims("Sat, 05 Nov 1994 08:49:37 GMT");
    holds(
        "",
        vec![
            unchanged("the same date", &[MODIFIED], &[&same]),
            unchanged("a later date", &[MODIFIED], &[&later]),
            changed("an earlier date", &[MODIFIED], &[&earlier]),
            unchanged("now", &[MODIFIED], &["If-Modified-Since: {now}"]),
            unchanged(
                "RFC 850 format",
                &[MODIFIED],
                &["If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT"],
            ),
            unchanged(
                "asctime format",
                &[MODIFIED],
                &["If-Modified-Since: Sun Nov  6 08:49:37 1994"],
            ),
            unchanged(
                "another day of the week",
                &[MODIFIED],
                &["If-Modified-Since: Mon, 06 Nov 1994 08:49:37 GMT"],
            ),
            changed("no date", &[MODIFIED], &["If-Modified-Since: yesterday"]),
            changed(
                "another zone",
                &[MODIFIED],
                &["If-Modified-Since: Mon, 07 Nov 1994 08:49:37 EST"],
            ),
            changed("two dates", &[MODIFIED], &[&same, &later]),
            unchanged(
                "Date stands in for Last-Modified",
                &["Date: {now-30}"],
                &["If-Modified-Since: {now-10}"],
            ),
            changed(
                "Date stands in for Last-Modified: earlier",
                &["Date: {now-30}"],
                &["If-Modified-Since: {now-50}"],
            ),
            changed(
                "a Last-Modified that is no date proves nothing",
                &["Last-Modified: yesterday"],
                &[&later],
            ),
        ],
    );
}

#[test]
fn the_tag_goes_before_the_date() {
    let date = format!("If-Modified-Since: {DAY}");
    let earlier = "If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT";
    holds(
        "",
        vec![
            changed(
                "the date fits, the tag does not",
                &[TAG, MODIFIED],
                &["If-None-Match: \"b\"", &date],
            ),
            unchanged(
                "the tag fits, the date does not",
                &[TAG, MODIFIED],
                &["If-None-Match: \"a\"", earlier],
            ),
            changed(
                "the date fits, there is no tag to fit",
                &[MODIFIED],
                &["If-None-Match: \"a\"", &date],
            ),
            unchanged("only the date is asked about", &[TAG, MODIFIED], &[&date]),
        ],
    );
}

#[test]
fn a_304_is_a_304() {
    holds(
        "",
        vec![
            case("it carries what the client must learn, and nothing else")
                .origin_says(&[
                    FRESH,
                    TAG,
                    MODIFIED,
                    "Content-Location: /here",
                    "Content-Type: text/plain",
                    "Date: {now-5}",
                    "Expires: Fri, 31 Dec 2100 23:59:59 GMT",
                    "Vary: X-A",
                ])
                .get(&[])
                .get(&["If-None-Match: \"a\""])
                .hit()
                .status(304)
                .has(FRESH)
                .has(TAG)
                .has("Content-Location: /here")
                .has("Expires: Fri, 31 Dec 2100 23:59:59 GMT")
                .has("Vary: X-A")
                .age(5)
                .lacks("Content-Length")
                .lacks("Content-Type"),
            case("Last-Modified goes along when there is no tag")
                .origin_says(&[FRESH, MODIFIED])
                .get(&[])
                .get(&["If-Modified-Since: {now}"])
                .hit()
                .status(304)
                .has(MODIFIED),
            case("a HEAD gets one, too")
                .origin_says(&[FRESH, TAG])
                .get(&[])
                .head(&["If-None-Match: \"a\""])
                .hit()
                .status(304),
            case("it is about the variant that is selected")
                .origin_says(&[FRESH, "ETag: \"1\"", "Vary: X-A"])
                .origin_says(&[FRESH, "ETag: \"2\"", "Vary: X-A"])
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&["X-A: 2", "If-None-Match: \"1\""])
                .hit()
                .status(200)
                .body_of(2)
                .get(&["X-A: 2", "If-None-Match: \"2\""])
                .hit()
                .status(304),
            case("conditions only replace a success")
                .origin_answers(answer(404, &[FRESH, TAG]))
                .get(&[])
                .status(404)
                .get(&["If-None-Match: \"a\""])
                .hit()
                .status(404)
                .body_of(1),
            case("nobody who asks plainly gets one")
                .origin_says(&[FRESH, TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&["If-None-Match: \"a\""])
                .get(&[])
                .status(200),
        ],
    );
}

#[test]
fn the_clients_conditions_do_not_reach_the_origin() {
    const STALE: &str = "Cache-Control: max-age=0";
    holds(
        "",
        vec![
            case("on a miss If-None-Match stays here, and the cache is filled")
                .origin_says(&[FRESH, TAG])
                .get(&["If-None-Match: \"b\""])
                .forwarded()
                .status(200)
                .body_of(1)
                .origin_saw_no("If-None-Match")
                .get(&[])
                .hit()
                .body_of(1),
            case("on a miss If-Modified-Since stays here, and the cache is filled")
                .origin_says(&[FRESH, MODIFIED])
                .get(&["If-Modified-Since: Sat, 05 Nov 1994 08:49:37 GMT"])
                .forwarded()
                .status(200)
                .origin_saw_no("If-Modified-Since")
                .get(&[])
                .hit(),
            case("a miss may find that the client holds it already")
                .origin_says(&[FRESH, TAG])
                .get(&["If-None-Match: \"a\""])
                .forwarded()
                .status(304)
                .get(&[])
                // A 304 is there before the body that is kept.
                .sooner_or_later()
                .hit()
                .status(200),
            case("what is stale is asked about with its own tag")
                .origin_says(&[STALE, TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&["If-None-Match: \"b\""])
                .forwarded_as("stale")
                .origin_saw(&TAG.replace("ETag", "If-None-Match"))
                .status(200)
                .body_of(1),
            case("what is stale and then confirmed is what the client holds")
                .origin_says(&[STALE, TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&["If-None-Match: \"a\""])
                .forwarded_as("stale")
                .status(304),
            case("what replaces the stored one may be what the client holds")
                .origin_says(&[STALE, TAG])
                .origin_says(&[STALE, "ETag: \"b\""])
                .get(&[])
                .get(&["If-None-Match: \"b\""])
                .forwarded_as("stale")
                .status(304),
            case("a client that does not trust what is kept gets it confirmed")
                .origin_says(&[FRESH, TAG])
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&["Cache-Control: no-cache", "If-None-Match: \"a\""])
                .forwarded_as("request")
                .status(304),
            case("If-Match is for the origin to judge")
                .origin_says(&[FRESH, TAG])
                .get(&[])
                .get(&["If-Match: \"a\""])
                .forwarded()
                .origin_saw("If-Match: \"a\""),
            case("If-Unmodified-Since is for the origin to judge")
                .origin_says(&[FRESH, MODIFIED])
                .get(&[])
                .get(&["If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"])
                .forwarded()
                .origin_saw("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT"),
        ],
    );
}
