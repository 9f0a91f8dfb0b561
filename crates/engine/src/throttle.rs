//! Who gives way while an origin is short of room: a limit that tightens and relaxes with it.
//!
//! # Who is heavy
//! What each caller and each tenant costs is measured (time of the origin, or what its answers say),
//! and remembered for the heaviest of them in bounded memory ([`hitters`]). Only what is sure counts
//! against anybody.
//!
//! # Who gives, and how much
//! One number, the level, is what a tenant may cost while room is short. It sinks while the signal of
//! the origin's capacity says that there is too little, and rises while there is enough, both as slowly
//! as the measurement lags behind, so that it settles instead of swinging. A tenant below the level is
//! left alone. What a tenant may cost is shared by its callers in the same manner (max-min fairness):
//! who costs less than a caller's share is left alone, and what he does not use the others have. A
//! caller above his share is tightened to the part of the limit's rate that costs as much as his share,
//! and never below the least that the operator gave.
//!
//! So the heaviest give first, and nobody is touched while there are heavier ones that can still give.
//!
//! # Many light callers
//! A tenant can be heavy by callers so many that none of them is. When those alone cost more than the
//! level, all callers of the tenant are tightened alike, slowly.

mod factors;
mod hitters;
mod shares;

use std::time::Duration;

use policy::{Percent, Rate};

pub use self::factors::Factors;
use self::{
    hitters::{Heavy, Hitters},
    shares::{Portion, Shares, Want},
};
use crate::rate_limit::Factor;

/// The least time between two looks at the signal.
const TICK: Duration = Duration::from_millis(100);
/// What lies so far back, in seconds, counts a third.
const MEMORY: f64 = 1.0;
/// The signal is smoothed over so many seconds.
const SMOOTH: f64 = 0.5;
/// Above this share there is room, below there is none.
const ROOM: f64 = 0.5;
/// How fast the level sinks without any room, and rises with all of it, as a logarithm per second.
const SINKING: f64 = 0.4;
const RISING: f64 = 0.15;
/// The level does not sink below this part of the heaviest tenant: it would take long to come back.
const LOWEST: f64 = 0.02;
/// How fast all callers of a tenant are tightened and relaxed, per second.
const ALIKE: f64 = 0.3;
/// How fast a caller is relaxed that need not give any more, as a logarithm per second.
const LETTING_GO: f64 = 1.0;
const CALLERS: usize = 512;
const TENANTS: usize = 128;

/// What one request has used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Whose caller it was, by hash.
    pub tenant: u64,
    /// Who it was, by hash.
    pub caller: u64,
    /// What it took from the limit's quota.
    pub units: u32,
    /// What it cost the origin, in any measure as long as it is the same for all; what is negative or
    /// no number counts as nothing.
    pub cost: f64,
}

/// What tightens and relaxes one limit.
#[derive(Debug)]
pub struct Throttle {
    /// The least factor.
    min: Factor,
    /// The limit's rate in units per second.
    rate: f64,
    callers: Hitters,
    tenants: Hitters,
    factors: Factors,
    /// The smoothed signal.
    share: f64,
    /// What a tenant may cost per second; `None` while nobody has to give.
    level: Option<f64>,
    looked: Duration,
}

/// What a look at the signal has changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Steering {
    /// These are the factors from now on.
    Changed(Factors),
    /// Nothing.
    Unchanged,
}

// === impl Throttle ===

impl Throttle {
    /// For a limit of `rate`, of which every caller keeps `min`.
    pub fn new(rate: Rate, min: Percent) -> Self {
        Self {
            min: Factor::of(min),
            rate: f64::from(rate.events()) / rate.per().as_secs_f64(),
            callers: Hitters::new(CALLERS),
            tenants: Hitters::new(TENANTS),
            factors: Factors::default(),
            share: 1.0,
            level: None,
            looked: Duration::ZERO,
        }
    }

    /// Learns what a request has used.
    pub fn record(&mut self, usage: &Usage) {
        let cost = usage.cost;
        if cost.is_finite() && cost > 0.0 {
            let units = f64::from(usage.units.max(1));
            self.callers.add(usage.caller, usage.tenant, units, cost);
            self.tenants.add(usage.tenant, usage.tenant, units, cost);
        }
    }

    /// Looks at the signal: 1 when the origin has room, 0 when it has none. Does so at most ten times a
    /// second, however often it is called; `now` is monotonic.
    pub fn steer(&mut self, share: f64, now: Duration) -> Steering {
        let passed = now.saturating_sub(self.looked);
        if passed < TICK {
            // A clock that was ahead must not stop it for long.
            self.looked = self.looked.min(now + TICK);
            return Steering::Unchanged;
        }
        self.looked = now;
        let passed = passed.as_secs_f64();
        self.callers.fade((-passed / MEMORY).exp());
        self.tenants.fade((-passed / MEMORY).exp());
        // After a pause there is nothing to catch up on.
        let passed = passed.min(1.0);
        let share = if share.is_nan() { 1.0 } else { share };
        let smooth = 1.0 - (-passed / SMOOTH).exp();
        self.share += (share.clamp(0.0, 1.0) - self.share) * smooth;
        let Some(level) = self.move_level(passed) else {
            return Steering::Unchanged;
        };
        let factors = self.factors_at(level, passed);
        if factors.is_empty() && self.share > ROOM {
            self.level = None;
        }
        if factors == self.factors {
            return Steering::Unchanged;
        }
        self.factors = factors.clone();
        Steering::Changed(factors)
    }

    /// The factors as they are.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }

    /// The level after so many seconds more; `None` when nobody has to give.
    fn move_level(&mut self, passed: f64) -> Option<f64> {
        if self.level.is_none() && self.share >= ROOM {
            return None;
        }
        let heaviest = self.tenants.all().map(Heavy::rate).fold(0.0, f64::max);
        let level = self.level.unwrap_or(heaviest);
        let room = (self.share - ROOM) / ROOM;
        let pace = if room < 0.0 { SINKING } else { RISING };
        let level = (level * (room * pace * passed).exp()).max(heaviest * LOWEST);
        self.level = Some(level);
        self.level
    }

    fn factors_at(&self, level: f64, passed: f64) -> Factors {
        let mut callers: Vec<&Heavy> = self.callers.all().collect();
        callers.sort_unstable_by_key(|caller| caller.tenant);
        let mut factors = Factors::default();
        for tenant in self.tenants.all() {
            let first = callers.partition_point(|caller| caller.tenant < tenant.key);
            let after = callers.partition_point(|caller| caller.tenant <= tenant.key);
            self.tighten(tenant, &callers[first..after], level, passed, &mut factors);
        }
        factors
    }

    fn tighten(
        &self,
        tenant: &Heavy,
        callers: &[&Heavy],
        level: f64,
        passed: f64,
        factors: &mut Factors,
    ) {
        let wants = callers.iter().map(|caller| Want {
            cost: caller.rate(),
            factor: self.factors.of_caller(caller.key),
        });
        let shares = Shares::of(level, tenant.rate(), wants.clone());
        let alike = self.alike(tenant.key, &shares, passed);
        factors.tighten_tenant(tenant.key, alike);
        for (caller, want) in callers.iter().zip(wants) {
            let part = match shares.of_one(&want) {
                Portion::All => want.factor.share() * (LETTING_GO * passed).exp(),
                // The part of the rate that costs as much as the share.
                Portion::Share(share) => share / (caller.cost_of_one() * self.rate),
            };
            let part = Factor::new(part).max(self.min);
            factors.tighten_caller(caller.key, part.min(alike));
        }
    }

    /// The factor for all callers of a tenant.
    fn alike(&self, tenant: u64, shares: &Shares, passed: f64) -> Factor {
        let before = self.factors.of_tenant(tenant).share();
        let after = before * (shares.of_the_light().clamp(0.5, 1.5).ln() * ALIKE * passed).exp();
        Factor::new(after).max(self.min)
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
