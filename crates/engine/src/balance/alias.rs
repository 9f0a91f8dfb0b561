//! Drawing by weight in one step, however many there are.
//!
//! The alias method (Walker 1974, Vose 1991): every endpoint has a column of the same height, and
//! what a light one does not fill of its own is given to a heavy one. A column is drawn evenly, and
//! then the one or the other of the two who share it.

use super::dice::Dice;

/// How often a draw is repeated that hits somebody to be left out, before all are looked at.
const REPEATS: usize = 8;

/// What is drawn from.
#[derive(Debug)]
pub(super) struct Alias {
    columns: Box<[Column]>,
    weights: Box<[f64]>,
}

/// Whose a column is: up to `own` its own, beyond that `other`'s.
#[derive(Clone, Copy, Debug)]
struct Column {
    own: f64,
    other: u32,
}

// === impl Alias ===

impl Alias {
    /// Draws position `i` with the probability `weights[i]` of their sum.
    pub(super) fn new(weights: &[f64]) -> Self {
        let total: f64 = weights.iter().sum();
        let height = total / weights.len() as f64;
        let mut columns: Vec<_> = (0_u32..)
            .zip(weights)
            .map(|(other, weight)| Column {
                own: weight / height,
                other,
            })
            .collect();
        let (mut light, mut heavy): (Vec<_>, Vec<_>) =
            (0..columns.len()).partition(|column| columns[*column].own < 1.0);
        while let (Some(lighter), Some(heavier)) = (light.pop(), heavy.last().copied()) {
            columns[lighter].other = u32::try_from(heavier).unwrap_or(u32::MAX);
            columns[heavier].own -= 1.0 - columns[lighter].own;
            if columns[heavier].own < 1.0 {
                heavy.pop();
                light.push(heavier);
            }
        }
        Self {
            columns: columns.into(),
            weights: weights.into(),
        }
    }

    /// Draws one that is not to be `left_out`, if there is one of any weight.
    pub(super) fn draw(&self, dice: &mut Dice, left_out: impl Fn(usize) -> bool) -> Option<usize> {
        if self.columns.is_empty() {
            return None;
        }
        for _ in 0..REPEATS {
            let drawn = self.drawn(dice);
            if self.weights[drawn] > 0.0 && !left_out(drawn) {
                return Some(drawn);
            }
        }
        self.drawn_from_the_rest(dice, left_out)
    }

    fn drawn(&self, dice: &mut Dice) -> usize {
        let at = dice.below(self.columns.len());
        let column = self.columns[at];
        if dice.fraction() < column.own {
            at
        } else {
            column.other as usize
        }
    }

    /// The slow way, for when most of the weight is left out.
    fn drawn_from_the_rest(
        &self,
        dice: &mut Dice,
        left_out: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let rest = || {
            let all = self.weights.iter().enumerate();
            all.filter(|(at, weight)| **weight > 0.0 && !left_out(*at))
        };
        let mut left = dice.fraction() * rest().map(|(_, weight)| weight).sum::<f64>();
        let mut last = None;
        for (at, weight) in rest() {
            last = Some(at);
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(weights: &[f64], left_out: &[usize]) -> Vec<usize> {
        let alias = Alias::new(weights);
        let mut counts = vec![0; weights.len()];
        for seed in 0..100_000 {
            let drawn = alias.draw(&mut Dice::new(seed), |at| left_out.contains(&at));
            counts[drawn.unwrap()] += 1;
        }
        counts
    }

    #[test]
    fn draws_by_weight() {
        for weights in [&[1.0, 2.0, 7.0, 0.0][..], &[0.1, 0.1, 0.1], &[5.0]] {
            let total: f64 = weights.iter().sum();
            for (count, weight) in counts(weights, &[]).into_iter().zip(weights) {
                let fair = weight / total * 100_000.0;
                assert!((count as f64 - fair).abs() < 700.0, "{weights:?} {count}");
            }
        }
    }

    #[test]
    fn who_is_left_out_is_never_drawn_and_the_rest_keep_their_shares() {
        let counts = counts(&[1000.0, 3.0, 1.0], &[0]);
        assert_eq!(counts[0], 0);
        assert!(counts[1].abs_diff(75_000) < 700, "{counts:?}");
    }

    #[test]
    fn nobody_is_drawn_where_nobody_is() {
        let nobody: [(&[f64], &[usize]); 3] = [(&[], &[]), (&[0.0, 0.0], &[]), (&[1.0], &[0])];
        for (weights, left_out) in nobody {
            let drawn = Alias::new(weights).draw(&mut Dice::new(7), |at| left_out.contains(&at));
            assert_eq!(drawn, None);
        }
    }
}
