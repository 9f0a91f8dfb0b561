//! HTTP dates: an instant within the calendar, the same when it is written and read again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use engine::cache::date::HttpDate;

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "dates",
    words: &[
        "Sun, ", "Sunday, ", "Sun ", "Nov ", "-Nov-", " 06 ", " 6 ", "Feb", "29", "31", "1994",
        "9999", "0000", "00", "94", "74", "75", "23:59:60", "08:49:37", " GMT", " UTC", " ",
    ],
    run,
};

/// From the year 0 to the end of 9999, with its leap second.
const CALENDAR: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_800;
const FIFTY_YEARS: i64 = 50 * 31_556_952;

fn run(data: &[u8]) {
    let moments = [0, 1_704_067_200, 4_102_444_799, 253_402_300_799];
    let moments = moments.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    let early = UNIX_EPOCH - Duration::from_secs(1 << 33);
    let mut first = None;
    for now in moments.into_iter().chain([early]) {
        let Some(date) = HttpDate::parse(data, now) else {
            assert_eq!(first, None, "a date for some and none for others");
            return;
        };
        let seconds = date.unix_seconds();
        assert!(CALENDAR.contains(&seconds));
        if *first.get_or_insert(date) != date {
            // Two digits for the year: never far ahead.
            let limit = HttpDate::of(now).unix_seconds().max(0) + FIFTY_YEARS;
            assert!(seconds <= limit);
        }
        assert_eq!(HttpDate::parse(&data.to_ascii_uppercase(), now), Some(date));
        assert_eq!(date.since(date), Duration::ZERO);
        written(date, now);
    }
}

fn written(date: HttpDate, now: SystemTime) {
    let seconds = date.unix_seconds();
    let last = *CALENDAR.end() - 1;
    let Ok(since) = u64::try_from(seconds.min(last)) else {
        return;
    };
    let time = UNIX_EPOCH + Duration::from_secs(since);
    let text = HttpDate::header_value(time);
    let again = HttpDate::parse(text.as_bytes(), now);
    assert_eq!(again, Some(HttpDate::of(time)));
    assert!(seconds > last || again == Some(date));
}
