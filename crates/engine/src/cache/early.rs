//! Renewing a response before it expires, so that nobody waits for it when it does (TRAPS row 21).
//!
//! Every hit near the end draws a number; the nearer the end and the slower the origin, the likelier
//! the draw says "now" (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede
//! Prevention, VLDB 2015). So what is asked for often is renewed by about one request, in time, and
//! what is asked for seldom simply expires; nothing has to be counted or agreed upon.
//!
//! **Bounded.** A slow origin and an unlucky draw could otherwise renew a response that has just
//! come: nothing is renewed in the first half of its lifetime.

use std::time::Duration;

use super::draw::Draw;

/// Whether a response that is fresh is renewed in the background all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Renewal {
    /// Yes, now.
    Early,
    /// No.
    #[default]
    None,
}

/// The share of a lifetime, counted from its end, in which renewals may happen: one half.
const WINDOW: u32 = 2;

/// Decides about a response that took `fetch_time` to get, was fresh for `lifetime` when it came and
/// is for `left` now.
pub fn decide(fetch_time: Duration, lifetime: Duration, left: Duration, draw: Draw) -> Renewal {
    if left > lifetime / WINDOW {
        return Renewal::None;
    }
    let lead = fetch_time.as_secs_f64() * -draw.get().ln();
    // At a draw of 1 the lead is zero, and what still has time left is not renewed.
    if lead >= left.as_secs_f64() {
        Renewal::Early
    } else {
        Renewal::None
    }
}

// === impl Renewal ===

impl Renewal {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::None => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// A draw of about `number`.
    fn draw(number: f64) -> Draw {
        Draw::of((number * 2f64.powi(64)) as u64)
    }

    #[test]
    fn the_lead_is_the_fetch_time_times_the_logarithm() {
        // -ln 0.5 is 0.693: an origin that takes a second is asked 0.69 seconds before the end.
        let renewal = |left| decide(seconds(1.0), seconds(100.0), seconds(left), draw(0.5));
        assert_eq!(renewal(0.70), Renewal::None);
        assert_eq!(renewal(0.69), Renewal::Early);
        assert_eq!(renewal(0.0), Renewal::Early);
        let slow = decide(seconds(10.0), seconds(100.0), seconds(6.9), draw(0.5));
        assert_eq!(slow, Renewal::Early);
    }

    #[test]
    fn nothing_is_renewed_in_the_first_half() {
        let slow = seconds(1e6);
        let renewal = |left| decide(slow, seconds(10.0), seconds(left), draw(0.1));
        assert_eq!(renewal(5.1), Renewal::None);
        assert_eq!(renewal(5.0), Renewal::Early);
    }

    proptest! {
        /// Nearer the end, slower, or with a smaller draw: never less likely.
        #[test]
        fn renewal_is_monotone(
            fetch in 0.0..100.0f64, slower in 0.0..100.0f64,
            left in 0.0..50.0f64, nearer in 0.0..1.0f64,
            bits in any::<u64>(), smaller in any::<u64>(),
        ) {
            let lifetime = seconds(100.0);
            let first = decide(seconds(fetch), lifetime, seconds(left), Draw::of(bits));
            let later = decide(
                seconds(fetch + slower),
                lifetime,
                seconds(left * nearer),
                Draw::of(bits.min(smaller)),
            );
            prop_assert!(first == Renewal::None || later == Renewal::Early);
        }

        /// The neutral draw never renews what has time left, and no input panics.
        #[test]
        fn the_neutral_draw_is_neutral(fetch in any::<u64>(), lifetime in any::<u64>(), left in 1..u64::MAX) {
            let [fetch, lifetime, left] = [fetch, lifetime, left].map(Duration::from_secs);
            prop_assert_eq!(decide(fetch, lifetime, left, Draw::NEUTRAL), Renewal::None);
        }

        /// An origin that answers at once is never asked early.
        #[test]
        fn instant_origins_are_asked_in_time(left in 0.001..50.0f64, bits in any::<u64>()) {
            let renewal = decide(Duration::ZERO, seconds(100.0), seconds(left), Draw::of(bits));
            prop_assert_eq!(renewal, Renewal::None);
        }
    }
}
