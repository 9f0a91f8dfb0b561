//! Leaving out an endpoint because of how it answers what it is sent.
//!
//! # What counts
//! An attempt whose [`Symptom`] is ill is a failure. One that says "too much" is neither failure nor
//! success: an endpoint that is left out for being busy hands its work to the others, who will be
//! busy next. That is the business of who balances and of the capacity's limit.
//!
//! # How long
//! The first time for `ejection`, the second time for twice as long, and so on up to `max_ejection`.
//! Each interval in which an endpoint is neither left out nor convicted takes one step back, so that
//! an old fault is forgotten as slowly as it was learned. It returns when its time is over, asked or
//! not: only requests can show whether it is well again.
//!
//! # How many
//! At most `max_ejected` of the endpoints, rounded down, but one always may be, unless there is no
//! other. Whoever is convicted when no more may be left out stays, and is judged again.
//!
//! [`Symptom`]: crate::attempt::Symptom

mod comparison;
mod tally;

use std::{collections::BTreeMap, time::Duration};

use policy::{Mode, Outliers};

pub use self::{
    comparison::outliers,
    tally::{Counts, Run, Tally},
};

/// The outlier detection of one upstream: who is left out, until when, and how often that was.
///
/// Endpoints are named by numbers of the caller's choosing.
#[derive(Clone, Debug)]
pub struct Detector {
    policy: Outliers,
    members: BTreeMap<u64, Member>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Member {
    /// How many steps its next ejection is longer than the first.
    steps: u32,
    ejections: u64,
    sentence: Option<Sentence>,
    /// Convicted, or left out, at some time since the last comparison.
    troubled: bool,
}

/// Being left out for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Why.
    pub reason: Reason,
    /// Since this monotonic time.
    pub since: Duration,
    /// Until this monotonic time.
    pub until: Duration,
}

/// Why an endpoint is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Too many failures in a row.
    ConsecutiveFailures,
    /// Fewer successes than the others have.
    SuccessRate,
}

/// What follows from a conviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing: it is left out already, or is no endpoint any more.
    Already,
    /// It is left out, or would be in shadow mode.
    Ejected(Sentence),
    /// It stays, because no more may be left out.
    Spared,
}

// === impl Detector ===

impl Detector {
    /// Nobody known and nobody left out.
    pub fn new(policy: &Outliers) -> Self {
        Self {
            policy: policy.clone(),
            members: BTreeMap::new(),
        }
    }

    /// How far it may go.
    pub const fn mode(&self) -> Mode {
        self.policy.mode
    }

    /// From now on these are the endpoints. Returns those that may come back early, because of fewer
    /// endpoints fewer may be left out: first those who would have come back first.
    pub fn adopt(&mut self, endpoints: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut before = std::mem::take(&mut self.members);
        self.members = endpoints
            .into_iter()
            .map(|id| (id, before.remove(&id).unwrap_or_default()))
            .collect();
        let mut serving: Vec<_> = self
            .members
            .iter()
            .filter_map(|(id, member)| Some((member.sentence?.until, *id)))
            .collect();
        serving.sort_unstable();
        let excess = serving.len().saturating_sub(self.limit());
        serving.truncate(excess);
        let pardoned: Vec<u64> = serving.into_iter().map(|(_, id)| id).collect();
        for id in &pardoned {
            if let Some(member) = self.members.get_mut(id) {
                member.sentence = None;
            }
        }
        pardoned
    }

    /// Leaves out an endpoint from `now` on, if it may be.
    pub fn convict(&mut self, endpoint: u64, reason: Reason, now: Duration) -> Ruling {
        let room = self.ejected() < self.limit();
        let Some(member) = self.members.get_mut(&endpoint) else {
            return Ruling::Already;
        };
        if member.sentence.is_some() {
            return Ruling::Already;
        }
        member.troubled = true;
        if !room {
            return Ruling::Spared;
        }
        let longest = self.policy.max_ejection.max(self.policy.ejection);
        let length = self.policy.ejection.saturating_mul(member.steps + 1);
        if length < longest {
            member.steps += 1;
        }
        let sentence = Sentence {
            reason,
            since: now,
            until: now.saturating_add(length.min(longest)),
        };
        member.ejections += 1;
        member.sentence = Some(sentence);
        Ruling::Ejected(sentence)
    }

    /// The end of an interval: compares the endpoints by what they have answered in it, leaves out
    /// those that fall short, and lets the others forget one step.
    pub fn compare(&mut self, counts: &[(u64, Counts)], now: Duration) -> Vec<(u64, Ruling)> {
        let present: Vec<_> = counts
            .iter()
            .filter(|(id, _)| self.sentence(*id).is_none())
            .copied()
            .collect();
        let short = match self.policy.success_rate {
            Some(rule) => outliers(rule, &present),
            None => Vec::new(),
        };
        let rulings = short
            .into_iter()
            .map(|id| (id, self.convict(id, Reason::SuccessRate, now)))
            .collect();
        self.forget();
        rulings
    }

    /// Whoever did nothing wrong in this interval, and could have, takes one step back.
    fn forget(&mut self) {
        for member in self.members.values_mut() {
            if member.sentence.is_none() && !member.troubled {
                member.steps = member.steps.saturating_sub(1);
            }
            member.troubled = false;
        }
    }

    /// Lets those come back whose time is over, and names them.
    pub fn release(&mut self, now: Duration) -> Vec<u64> {
        let mut released = Vec::new();
        for (id, member) in &mut self.members {
            if member
                .sentence
                .is_some_and(|sentence| sentence.until <= now)
            {
                member.sentence = None;
                member.troubled = true;
                released.push(*id);
            }
        }
        released
    }

    /// When the next one comes back.
    pub fn next_release(&self) -> Option<Duration> {
        self.members
            .values()
            .filter_map(|member| Some(member.sentence?.until))
            .min()
    }

    /// What an endpoint serves now.
    pub fn sentence(&self, endpoint: u64) -> Option<Sentence> {
        self.members.get(&endpoint)?.sentence
    }

    /// How often an endpoint was left out so far.
    pub fn ejections(&self, endpoint: u64) -> u64 {
        self.members
            .get(&endpoint)
            .map_or(0, |member| member.ejections)
    }

    /// How many are left out now.
    pub fn ejected(&self) -> usize {
        self.members
            .values()
            .filter(|member| member.sentence.is_some())
            .count()
    }

    /// How many may be left out at a time.
    fn limit(&self) -> usize {
        match self.members.len() {
            0 | 1 => 0,
            known => (known * usize::from(self.policy.max_ejected.hundredths()) / 100).max(1),
        }
    }
}

// === impl Reason ===

impl Reason {
    /// All of them, in alphabetical order.
    pub const ALL: [Self; 2] = [Self::ConsecutiveFailures, Self::SuccessRate];

    /// The word for it in logs, metrics and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsecutiveFailures => "consecutive-failures",
            Self::SuccessRate => "success-rate",
        }
    }
}

// === impl Ruling ===

impl Ruling {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Already => "already",
            Self::Ejected(_) => "ejected",
            Self::Spared => "spared",
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
