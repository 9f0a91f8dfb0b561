//! The pots of one route.

use std::{collections::HashMap, sync::Arc, time::Duration};

use engine::batch::{
    BatchOutcome, Member, MemberOutcome, Offered, Plan, Pot, Standing, Trust, Unplannable,
};
use parking_lot::Mutex;
use policy::{BatchPolicy, Mode, Route};
use tokio::sync::oneshot;

use super::{Verdict, sending};
use crate::{clock, errand::Errand, places::Places};

/// So many pots of one route may be open: callers that differ in everything, each with a long key,
/// must not fill the memory.
const MAX_POTS: usize = 256;

/// What puts the requests of one route together.
#[derive(Debug)]
pub(crate) struct Collector {
    pub(super) plan: Plan,
    pub(super) policy: BatchPolicy,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By what their members agree in.
    pots: HashMap<Arc<[u8]>, Open>,
    opened: u64,
    standing: Standing,
}

/// A pot, and how to tell who watches over it that it is full.
#[derive(Debug)]
struct Open {
    number: u64,
    pot: Pot<Option<Seat>>,
    full: oneshot::Sender<Members>,
}

/// Where a member waits.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) verdict: oneshot::Sender<Verdict>,
    /// What its caller has in flight is the batch, should it leave meanwhile.
    pub(super) places: Places,
}

/// Those who go together; in shadow mode they wait nowhere.
pub(super) type Members = Vec<(Member, Option<Seat>)>;

/// A pot that was opened, for the one who watches over it.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) key: Arc<[u8]>,
    number: u64,
    pub(super) filled: oneshot::Receiver<Members>,
}

// === impl Collector ===

impl Collector {
    /// The one of a route whose policy asks for it.
    pub(crate) fn of(route: &Route) -> Result<Option<Self>, Unplannable> {
        let policy = route.batch.as_ref();
        let Some(policy) = policy.filter(|policy| policy.mode != Mode::Off) else {
            return Ok(None);
        };
        Ok(Some(Self {
            plan: Plan::new(policy, &route.matches.path)?,
            policy: policy.clone(),
            waiting: Mutex::default(),
        }))
    }

    pub(super) fn mode(&self) -> Mode {
        self.policy.mode
    }

    /// Counts what became of a request.
    pub(super) fn count(&self, errand: &Errand, outcome: MemberOutcome) {
        errand.snapshot.metrics.batch_request(errand.route, outcome);
    }

    /// Puts `member` into the pot it belongs to, or says why it goes alone.
    pub(super) fn join(
        &self,
        errand: &Errand,
        member: Member,
        seat: Option<Seat>,
    ) -> Result<(), MemberOutcome> {
        let watch = match self.waiting.lock().join(&self.plan, member, seat)? {
            Some(watch) => watch,
            None => return Ok(()),
        };
        tokio::spawn(sending::watch_over(errand.for_batch(), watch));
        Ok(())
    }

    /// Takes the members of a pot out, unless that was done already.
    pub(super) fn close(&self, watch: &Watch) -> Option<Members> {
        let mut waiting = self.waiting.lock();
        let open = waiting.pots.get(&watch.key)?;
        if open.number != watch.number {
            return None;
        }
        let open = waiting.pots.remove(&watch.key)?;
        Some(open.pot.into_members())
    }

    /// Takes note of how a batch ended.
    pub(super) fn ended(&self, route: &str, outcome: BatchOutcome) {
        let now = clock::monotonic();
        let mut waiting = self.waiting.lock();
        let before = waiting.standing;
        waiting.standing = match outcome {
            BatchOutcome::Split => before.succeeded(),
            _ => before.failed(now, fastrand::u32(..)),
        };
        let (was, is) = (before.decide(now), waiting.standing.decide(now));
        drop(waiting);
        if let (Trust::Trusted, Trust::Paused(until)) = (was, is) {
            let pause = until.saturating_sub(now);
            let reason = outcome.as_str();
            tracing::warn!(route, reason, ?pause, "batches go on failing: paused");
        }
    }

    /// How long the first of a batch waits.
    pub(super) fn max_wait(&self) -> Duration {
        self.policy.max_wait
    }
}

// === impl Waiting ===

impl Waiting {
    fn join(
        &mut self,
        plan: &Plan,
        member: Member,
        seat: Option<Seat>,
    ) -> Result<Option<Watch>, MemberOutcome> {
        if let Trust::Paused(_) = self.standing.decide(clock::monotonic()) {
            return Err(MemberOutcome::Paused);
        }
        let key: Arc<[u8]> = member.key().into();
        // One whose watcher is gone would wait for ever.
        let open = self.pots.get_mut(&key);
        let (member, seat) = match open.filter(|open| !open.full.is_closed()) {
            None => (member, seat),
            Some(open) => match open.pot.offer(member, seat) {
                Offered::Waiting => return Ok(None),
                Offered::Full => {
                    self.send_off(&key);
                    return Ok(None);
                }
                Offered::TooHeavy(member, seat) => {
                    self.send_off(&key);
                    (member, seat)
                }
            },
        };
        if self.pots.len() >= MAX_POTS && !self.pots.contains_key(&key) {
            return Err(MemberOutcome::Crowded);
        }
        Ok(Some(self.open(key, plan, member, seat)))
    }

    fn open(&mut self, key: Arc<[u8]>, plan: &Plan, member: Member, seat: Option<Seat>) -> Watch {
        let (full, filled) = oneshot::channel();
        let mut pot = Pot::new(plan);
        // The first is never too many, because a batch is two or more.
        let _waits = pot.offer(member, seat);
        self.opened += 1;
        let number = self.opened;
        let open = Open { number, pot, full };
        self.pots.insert(Arc::clone(&key), open);
        Watch {
            key,
            number,
            filled,
        }
    }

    /// Hands the members of a full pot to the one who watches over it.
    fn send_off(&mut self, key: &[u8]) {
        if let Some(open) = self.pots.remove(key) {
            // Should nobody watch any more, the members are told so by the loss of their seats.
            let _unwatched = open.full.send(open.pot.into_members());
        }
    }
}
