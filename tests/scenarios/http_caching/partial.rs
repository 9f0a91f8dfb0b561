//! Parts that the origin sends: kept, put together, or only passed on (RFC 9111, sections 3.3 and
//! 3.4; RFC 9110, section 15.3.7).

use super::table::{Answer, Case, answer, case, holds};

const FRESH: &str = "Cache-Control: max-age=60";
const TAG: &str = "ETag: \"a\"";
const DIGITS: &str = "0123456789";

/// The origin's part of the ten digits, with one more field.
fn digits(from: usize, to: usize, validator: &str) -> Answer {
    let range = format!("Content-Range: bytes {from}-{to}/10");
    answer(206, &[FRESH, validator, &range]).saying(&DIGITS[from..=to])
}

/// The first five digits came, and with that validator.
fn half(name: &str, validator: &str) -> Case {
    case(name)
        .if_ranged(digits(0, 4, validator))
        .get(&["Range: bytes=0-4"])
        .forwarded()
        .origin_saw("Range: bytes=0-4")
        .status(206)
        .body("01234")
}

#[test]
fn parts_are_kept_and_put_together() {
    let whole = || answer(200, &[FRESH, TAG]).saying(DIGITS);
    holds(
        "ranges: parts",
        vec![
            half("the same part again", TAG)
                .get(&["Range: bytes=0-4"])
                .sooner_or_later()
                .hit()
                .status(206)
                .body("01234")
                .has("Content-Range: bytes 0-4/10"),
            half("a part of the part", TAG)
                .get(&["Range: bytes=1-2"])
                .sooner_or_later()
                .hit()
                .status(206)
                .body("12")
                .has("Content-Range: bytes 1-2/10"),
            half("one that lies elsewhere", TAG)
                .if_ranged(digits(7, 9, TAG))
                .get(&["Range: bytes=7-9"])
                .forwarded()
                .status(206)
                .body("789"),
            half("two parts are a whole", TAG)
                .if_ranged(digits(5, 9, TAG))
                .get(&["Range: bytes=5-9"])
                .forwarded()
                .get(&[])
                .sooner_or_later()
                .hit()
                .status(200)
                .body(DIGITS)
                .lacks("Content-Range")
                .has("Content-Length: 10"),
            half("parts that overlap are a whole", TAG)
                .if_ranged(digits(3, 9, TAG))
                .get(&["Range: bytes=3-9"])
                .get(&[])
                .sooner_or_later()
                .hit()
                .body(DIGITS),
            half("parts with different tags are not", TAG)
                .if_ranged(digits(5, 9, "ETag: \"b\""))
                .if_asked_for_the_rest(whole())
                .origin_answers(whole())
                .get(&["Range: bytes=5-9"])
                .forwarded()
                .get(&[])
                .forwarded()
                .status(200)
                .body(DIGITS),
            half("parts with weak tags are not", "ETag: W/\"a\"")
                .if_ranged(digits(5, 9, "ETag: W/\"a\""))
                .origin_answers(whole())
                .get(&["Range: bytes=5-9"])
                .forwarded()
                .get(&[])
                .forwarded()
                .body(DIGITS),
            half("parts without tags are not", "X-No: tag")
                .if_ranged(digits(5, 9, "X-No: tag"))
                .origin_answers(whole())
                .get(&["Range: bytes=5-9"])
                .forwarded()
                .get(&[])
                .forwarded()
                .body(DIGITS),
            half("a part is no answer to a plain request", TAG)
                .if_ranged(digits(5, 9, TAG))
                .origin_answers(whole())
                .get(&[])
                .forwarded()
                .status(200)
                .body(DIGITS)
                .lacks("Content-Range"),
            case("a part that may not be stored")
                .if_ranged(
                    answer(
                        206,
                        &[
                            "Cache-Control: no-store",
                            TAG,
                            "Content-Range: bytes 0-4/10",
                        ],
                    )
                    .saying("01234"),
                )
                .get(&["Range: bytes=0-4"])
                .status(206)
                .get(&["Range: bytes=0-4"])
                .forwarded(),
            case("a part of what has no known length")
                .if_ranged(answer(206, &[FRESH, TAG, "Content-Range: bytes 0-4/*"]).saying("01234"))
                .get(&["Range: bytes=0-4"])
                .status(206)
                .body("01234")
                .get(&["Range: bytes=0-4"])
                .forwarded(),
            case("a part that does not say which")
                .if_ranged(answer(206, &[FRESH, TAG]).saying("01234"))
                .get(&["Range: bytes=0-4"])
                .forwarded()
                .get(&["Range: bytes=0-4"])
                .forwarded(),
            case("an origin that sends the whole instead")
                .origin_answers(whole())
                .get(&["Range: bytes=0-4"])
                .forwarded()
                .get(&[])
                .sooner_or_later()
                .hit()
                .status(200)
                .body(DIGITS),
            case("a range that does not exist")
                .if_ranged(answer(416, &["Content-Range: bytes */10"]))
                .get(&["Range: bytes=20-"])
                .forwarded()
                .status(416)
                .has("Content-Range: bytes */10"),
        ],
    );
}

#[test]
fn parts_may_be_only_passed_on() {
    holds(
        "ranges: pass",
        vec![
            half("nothing is kept of a part", TAG)
                .get(&["Range: bytes=0-4"])
                .forwarded()
                .body("01234"),
            half("nor is it for a plain request", TAG)
                .origin_answers(answer(200, &[FRESH, TAG]).saying(DIGITS))
                .get(&[])
                .forwarded()
                .status(200)
                .body(DIGITS),
            case("what is held whole is cut here")
                .origin_answers(answer(200, &[FRESH, TAG]).saying(DIGITS))
                .get(&[])
                .get(&["Range: bytes=2-4"])
                .hit()
                .status(206)
                .body("234"),
            case("If-Range goes along")
                .if_ranged(digits(0, 4, TAG))
                .get(&["Range: bytes=0-4", "If-Range: \"a\""])
                .forwarded()
                .origin_saw("If-Range: \"a\"")
                .status(206),
        ],
    );
}

#[test]
fn a_part_that_nobody_asked_for_is_never_kept() {
    let unasked = |name: &str, lines: &[&str]| {
        case(name)
            .origin_answers(answer(206, lines).saying("01234"))
            .origin_answers(answer(200, &[FRESH]).saying(DIGITS))
            .get(&[])
            .forwarded()
            .get(&[])
            .forwarded()
            .status(200)
            .body(DIGITS)
    };
    holds(
        "",
        vec![
            unasked(
                "with its range",
                &[FRESH, TAG, "Content-Range: bytes 0-4/10"],
            ),
            unasked("without one", &[FRESH, TAG]),
            unasked("with all there is", &[FRESH, "Content-Range: bytes 0-4/5"]),
            case("Content-Range means nothing in a 200")
                .origin_answers(
                    answer(200, &[FRESH, "Content-Range: bytes 0-4/10"]).saying("01234"),
                )
                .get(&[])
                .status(200)
                .get(&[])
                .hit()
                .status(200)
                .body("01234"),
        ],
    );
}
