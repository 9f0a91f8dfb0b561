//! How long an exchange may last, and how an upstream is told.
//!
//! # Who may say so
//! The operator's `timeouts.total`, and the caller in the same header that tells the upstream. What
//! a caller says can only make the time shorter, never longer, so that it needs no trust: whoever
//! lies harms nobody but himself. For the same reason it must not be heeded for an exchange that
//! others share, nor say anything about the endpoint when it has passed: [`Limit`] tells whose it was.
//!
//! # What the upstream is told
//! What is left when the request is sent, or the time of one try when that is less, in whole
//! milliseconds and rounded down: an upstream that gives up a little early is better than one that
//! works for nobody.

use std::time::Duration;

use http::HeaderValue;

/// How long an exchange may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// This long.
    pub time: Duration,
    /// Who said so.
    pub whose: Whose,
}

/// Who limits an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Who asked: that it is over says nothing about the endpoint.
    Callers,
    /// The operator.
    Operators,
}

/// More digits than this are no time that anybody means.
const MOST_DIGITS: usize = 15;

/// How long an exchange may last that has `total` by the operator, and for which its caller has
/// `asked` this; `None` for as long as it takes.
pub fn limit(total: Option<Duration>, asked: Option<Duration>) -> Option<Limit> {
    match (total, asked) {
        (total, Some(time)) if total.is_none_or(|total| time < total) => Some(Limit {
            time,
            whose: Whose::Callers,
        }),
        (total, _) => total.map(|time| Limit {
            time,
            whose: Whose::Operators,
        }),
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

    #[test]
    fn a_caller_can_only_shorten_it() {
        for (total, asked, wanted) in [
            (None, None, None),
            (Some(5), None, Some((5, Whose::Operators))),
            (None, Some(3), Some((3, Whose::Callers))),
            (Some(5), Some(3), Some((3, Whose::Callers))),
            (Some(5), Some(5), Some((5, Whose::Operators))),
            (Some(5), Some(9), Some((5, Whose::Operators))),
            (Some(5), Some(0), Some((0, Whose::Callers))),
        ] {
            let [total, asked] = [total, asked].map(|it| it.map(Duration::from_secs));
            let wanted = wanted.map(|(seconds, whose)| Limit {
                time: Duration::from_secs(seconds),
                whose,
            });
            assert_eq!(limit(total, asked), wanted);
        }
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
            let next = limit(Some(Duration::from_micros(total)), asked(&told)).unwrap();
            prop_assert!(next.time <= left.min(Duration::from_micros(total)));
        }
    }
}
