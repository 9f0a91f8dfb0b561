//! The room that an upstream has, shared by all requests for it.
//!
//! What is decided is decided by [`engine::capacity`]; here are the lock around it, and the ways to
//! wait and to be told. The lock is held for as long as it takes to count, never while somebody
//! waits, and whoever finds room takes it once on the way in and once on the way out.
//!
//! Nothing leaks, however a request ends. A place is a [`Permit`], which gives itself back when it is
//! dropped. Somebody who waits is a [`Waiting`], which leaves the queue when it is dropped; was it
//! given a permit at that very moment, the permit is dropped with the channel it was sent through.

mod tally;

use std::{sync::Arc, time::Duration};

use engine::{
    attempt::Attempt,
    capacity::{Joined, Leaving, Limit, Load, Queue, ShedReason, Token},
    failure::Failure,
    outcome::ProtectOutcome,
};
use parking_lot::{Mutex, MutexGuard};
use policy::{Capacity, Mode, Priority};
use telemetry::CapacityFigures;
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use self::tally::Tally;
use crate::clock;

/// The room of one upstream.
#[derive(Debug)]
pub(crate) struct CapacityCell {
    mode: Mode,
    places: u32,
    queue_timeout: Duration,
    room: Mutex<Room>,
    tally: Tally,
}

/// Who has it, and who waits for it.
#[derive(Debug)]
struct Room {
    limit: Limit,
    in_flight: u32,
    queue: Queue<Waiter>,
    /// When somebody was last refused (monotonic).
    refused_at: Option<Duration>,
}

/// Who asks for room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) class: Priority,
    pub(crate) purpose: Purpose,
    /// When the answer is of no use any more.
    pub(crate) deadline: Option<Instant>,
}

/// Whether somebody waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody does.
    Answer,
    /// Nobody does: it is asked for in case somebody will. It leaves a reserve alone, and does not
    /// wait.
    Background,
}

/// What somebody gets who asks for room.
#[derive(Debug)]
pub(crate) enum Entering {
    /// He may go on.
    Go(Permit, ProtectOutcome),
    /// He may not.
    Refused(Refused),
    /// He has to wait.
    Wait(Waiting),
}

/// A place among those in flight, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Permit(Arc<CapacityCell>);

/// Somebody who is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    reason: ShedReason,
    /// Asking again makes sense after this long.
    pub(crate) retry_after: Duration,
}

/// Somebody who waits for room.
#[derive(Debug)]
pub(crate) struct Waiting {
    cell: Arc<CapacityCell>,
    class: Priority,
    token: Token,
    told: oneshot::Receiver<Told>,
    since: Duration,
    until: Instant,
}

type Told = Result<Permit, Refused>;

/// The same as the queue sees him.
#[derive(Debug)]
struct Waiter {
    class: Priority,
    tell: oneshot::Sender<Told>,
}

// === impl CapacityCell ===

impl CapacityCell {
    /// One that acts, if the policy asks for it.
    pub(crate) fn new(policy: Option<&Capacity>) -> Option<Arc<Self>> {
        let policy = policy.filter(|policy| policy.mode != Mode::Off)?;
        Some(Arc::new(Self {
            mode: policy.mode,
            places: policy.queue,
            queue_timeout: policy.queue_timeout,
            room: Mutex::new(Room {
                limit: Limit::new(policy.min, policy.max, policy.initial),
                in_flight: 0,
                queue: Queue::new(policy.queue),
                refused_at: None,
            }),
            tally: Tally::default(),
        }))
    }

    /// Asks for room.
    pub(crate) fn enter(self: &Arc<Self>, claim: Claim) -> Entering {
        if self.mode == Mode::Shadow {
            return self.enter_anyway(claim);
        }
        let now = clock::monotonic();
        let mut room = self.room.lock();
        if room.has_room(claim.purpose, now) {
            room.in_flight += 1;
            drop(room);
            return Entering::Go(Permit(Arc::clone(self)), ProtectOutcome::Go);
        }
        if claim.purpose == Purpose::Background {
            let refused = room.refuse(ShedReason::Full, now);
            drop(room);
            return self.refused(claim.class, refused);
        }
        self.queue_up(room, claim, now)
    }

    fn queue_up(
        self: &Arc<Self>,
        mut room: MutexGuard<'_, Room>,
        claim: Claim,
        now: Duration,
    ) -> Entering {
        let began = Instant::now();
        let left = claim.deadline.map_or(Duration::MAX, |deadline| {
            deadline.saturating_duration_since(began)
        });
        let patience = self.queue_timeout.min(left);
        let (tell, told) = oneshot::channel();
        let class = claim.class;
        // Those whose time is up leave by themselves, unless their thread is too busy to wake them.
        let late = room.queue.expired(now);
        let late = late.map(|waiter| (waiter, room.refuse(ShedReason::TimedOut, now)));
        let waiter = Waiter { class, tell };
        let (token, displaced) = match room.queue.join(waiter, class, now + patience, now) {
            Joined::Displaced(token, other) => {
                let refused = room.refuse(ShedReason::Displaced, now);
                (Ok(token), Some((other, refused)))
            }
            Joined::Full(_) => (Err(room.refuse(ShedReason::Full, now)), None),
            Joined::Waits(token) => (Ok(token), None),
        };
        drop(room);
        for (waiter, refused) in [late, displaced].into_iter().flatten() {
            self.tell_refused(waiter, refused);
        }
        match token {
            Ok(token) => Entering::Wait(Waiting {
                cell: Arc::clone(self),
                class,
                token,
                told,
                since: now,
                until: began + patience,
            }),
            Err(refused) => self.refused(class, refused),
        }
    }

    /// Shadow mode: counts what would have been, and lets everybody through.
    fn enter_anyway(self: &Arc<Self>, claim: Claim) -> Entering {
        let mut room = self.room.lock();
        let limit = room.limit.current();
        let before = room.in_flight;
        room.in_flight += 1;
        drop(room);
        if before >= limit.saturating_add(self.places) {
            self.tally.shed(claim.class, ShedReason::Full);
        }
        let outcome = if before < limit {
            ProtectOutcome::Go
        } else {
            ProtectOutcome::Shadow
        };
        Entering::Go(Permit(Arc::clone(self)), outcome)
    }

    /// Learns how a try ended that has a permit.
    pub(crate) fn learn(self: &Arc<Self>, attempt: &Attempt) {
        let now = clock::monotonic();
        let mut room = self.room.lock();
        let in_flight = room.in_flight;
        room.limit.learn(attempt, in_flight, now);
        let waits = !room.queue.is_empty();
        drop(room);
        if waits {
            self.serve();
        }
    }

    /// The share of their budgets that retries, hedges and warming have left: 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        match self.mode {
            Mode::Enforce => self.room.lock().load().share(clock::monotonic()),
            Mode::Off | Mode::Shadow => 1.0,
        }
    }

    /// What is told of it, under the name of its upstream.
    pub(crate) fn figures(&self, upstream: &str) -> CapacityFigures {
        let share = self.share();
        let room = self.room.lock();
        let load = room.load();
        let idle_latency = room.limit.idle_latency();
        drop(room);
        CapacityFigures {
            upstream: upstream.to_owned(),
            mode: self.mode,
            limit: load.limit,
            in_flight: load.in_flight,
            queued: load.queued,
            share,
            idle_latency,
            shed: self.tally.shed_so_far(),
            waited: self.tally.waits.so_far(),
        }
    }

    /// Gives free room to those who wait for it.
    fn serve(self: &Arc<Self>) {
        loop {
            let now = clock::monotonic();
            let mut room = self.room.lock();
            if room.in_flight >= room.limit.current() {
                return;
            }
            match room.queue.next(now) {
                None => return,
                Some(Leaving::Turn(waiter)) => {
                    room.in_flight += 1;
                    drop(room);
                    // Who has left at this very moment drops the permit with the channel.
                    let _gone = waiter.tell.send(Ok(Permit(Arc::clone(self))));
                }
                Some(Leaving::Expired(waiter)) => {
                    let refused = room.refuse(ShedReason::TimedOut, now);
                    drop(room);
                    self.tell_refused(waiter, refused);
                }
            }
        }
    }

    fn refused(&self, class: Priority, refused: Refused) -> Entering {
        self.tally.shed(class, refused.reason);
        Entering::Refused(refused)
    }

    fn tell_refused(&self, waiter: Waiter, refused: Refused) {
        self.tally.shed(waiter.class, refused.reason);
        let _gone = waiter.tell.send(Err(refused));
    }
}

// === impl Room ===

impl Room {
    fn load(&self) -> Load {
        Load {
            limit: self.limit.current(),
            in_flight: self.in_flight,
            queued: self.queue.len(),
            refused_at: self.refused_at,
        }
    }

    /// Whoever comes now does not overtake those who wait.
    fn has_room(&self, purpose: Purpose, now: Duration) -> bool {
        match purpose {
            Purpose::Answer => self.queue.is_empty() && self.in_flight < self.limit.current(),
            Purpose::Background => self.load().share(now) > 0.0,
        }
    }

    fn refuse(&mut self, reason: ShedReason, now: Duration) -> Refused {
        self.refused_at = Some(now);
        Refused {
            reason,
            retry_after: self.load().retry_after(self.limit.latency()),
        }
    }
}

// === impl Refused ===

impl Refused {
    /// What the request fails with.
    pub(crate) const fn failure(self) -> Failure {
        self.reason.failure()
    }
}

// === impl Permit ===

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.room.lock().in_flight -= 1;
        self.0.serve();
    }
}

// === impl Waiting ===

impl Waiting {
    /// Waits for room, as long as it may.
    pub(crate) async fn wait(mut self) -> Told {
        let told = match timeout_at(self.until, &mut self.told).await {
            Ok(told) => told.ok(),
            Err(_elapsed) => self.give_up(),
        };
        match told {
            Some(Ok(permit)) => {
                let waited = clock::monotonic().saturating_sub(self.since);
                self.cell.tally.waits.observe(waited);
                Ok(permit)
            }
            Some(Err(refused)) => Err(refused),
            None => {
                let now = clock::monotonic();
                let refused = self.cell.room.lock().refuse(ShedReason::TimedOut, now);
                self.cell.tally.shed(self.class, refused.reason);
                Err(refused)
            }
        }
    }

    /// Leaves the queue, unless something was told at this very moment.
    fn give_up(&mut self) -> Option<Told> {
        if self.cell.room.lock().queue.leave(self.token).is_some() {
            return None;
        }
        self.told.try_recv().ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let left = self.cell.room.lock().queue.leave(self.token);
        drop(left);
    }
}

#[cfg(test)]
mod tests;
