//! What a sliding window remembers of one caller.

use std::time::Duration;

use super::nanos;

/// What was allowed, as marks in time: at the latest time of what a mark stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The latest time that was seen.
    seen: u64,
    /// When nothing of it matters any more.
    until: u64,
    /// By time.
    marks: Vec<Mark>,
}

/// The bytes that one mark takes.
pub const MARK_BYTES: usize = size_of::<Mark>();

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at: u64,
    pub(super) cost: u32,
}

/// How marks are put down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruler {
    /// What falls into the same slot of this length shares a mark; 0 for no sharing.
    pub(super) grain: u64,
    /// So many marks at most, and one at least.
    pub(super) most: usize,
    /// For so long a mark counts.
    pub(super) window: u64,
}

/// The first marks of a caller.
const FIRST: usize = 2;

// === impl History ===

impl History {
    /// So many marks fit in without another allocation.
    pub fn room(&self) -> usize {
        self.marks.capacity()
    }

    /// Whether nothing of it matters any more at this monotonic time.
    pub fn is_spent(&self, now: Duration) -> bool {
        self.until <= nanos(now)
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Until the last of it has left the window.
    pub(super) fn until(&self) -> u64 {
        self.until
    }

    /// Brings it to `now`, and gives the time that counts: never before one that was seen, unless that
    /// is further ahead than `reach`.
    pub(super) fn catch_up(&mut self, now: u64, reach: u64, window: u64) -> u64 {
        let ceiling = now.saturating_add(reach);
        if self.until > ceiling.saturating_add(window) || self.seen > ceiling {
            self.seen = self.seen.min(ceiling);
            self.until = self.until.min(ceiling.saturating_add(window));
            for mark in &mut self.marks {
                mark.at = mark.at.min(ceiling);
            }
        }
        self.seen = self.seen.max(now);
        let seen = self.seen;
        let gone = self
            .marks
            .partition_point(|mark| mark.at.saturating_add(window) <= seen);
        self.marks.drain(..gone);
        seen
    }

    /// Remembers that `cost` was allowed at `at`.
    pub(super) fn add(&mut self, at: u64, cost: u32, ruler: Ruler) {
        self.until = self.until.max(at.saturating_add(ruler.window));
        let next = self.marks.partition_point(|mark| mark.at < at);
        let share = |mark: &Mark| match ruler.grain {
            0 => mark.at == at,
            grain => mark.at / grain == at / grain,
        };
        if let Some(mark) = self.marks.get_mut(next).filter(|mark| share(mark)) {
            mark.cost = mark.cost.saturating_add(cost);
            return;
        }
        if let Some(mark) = next
            .checked_sub(1)
            .and_then(|last| self.marks.get_mut(last))
            && share(mark)
        {
            mark.at = at;
            mark.cost = mark.cost.saturating_add(cost);
            return;
        }
        self.insert(next, Mark { at, cost }, ruler.most.max(1));
    }

    /// Takes back up to `cost` of what was allowed at `turn`, if it is sure to be remembered yet.
    pub(super) fn take_back(&mut self, turn: u64, cost: u32, window: u64) {
        if turn.saturating_add(window) <= self.seen {
            return;
        }
        // Where it is, or before: what goes earlier than it should can only make the rest stricter.
        let place = self.marks.partition_point(|mark| mark.at < turn);
        if let Some(mark) = self.marks.get_mut(place) {
            mark.cost = mark.cost.saturating_sub(cost);
            if mark.cost == 0 {
                self.marks.remove(place);
            }
        }
    }

    fn insert(&mut self, place: usize, mark: Mark, most: usize) {
        if self.marks.len() >= most {
            return self.squeeze(mark);
        }
        if self.marks.len() == self.marks.capacity() {
            let room = (2 * self.marks.len()).clamp(FIRST.min(most), most);
            self.marks.reserve_exact(room - self.marks.len());
        }
        self.marks.insert(place, mark);
    }

    /// Makes room by joining the two that are nearest in time, at the later time.
    fn squeeze(&mut self, mark: Mark) {
        let gaps = self.marks.windows(2).map(|two| two[1].at - two[0].at);
        let nearest = gaps.enumerate().min_by_key(|(_, gap)| *gap);
        let Some((nearest, _)) = nearest else {
            for one in &mut self.marks {
                one.at = one.at.max(mark.at);
                one.cost = one.cost.saturating_add(mark.cost);
            }
            return;
        };
        let joined = self.marks.remove(nearest);
        self.marks[nearest].cost = self.marks[nearest].cost.saturating_add(joined.cost);
        let place = self.marks.partition_point(|other| other.at < mark.at);
        self.marks.insert(place, mark);
    }
}
