//! Where rate limits remember their callers, in bounded memory.
//!
//! **Exact while there is room.** Each caller of each limit has a place of its own: a cell in
//! [`cells`], or a history in [`windows`]. What has passed says nothing any more (a new one would say
//! the same), so its place may be taken by somebody else; nothing is lost by it.
//!
//! **Never a fresh bucket under pressure.** Where all places for a newcomer are taken by callers that
//! still matter, he is counted in a [`sketch`] that he shares with others. Nobody's place is taken
//! before its time, and nobody gets a place as long as the sketch says something of him: so rotating
//! keys does not buy an abuser a full bucket, as it does where the least recently used is evicted.
//!
//! **Certain blame only.** Who is to blame for a denial ([`engine::rate_limit::Blame`]) can be said
//! of callers with a place of their own. What a sketch says may be about others, and so it never
//! becomes the beginning of a caller's own history: a place holds what its caller did, and nothing else.
//!
//! **Fixed memory.** Of the share, three eighths hold cells, three eighths the sketches, and a quarter
//! histories. All of it is counted at its full size from the start, although the system gives the pages
//! only when they are first touched.

mod cells;
mod places;
mod sketch;
mod windows;

use std::time::Duration;

use engine::rate_limit::{Ask, Cell, Gcra, History, Limiter, Settlement, SlidingWindow, Verdict};
use parking_lot::Mutex;

use self::{
    cells::Cells,
    places::{Key, Place},
    sketch::Sketches,
    windows::Windows,
};

const SHARDS: usize = 16;

/// What every limit remembers of every caller.
#[derive(Debug)]
pub struct LimiterCells {
    shards: Box<[Mutex<Shard>]>,
}

/// How the cells are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimiterFigures {
    /// Bytes that are set aside, touched or not.
    pub bytes: u64,
    /// Callers that have, or had, a place of their own.
    pub callers: u64,
    /// Decisions that were taken from a sketch, for want of a place.
    pub shared: u64,
}

/// Whether it is known what a request costs when it is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// Its answer tells; it is charged a guess until then.
    Guessed,
    /// It is what it is charged.
    Known,
}

#[derive(Debug)]
struct Shard {
    cells: Cells,
    windows: Windows,
    sketches: Sketches,
    shared: u64,
}

// === impl LimiterCells ===

impl LimiterCells {
    /// Cells in at most `bytes` of memory, but for the least that is needed: some 20 KiB.
    pub fn new(bytes: u64) -> Self {
        let bytes = usize::try_from(bytes / SHARDS as u64).unwrap_or(usize::MAX);
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(bytes)));
        Self {
            shards: shards.collect(),
        }
    }

    /// Decides one request of a caller; `key` is a [hash](crate::hash) of limit and caller.
    pub fn decide(&self, key: u128, limiter: &Limiter, ask: &Ask) -> Verdict {
        let key = Key::new(key);
        let mut shard = self.shards[key.shard(SHARDS)].lock();
        match limiter {
            Limiter::Gcra(gcra) => shard.decide_cell(key, gcra, ask),
            Limiter::SlidingWindow(window) => shard.decide_window(key, window, ask),
        }
    }

    /// As [`Self::decide`], for a limit that takes a part of its callers' quotas away at times.
    ///
    /// Beside what such a caller has done there is what it would have been allowed if it had had the
    /// whole of its quota all along: that tells who is to blame for a denial. It costs a second place.
    ///
    /// What a request that was refused would have cost is not known where only its answer can tell
    /// ([`Price::Guessed`]), and may be much less than it was charged: there a refused one is not
    /// counted beside either.
    pub fn decide_tightened(
        &self,
        key: u128,
        limiter: &Limiter,
        ask: &Ask,
        price: Price,
    ) -> Verdict {
        let (beside, unhindered) = (untightened(key), ask.unhindered());
        let verdict = self.decide(key, limiter, ask);
        match (price, verdict) {
            (Price::Guessed, Verdict::Deny { .. }) => match self.peek(beside, limiter, &unhindered)
            {
                Some(other) => verdict.beside(other),
                None => verdict.blaming_others(),
            },
            _ => verdict.beside(self.decide(beside, limiter, &unhindered)),
        }
    }

    /// What a caller with a place of its own would be told, without counting it.
    fn peek(&self, key: u128, limiter: &Limiter, ask: &Ask) -> Option<Verdict> {
        let key = Key::new(key);
        let mut shard = self.shards[key.shard(SHARDS)].lock();
        match limiter {
            Limiter::Gcra(gcra) => match shard.cells.place(key, nanos(ask.now)) {
                Place::Own(cell) => Some(gcra.decide(Cell(*cell), ask).0),
                Place::Free(_) | Place::None => None,
            },
            Limiter::SlidingWindow(window) => {
                let mut history = shard.windows.history(key)?.clone();
                Some(window.decide(&mut history, window.marks(), ask))
            }
        }
    }

    /// As [`Self::settle`], for such a limit.
    pub fn settle_tightened(
        &self,
        key: u128,
        limiter: &Limiter,
        settlement: &Settlement,
        now: Duration,
    ) {
        for key in [key, untightened(key)] {
            self.settle(key, limiter, settlement, now);
        }
    }

    /// Puts right what a request that was allowed has cost after all.
    pub fn settle(&self, key: u128, limiter: &Limiter, settlement: &Settlement, now: Duration) {
        if settlement.charged == settlement.actual {
            return;
        }
        let key = Key::new(key);
        let mut shard = self.shards[key.shard(SHARDS)].lock();
        match limiter {
            Limiter::Gcra(gcra) => shard.settle_cell(key, gcra, settlement, now),
            Limiter::SlidingWindow(window) => shard.settle_window(key, window, settlement, now),
        }
    }

    /// How the cells are used; reads all of them.
    pub fn figures(&self) -> LimiterFigures {
        let mut figures = LimiterFigures::default();
        for shard in &self.shards {
            let shard = shard.lock();
            figures.bytes += shard.bytes() as u64;
            figures.callers += (shard.cells.len() + shard.windows.len()) as u64;
            figures.shared += shard.shared;
        }
        figures
    }
}

// === impl Shard ===

impl Shard {
    fn new(bytes: usize) -> Self {
        Self {
            cells: Cells::new(bytes / 8 * 3),
            windows: Windows::new(bytes / 8 * 2),
            sketches: Sketches::new(bytes / 8 * 3),
            shared: 0,
        }
    }

    fn bytes(&self) -> usize {
        self.cells.bytes() + self.windows.bytes() + self.sketches.bytes()
    }

    fn decide_cell(&mut self, key: Key, gcra: &Gcra, ask: &Ask) -> Verdict {
        match self.cells.place(key, nanos(ask.now)) {
            Place::Own(cell) => {
                let before = Cell(*cell);
                let (verdict, next) = gcra.decide(before, ask);
                *cell = next.0;
                blamed(verdict, ask, |ask| gcra.decide(before, ask).0)
            }
            Place::Free(vacancy) if self.sketches.know_nothing(key, gcra, ask.now) => {
                let (verdict, next) = gcra.decide(Cell::default(), ask);
                vacancy.take(next.0);
                verdict.blaming_others()
            }
            Place::Free(_) | Place::None => {
                self.shared += 1;
                let decide = |cell| gcra.decide(cell, ask);
                let verdict = self
                    .sketches
                    .update(key, window(gcra), nanos(ask.now), decide);
                verdict.blaming_others()
            }
        }
    }

    fn settle_cell(&mut self, key: Key, gcra: &Gcra, settlement: &Settlement, now: Duration) {
        let gives_back = settlement.actual < settlement.charged;
        match self.cells.place(key, nanos(now)) {
            Place::Own(cell) => *cell = gcra.settle(Cell(*cell), settlement, now).0,
            Place::Free(_) | Place::None if gives_back => {}
            Place::Free(vacancy) if self.sketches.know_nothing(key, gcra, now) => {
                vacancy.take(gcra.settle(Cell::default(), settlement, now).0);
            }
            Place::Free(_) | Place::None => {
                let settle = |cell| ((), gcra.settle(cell, settlement, now));
                self.sketches.update(key, window(gcra), nanos(now), settle);
            }
        }
    }

    fn decide_window(&mut self, key: Key, limit: &SlidingWindow, ask: &Ask) -> Verdict {
        let sketches = &self.sketches;
        let begin = || sketches.beginning(key, limit, ask.now);
        let decided = self
            .windows
            .update(key, limit, ask.now, begin, |history, most| {
                let verdict = limit.decide(history, most, ask);
                blamed(verdict, ask, |ask| {
                    limit.decide(&mut history.clone(), most, ask)
                })
            });
        decided.unwrap_or_else(|| {
            self.shared += 1;
            let decide = |cell| limit.decide_coarse(cell, ask);
            let verdict = self
                .sketches
                .update(key, limit.window(), nanos(ask.now), decide);
            verdict.blaming_others()
        })
    }

    fn settle_window(
        &mut self,
        key: Key,
        limit: &SlidingWindow,
        settlement: &Settlement,
        now: Duration,
    ) {
        let sketches = &self.sketches;
        let begin = || sketches.beginning(key, limit, now);
        let settled = self
            .windows
            .update(key, limit, now, begin, |history, most| {
                limit.settle(history, most, settlement, now);
            });
        if settled.is_none() {
            let settle = |cell| ((), limit.settle_coarse(cell, settlement, now));
            self.sketches
                .update(key, limit.window(), nanos(now), settle);
        }
    }
}

// === impl Sketches ===

impl Sketches {
    /// Whether a place of its own would begin as for somebody who never asked.
    fn know_nothing(&self, key: Key, gcra: &Gcra, now: Duration) -> bool {
        let now = nanos(now);
        self.known(key, window(gcra), now).0 <= now
    }

    /// The history of somebody who never asked, if nothing else is known.
    fn beginning(&self, key: Key, limit: &SlidingWindow, now: Duration) -> Option<History> {
        let known = self.known(key, limit.window(), nanos(now));
        let history = limit.history_of(known, now);
        history.is_spent(now).then_some(history)
    }
}

/// The verdict, with who is to blame for a denial; `decide` asks again and changes nothing.
fn blamed(verdict: Verdict, ask: &Ask, decide: impl FnOnce(&Ask) -> Verdict) -> Verdict {
    let unhindered = ask.unhindered();
    match verdict {
        Verdict::Deny { .. } if unhindered != *ask => verdict.beside(decide(&unhindered)),
        _ => verdict,
    }
}

/// The key of what a caller would have been allowed if it had never been tightened.
const fn untightened(key: u128) -> u128 {
    // In the upper half, and in the lower: a place is found by the one and told by the other.
    key ^ (1 << 127 | 1 << 63)
}

fn window(gcra: &Gcra) -> Duration {
    gcra.interval().saturating_mul(gcra.burst())
}

fn nanos(time: Duration) -> u64 {
    let whole = time.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(u64::from(time.subsec_nanos()))
}

#[cfg(test)]
mod tests;
