//! Callers that are shut out for a while.
//!
//! # When
//! Each time a caller does what its box watches for is a strike. So many strikes within so much time
//! are a ban. What happens during a ban is no strike: those are requests from before it, and a caller
//! must not be shut out for longer because its requests were slow.
//!
//! # For how long
//! Each ban lasts twice as long as the one before, up to the longest. A caller that has been good for
//! as long as the longest ban, from the end of its last ban or from its last strike, begins anew.
//!
//! # How exactly strikes are counted
//! Strikes that are close together, within an eighth of the time, share a place, and are forgotten
//! with the first of them. So nobody is banned who has not done it `count` times within the time, and
//! everybody is who does it `count` times within seven eighths of it; what one caller costs does not
//! depend on `count`.
//!
//! # When the clock steps back
//! It is monotonic, and should not, but for the moment between two threads. If it does, strikes from what is now the future are forgotten, and
//! a ban from there begins now: it may end late, by no more than its length, and never early.

mod strikes;

use std::time::Duration;

use policy::BanPolicy;

use self::strikes::Strikes;

/// When one box bans a caller, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Penalty {
    count: u32,
    within: Duration,
    duration: Duration,
    max_duration: Duration,
}

/// What is known of one caller.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offences {
    strikes: Strikes,
    ban: Option<Ban>,
    /// Bans so far.
    bans: u32,
}

/// One ban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// When it began (monotonic).
    pub began: Duration,
    /// How long it lasts.
    pub lasts: Duration,
    /// Which one of this caller's it is, from 1.
    pub nth: u32,
}

/// What a strike has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// A ban.
    Began(Ban),
    /// It counts.
    Counted,
    /// The caller is banned already.
    Ignored,
}

/// Whether a caller may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is shut out for so much longer.
    Banned(Duration),
    /// It may.
    Free,
}

/// How much is lost when a caller is forgotten: the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Nothing.
    Forgiven,
    /// A caller with so many strikes and, before that, so many bans.
    Watched {
        /// Bans that are over.
        bans: u32,
        /// Strikes that still count.
        strikes: u32,
    },
    /// One that is shut out, for so much longer.
    Banned(Duration),
}

// === impl Penalty ===

impl Penalty {
    /// What a policy asks for; a count of 0 is taken for 1, and a ban is never longer than the longest.
    pub fn new(policy: &BanPolicy) -> Self {
        Self {
            count: policy.count.max(1),
            within: policy.within,
            duration: policy.duration.min(policy.max_duration),
            max_duration: policy.max_duration,
        }
    }

    /// Notes that the caller has done it again.
    pub fn strike(&self, offences: &mut Offences, now: Duration) -> Struck {
        if let Standing::Banned(_) = offences.standing(now) {
            return Struck::Ignored;
        }
        self.forgive(offences, now);
        if offences.strikes.add(self.within, now) < self.count {
            return Struck::Counted;
        }
        let lasts = self.length(offences.bans);
        offences.bans = offences.bans.saturating_add(1);
        offences.strikes.clear();
        let ban = Ban {
            began: now,
            lasts,
            nth: offences.bans,
        };
        offences.ban = Some(ban);
        Struck::Began(ban)
    }

    /// How much is lost when this is forgotten.
    pub fn weight(&self, offences: &mut Offences, now: Duration) -> Weight {
        if let Standing::Banned(left) = offences.standing(now) {
            return Weight::Banned(left);
        }
        self.forgive(offences, now);
        match (offences.bans, offences.strikes.count(self.within, now)) {
            (0, 0) => Weight::Forgiven,
            (bans, strikes) => Weight::Watched { bans, strikes },
        }
    }

    /// How long the next ban lasts after so many.
    fn length(&self, bans: u32) -> Duration {
        let doubled = 1_u32.checked_shl(bans).unwrap_or(u32::MAX);
        self.duration.saturating_mul(doubled).min(self.max_duration)
    }

    /// Forgets the bans of a caller that has been good for long enough.
    fn forgive(&self, offences: &mut Offences, now: Duration) {
        let Some(ban) = offences.ban else {
            return;
        };
        let last = match offences.strikes.last() {
            last if last <= now => ban.end().max(last),
            _ => ban.end(),
        };
        if now >= last.saturating_add(self.max_duration) {
            offences.ban = None;
            offences.bans = 0;
        }
    }
}

// === impl Offences ===

impl Offences {
    /// Whether the caller may come in.
    pub fn standing(&mut self, now: Duration) -> Standing {
        let Some(ban) = &mut self.ban else {
            return Standing::Free;
        };
        if ban.began > now {
            ban.began = now;
        }
        match ban.end().checked_sub(now) {
            None | Some(Duration::ZERO) => Standing::Free,
            Some(left) => Standing::Banned(left),
        }
    }

    /// The ban that lasts, or the last one.
    pub const fn ban(&self) -> Option<Ban> {
        self.ban
    }
}

// === impl Ban ===

impl Ban {
    /// When it ends (monotonic).
    pub const fn end(&self) -> Duration {
        self.began.saturating_add(self.lasts)
    }
}

#[cfg(test)]
mod tests;
