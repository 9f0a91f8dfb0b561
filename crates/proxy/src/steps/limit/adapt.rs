//! A rate limit that follows the capacity of its route's upstream.
//!
//! Who has to give is decided by [`engine::throttle`]. Here is the lock around it: it is taken when an
//! answer has come from the origin, and when it is time for another look at the capacity. Requests
//! read what was decided last, without a lock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use engine::{
    caller::{CallerFacts, Counting},
    rate_limit::Factor,
    throttle::{Factors, Steering, Throttle, Usage},
};
use parking_lot::Mutex;
use policy::{Adaptation, LimitPolicy, UnknownCaller};

use crate::{
    caller::{CallerRule, Needs},
    upstream::UpstreamState,
};

/// How often the capacity is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// What tightens and relaxes one limit.
#[derive(Debug)]
pub(super) struct Adapting {
    throttle: Mutex<Throttle>,
    factors: ArcSwap<Factors>,
    /// When it is time for another look, in monotonic nanoseconds.
    look_at: AtomicU64,
    /// Who shares with whom; nobody with anybody when there is none.
    tenants: Option<CallerRule>,
    /// How long a request of a tightened caller may be delayed.
    delay: Duration,
}

/// Who pays for a request under such a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    tenant: u64,
    caller: u64,
}

// === impl Adapting ===

impl Adapting {
    pub(super) fn new(route: &str, limit: &LimitPolicy, policy: &Adaptation) -> Self {
        let tenants = Some(&policy.tenant).filter(|key| !key.parts.is_empty());
        let names = ["tenants", route, &limit.name];
        Self {
            throttle: Mutex::new(Throttle::new(limit.rate, policy.min)),
            factors: ArcSwap::default(),
            look_at: AtomicU64::new(0),
            tenants: tenants.map(|key| CallerRule::new(&names, key, UnknownCaller::Share)),
            delay: policy.delay.unwrap_or_default(),
        }
    }

    pub(super) fn needs(&self) -> Needs {
        (self.tenants.as_ref()).map_or(Needs::Nothing, CallerRule::needs)
    }

    /// Whose account it is. Halves of hashes are enough: who is taken for another is tightened with
    /// him, once in 2^64 times.
    pub(super) fn account(&self, facts: &CallerFacts<'_>, caller: u128) -> Account {
        let tenant = self.tenants.as_ref().map(|rule| rule.count(facts));
        let tenant = match tenant {
            Some(Counting::On(tenant)) => tenant.key,
            Some(Counting::Deny(..) | Counting::Free) | None => caller,
        };
        Account {
            tenant: tenant as u64,
            caller: caller as u64,
        }
    }

    /// The part of the rate that the caller has, and how long a request may be delayed for it.
    pub(super) fn factor(
        &self,
        account: Account,
        upstream: &UpstreamState,
        now: Duration,
    ) -> (Factor, Duration) {
        self.look(upstream, now);
        let factor = self.factors.load().factor(account.tenant, account.caller);
        match factor < Factor::ONE {
            true => (factor, self.delay),
            false => (factor, Duration::ZERO),
        }
    }

    /// Learns what a request has cost the origin.
    pub(super) fn learn(&self, account: Account, units: u32, spent: Duration) {
        self.throttle.lock().record(&Usage {
            tenant: account.tenant,
            caller: account.caller,
            units,
            cost: spent.as_secs_f64(),
        });
    }

    /// How many callers are tightened.
    pub(super) fn tightened(&self) -> usize {
        self.factors.load().callers()
    }

    fn look(&self, upstream: &UpstreamState, now: Duration) {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let due = self.look_at.load(Ordering::Relaxed);
        if nanos(now) < due {
            return;
        }
        let next = nanos(now + LOOK);
        let mine = (self.look_at).compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed);
        // Somebody else looks.
        if mine.is_err() {
            return;
        }
        let share = upstream.capacity.as_ref().map_or(1.0, |cell| cell.share());
        if let Steering::Changed(factors) = self.throttle.lock().steer(share, now) {
            self.factors.store(Arc::new(factors));
        }
    }
}
