//! `delta-seconds`: how HTTP counts time (RFC 9111, section 1.2.2).
//!
//! A number too large to hold is not an error but "a very long time": it saturates at 2^31, so that
//! an origin's `max-age=99999999999` means a long time and not none.

use std::time::Duration;

/// A whole number of seconds from 0 to 2^31.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeltaSeconds(u32);

// === impl DeltaSeconds ===

impl DeltaSeconds {
    /// The longest time there is: 2^31 seconds, 68 years.
    pub const MAX: Self = Self(1 << 31);
    /// No time.
    pub const ZERO: Self = Self(0);

    /// So many seconds, at most [`Self::MAX`].
    pub const fn new(seconds: u64) -> Self {
        if seconds >= Self::MAX.0 as u64 {
            Self::MAX
        } else {
            Self(seconds as u32)
        }
    }

    /// Reads one run of digits; `None` for anything else (a sign, a fraction, a space, nothing).
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let mut seconds = 0u64;
        for byte in text {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            seconds = (seconds * 10 + u64::from(digit)).min(u64::from(Self::MAX.0));
        }
        Some(Self::new(seconds))
    }

    /// The number of seconds.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The same as a duration.
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_digits_only_and_saturates() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", Some(1 << 31)),
            ("99999999999999999999999999", Some(1 << 31)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            (" 1", None),
            ("1 ", None),
            ("0x10", None),
        ] {
            let read = DeltaSeconds::parse(text.as_bytes()).map(DeltaSeconds::get);
            assert_eq!(read, expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_run_of_digits_is_only_a_long_time() {
        let digits = vec![b'9'; 10 * 1024];
        assert_eq!(DeltaSeconds::parse(&digits), Some(DeltaSeconds::MAX));
    }
}
