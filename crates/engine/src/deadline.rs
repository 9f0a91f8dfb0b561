//! Until when an exchange may last, and how an upstream is told.
//!
//! # Who may say so
//! The operator's `timeouts.total`, and the caller in the same header that tells the upstream. What
//! a caller says can only make the time shorter, never longer, so that it needs no trust: whoever
//! lies harms nobody but himself. For the same reason it must not be heeded for an exchange that
//! others share; that is for whoever calls [`Deadline::begin`] to know.
//!
//! # What the upstream is told
//! What is left when the request is sent, or the time of one try when that is less, in whole
//! milliseconds and rounded down: an upstream that gives up a little early is better than one that
//! works for nobody.

use std::time::Duration;

use http::HeaderValue;

/// Until when an exchange may last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// Monotonic; `None` for as long as it takes.
    at: Option<Duration>,
}

/// More digits than this are no time that anybody means.
const MOST_DIGITS: usize = 15;

// === impl Deadline ===

impl Deadline {
    /// The deadline of an exchange that begins `now` (monotonic) and may take `total`, or the
    /// shorter time that its caller has `asked` for.
    pub fn begin(now: Duration, total: Option<Duration>, asked: Option<Duration>) -> Self {
        let allowed = match (total, asked) {
            (Some(total), Some(asked)) => Some(total.min(asked)),
            (one, other) => one.or(other),
        };
        Self {
            at: allowed.map(|allowed| now.saturating_add(allowed)),
        }
    }

    /// When it is (monotonic); `None` when there is none.
    pub const fn at(self) -> Option<Duration> {
        self.at
    }

    /// What is left of it at `now` (monotonic); `None` when there is none.
    pub fn left(self, now: Duration) -> Option<Duration> {
        self.at.map(|at| at.saturating_sub(now))
    }
}

/// What a caller says is left, in whole milliseconds; `None` for anything that is not a run of
/// digits.
pub fn asked(value: &HeaderValue) -> Option<Duration> {
    let digits = value.as_bytes();
    if digits.is_empty() || digits.len() > MOST_DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let millis = digits
        .iter()
        .fold(0, |millis, digit| millis * 10 + u64::from(digit - b'0'));
    Some(Duration::from_millis(millis))
}

/// What an upstream is told that has `left` until the deadline and `per_try` for one try; `None`
/// when it may take as long as it likes.
pub fn told(left: Option<Duration>, per_try: Option<Duration>) -> Option<HeaderValue> {
    let time = match (left, per_try) {
        (Some(left), Some(per_try)) => left.min(per_try),
        (one, other) => one.or(other)?,
    };
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Some(HeaderValue::from(millis))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_caller_can_only_shorten_it() {
        for (total, asked, left) in [
            (None, None, None),
            (Some(5), None, Some(5)),
            (None, Some(3), Some(3)),
            (Some(5), Some(3), Some(3)),
            (Some(5), Some(9), Some(5)),
            (Some(5), Some(0), Some(0)),
        ] {
            let [total, asked, left] = [total, asked, left].map(|it| it.map(Duration::from_secs));
            let deadline = Deadline::begin(7 * SECOND, total, asked);
            assert_eq!(deadline.left(7 * SECOND), left);
            assert_eq!(deadline.at(), left.map(|left| left + 7 * SECOND));
        }
    }

    #[test]
    fn nothing_is_left_of_what_has_passed() {
        let deadline = Deadline::begin(SECOND, Some(SECOND), None);
        assert_eq!(deadline.left(9 * SECOND), Some(Duration::ZERO));
    }

    #[test]
    fn only_whole_milliseconds_are_understood() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("1500", Some(1500)),
            ("999999999999999", Some(999_999_999_999_999)),
            ("1000000000000000", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("100m", None),
            (" 1", None),
        ] {
            let value = HeaderValue::from_static(text);
            assert_eq!(asked(&value), wanted.map(Duration::from_millis), "{text:?}");
        }
    }

    #[test]
    fn the_upstream_is_told_the_lesser_rounded_down() {
        let millis = |micros: Option<u64>| micros.map(Duration::from_micros);
        for (left, per_try, wanted) in [
            (None, None, None),
            (Some(1_999), None, Some("1")),
            (None, Some(2_000), Some("2")),
            (Some(900), Some(2_000), Some("0")),
            (Some(9_000), Some(2_000), Some("2")),
        ] {
            let told = told(millis(left), millis(per_try));
            assert_eq!(told, wanted.map(HeaderValue::from_static));
        }
    }

    proptest! {
        /// From one Forebay to the next the time that is left never grows.
        #[test]
        fn a_chain_only_shortens(left in 0_u64..10_000_000, total in 0_u64..10_000_000) {
            let left = Duration::from_micros(left);
            let told = told(Some(left), None).unwrap();
            let next = Deadline::begin(SECOND, Some(Duration::from_micros(total)), asked(&told));
            prop_assert!(next.left(SECOND).unwrap() <= left);
        }
    }
}
