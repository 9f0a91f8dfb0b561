//! Durations, sizes, rates and shares as the file spells them, read and written.
//!
//! Written values read back as themselves: `forebay explain` shows what can be pasted into a file.

use std::{fmt, str::FromStr, time::Duration};

use crate::{ByteSize, InvalidValue, Percent, Rate};

const DURATION: InvalidValue = InvalidValue {
    expected: "a duration such as 250ms, 30s, 5m, 1h30m or 2d",
};
const SIZE: InvalidValue = InvalidValue {
    expected: "a size such as 512B, 64KiB, 10MB or 1GiB",
};
const RATE: InvalidValue = InvalidValue {
    expected: "a rate such as 100/s, 60/min, 3/h or 5/10s",
};
const PERCENT: InvalidValue = InvalidValue {
    expected: "a percentage such as 20%, at most 100%",
};

/// Units of time in milliseconds, largest first.
const TIME_UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Units of size in bytes; binary ones first, so that they are preferred in writing.
const SIZE_UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

/// Reads `250ms`, `30s`, `5m`, `1h`, `2d` or `1h30m`; units must fall from large to small.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidValue> {
    let mut rest = text;
    let mut units = TIME_UNITS.iter();
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest).ok_or(DURATION)?;
        let unit_end = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let (_, millis) = units.find(|(name, _)| *name == unit).ok_or(DURATION)?;
        total = number
            .checked_mul(*millis)
            .and_then(|part| total.checked_add(part))
            .ok_or(DURATION)?;
        rest = next;
    }
    if text.is_empty() {
        return Err(DURATION);
    }
    Ok(Duration::from_millis(total))
}

/// Writes a duration so that [`parse_duration`] reads it back, to the millisecond.
pub fn show_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut out = String::new();
    for (unit, millis) in TIME_UNITS {
        if left >= millis {
            out.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if out.is_empty() {
        out.push_str("0s");
    }
    out
}

/// A number and what follows it.
fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

// === impl ByteSize ===

impl FromStr for ByteSize {
    type Err = InvalidValue;

    /// Reads `512B`, `64KiB`, `10MB`; binary units count in 1024s, decimal ones in 1000s.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (number, unit) = leading_number(text).ok_or(SIZE)?;
        let unit = unit.trim_start();
        SIZE_UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .and_then(|(_, bytes)| number.checked_mul(*bytes))
            .map(Self::from_bytes)
            .ok_or(SIZE)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes();
        let (unit, size) = SIZE_UNITS
            .into_iter()
            .find(|(_, size)| bytes >= *size && bytes.is_multiple_of(*size))
            .unwrap_or(("B", 1));
        write!(formatter, "{}{unit}", bytes / size)
    }
}

// === impl Rate ===

impl FromStr for Rate {
    type Err = InvalidValue;

    /// Reads `100/s`, `60/min`, `3/h`, `2/d` or `5/10s`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (events, per) = text.split_once('/').ok_or(RATE)?;
        if !events.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RATE);
        }
        let events = events.parse().map_err(|_| RATE)?;
        let per = match per {
            "s" => Duration::from_secs(1),
            "m" | "min" => Duration::from_secs(60),
            "h" => Duration::from_secs(3_600),
            "d" => Duration::from_secs(86_400),
            other => parse_duration(other).map_err(|_| RATE)?,
        };
        Self::new(events, per)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per().as_millis() {
            1_000 => "s".to_owned(),
            60_000 => "min".to_owned(),
            3_600_000 => "h".to_owned(),
            86_400_000 => "d".to_owned(),
            _ => show_duration(self.per()),
        };
        write!(formatter, "{}/{per}", self.events())
    }
}

// === impl Percent ===

impl FromStr for Percent {
    type Err = InvalidValue;

    /// Reads `20%`; whole hundredths, at most all of them.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let digits = text.strip_suffix('%').ok_or(PERCENT)?;
        match leading_number(digits) {
            Some((hundredths @ 0..=100, "")) => {
                u8::try_from(hundredths).map(Self::of).map_err(|_| PERCENT)
            }
            _ => Err(PERCENT),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}%", self.hundredths())
    }
}

#[cfg(test)]
mod tests;
