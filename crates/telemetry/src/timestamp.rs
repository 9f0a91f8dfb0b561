//! Dates as logs carry them (RFC 3339, section 5.6), always UTC and with microseconds.
//!
//! Written here because it is one division chain on a hot path, and a calendar library would bring
//! time zones, locales and clocks with it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// A point in time that displays as `2026-01-02T03:04:05.678901Z`.
///
/// Times before 1970 are shown as 1970-01-01: no request was received then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp(pub(crate) SystemTime);

const SECONDS_PER_DAY: u64 = 86_400;
const DAYS_PER_ERA: u64 = 146_097; // 400 years of the Gregorian calendar
const DAYS_TO_1970: u64 = 719_468; // from 0000-03-01

// === impl Timestamp ===

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self
            .0
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let (year, month, day) = date(since.as_secs() / SECONDS_PER_DAY);
        let second = since.as_secs() % SECONDS_PER_DAY;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
            second / 3600,
            second / 60 % 60,
            second % 60,
            since.subsec_micros()
        )
    }
}

/// Year, month and day so many days after 1970-01-01.
///
/// Years are counted from March here, so that the leap day is the last day of a year and every
/// month but the last has a length that one formula gives.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524
        - day_of_era / (DAYS_PER_ERA - 1))
        / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(seconds: u64, micros: u64) -> String {
        let since = Duration::from_secs(seconds) + Duration::from_micros(micros);
        Timestamp(SystemTime::UNIX_EPOCH + since).to_string()
    }

    #[test]
    fn known_dates() {
        assert_eq!(shown(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(shown(951_782_400, 1), "2000-02-29T00:00:00.000001Z");
        assert_eq!(shown(1_709_251_199, 999_999), "2024-02-29T23:59:59.999999Z");
        assert_eq!(shown(4_107_542_400, 0), "2100-03-01T00:00:00.000000Z");
    }

    #[test]
    fn every_day_of_eight_centuries_follows_the_one_before() {
        let mut before = date(0);
        for day in 1..300_000 {
            let after = date(day);
            let next_day = (before.0, before.1, before.2 + 1);
            let next_month = (before.0, before.1 + 1, 1);
            let next_year = (before.0 + 1, 1, 1);
            assert!(
                [next_day, next_month, next_year].contains(&after),
                "{before:?} {after:?}"
            );
            assert!(before.2 >= 28 || after == next_day, "{before:?} {after:?}");
            before = after;
        }
    }

    #[test]
    fn a_clock_before_1970_is_not_a_panic() {
        let before = Timestamp(SystemTime::UNIX_EPOCH - Duration::from_secs(5));
        assert_eq!(before.to_string(), "1970-01-01T00:00:00.000000Z");
    }
}
