//! How a tenant's callers share what it may cost.

use crate::rate_limit::Factor;

/// Who is tightened stays so until he uses less than this part of his share: as long as he uses all of
/// it, he would use more.
const USED: f64 = 0.5;

/// The share of each heavy caller of a tenant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    each: f64,
    /// What there is for the light callers, as a part of what they cost; at least 1 when it is enough.
    light: f64,
}

/// What a caller costs, tightened so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Want {
    pub(super) cost: f64,
    pub(super) factor: Factor,
}

/// What a caller may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Portion {
    /// As much as he does.
    All,
    /// So much.
    Share(f64),
}

// === impl Shares ===

impl Shares {
    /// The shares at a level of a tenant that costs `rate`, by what its heavy callers want.
    pub(super) fn of(level: f64, rate: f64, heavy: impl Iterator<Item = Want>) -> Self {
        let mut wants: Vec<f64> = Vec::new();
        let mut costs = 0.0;
        for want in heavy {
            costs += want.cost;
            // Who is tightened wants more than he costs.
            wants.push(if want.is_tightened() {
                f64::INFINITY
            } else {
                want.cost
            });
        }
        wants.sort_by(f64::total_cmp);
        let light = (rate - costs).max(0.0);
        let mut left = (level - light).max(0.0);
        let mut each = f64::INFINITY;
        let callers = wants.len();
        for (place, want) in wants.into_iter().enumerate() {
            let fair = left / (callers - place) as f64;
            if want > fair {
                each = fair;
                break;
            }
            left -= want;
        }
        Self {
            each,
            light: if light > level {
                level / light
            } else {
                f64::INFINITY
            },
        }
    }

    /// What there is for the light callers, as a part of what they cost; 1 or more when it is enough.
    pub(super) fn of_the_light(&self) -> f64 {
        self.light
    }

    /// What this caller may cost.
    pub(super) fn of_one(&self, want: &Want) -> Portion {
        let enough = if want.is_tightened() { USED } else { 1.0 };
        if want.cost <= self.each * enough {
            Portion::All
        } else {
            Portion::Share(self.each)
        }
    }
}

// === impl Want ===

impl Want {
    fn is_tightened(&self) -> bool {
        self.factor < Factor::ONE
    }
}
