//! A round of turns in which each endpoint's share is spread evenly.
//!
//! Whole weights have a round of exactly their sum, divided by what all have in common. A round
//! that would be longer than [`LONGEST_ROUND`], and one of broken weights, gives each endpoint its
//! share rounded to whole turns, and one at least: a weight of nearly nothing is not nothing.

use super::Pick;

/// Turns in a round: a quarter of a megabyte.
const LONGEST_ROUND: usize = 1 << 16;
/// Turns in a round of broken weights, and at least this many per endpoint.
const BROKEN_ROUND: usize = 1 << 10;
const BROKEN_TURNS: usize = 16;

/// One round; the turn after the last is the first.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: Box<[u32]>,
}

// === impl Schedule ===

impl Schedule {
    /// The round in which endpoint `i` has `weights[i]` turns, or its share of the longest round.
    pub(super) fn new(weights: &[f64]) -> Self {
        let turns = whole(weights).unwrap_or_else(|| rounded(weights));
        let mut wanted: Vec<(u64, u64, u32)> =
            Vec::with_capacity(turns.iter().sum::<u64>() as usize);
        for (endpoint, share) in (0_u32..).zip(&turns) {
            wanted.extend((0..*share).map(|turn| (2 * turn + 1, *share, endpoint)));
        }
        // Fractions compared crosswise; both factors are below 2^18, so nothing overflows.
        wanted.sort_unstable_by(|(early, of, one), (late, other_of, other)| {
            (early * other_of)
                .cmp(&(late * of))
                .then(other_of.cmp(of))
                .then(one.cmp(other))
        });
        Self {
            turns: wanted
                .into_iter()
                .map(|(_, _, endpoint)| endpoint)
                .collect(),
        }
    }

    /// The endpoint whose turn it is, or the next in the round that has not been tried.
    pub(super) fn pick(&self, turn: usize, tried: &[usize]) -> Pick {
        if self.turns.is_empty() {
            return Pick::NoneLeft;
        }
        let at = turn % self.turns.len();
        let (before, after) = self.turns.split_at(at);
        after
            .iter()
            .chain(before)
            .map(|endpoint| *endpoint as usize)
            .find(|endpoint| !tried.contains(endpoint))
            .map_or(Pick::NoneLeft, Pick::Endpoint)
    }
}

/// The turns of whole weights whose round is not too long.
fn whole(weights: &[f64]) -> Option<Vec<u64>> {
    let whole = weights.iter().all(|weight| weight.fract() == 0.0);
    let weights: Vec<_> = weights.iter().map(|weight| *weight as u64).collect();
    let common = weights
        .iter()
        .copied()
        .fold(0, greatest_common_divisor)
        .max(1);
    let turns: Vec<_> = weights.iter().map(|weight| weight / common).collect();
    (whole && turns.iter().sum::<u64>() <= LONGEST_ROUND as u64).then_some(turns)
}

/// The turns of any weights.
fn rounded(weights: &[f64]) -> Vec<u64> {
    let total: f64 = weights.iter().sum();
    let whole = weights.iter().all(|weight| weight.fract() == 0.0);
    let round = match whole {
        true => LONGEST_ROUND,
        false => (weights.len() * BROKEN_TURNS).clamp(BROKEN_ROUND, LONGEST_ROUND),
    };
    let turns = |weight: &f64| match *weight > 0.0 {
        true => (weight / total * round as f64).round().max(1.0) as u64,
        false => 0,
    };
    weights.iter().map(turns).collect()
}

const fn greatest_common_divisor(one: u64, other: u64) -> u64 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(schedule: &Schedule, endpoints: usize) -> Vec<f64> {
        let mut counts = vec![0.0; endpoints];
        for endpoint in &schedule.turns {
            counts[*endpoint as usize] += 1.0 / schedule.turns.len() as f64;
        }
        counts
    }

    #[test]
    fn a_thousand_heavy_endpoints_have_a_short_round() {
        let weights: Vec<_> = (1..=1000).map(f64::from).collect();
        let schedule = Schedule::new(&weights);
        assert!(schedule.turns.len() <= LONGEST_ROUND + weights.len());
        let total: f64 = weights.iter().sum();
        for (share, weight) in counts(&schedule, 1000).into_iter().zip(weights) {
            assert!(share > 0.0 && (share - weight / total).abs() < 2.0 / LONGEST_ROUND as f64);
        }
    }

    #[test]
    fn broken_weights_are_kept_to_a_thousandth() {
        let weights = [1.0, 0.15, 0.0, 0.5];
        let schedule = Schedule::new(&weights);
        for (share, weight) in counts(&schedule, 4).into_iter().zip(weights) {
            assert!((share - weight / 1.65).abs() < 0.001, "{share} {weight}");
        }
    }
}
