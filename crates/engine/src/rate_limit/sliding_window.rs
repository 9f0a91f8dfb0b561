//! Never more than the quota in any window, wherever it begins.
//!
//! # Exact both ways, or in one
//! What was allowed is remembered by its time. As long as the quota fits into [`MARKS`] marks (as 5 a
//! minute or 3 an hour do), each request has a mark of its own, and the window is exact both ways: the
//! fourth of 3 an hour may come exactly an hour after the first. A greater quota shares: what falls
//! into the same slot, a fifteenth of the window (and of the wait), has one mark at the time of the
//! latest. It counts until that time has left the window, so that there is never more than the quota in
//! any window; but the earlier ones of a slot count up to a slot too long. Who asks steadily for more
//! than the quota gets at least 15/16 of it.
//!
//! The usual approximation (the last window's count, weighted by how much of it is left) is smaller,
//! but allows up to twice the quota in a window that lies badly.
//!
//! # Without room
//! Where there is no room for a caller's history, a single number has to do: see
//! [`SlidingWindow::decide_coarse`], which never allows more either, but only half of the quota at once
//! and the other half spread over the window.

use std::time::Duration;

use policy::Rate;

use super::{Ask, Cell, Factor, History, Settlement, Verdict, gcra::place, history::Ruler, nanos};

/// So many marks a history has at most.
pub const MARKS: usize = 16;

/// A limit of so much in any window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlidingWindow {
    quota: u32,
    window: u64,
    /// Nanoseconds that a request may wait.
    patience: u64,
    /// The marks with which nothing has to share one, or [`MARKS`].
    marks: usize,
    /// The slots in which that many marks are shared; 0 where none is.
    grain: u64,
    coarse: Coarse,
}

/// The same bound, kept by one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Coarse {
    interval: u64,
    full: u64,
    reach: u64,
}

// === impl SlidingWindow ===

impl SlidingWindow {
    /// As much in any window as the rate says, for requests that wait at most for `patience`.
    pub fn new(rate: Rate, patience: Duration) -> Self {
        let window = nanos(rate.per()).max(1);
        let patience = nanos(patience);
        let quota = rate.events();
        // What waits is remembered as well: as much as in the windows until its turn.
        let windows = patience.div_ceil(window).saturating_add(1);
        let needed = u64::from(quota).saturating_mul(windows);
        let grain = match needed <= MARKS as u64 {
            true => 0,
            false => window.saturating_add(patience).div_ceil(MARKS as u64 - 1),
        };
        Self {
            quota,
            window,
            patience,
            marks: usize::try_from(needed).map_or(MARKS, |needed| needed.min(MARKS)),
            grain,
            coarse: Coarse::new(quota, window, patience),
        }
    }

    /// The same, for callers that may be slowed down so far.
    pub(super) fn slowing(mut self, slowest: Factor) -> Self {
        let reach = self.coarse.reach.saturating_sub(self.patience);
        self.coarse.reach = slowest.slowed(reach).saturating_add(self.patience);
        self
    }

    /// As much as may come in a window.
    pub fn quota(&self) -> u32 {
        self.quota
    }

    /// How long a window is.
    pub fn window(&self) -> Duration {
        Duration::from_nanos(self.window)
    }

    /// So many marks a history of this limit has at most.
    pub fn marks(&self) -> usize {
        self.marks
    }

    /// Decides one request, and remembers it in at most `most` marks; fewer than
    /// [`SlidingWindow::marks`] make the window stricter, never more lenient.
    pub fn decide(&self, history: &mut History, most: usize, ask: &Ask) -> Verdict {
        let asked = nanos(ask.now);
        let now = history.catch_up(asked, self.reach(), self.window);
        let cost = ask.cost.min(self.quota);
        let used: u64 = history
            .marks()
            .iter()
            .map(|mark| u64::from(mark.cost))
            .sum();
        let quota = u64::from(ask.factor.of_quota(self.quota).max(cost));
        let over = (used + u64::from(cost)).saturating_sub(quota);
        let Some(turn) = self.turn(history, over, now) else {
            return Verdict::deny(self.window);
        };
        if turn == now {
            history.add(turn, cost, self.ruler(most));
            return Verdict::allow(quota - used - u64::from(cost), history.until() - asked);
        }
        let wait = turn - asked;
        if wait > self.patience.min(nanos(ask.longest_wait)) {
            return Verdict::deny(wait);
        }
        history.add(turn, cost, self.ruler(most));
        Verdict::wait(wait, history.until().saturating_sub(turn))
    }

    /// Puts right what a request that was allowed has cost.
    pub fn settle(
        &self,
        history: &mut History,
        most: usize,
        settlement: &Settlement,
        now: Duration,
    ) {
        let charged = settlement.charged.min(self.quota);
        let now = history.catch_up(nanos(now), self.reach(), self.window);
        if settlement.actual < charged {
            let less = charged - settlement.actual;
            history.take_back(nanos(settlement.turn), less, self.window);
            return;
        }
        let used = history
            .marks()
            .iter()
            .map(|mark| u64::from(mark.cost))
            .sum();
        let deepest = (2 * u64::from(self.quota)).saturating_sub(used);
        let more = u64::from(settlement.actual - charged).min(deepest);
        if more > 0 {
            // No more than twice a quota.
            history.add(
                now,
                u32::try_from(more).unwrap_or(u32::MAX),
                self.ruler(most),
            );
        }
    }

    /// Decides one request of a caller for whose history there is no room, by one number.
    ///
    /// In any window of the length `w`, `half + w / interval` is allowed at most, where `half` is half
    /// of the quota and `interval` such that this is the quota and not more.
    pub fn decide_coarse(&self, cell: Cell, ask: &Ask) -> (Verdict, Cell) {
        let now = nanos(ask.now);
        let coarse = &self.coarse;
        let cell = cell.0.min(now.saturating_add(coarse.reach));
        let cost = u64::from(ask.cost.min(self.quota));
        let step = ask.factor.slowed(coarse.interval.saturating_mul(cost));
        let Some(place) = place(cell, step, coarse.full, now) else {
            return (Verdict::deny(self.window), Cell(cell));
        };
        let reset = place.next - place.turn;
        match place.turn - now {
            0 => {
                let left = now.saturating_add(coarse.full).saturating_sub(place.next);
                let unit = ask.factor.slowed(coarse.interval);
                (Verdict::allow(left / unit, reset), Cell(place.next))
            }
            wait if wait <= self.patience.min(nanos(ask.longest_wait)) => {
                (Verdict::wait(wait, reset), Cell(place.next))
            }
            wait => (Verdict::deny(wait), Cell(cell)),
        }
    }

    /// Debits what a request has cost beyond what it was charged, from a single number; there, nothing
    /// is given back.
    pub fn settle_coarse(&self, cell: Cell, settlement: &Settlement, now: Duration) -> Cell {
        let now = nanos(now);
        let charged = settlement.charged.min(self.quota);
        match settlement.actual.saturating_sub(charged) {
            0 => cell,
            more => {
                let more = u64::from(more).saturating_mul(self.coarse.interval);
                let most = now.saturating_add(self.coarse.reach);
                Cell(cell.0.max(now).saturating_add(more).min(most))
            }
        }
    }

    /// The history of a caller for whom there is room again, and about whom a single number is known:
    /// as much as it can have been allowed, as late as it can have been.
    pub fn history_of(&self, cell: Cell, now: Duration) -> History {
        let now = nanos(now);
        let mut history = History::default();
        history.catch_up(now, self.reach(), self.window);
        let Coarse {
            interval, reach, ..
        } = self.coarse;
        let cell = cell.0.min(now.saturating_add(reach));
        let Some(latest) = cell.checked_sub(interval) else {
            return history;
        };
        let latest = latest.min(now.saturating_add(self.patience));
        if latest.saturating_add(self.window) > now {
            let most = (cell.saturating_add(self.window) - now).div_ceil(interval);
            let most = u32::try_from(most).unwrap_or(u32::MAX).min(self.quota);
            history.add(latest, most, self.ruler(1));
        }
        history
    }

    /// When `over` will have left the window.
    fn turn(&self, history: &History, over: u64, now: u64) -> Option<u64> {
        if over == 0 {
            return Some(now);
        }
        let mut left = 0;
        let mark = history.marks().iter().find(|mark| {
            left += u64::from(mark.cost);
            left >= over
        });
        mark?.at.checked_add(self.window)
    }

    /// How far ahead of `now` a time can lie that was seen, or that somebody waits for, unless the
    /// clock was wrong.
    fn reach(&self) -> u64 {
        self.window.saturating_add(self.patience)
    }

    fn ruler(&self, most: usize) -> Ruler {
        let most = most.clamp(1, self.marks);
        let grain = match most as u64 {
            _ if most == self.marks => self.grain,
            1 => u64::MAX,
            most => self.reach().div_ceil(most - 1),
        };
        Ruler {
            grain,
            most,
            window: self.window,
        }
    }
}

// === impl Coarse ===

impl Coarse {
    fn new(quota: u32, window: u64, patience: u64) -> Self {
        let half = quota.div_ceil(2);
        // `half` at once, and in less than a window no more than the others.
        let interval = window.div_ceil(u64::from(quota - half) + 1);
        let full = interval.saturating_mul(u64::from(half));
        let whole = interval.saturating_mul(u64::from(quota));
        Self {
            interval,
            full,
            reach: whole.saturating_add(full).saturating_add(patience),
        }
    }
}
