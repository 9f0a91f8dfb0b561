//! A round of turns in which each endpoint's share is spread evenly.

use super::Pick;

/// One round; the turn after the last is the first.
#[derive(Debug)]
pub(super) struct Schedule {
    turns: Box<[u32]>,
    endpoints: usize,
}

// === impl Schedule ===

impl Schedule {
    /// The round in which endpoint `i` has `weights[i]` turns, divided by what all have in common.
    pub(super) fn new(weights: &[u16]) -> Self {
        let common = weights
            .iter()
            .copied()
            .fold(0, greatest_common_divisor)
            .max(1);
        let mut wanted: Vec<(u32, u32, u32)> = Vec::new();
        for (endpoint, weight) in (0_u32..).zip(weights) {
            let weight = u32::from(weight / common);
            wanted.extend((0..weight).map(|turn| (2 * turn + 1, weight, endpoint)));
        }
        // Fractions compared crosswise; both factors are at most 2000, so nothing overflows.
        wanted.sort_by(|(early, of, one), (late, other_of, other)| {
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
            endpoints: weights.len(),
        }
    }

    /// The endpoint whose turn it is, or the next in the round that has not been tried.
    pub(super) fn pick(&self, turn: usize, tried: &[usize]) -> Pick {
        if self.turns.is_empty() {
            return Pick::NoneLeft;
        }
        let at = turn % self.turns.len();
        if tried.is_empty() {
            return Pick::Endpoint(self.turns[at] as usize);
        }
        if (0..self.endpoints).all(|endpoint| tried.contains(&endpoint)) {
            return Pick::NoneLeft;
        }
        let (before, after) = self.turns.split_at(at);
        after
            .iter()
            .chain(before)
            .map(|endpoint| *endpoint as usize)
            .find(|endpoint| !tried.contains(endpoint))
            .map_or(Pick::NoneLeft, Pick::Endpoint)
    }
}

const fn greatest_common_divisor(one: u16, other: u16) -> u16 {
    let (mut one, mut other) = (one, other);
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}
