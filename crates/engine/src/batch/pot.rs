//! Requests that wait for others to go with.

use super::{member::Member, plan::Plan};

/// The longest request that batches make, in bytes: every server reads targets of 8000 (RFC 9110,
/// section 4.1), and the rest of the target needs its place, too.
const MAX_TARGET: usize = 4 * 1024;
/// The longest body that batches make, in bytes.
const MAX_BODY: usize = 1024 * 1024;

/// The members of one batch to be, each with whatever its answer goes to.
#[derive(Debug)]
pub struct Pot<T> {
    members: Vec<(Member, T)>,
    weight: usize,
    max_size: usize,
    max_weight: usize,
}

/// What became of a request that was to join the others.
#[derive(Debug)]
pub enum Offered<T> {
    /// It joined, and now there are enough: send the batch at once.
    Full,
    /// The request would become too long with it: send the batch without it.
    TooHeavy(Member, T),
    /// It waits with the others.
    Waiting,
}

// === impl Pot ===

impl<T> Pot<T> {
    /// An empty one for a route with this plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            members: Vec::new(),
            weight: 0,
            max_size: plan.max_size.get(),
            max_weight: if plan.has_body() {
                MAX_BODY
            } else {
                MAX_TARGET
            },
        }
    }

    /// Takes one more in; the first always finds its place.
    pub fn offer(&mut self, member: Member, own: T) -> Offered<T> {
        let weight = self.weight + member.weight();
        if weight > self.max_weight && !self.members.is_empty() {
            return Offered::TooHeavy(member, own);
        }
        self.weight = weight;
        self.members.push((member, own));
        if self.members.len() >= self.max_size {
            Offered::Full
        } else {
            Offered::Waiting
        }
    }

    /// Those who wait.
    pub fn into_members(self) -> Vec<(Member, T)> {
        self.members
    }
}
