//! How soon an endpoint will probably answer.
//!
//! # The estimate
//! An average of how long the heads of its responses took, in which a sample counts for less the
//! older it is: after [`DECAY`] for a third. A sample above the average replaces it at once, so that
//! trouble is seen with the first slow answer and forgotten with many quick ones (Finagle's "peak
//! EWMA"). What one more request costs there is the estimate times the requests that would then be
//! in flight.
//!
//! What it costs is relative to the endpoint's weight, so that weights show under load. An upstream
//! with hardly anything to do asks whom it thinks the quickest, heavy or light.
//!
//! # Who is not asked
//! Without samples the estimate sinks, so that an endpoint that was slow once is tried again. One
//! that was never asked costs nothing until somebody has asked it, and very much from then until its
//! first answer: it is tried, and not flooded.
//!
//! # Rest
//! An endpoint that says that it has too much to do (429, or 503 with `Retry-After`) rests for as
//! long as it says, at most [`LONGEST_REST`]; one that fails, and one that does not say how long,
//! for [`SHORT_REST`]. One that rests is picked only over others that do. This also keeps an endpoint
//! that fails quickly from looking like the quickest of all.
//!
//! # Packed
//! Both numbers fit in 64 bits, so that all workers share them without a lock. Time is kept in
//! milliseconds that wrap after 49 days: one that was last asked just that long ago may look as if it
//! rested, for as long as a rest takes.

use std::time::Duration;

use crate::attempt::{Attempt, AttemptEnd, Symptom};

/// How fast samples are forgotten.
const DECAY: Duration = Duration::from_secs(10);
/// The rest of an endpoint that does not say how much it needs.
const SHORT_REST: Duration = Duration::from_secs(1);
/// The longest rest that is believed.
const LONGEST_REST: Duration = Duration::from_millis(LONGEST_REST_MS as u64);
const LONGEST_REST_MS: u32 = 30_000;
/// What makes the cost of one that rests, or has not answered yet, higher than any other.
const AVOIDED: f64 = 1e9;

/// What is remembered of the answers of one endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PeakEwma {
    /// Milliseconds; zero when it has never answered.
    estimate: f32,
    /// When that was right; in the future, the end of its rest.
    stamp: u32,
}

// === impl PeakEwma ===

impl PeakEwma {
    /// What [`Self::pack`] gave; zero is an endpoint that was never asked.
    pub const fn unpack(bits: u64) -> Self {
        Self {
            estimate: f32::from_bits((bits >> 32) as u32),
            stamp: bits as u32,
        }
    }

    /// As one number, for an atomic.
    pub const fn pack(self) -> u64 {
        (self.estimate.to_bits() as u64) << 32 | self.stamp as u64
    }

    /// After one more try, which ended at `now` (monotonic).
    #[must_use]
    pub fn after(self, attempt: Attempt, now: Duration) -> Self {
        let rest = match attempt.end.symptom() {
            Symptom::Nothing => return self,
            Symptom::Ill => SHORT_REST,
            Symptom::Overload => asked_for(attempt.end).unwrap_or(SHORT_REST),
            Symptom::Well => Duration::ZERO,
        };
        let sample = milliseconds(attempt.took);
        // The stamp of one that was never asked says nothing.
        let age = match self.is_new() {
            true => Age::Since(0),
            false => self.age(now),
        };
        let estimate = if self.is_new() || sample >= self.estimate {
            sample
        } else if rest > Duration::ZERO {
            self.estimate
        } else {
            let kept = remains(age);
            self.estimate.mul_add(kept, sample * (1.0 - kept))
        };
        // The end of a rest is not brought forward by an answer to what was asked before it.
        let until = match age {
            Age::RestsFor(left) => rest.max(left),
            Age::Since(_) => rest,
        };
        Self {
            // Never zero, which means that it has not answered.
            estimate: estimate.max(f32::MIN_POSITIVE),
            stamp: stamp(now + until.min(LONGEST_REST)),
        }
    }

    /// What one more request costs beside `in_flight` others at `now`; milliseconds, or more than
    /// anybody could take.
    pub fn cost(self, in_flight: usize, now: Duration) -> f64 {
        let queue = in_flight as f64 + 1.0;
        if self.is_new() {
            return if in_flight == 0 { 0.0 } else { AVOIDED * queue };
        }
        let estimate = f64::from(self.estimate);
        match self.age(now) {
            Age::RestsFor(_) => AVOIDED * estimate * queue,
            since @ Age::Since(_) => estimate * f64::from(remains(since)) * queue,
        }
    }

    /// How long its next answer will probably take at `now`, if it has ever answered.
    pub fn estimate(self, now: Duration) -> Option<Duration> {
        let left = self.estimate * remains(self.age(now));
        (!self.is_new()).then(|| Duration::from_secs_f32(left / 1000.0))
    }

    const fn is_new(self) -> bool {
        self.estimate == 0.0
    }

    fn age(self, now: Duration) -> Age {
        let left = self.stamp.wrapping_sub(stamp(now));
        match left {
            0 => Age::Since(0),
            1..=LONGEST_REST_MS => Age::RestsFor(Duration::from_millis(u64::from(left))),
            _ => Age::Since(left.wrapping_neg()),
        }
    }
}

/// Where its stamp lies.
#[derive(Clone, Copy)]
enum Age {
    /// This far in the future.
    RestsFor(Duration),
    /// This many milliseconds ago.
    Since(u32),
}

/// Which part of an estimate of this age still counts.
fn remains(age: Age) -> f32 {
    match age {
        Age::RestsFor(_) => 1.0,
        Age::Since(age) => (-(age as f32) / milliseconds(DECAY)).exp(),
    }
}

fn asked_for(end: AttemptEnd) -> Option<Duration> {
    match end {
        AttemptEnd::Answered { retry_after, .. } => retry_after,
        AttemptEnd::Abandoned | AttemptEnd::Failed(_) => None,
    }
}

fn milliseconds(time: Duration) -> f32 {
    time.as_secs_f32() * 1000.0
}

/// Milliseconds that wrap.
const fn stamp(time: Duration) -> u32 {
    time.as_millis() as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::failure::Failure;

    const NOW: Duration = Duration::from_secs(1_000);

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    fn answered(status: u16, took: u64, retry_after: Option<u64>) -> Attempt {
        Attempt {
            end: AttemptEnd::Answered {
                status,
                retry_after: retry_after.map(Duration::from_secs),
            },
            took: ms(took),
        }
    }

    fn well(took: u64) -> PeakEwma {
        PeakEwma::default().after(answered(200, took, None), NOW)
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let slow = well(10).after(answered(200, 100, None), NOW);
        assert_eq!(slow.cost(0, NOW), 100.0);
        let later = NOW + DECAY;
        let quicker = slow.after(answered(200, 10, None), later);
        // A third of a hundred, two thirds of ten.
        assert!((quicker.cost(0, later) - 43.1).abs() < 0.1, "{quicker:?}");
    }

    #[test]
    fn cost_grows_with_what_is_in_flight_and_sinks_while_nobody_asks() {
        assert_eq!(well(10).cost(3, NOW), 40.0);
        let idle = well(100).cost(0, NOW + DECAY * 3);
        assert!((idle - 4.98).abs() < 0.01, "{idle}");
    }

    #[test]
    fn a_new_one_is_tried_and_not_flooded() {
        let new = PeakEwma::default();
        assert_eq!(new.cost(0, NOW), 0.0);
        assert!(new.cost(1, NOW) > well(60_000).cost(1_000, NOW));
        assert!(well(0).cost(0, NOW) > 0.0, "an instant answer is an answer");
    }

    #[test]
    fn one_that_has_too_much_to_do_rests_as_long_as_it_says() {
        for (attempt, rest) in [
            (answered(503, 5, Some(7)), 7_000),
            (answered(429, 5, Some(7)), 7_000),
            (answered(429, 5, None), 1_000),
            (answered(429, 5, Some(86_400)), 30_000),
            (answered(500, 5, None), 1_000),
        ] {
            let rests = well(10).after(attempt, NOW);
            let busy = well(10_000).cost(100, NOW);
            assert!(rests.cost(0, NOW + ms(rest - 1)) > busy, "{attempt:?}");
            assert_eq!(rests.cost(0, NOW + ms(rest)), 10.0, "{attempt:?}");
        }
    }

    #[test]
    fn an_earlier_request_does_not_end_a_rest() {
        let rests = well(10).after(answered(429, 5, Some(7)), NOW);
        let answered_since = rests.after(answered(200, 20, None), NOW + ms(100));
        assert!(answered_since.cost(0, NOW + ms(6_999)) > 1e6);
        assert_eq!(answered_since.cost(0, NOW + ms(7_000)), 20.0);
    }

    #[test]
    fn what_says_nothing_changes_nothing() {
        for end in [
            AttemptEnd::Abandoned,
            AttemptEnd::Failed(Failure::ClientGone),
        ] {
            let attempt = Attempt {
                end,
                took: ms(9_999),
            };
            assert_eq!(well(10).after(attempt, NOW + ms(1)), well(10));
        }
    }

    #[test]
    fn milliseconds_may_wrap() {
        let before = Duration::from_millis(u64::from(u32::MAX)) - ms(5);
        let state = PeakEwma::default().after(answered(200, 10, None), before);
        let sunk = state.cost(0, before + ms(10));
        assert!((sunk - 9.99).abs() < 0.001, "{sunk}");
    }

    proptest! {
        #[test]
        fn packing_loses_nothing(estimate in 0.0_f32..1e9, stamp in any::<u32>()) {
            let state = PeakEwma { estimate, stamp };
            prop_assert_eq!(PeakEwma::unpack(state.pack()), state);
        }

        /// The estimate stays between the quickest and the slowest that was seen.
        #[test]
        fn estimates_are_means(samples in proptest::collection::vec((1_u64..1_000, 0_u64..5_000), 1..50)) {
            let mut now = NOW;
            let mut state = PeakEwma::default();
            for (took, later) in &samples {
                now += ms(*later);
                state = state.after(answered(200, *took, None), now);
            }
            let slowest = samples.iter().map(|it| it.0).max().unwrap() as f64;
            let quickest = samples.iter().map(|it| it.0).min().unwrap() as f64;
            let cost = state.cost(0, now);
            prop_assert!(cost >= quickest * 0.999 && cost <= slowest * 1.001, "{}", cost);
        }
    }
}
