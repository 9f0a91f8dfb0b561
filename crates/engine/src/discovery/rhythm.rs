//! When the source is asked again.
//!
//! **After an answer**: when its TTL is over, within what the operator allows, and up to a tenth
//! later, so that the instances that were started together do not ask together. Later and not
//! sooner, because a caching server would only repeat the rest of the same answer. Where the TTL is
//! longer than we may wait the answer is still good, and a tenth sooner does no harm.
//!
//! **After a setback**: sooner, because something is wrong, and later each time, because whoever is
//! down gets up no faster by being asked. The first wait is a second at most, the longest half a
//! minute, which bounds how long we take to notice that the source is back.

use std::time::Duration;

/// After the first setback at most.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// After any number of setbacks at most.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// When one source is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rhythm {
    least: Duration,
    most: Duration,
    /// In a row.
    setbacks: u32,
}

// === impl Rhythm ===

impl Rhythm {
    /// Never sooner than `least` after an answer, nor later than `most`.
    pub fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most: most.max(least),
            setbacks: 0,
        }
    }

    /// The wait after an answer that is good for `ttl`; `dice` is any random number.
    pub fn answered(&mut self, ttl: Duration, dice: u32) -> Duration {
        self.setbacks = 0;
        let wait = ttl.clamp(self.least, self.most);
        let spread = share(wait / 10, dice);
        if wait + spread <= self.most {
            wait + spread
        } else {
            (wait - spread).max(self.least)
        }
    }

    /// The wait after one more setback: half of it for certain, the other half by chance.
    pub fn set_back(&mut self, dice: u32) -> Duration {
        let first = self.least.min(FIRST_WAIT);
        let longest = self.most.min(LONGEST_WAIT).max(first);
        let doubled = first.saturating_mul(1 << self.setbacks.min(16));
        self.setbacks = self.setbacks.saturating_add(1);
        let wait = doubled.min(longest);
        wait / 2 + share(wait / 2, dice)
    }
}

fn share(of: Duration, dice: u32) -> Duration {
    of.mul_f64(f64::from(dice) / f64::from(u32::MAX))
}
