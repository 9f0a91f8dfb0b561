//! Which endpoints have fewer successes than the others.
//!
//! # Two questions
//! *Is it unlike the others?* Its share of successes lies below the mean of all shares by more than
//! `deviations` standard deviations. Where endpoints differ much by nature the deviation is large,
//! and nobody is blamed for it. With `n` endpoints none can lie more than `sqrt(n - 1)` deviations
//! below, so that with 1.9 it takes five to find one, and ten to find two.
//!
//! *Or is it chance?* Among endpoints that hardly ever fail the deviation is next to nothing, and
//! whoever fails once in a thousand lies far below the mean. So the failures must also be more than
//! luck explains: if the endpoint were as good as the others together, as many failures would have a
//! probability of at most `exp(-n * D(q || p))` (Chernoff's bound; `q` its share of failures, `p`
//! the others', `D` the relative entropy). Beyond [`LUCK`] that is less than one in 160,000.
//!
//! The first question is the published one (Envoy, "Outlier detection", success rate); asked alone, it
//! leaves out well endpoints every few intervals, as the simulation beside the tests shows.

use policy::SuccessRate;

use super::Counts;

/// How unlikely luck must be, as the negative of the natural logarithm of the probability.
const LUCK: f64 = 12.0;

/// Those that fall short.
///
/// An endpoint with fewer than `min_requests` is not compared, and with fewer than `min_endpoints`
/// to compare nobody falls short.
pub fn outliers(rule: SuccessRate, counts: &[(u64, Counts)]) -> Vec<u64> {
    let compared: Vec<_> = counts
        .iter()
        .filter(|(_, counts)| counts.asked >= rule.min_requests.max(1))
        .collect();
    let needed = usize::try_from(rule.min_endpoints.max(2)).unwrap_or(usize::MAX);
    if compared.len() < needed {
        return Vec::new();
    }
    let least = threshold(rule, compared.iter().map(|(_, counts)| counts.successes()));
    let total = compared
        .iter()
        .fold(Counts::default(), |sum, (_, counts)| sum.plus(*counts));
    compared
        .into_iter()
        .filter(|(_, counts)| counts.successes() < least)
        .filter(|(_, counts)| counts.unlikelihood(total.minus(*counts)) > LUCK)
        .map(|(id, _)| *id)
        .collect()
}

/// The least share of successes that is like the others.
pub(super) fn threshold(
    rule: SuccessRate,
    shares: impl ExactSizeIterator<Item = f64> + Clone,
) -> f64 {
    let count = shares.len() as f64;
    let mean = shares.clone().sum::<f64>() / count;
    let variance = shares.map(|share| (share - mean).powi(2)).sum::<f64>() / count;
    mean - f64::from(rule.deviations) / 10.0 * variance.sqrt()
}

// === impl Counts ===

impl Counts {
    pub(super) fn successes(self) -> f64 {
        1.0 - self.failures()
    }

    fn failures(self) -> f64 {
        f64::from(self.failed) / f64::from(self.asked.max(1))
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            asked: self.asked.saturating_add(other.asked),
            failed: self.failed.saturating_add(other.failed),
        }
    }

    const fn minus(self, other: Self) -> Self {
        Self {
            asked: self.asked.saturating_sub(other.asked),
            failed: self.failed.saturating_sub(other.failed),
        }
    }

    /// How unlikely it is that luck alone made so many fail, beside the `others`: the negative
    /// logarithm of Chernoff's bound.
    ///
    /// The others' share is taken as if one more had failed and one more gone well, because none
    /// that has failed yet does not mean that none ever will.
    fn unlikelihood(self, others: Self) -> f64 {
        let expected = (f64::from(others.failed) + 1.0) / (f64::from(others.asked) + 2.0);
        let seen = self.failures();
        if seen <= expected {
            return 0.0;
        }
        let failing = seen * (seen / expected).ln();
        let well = match seen < 1.0 {
            true => (1.0 - seen) * ((1.0 - seen) / (1.0 - expected)).ln(),
            false => 0.0,
        };
        f64::from(self.asked) * (failing + well)
    }
}
