//! Who may be picked, and how much of the traffic each is to get.
//!
//! # Priority groups
//! A group counts as whole as long as `spill_below` of its endpoints are well: the rest carry what
//! the missing ones would have. Below that it keeps the part that it is still good for, and the next
//! group gets what is left, as far as that one is good for it, and so on (the way of Envoy, whose
//! overprovisioning factor of 1.4 is a `spill_below` of 71 %). Where all groups together are not
//! good for the whole, they share it in proportion.
//!
//! # Panic
//! Where even all groups are not enough, the health of a group with less than `panic_below` well
//! endpoints is not looked at, and neither is their zone: asking those that seem ill is better than
//! overrunning the few that seem well. The same holds when nobody at all is well.
//!
//! # Zones
//! Within a group the endpoints of our own zone are a group of their own that comes first, by the
//! same rule: they share with the rest of the group when too few of them are well.
//!
//! # Slow start
//! An endpoint that has been well for less than `slow_start` gets a part of its share that grows
//! evenly from a tenth. The hashing ways do without: a key that moves to the newcomer bit by bit
//! has been to two places, and is warm in neither.

use std::{collections::BTreeMap, time::Duration};

use policy::{Balancing, Percent};

use super::{Member, Standing};

/// What a newcomer begins with.
const FIRST_SHARE: f64 = 0.1;
/// How often the weights of warming endpoints grow.
const GROWS_EVERY: Duration = Duration::from_secs(1);

/// Each member's part.
#[derive(Debug)]
pub(super) struct Shares {
    /// In proportion to the traffic that each is to get; zero for who is not to be picked.
    pub(super) weights: Box<[f64]>,
    /// Those that have any part, as groups that share the traffic.
    pub(super) groups: Vec<Group>,
    /// Every member by priority: whom to turn to when nobody with a part is left.
    pub(super) by_priority: Vec<Vec<usize>>,
    /// When somebody's part has grown (monotonic).
    pub(super) rebuild_at: Option<Duration>,
}

/// Endpoints that have a part of the traffic together.
#[derive(Debug)]
pub(super) struct Group {
    /// Of one.
    pub(super) share: f64,
    /// All who belong to it, well or not.
    pub(super) members: Vec<usize>,
    health: Health,
}

/// Whether a group's health is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Ignored,
    Respected,
}

/// What one pass over the members needs.
struct Weighing<'a> {
    members: &'a [Member<'a>],
    policy: &'a Balancing,
    slow_start: Duration,
    now: Duration,
    rebuild_at: Option<Duration>,
}

// === impl Shares ===

impl Shares {
    /// The shares of `members`, whose weights are `whole` when nothing takes from them, at `now`.
    pub(super) fn of(
        members: &[Member<'_>],
        whole: &[f64],
        policy: &Balancing,
        slow_start: Duration,
        now: Duration,
    ) -> Self {
        let mut priorities: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for (position, member) in members.iter().enumerate() {
            let group = priorities.entry(member.endpoint.priority).or_default();
            group.push(position);
        }
        let by_priority: Vec<_> = priorities.into_values().collect();
        let mut weighing = Weighing {
            members,
            policy,
            slow_start,
            now,
            rebuild_at: None,
        };
        let groups = weighing.groups(&by_priority);
        Self {
            weights: weighing.weights(&groups, whole),
            rebuild_at: weighing.rebuild_at,
            groups,
            by_priority,
        }
    }
}

// === impl Weighing ===

impl Weighing<'_> {
    fn groups(&self, by_priority: &[Vec<usize>]) -> Vec<Group> {
        let good_for: Vec<_> = by_priority.iter().map(|it| self.good_for(it)).collect();
        let sum: f64 = good_for.iter().sum();
        let enough = sum >= 1.0 - 1e-9;
        let mut left = 1.0;
        let mut groups = Vec::new();
        for (members, good_for) in by_priority.iter().zip(good_for) {
            let share = if enough {
                good_for.min(left)
            } else if sum > 0.0 {
                good_for / sum
            } else {
                members.len() as f64 / self.members.len() as f64
            };
            left -= share;
            if share <= 1e-9 {
                continue;
            }
            let panics = sum == 0.0
                || !enough && self.share_of_well(members) < of_one(self.policy.panic_below);
            if panics {
                groups.push(Group {
                    share,
                    members: members.clone(),
                    health: Health::Ignored,
                });
            } else {
                self.split_by_zone(share, members, &mut groups);
            }
        }
        groups
    }

    fn split_by_zone(&self, share: f64, members: &[usize], groups: &mut Vec<Group>) {
        let zone = self.policy.zone.as_deref();
        let (own, others): (Vec<_>, Vec<_>) = members.iter().copied().partition(|position| {
            zone.is_some() && self.members[*position].endpoint.zone.as_deref() == zone
        });
        let of_own = match self.share_of_well(&others) > 0.0 {
            true => self.good_for(&own),
            false => 1.0,
        };
        for (part, members) in [(of_own, own), (1.0 - of_own, others)] {
            if part > 1e-9 && !members.is_empty() {
                groups.push(Group {
                    share: share * part,
                    members,
                    health: Health::Respected,
                });
            }
        }
    }

    /// Which part of its traffic these can carry.
    fn good_for(&self, members: &[usize]) -> f64 {
        let well = self.share_of_well(members);
        let spill_below = of_one(self.policy.spill_below);
        match well < spill_below {
            true => well / spill_below,
            false if well > 0.0 => 1.0,
            false => 0.0,
        }
    }

    fn share_of_well(&self, members: &[usize]) -> f64 {
        let well = members
            .iter()
            .filter(|position| self.members[**position].standing != Standing::Ill)
            .count();
        well as f64 / members.len().max(1) as f64
    }

    fn weights(&mut self, groups: &[Group], whole: &[f64]) -> Box<[f64]> {
        let mut weights = vec![0.0; whole.len()];
        for group in groups {
            let mut total = 0.0;
            for position in &group.members {
                let weight = whole[*position] * self.warmth(*position, group.health);
                weights[*position] = weight;
                total += weight;
            }
            // One group alone keeps its plain weights, which are whole numbers as a rule.
            if groups.len() > 1 {
                for position in &group.members {
                    weights[*position] *= group.share / total;
                }
            }
        }
        weights.into()
    }

    /// Which part of its whole weight it gets.
    fn warmth(&mut self, position: usize, health: Health) -> f64 {
        match (self.members[position].standing, health) {
            (_, Health::Ignored) | (Standing::Well { since: None }, _) => 1.0,
            (Standing::Ill, Health::Respected) => 0.0,
            (Standing::Well { since: Some(since) }, Health::Respected) => {
                let been = self.now.saturating_sub(since);
                if been >= self.slow_start {
                    return 1.0;
                }
                self.rebuild_at = Some(self.now + GROWS_EVERY);
                been.div_duration_f64(self.slow_start).max(FIRST_SHARE)
            }
        }
    }
}

fn of_one(percent: Percent) -> f64 {
    f64::from(percent.hundredths()) / 100.0
}

#[cfg(test)]
mod tests;
