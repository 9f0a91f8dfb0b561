//! How old a response is (RFC 9111, section 4.2.3).
//!
//! What came before us is taken from the message, what happens here is measured on the monotonic
//! clock, so that no step of the wall clock makes a stored response younger. Every sum saturates:
//! an age is a long time at worst, never a small number again.

use std::time::Duration;

use http::{HeaderMap, header};

use super::{date::HttpDate, seconds::DeltaSeconds};
use crate::time::Now;

/// What the `Age` field says: the first member of the first line, 0 when it is not a number.
pub fn received(headers: &HeaderMap) -> DeltaSeconds {
    headers
        .get(header::AGE)
        .and_then(|value| {
            let first = value.as_bytes().split(|byte| *byte == b',').next()?;
            DeltaSeconds::parse(first.trim_ascii())
        })
        .unwrap_or(DeltaSeconds::ZERO)
}

/// The age with which a response arrived: `corrected_initial_age`, at most 2^31 seconds.
///
/// `date` is the response's `Date`, or the time of receipt when it had none.
pub fn initial(headers: &HeaderMap, date: HttpDate, sent_at: Now, received_at: Now) -> Duration {
    let apparent = HttpDate::of(received_at.wall).since(date);
    let delay = received_at.monotonic.saturating_sub(sent_at.monotonic);
    let corrected = received(headers).as_duration().saturating_add(delay);
    apparent.max(corrected).min(DeltaSeconds::MAX.as_duration())
}

/// The age now of a response that arrived with `initial` at `received_at` (on the monotonic clock).
pub fn current(initial: Duration, received_at: Duration, now: Now) -> Duration {
    initial
        .saturating_add(now.monotonic.saturating_sub(received_at))
        .min(DeltaSeconds::MAX.as_duration())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::testing::{at, headers};

    /// TRAPS row 20: the upstream's `Age` counts, and what it cannot mean is clamped.
    #[test]
    fn age_field_is_read_as_specified() {
        for (lines, expected) in [
            (vec!["10"], 10),
            (vec!["10, 20"], 10),
            (vec!["10", "20"], 10),
            (vec!["99999999999999999999"], 1 << 31),
            (vec!["-1"], 0),
            (vec!["\"10\""], 0),
            (vec!["1.5"], 0),
            (vec!["abc, 5"], 0),
            (vec![""], 0),
            (vec![], 0),
        ] {
            let fields: Vec<_> = lines.iter().map(|line| ("age", *line)).collect();
            assert_eq!(received(&headers(&fields)).get(), expected, "{lines:?}");
        }
    }

    /// TRAPS row 20: the larger of both ways to tell, the delay of the answer included.
    #[test]
    fn initial_age_is_the_larger_estimate() {
        let (sent, got) = (at(100), at(103));
        let date = |seconds| HttpDate::of(at(seconds).wall);
        let none = headers(&[]);
        assert_eq!(initial(&none, date(103), sent, got), Duration::from_secs(3));
        assert_eq!(initial(&none, date(50), sent, got), Duration::from_secs(53));
        let aged = headers(&[("age", "60")]);
        assert_eq!(initial(&aged, date(50), sent, got), Duration::from_secs(63));
        // A Date ahead of our clock is no negative age.
        assert_eq!(
            initial(&none, date(9_000), sent, got),
            Duration::from_secs(3)
        );
    }

    /// TRAPS row 20: a wall clock that steps back while a response is on its way, or here, makes it no
    /// younger.
    #[test]
    fn a_wall_clock_that_steps_back_changes_no_age() {
        let hour = Duration::from_secs(3600);
        let back = |now: Now| Now {
            wall: now.wall - hour,
            ..now
        };
        let (sent, got) = (at(10_000), back(at(10_003)));
        let date = HttpDate::of(at(10_000).wall);
        let age = initial(&headers(&[]), date, sent, got);
        assert_eq!(age, Duration::from_secs(3));
        let later = at(10_063);
        let wanted = Duration::from_secs(63);
        for now in [later, back(later)] {
            assert_eq!(current(age, got.monotonic, now), wanted);
        }
    }

    proptest! {
        /// TRAPS row 20: the age only grows, never beneath what arrived, never beyond 2^31.
        #[test]
        fn age_is_monotone(
            initial in 0u64..1 << 33,
            got in 0u64..1 << 33,
            first in 0u64..1 << 33,
            later in 0u64..1 << 33,
        ) {
            let initial = Duration::from_secs(initial).min(DeltaSeconds::MAX.as_duration());
            let got = Duration::from_secs(got);
            let one = current(initial, got, at(first));
            let two = current(initial, got, at(first + later));
            prop_assert!(initial <= one && one <= two);
            prop_assert!(two <= DeltaSeconds::MAX.as_duration());
        }

        /// TRAPS row 20: no `Age` field makes a response younger than the field says.
        #[test]
        fn never_younger_than_received(age in 0u32..1 << 31, delay in 0u64..10) {
            let headers = headers(&[("age", &age.to_string())]);
            let got = at(100 + delay);
            let age = Duration::from_secs(age.into());
            prop_assert!(initial(&headers, HttpDate::of(got.wall), at(100), got) >= age);
        }
    }
}
