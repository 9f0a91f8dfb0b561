//! How old a response is, and what is said about it (RFC 9111, sections 4.2.3 and 5.1; trap 20).

use super::table::{Case, asked_again, case, holds, kept, not_modified};

/// Kept, and then of this age.
fn aged(name: &str, lines: &[&str], age: u32) -> Case {
    let case = case(name).origin_says(lines);
    case.get(&[]).forwarded().get(&[]).hit().age(age)
}

#[test]
fn the_age_that_a_response_arrives_with_counts() {
    const HOUR: &str = "Cache-Control: max-age=3600";
    holds(
        "",
        vec![
            aged("a response with nothing said about it is new", &[HOUR], 0),
            aged("Age is added to", &[HOUR, "Age: 1800"], 1800),
            aged("an Age of 0 is 0", &[HOUR, "Age: 0"], 0),
            asked_again("an Age beyond the lifetime is stale", &[HOUR, "Age: 7200"]),
            asked_again("an Age of just the lifetime is stale", &[HOUR, "Age: 3600"]),
            asked_again(
                "Age counts against s-maxage",
                &["Cache-Control: s-maxage=60", "Age: 61"],
            ),
            asked_again(
                "Age counts against Expires",
                &["Expires: {now+60}", "Age: 61"],
            ),
            aged("an old Date makes old", &[HOUR, "Date: {now-1800}"], 1800),
            asked_again(
                "a Date beyond the lifetime is stale",
                &[HOUR, "Date: {now-7200}"],
            ),
            aged(
                "an asctime Date makes old",
                &[HOUR, "Date: {asctime now-1800}"],
                1800,
            ),
            aged(
                "an RFC 850 Date makes old",
                &[HOUR, "Date: {rfc850 now-1800}"],
                1800,
            ),
            asked_again(
                "an old RFC 850 Date is stale",
                &[HOUR, "Date: {rfc850 now-7200}"],
            ),
            aged(
                "a Date to come is no negative age",
                &[HOUR, "Date: {now+1800}"],
                0,
            ),
            aged(
                "of Age and Date the older counts: Age",
                &[HOUR, "Age: 1800", "Date: {now-600}"],
                1800,
            ),
            aged(
                "of Age and Date the older counts: Date",
                &[HOUR, "Age: 600", "Date: {now-1800}"],
                1800,
            ),
            aged(
                "a bad Date is the time of receipt",
                &[HOUR, "Date: yesterday"],
                0,
            ),
            aged(
                "a Date in another zone is a bad one",
                &[HOUR, "Date: Thu, 01 Jan 2015 00:00:00 EST"],
                0,
            ),
            asked_again(
                "a Date with another day of the week counts",
                &[HOUR, "Date: Mon, 01 Jan 2015 00:00:00 GMT"],
            ),
        ],
    );
}

#[test]
fn age_is_read_with_care() {
    const MINUTE: &str = "Cache-Control: max-age=60";
    holds(
        "",
        vec![
            asked_again("leading zeros do not matter", &[MINUTE, "Age: 0000100"]),
            asked_again(
                "white space around it does not matter",
                &[MINUTE, "Age: \t 100 "],
            ),
            asked_again(
                "an Age that overflows is the oldest there is",
                &[
                    "Cache-Control: max-age=2147483647",
                    "Age: 99999999999999999999",
                ],
            ),
            asked_again(
                "2^31 is the oldest there is",
                &["Cache-Control: max-age=99999999999", "Age: 2147483648"],
            ),
            kept(
                "of two lines the first counts: new",
                &[MINUTE, "Age: 10", "Age: 100"],
            ),
            asked_again(
                "of two lines the first counts: old",
                &[MINUTE, "Age: 100", "Age: 10"],
            ),
            kept("of a list the first counts: new", &[MINUTE, "Age: 10, 100"]),
            asked_again("of a list the first counts: old", &[MINUTE, "Age: 100, 10"]),
            kept("a negative Age is ignored", &[MINUTE, "Age: -100"]),
            kept("a signed Age is ignored", &[MINUTE, "Age: +100"]),
            kept("a fraction is ignored", &[MINUTE, "Age: 100.5"]),
            kept("a quoted Age is ignored", &[MINUTE, "Age: \"100\""]),
            kept("a word is ignored", &[MINUTE, "Age: old"]),
            kept("an Age with a unit is ignored", &[MINUTE, "Age: 100s"]),
            kept("an empty Age is ignored", &[MINUTE, "Age:"]),
        ],
    );
}

#[test]
fn the_age_is_told() {
    holds(
        "",
        vec![
            case("what the origin made for this request has no Age")
                .origin_says(&["Cache-Control: max-age=60"])
                .get(&[])
                .forwarded()
                .lacks("Age"),
            case("an Age that was received is passed on")
                .origin_says(&["Cache-Control: max-age=60", "Age: 40"])
                .get(&[])
                .forwarded()
                .age(40),
            case("a hit has one Age, of two that were received")
                .origin_says(&["Cache-Control: max-age=60", "Age: 10", "Age: 20"])
                .get(&[])
                .forwarded()
                .get(&[])
                .hit()
                .age(10),
            case("Date is the origin's")
                .origin_says(&[
                    "Cache-Control: max-age=2147483647",
                    "Date: Thu, 01 Jan 2015 00:00:00 GMT",
                ])
                .get(&[])
                .lines("Date", &["Thu, 01 Jan 2015 00:00:00 GMT"])
                .get(&[])
                .hit()
                .lines("Date", &["Thu, 01 Jan 2015 00:00:00 GMT"]),
            case("without a Date the time of receipt becomes it")
                .origin_says(&["Cache-Control: max-age=60"])
                .get(&[])
                .get(&[])
                .hit()
                .beginning("Date: "),
            case("a 304 to the client tells the age")
                .origin_says(&["Cache-Control: max-age=60", "Age: 20", "ETag: \"a\""])
                .get(&[])
                .get(&["If-None-Match: \"a\""])
                .status(304)
                .age(20),
            case("a HEAD tells the age")
                .origin_says(&["Cache-Control: max-age=60", "Age: 20"])
                .get(&[])
                .head(&[])
                .hit()
                .age(20),
            case("a 304 from the origin makes young again")
                .origin_says(&["Cache-Control: max-age=60", "Age: 1000", "ETag: \"a\""])
                .if_conditional(not_modified(&["ETag: \"a\""]))
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .get(&[])
                .hit()
                .age(0),
            case("a 304 from another cache is as old as it says")
                .origin_says(&["Cache-Control: max-age=60", "Age: 1000", "ETag: \"a\""])
                .if_conditional(not_modified(&["ETag: \"a\"", "Age: 20"]))
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .age(20)
                .get(&[])
                .hit()
                .age(20),
            case("a 304 that is as old as the lifetime renews nothing")
                .origin_says(&["Cache-Control: max-age=60", "Age: 1000", "ETag: \"a\""])
                .if_conditional(not_modified(&["ETag: \"a\"", "Age: 60"]))
                .get(&[])
                .get(&[])
                .forwarded_as("stale")
                .get(&[])
                .forwarded_as("stale"),
        ],
    );
}
