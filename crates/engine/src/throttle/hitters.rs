//! Who costs most, in bounded memory.
//!
//! Space-saving counters (Metwally, Agrawal and El Abbadi 2005) in sets of eight: a newcomer takes the
//! counter of the lightest in his set, and what that had counted becomes his error. What he himself
//! has cost is at least his count without the error, and that alone is used here: nobody answers for
//! those whose counter he took. The counts fade, so that they are rates of late.

use super::MEMORY;

const WAYS: usize = 8;
/// What fades below this has never been.
const NOTHING: f64 = 1e-9;

/// The heaviest of many.
#[derive(Debug)]
pub(super) struct Hitters {
    sets: Vec<[Heavy; WAYS]>,
}

/// One that may be heavy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Heavy {
    pub(super) key: u64,
    pub(super) tenant: u64,
    /// Its cost, and that of those before it.
    count: f64,
    /// The cost of those before it.
    error: f64,
    /// What it took from its quota.
    units: f64,
}

// === impl Hitters ===

impl Hitters {
    pub(super) fn new(counters: usize) -> Self {
        Self {
            sets: vec![[Heavy::default(); WAYS]; (counters / WAYS).max(1)],
        }
    }

    pub(super) fn add(&mut self, key: u64, tenant: u64, units: f64, cost: f64) {
        let set = ((u128::from(key) * self.sets.len() as u128) >> 64) as usize;
        let set = &mut self.sets[set];
        let is_his = |one: &&mut Heavy| one.key == key && one.tenant == tenant && one.count > 0.0;
        if let Some(heavy) = set.iter_mut().find(is_his) {
            heavy.count += cost;
            heavy.units += units;
            return;
        }
        let lightest = set
            .iter_mut()
            .min_by(|one, other| one.count.total_cmp(&other.count));
        if let Some(lightest) = lightest {
            *lightest = Heavy {
                key,
                tenant,
                count: lightest.count + cost,
                error: lightest.count,
                units,
            };
        }
    }

    /// Leaves so much of everything.
    pub(super) fn fade(&mut self, part: f64) {
        for heavy in self.sets.as_flattened_mut() {
            heavy.count *= part;
            heavy.error *= part;
            heavy.units *= part;
            if heavy.count < NOTHING {
                *heavy = Heavy::default();
            }
        }
    }

    /// All that have cost anything of late.
    pub(super) fn all(&self) -> impl Iterator<Item = &Heavy> {
        let counters = self.sets.as_flattened().iter();
        counters.filter(|heavy| heavy.count > 0.0)
    }
}

// === impl Heavy ===

impl Heavy {
    /// What it surely costs per second.
    pub(super) fn rate(&self) -> f64 {
        (self.count - self.error).max(0.0) / MEMORY
    }

    /// What it costs for each unit of its quota.
    pub(super) fn cost_of_one(&self) -> f64 {
        (self.count - self.error).max(0.0) / self.units
    }
}
