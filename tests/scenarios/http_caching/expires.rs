//! How long a response is fresh by `Expires`, and which dates are dates (RFC 9111, sections 4.2 and
//! 5.3; RFC 9110, section 5.6.7). What is not a date is in the past.

use super::table::{asked_again, holds, kept};

#[test]
fn expires_makes_fresh() {
    holds(
        "",
        vec![
            kept("a date to come", &["Expires: {now+60}"]),
            kept(
                "a date far ahead",
                &["Expires: Fri, 31 Dec 2100 23:59:59 GMT"],
            ),
            kept(
                "the last date there is",
                &["Expires: Fri, 31 Dec 9999 23:59:59 GMT"],
            ),
            kept(
                "beside Cache-Control without a lifetime",
                &["Cache-Control: public", "Expires: {now+60}"],
            ),
            kept("in the asctime format", &["Expires: {asctime now+86400}"]),
            kept("in the RFC 850 format", &["Expires: {rfc850 now+60}"]),
            kept(
                "two digits of a year less than 50 years ahead",
                &["Expires: {rfc850 now+1500000000}"],
            ),
            kept(
                "with another day of the week",
                &["Expires: Mon, 31 Dec 2100 23:59:59 GMT"],
            ),
            kept(
                "with a leap second",
                &["Expires: Fri, 31 Dec 2100 23:59:60 GMT"],
            ),
            kept(
                "on the day that only leap years have",
                &["Expires: Tue, 29 Feb 2400 00:00:00 GMT"],
            ),
            kept(
                "with more white space around it",
                &["Expires: \t {now+60} "],
            ),
            kept(
                "repeated, but the same",
                &[
                    "Expires: Fri, 31 Dec 2100 23:59:59 GMT",
                    "Expires: Fri, 31 Dec 2100 23:59:59 GMT",
                ],
            ),
        ],
    );
}

#[test]
fn expires_is_measured_from_date() {
    holds(
        "",
        vec![
            kept("Date is now", &["Date: {now}", "Expires: {now+60}"]),
            kept(
                "Date and Expires are ahead of our clock",
                &["Date: {now+600}", "Expires: {now+660}"],
            ),
            kept(
                "Date lies a little back",
                &["Date: {now-30}", "Expires: {now+30}"],
            ),
            asked_again("both lie back", &["Date: {now-120}", "Expires: {now-60}"]),
            asked_again(
                "Expires lies before Date",
                &["Date: {now+120}", "Expires: {now+60}"],
            ),
            asked_again("Expires is Date", &["Date: {now}", "Expires: {now}"]),
            kept(
                "a bad Date is the time of receipt",
                &["Date: today", "Expires: {now+60}"],
            ),
            asked_again(
                "a bad Date does not make fresh",
                &["Date: today", "Expires: {now-60}"],
            ),
        ],
    );
}

#[test]
fn what_is_not_a_date_is_in_the_past() {
    let past = [
        ("0", "0"),
        ("-1", "-1"),
        ("nothing", ""),
        ("a word", "never"),
        ("a date that has passed", "{now-60}"),
        ("when the epoch began", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("before the epoch", "Sat, 01 Jan 1900 00:00:00 GMT"),
        (
            "two digits of a year more than 50 years ahead",
            "{rfc850 now+1620000000}",
        ),
        ("seconds since 1970", "4133980799"),
        ("lifetime in seconds", "60"),
        ("EST", "Fri, 31 Dec 2100 23:59:59 EST"),
        ("UTC", "Fri, 31 Dec 2100 23:59:59 UTC"),
        ("an offset", "Fri, 31 Dec 2100 23:59:59 +0000"),
        ("no zone", "Fri, 31 Dec 2100 23:59:59"),
        ("ISO 8601", "2100-12-31T23:59:59Z"),
        ("no weekday", "31 Dec 2100 23:59:59 GMT"),
        (
            "two digits of a year in the preferred format",
            "Fri, 31 Dec 99 23:59:59 GMT",
        ),
        (
            "dashes in the preferred format",
            "Fri, 31-Dec-2100 23:59:59 GMT",
        ),
        ("one digit of an hour", "Fri, 31 Dec 2100 3:59:59 GMT"),
        ("one digit of a day", "Fri, 1 Jan 2100 23:59:59 GMT"),
        ("the 30th of February", "Tue, 30 Feb 2100 00:00:00 GMT"),
        (
            "the day that this year does not have",
            "Mon, 29 Feb 2100 00:00:00 GMT",
        ),
        ("hour 24", "Fri, 31 Dec 2100 24:00:00 GMT"),
        ("minute 60", "Fri, 31 Dec 2100 23:60:00 GMT"),
        ("points in the time", "Fri, 31 Dec 2100 23.59.59 GMT"),
        ("a month that there is not", "Fri, 31 Foo 2100 23:59:59 GMT"),
        ("two spaces", "Fri,  31 Dec 2100 23:59:59 GMT"),
        ("more behind it", "Fri, 31 Dec 2100 23:59:59 GMT x"),
        ("quotes", "\"Fri, 31 Dec 2100 23:59:59 GMT\""),
        (
            "two dates in a line",
            "Fri, 31 Dec 2100 23:59:59 GMT, Fri, 31 Dec 2100 23:59:59 GMT",
        ),
    ];
    let mut cases: Vec<_> = past
        .map(|(what, value)| asked_again(what, &[&format!("Expires: {value}")]))
        .into();
    cases.push(asked_again(
        "repeated with another value",
        &["Expires: {now+60}", "Expires: {now+120}"],
    ));
    cases.push(asked_again(
        "repeated with what is no date",
        &["Expires: {now+60}", "Expires: 0"],
    ));
    holds("", cases);
}
