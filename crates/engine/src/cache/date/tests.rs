use proptest::prelude::*;

use super::*;
use crate::cache::testing::at;

const NOV_6_1994: i64 = 784_111_777;

fn parse(text: &str) -> Option<i64> {
    HttpDate::parse(text.as_bytes(), at(0).wall).map(HttpDate::unix_seconds)
}

#[test]
fn the_three_formats_and_what_is_tolerated() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
        "Fri, 06 Nov 1994 08:49:37 GMT",
        "Friday, 06-Nov-94 08:49:37 GMT",
        "Fri Nov  6 08:49:37 1994",
        "SUN, 06 NOV 1994 08:49:37 gmt",
        " Sun, 06 Nov 1994 08:49:37 GMT ",
    ] {
        assert_eq!(parse(text), Some(NOV_6_1994), "{text}");
    }
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "0",
        "-1",
        "784111777",
        "1994-11-06T08:49:37Z",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sunday, 06-Nov-94 08:49:37 AEST",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06  Nov  1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nux 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        ", 06 Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn two_digit_years_are_at_most_fifty_years_ahead() {
    // The tests' clock begins with 2024.
    for (year, expected) in [
        ("23", 2023),
        ("24", 2024),
        ("73", 2073),
        ("75", 1975),
        ("99", 1999),
    ] {
        let short = parse(&format!("Sunday, 06-Nov-{year} 08:49:37 GMT"));
        let long = parse(&format!("Sun, 06 Nov {expected} 08:49:37 GMT"));
        assert!(short.is_some());
        assert_eq!(short, long, "{year}");
    }
    assert_eq!(
        parse("Thursday, 29-Feb-00 00:00:00 GMT"),
        parse("Tue, 29 Feb 2000 00:00:00 GMT"),
    );
}

/// Messages cannot name the year 10000, so that two digits never mean it, whatever our clock says.
#[test]
fn two_digit_years_end_with_the_calendar() {
    let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    for text in [
        "Sunday, 06-Nov-00 08:49:37 GMT",
        "Sunday, 06-Nov-49 08:49:37 GMT",
    ] {
        let date = HttpDate::parse(text.as_bytes(), last).unwrap();
        assert!(date < HttpDate::of(last), "{text}: {date:?}");
    }
}

#[test]
fn distant_dates_are_dates() {
    assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(
        parse("Mon, 01 Jan 0001 00:00:00 GMT"),
        Some(-62_135_596_800)
    );
    assert_eq!(
        parse("Fri, 31 Dec 9999 23:59:60 GMT"),
        Some(253_402_300_800)
    );
}

#[test]
fn differences_never_go_below_zero() {
    let date = |seconds| HttpDate::of(at(seconds).wall);
    assert_eq!(date(7).since(date(3)), Duration::from_secs(4));
    assert_eq!(date(3).since(date(7)), Duration::ZERO);
    let past = HttpDate::of(UNIX_EPOCH - Duration::from_secs(5));
    assert_eq!(past.unix_seconds(), -5);
}

proptest! {
    #[test]
    fn agrees_with_another_reader(seconds in 0u64..253_402_300_800) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        let text = httpdate::fmt_http_date(time);
        prop_assert_eq!(parse(&text), i64::try_from(seconds).ok());
        prop_assert_eq!(HttpDate::header_value(time), text);
    }

    #[test]
    fn no_bytes_panic(text in proptest::collection::vec(any::<u8>(), 0..40), now in any::<u32>()) {
        let _ = HttpDate::parse(&text, UNIX_EPOCH + Duration::from_secs(now.into()));
    }

    #[test]
    fn no_near_miss_panics(text in "[A-Z][a-z]{2,8},? ?[0-9 ]{2}[ -][A-Z][a-z]{2}[ -][0-9:]{2,13} ?[0-9:]{0,8} ?(GMT)?") {
        let _ = parse(&text);
    }
}
