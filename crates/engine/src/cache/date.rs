//! HTTP dates in all three formats (RFC 9110, section 5.6.7).
//!
//! Our own reader, because of what origins really send: a wrong name of the weekday says nothing
//! about the instant and is tolerated, a leap second is a second, and the year of the RFC 850
//! format has two digits and means the latest such year that is not more than 50 years ahead. A zone
//! other than GMT is refused: guessing it could make a stale response fresh.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// An instant with the resolution of a second, as messages carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(i64);

/// A day of the calendar and a time of the day.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

const SECONDS_PER_DAY: i64 = 86_400;
/// The last second of 9999, beyond which messages cannot name a date.
const LAST: i64 = 253_402_300_799;
/// Fifty years of the mean Gregorian length.
const FIFTY_YEARS: i64 = 50 * 31_556_952;

// === impl HttpDate ===

impl HttpDate {
    /// The second in which `time` lies.
    pub fn of(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => {
                Self(i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |past| -past))
            }
        }
    }

    /// Reads a date; `now` resolves two-digit years. `None` for anything that is not a date.
    pub fn parse(text: &[u8], now: SystemTime) -> Option<Self> {
        let text = text.trim_ascii();
        if let Some(comma) = text.iter().position(|byte| *byte == b',') {
            let (weekday, rest) = text.split_at(comma);
            if !is_word(weekday) {
                return None;
            }
            return match rest.get(1..)? {
                rest if rest.len() == 25 => imf_fixdate(rest),
                rest => rfc850(rest, now),
            };
        }
        asctime(text)
    }

    /// Seconds since 1970 began.
    pub const fn unix_seconds(self) -> i64 {
        self.0
    }

    /// How long this is after `earlier`; zero when it is not.
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = self.0.saturating_sub(earlier.0);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }

    /// The value of a `Date` field for `time`.
    pub fn header_value(time: SystemTime) -> HeaderValue {
        // The formatter knows the years 1970 to 9999 only; a clock outside of them is not set.
        let last = UNIX_EPOCH + Duration::from_secs(253_402_300_799);
        let time = time.clamp(UNIX_EPOCH, last);
        HeaderValue::try_from(httpdate::fmt_http_date(time))
            .unwrap_or_else(|_| HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"))
    }
}

// === impl Civil ===

impl Civil {
    /// Days are counted from March, so that the leap day is the last of its year.
    fn seconds(&self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let month = (self.month + 9) % 12;
        let day_of_year = (153 * month + 2) / 5 + self.day - 1;
        let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        // 0000-03-01 lies 719,468 days before 1970-01-01.
        (days + day_of_year - 719_468) * SECONDS_PER_DAY + self.second_of_day
    }

    fn checked(self) -> Option<Self> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let length = match self.month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1..=length).contains(&self.day).then_some(self)
    }
}

/// ` 06 Nov 1994 08:49:37 GMT`, what follows the comma of the preferred format.
fn imf_fixdate(text: &[u8]) -> Option<HttpDate> {
    if text[0] != b' ' || text[3] != b' ' || text[7] != b' ' || text[12] != b' ' {
        return None;
    }
    zone(&text[21..])?;
    let civil = Civil {
        day: number(&text[1..3])?,
        month: month(&text[4..7])?,
        year: number(&text[8..12])?,
        second_of_day: time_of_day(&text[13..21])?,
    };
    Some(HttpDate(civil.checked()?.seconds()))
}

/// ` 06-Nov-94 08:49:37 GMT`, what follows the comma of the RFC 850 format.
fn rfc850(text: &[u8], now: SystemTime) -> Option<HttpDate> {
    let separated = text.len() == 23
        && text[0] == b' '
        && text[3] == b'-'
        && text[7] == b'-'
        && text[10] == b' ';
    if !separated {
        return None;
    }
    zone(&text[19..])?;
    let (day, month) = (number(&text[1..3])?, month(&text[4..7])?);
    let digits = number(&text[8..10])?;
    let second_of_day = time_of_day(&text[11..19])?;
    let now = HttpDate::of(now).0.clamp(0, LAST);
    let limit = (now + FIFTY_YEARS).min(LAST);
    // A century more than needed, and then down to the first that is not too far ahead.
    let mut year = 1970 + now.div_euclid(31_556_952) + 100;
    year += (digits - year).rem_euclid(100);
    for _ in 0..4 {
        let civil = Civil {
            year,
            month,
            day,
            second_of_day,
        };
        if let Some(civil) = civil.checked()
            && civil.seconds() <= limit
        {
            return Some(HttpDate(civil.seconds()));
        }
        year -= 100;
    }
    None
}

/// `Sun Nov  6 08:49:37 1994`.
fn asctime(text: &[u8]) -> Option<HttpDate> {
    let separated = text.len() == 24
        && is_word(&text[..3])
        && text[3] == b' '
        && text[7] == b' '
        && text[10] == b' '
        && text[19] == b' ';
    if !separated {
        return None;
    }
    let day = match &text[8..10] {
        [b' ', digit] => number(&[*digit])?,
        digits => number(digits)?,
    };
    let civil = Civil {
        day,
        month: month(&text[4..7])?,
        year: number(&text[20..24])?,
        second_of_day: time_of_day(&text[11..19])?,
    };
    Some(HttpDate(civil.checked()?.seconds()))
}

fn is_word(text: &[u8]) -> bool {
    (3..=9).contains(&text.len()) && text.iter().all(u8::is_ascii_alphabetic)
}

fn zone(text: &[u8]) -> Option<()> {
    text.eq_ignore_ascii_case(b" GMT").then_some(())
}

fn time_of_day(text: &[u8]) -> Option<i64> {
    if text[2] != b':' || text[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (
        number(&text[..2])?,
        number(&text[3..5])?,
        number(&text[6..8])?,
    );
    // 60 is a leap second.
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn month(text: &[u8]) -> Option<i64> {
    const NAMES: [&[u8]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let index = NAMES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(text))?;
    i64::try_from(index + 1).ok()
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| number * 10 + i64::from(digit))
    })
}

#[cfg(test)]
mod tests;
