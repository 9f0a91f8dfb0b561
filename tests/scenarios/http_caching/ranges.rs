//! Parts of what is stored (RFC 9110, sections 13.1.5, 14 and 15.3.7; trap 19).

use super::table::{Case, answer, case, holds, not_modified};

const FRESH: &str = "Cache-Control: max-age=60";
const TAG: &str = "ETag: \"a\"";
const MODIFIED: &str = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT";
const DIGITS: &str = "0123456789";

/// Ten digits are stored, and then asked for with these fields.
fn asked(name: &str, lines: &[&str]) -> Case {
    case(name)
        .origin_answers(answer(200, &[FRESH, TAG, MODIFIED]).saying(DIGITS))
        .get(&[])
        .forwarded()
        .get(lines)
        .hit()
}

fn part(name: &str, range: &str, from: usize, to: usize) -> Case {
    asked(name, &[&format!("Range: {range}")])
        .status(206)
        .body(&DIGITS[from..=to])
        .lines("Content-Range", &[&format!("bytes {from}-{to}/10")])
        .lines("Content-Length", &[&(to + 1 - from).to_string()])
}

fn whole(name: &str, range: &str) -> Case {
    asked(name, &[&format!("Range: {range}")])
        .status(200)
        .body(DIGITS)
        .lacks("Content-Range")
}

fn nothing(name: &str, range: &str) -> Case {
    asked(name, &[&format!("Range: {range}")])
        .status(416)
        .lines("Content-Range", &["bytes */10"])
}

fn several(name: &str, range: &str, ranges: &[&str]) -> Case {
    let asked = asked(name, &[&format!("Range: {range}")])
        .status(206)
        .lacks("Content-Range")
        .beginning("Content-Type: multipart/byteranges; boundary=");
    ranges.iter().fold(asked, |case, range| {
        case.containing(&format!("bytes {range}/10\r\n"))
    })
}

#[test]
fn one_range_is_cut_from_what_is_stored() {
    holds(
        "",
        vec![
            part("the first bytes", "bytes=0-3", 0, 3),
            part("one byte", "bytes=4-4", 4, 4),
            part("all bytes", "bytes=0-9", 0, 9),
            part("to the end", "bytes=6-", 6, 9),
            part("from the end", "bytes=-3", 7, 9),
            part("from the end, more than there are", "bytes=-100", 0, 9),
            part("beyond the end", "bytes=8-100", 8, 9),
            part(
                "far beyond the end",
                "bytes=8-99999999999999999999999",
                8,
                9,
            ),
            part(
                "from the end, far more than there are",
                "bytes=-99999999999999999999999",
                0,
                9,
            ),
            part("leading zeros", "bytes=0000-0003", 0, 3),
            part("the unit in other case", "Bytes=0-3", 0, 3),
            part("with an empty member", "bytes=,0-3", 0, 3),
            nothing("behind the end", "bytes=10-"),
            nothing("behind the end, with an end", "bytes=10-20"),
            nothing("far behind the end", "bytes=99999999999999999999999-"),
            nothing("none from the end", "bytes=-0"),
            whole("another unit", "lines=0-3"),
            whole("backwards", "bytes=3-0"),
            whole("no number", "bytes=a-b"),
            whole("no dash", "bytes=3"),
            whole("only a dash", "bytes=-"),
            whole("no range", "bytes="),
            whole("no unit", "0-3"),
            whole("a sign", "bytes=+0-3"),
            whole("a fraction", "bytes=0.5-3"),
            whole("nothing", ""),
            asked("two fields", &["Range: bytes=0-3", "Range: bytes=5-6"])
                .status(200)
                .body(DIGITS),
        ],
    );
}

#[test]
fn several_ranges_are_several_parts() {
    let nine = (0..9).map(|_| "0-0,").collect::<String>();
    holds(
        "",
        vec![
            several("two parts", "bytes=0-1,4-5", &["0-1", "4-5"]),
            several("with spaces", "bytes=0-1 , 4-5", &["0-1", "4-5"]),
            several(
                "the first and the last byte",
                "bytes=0-0,-1",
                &["0-0", "9-9"],
            ),
            several("three parts", "bytes=0-0,3-3,6-6", &["0-0", "3-3", "6-6"]),
            part("overlapping ones become one", "bytes=0-3,2-5", 0, 5),
            part(
                "one that lies behind the end is left out",
                "bytes=0-1,50-60",
                0,
                1,
            ),
            nothing("all lie behind the end", "bytes=50-60,70-"),
            whole("more than eight", &format!("bytes={}1-1", nine)),
            whole("one of them is broken", "bytes=0-1,x"),
        ],
    );
}

#[test]
fn a_part_is_sent_only_of_what_the_client_holds() {
    let with = |name: &str, condition: &str| asked(name, &["Range: bytes=0-3", condition]);
    let cut = |name: &str, condition: &str| with(name, condition).status(206).body("0123");
    let all = |name: &str, condition: &str| with(name, condition).status(200).body(DIGITS);
    let weak = case("a weak tag proves nothing, even if it is the same")
        .origin_answers(answer(200, &[FRESH, "ETag: W/\"a\""]).saying(DIGITS))
        .get(&[])
        .get(&["Range: bytes=0-3", "If-Range: W/\"a\""])
        .hit()
        .status(200);
    holds(
        "",
        vec![
            cut("the same tag", "If-Range: \"a\""),
            all("another tag", "If-Range: \"b\""),
            all("the same tag, but weak", "If-Range: W/\"a\""),
            weak,
            cut("the same date", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"),
            all("a later date", "If-Range: Mon, 07 Nov 1994 08:49:37 GMT"),
            all("an earlier date", "If-Range: Sat, 05 Nov 1994 08:49:37 GMT"),
            all("neither tag nor date", "If-Range: x"),
            asked("If-Range without Range", &["If-Range: \"b\""])
                .status(200)
                .body(DIGITS),
            with("If-None-Match goes first", "If-None-Match: \"a\"").status(304),
            cut("If-None-Match that does not match", "If-None-Match: \"b\""),
            with("If-Modified-Since goes first", "If-Modified-Since: {now}").status(304),
        ],
    );
}

#[test]
fn a_part_has_the_fields_of_the_whole() {
    holds(
        "",
        vec![
            case("validators, freshness and age")
                .origin_answers(
                    answer(200, &[FRESH, TAG, "Age: 20", "Vary: X-A", "Date: {now-5}"])
                        .saying(DIGITS),
                )
                .get(&[])
                .get(&["Range: bytes=0-3"])
                .hit()
                .status(206)
                .has(FRESH)
                .has(TAG)
                .has("Vary: X-A")
                .age(20),
            case("HEAD has no parts")
                .origin_answers(answer(200, &[FRESH]).saying(DIGITS))
                .get(&[])
                .head(&["Range: bytes=0-3"])
                .hit()
                .status(200)
                .lacks("Content-Range")
                .has("Content-Length: 10"),
            case("only a success has parts")
                .origin_answers(answer(404, &[FRESH]).saying(DIGITS))
                .get(&[])
                .get(&["Range: bytes=0-3"])
                .hit()
                .status(404)
                .body(DIGITS),
            case("of the variant that is selected")
                .origin_answers(answer(200, &[FRESH, "Vary: X-A"]).saying(DIGITS))
                .origin_answers(answer(200, &[FRESH, "Vary: X-A"]).saying("abcdefghij"))
                .get(&["X-A: 1"])
                .get(&["X-A: 2"])
                .get(&["X-A: 2", "Range: bytes=0-3"])
                .hit()
                .status(206)
                .body("abcd"),
        ],
    );
}

#[test]
fn what_is_not_held_is_fetched_whole() {
    let fresh = || answer(200, &[FRESH, TAG]).saying(DIGITS);
    holds(
        "",
        vec![
            case("the origin does not see the range")
                .origin_answers(fresh())
                .get(&["Range: bytes=2-4"])
                .forwarded()
                .origin_saw_no("Range")
                .status(206)
                .body("234")
                .has("Content-Range: bytes 2-4/10"),
            case("the whole is kept")
                .origin_answers(fresh())
                .get(&["Range: bytes=2-4"])
                .forwarded()
                .get(&[])
                .sooner_or_later()
                .hit()
                .status(200)
                .body(DIGITS),
            case("and so is every other part")
                .origin_answers(fresh())
                .get(&["Range: bytes=2-4"])
                .forwarded()
                .get(&["Range: bytes=-2"])
                .sooner_or_later()
                .hit()
                .status(206)
                .body("89"),
            case("If-Range does not reach the origin either")
                .origin_answers(fresh())
                .get(&["Range: bytes=2-4", "If-Range: \"a\""])
                .forwarded()
                .origin_saw_no("If-Range")
                .status(206)
                .body("234"),
            case("nothing of it exists")
                .origin_answers(fresh())
                .get(&["Range: bytes=20-"])
                .forwarded()
                .status(416)
                .has("Content-Range: bytes */10"),
            case("what is stale is confirmed, and then cut")
                .origin_answers(answer(200, &["Cache-Control: max-age=0", TAG]).saying(DIGITS))
                .if_conditional(not_modified(&[TAG]))
                .get(&[])
                .get(&["Range: bytes=2-4"])
                .forwarded_as("stale")
                .origin_saw_no("Range")
                .status(206)
                .body("234"),
            case("what replaces the stale is cut")
                .origin_answers(answer(200, &["Cache-Control: max-age=0", TAG]).saying(DIGITS))
                .origin_answers(answer(200, &[FRESH, "ETag: \"b\""]).saying("abcdefghij"))
                .get(&[])
                .get(&["Range: bytes=2-4"])
                .forwarded_as("stale")
                .status(206)
                .body("cde"),
            case("an error is not cut")
                .origin_answers(answer(404, &[FRESH]).saying(DIGITS))
                .get(&["Range: bytes=2-4"])
                .forwarded()
                .status(404)
                .body(DIGITS),
        ],
    );
}
