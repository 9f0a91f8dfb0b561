//! What is left for work that could be left out.
//!
//! A retry, a hedge and a warming request each take a place that a first attempt might need. All of
//! them draw from this one number, so that what relieves the origin in one place is not made up for
//! in another: it is 1 as long as a fifth of the limit is free, falls with what is free below that,
//! and is 0 while somebody waits or has just been refused.

use std::time::Duration;

/// This share of the limit is kept free for first attempts.
const RESERVE: f64 = 0.2;
/// A refusal is remembered so long.
const REMEMBERED: Duration = Duration::from_secs(1);

/// How an origin's room is used at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// So many may be in flight.
    pub limit: u32,
    /// So many are.
    pub in_flight: u32,
    /// So many wait.
    pub queued: u32,
    /// When somebody was last refused (monotonic), if ever.
    pub refused_at: Option<Duration>,
}

// === impl Load ===

impl Load {
    /// The share of their budget that retries, hedges and warming have: 0 to 1.
    pub fn share(&self, now: Duration) -> f64 {
        let refused = self
            .refused_at
            .is_some_and(|at| now.saturating_sub(at) < REMEMBERED);
        if refused || self.queued > 0 {
            return 0.0;
        }
        let free = f64::from(self.limit.saturating_sub(self.in_flight));
        // A limit of one or two has one in reserve, and can spare none of it.
        let reserve = (RESERVE * f64::from(self.limit)).max(1.0);
        ((free / reserve).min(1.0) * f64::from(u8::from(self.limit > 0))).clamp(0.0, 1.0)
    }

    /// After how long somebody who is refused may come again: when the queue will have been
    /// worked off, each round of `latency` giving way to `limit` of those who wait; a second at
    /// least and half a minute at most.
    pub fn retry_after(&self, latency: Duration) -> Duration {
        let rounds = 1 + self.queued / self.limit.max(1);
        (latency * rounds).clamp(Duration::from_secs(1), Duration::from_secs(30))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Duration = Duration::from_secs(9);

    fn load(limit: u32, in_flight: u32) -> Load {
        Load {
            limit,
            in_flight,
            queued: 0,
            refused_at: None,
        }
    }

    #[test]
    fn everything_while_there_is_room_and_nothing_at_the_limit() {
        for (limit, in_flight, wanted) in [
            (100, 0, 1.0),
            (100, 80, 1.0),
            (100, 90, 0.5),
            (100, 100, 0.0),
            (100, 140, 0.0),
            (1, 0, 1.0),
            (1, 1, 0.0),
            (0, 0, 0.0),
        ] {
            let share = load(limit, in_flight).share(NOW);
            assert!(
                (share - wanted).abs() < 1e-9,
                "{in_flight} of {limit}: {share}"
            );
        }
    }

    #[test]
    fn nothing_while_somebody_waits_or_was_just_refused() {
        let room = load(100, 0);
        let waiting = Load { queued: 1, ..room };
        assert_eq!(waiting.share(NOW), 0.0);
        let refused = Load {
            refused_at: Some(NOW - REMEMBERED + Duration::from_nanos(1)),
            ..room
        };
        assert_eq!(refused.share(NOW), 0.0);
        assert_eq!(refused.share(NOW + Duration::from_nanos(1)), 1.0);
    }

    #[test]
    fn a_longer_queue_is_to_be_avoided_for_longer() {
        let short = Load {
            queued: 10,
            ..load(10, 10)
        };
        let long = Load {
            queued: 50,
            ..short
        };
        let latency = Duration::from_secs(2);
        assert_eq!(short.retry_after(latency), Duration::from_secs(4));
        assert_eq!(long.retry_after(latency), Duration::from_secs(12));
        assert_eq!(short.retry_after(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(long.retry_after(latency * 9), Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn more_in_flight_never_leaves_more(limit: u32, in_flight in 0..u32::MAX) {
            let (less, more) = (load(limit, in_flight), load(limit, in_flight + 1));
            prop_assert!((0.0..=1.0).contains(&less.share(NOW)));
            prop_assert!(more.share(NOW) <= less.share(NOW));
        }
    }
}
