//! Cells that callers share for whom there is no place: a count-min sketch of cells.
//!
//! Each caller has a cell in each of [`ROWS`] rows, and others have some of them too. What is known
//! of him is the least of his cells, for each of them is at least where his own would be; and when he
//! is allowed, each of his cells is raised to where his own would be then, and no further
//! (conservative update, Estan and Varghese 2002). So nobody is ever allowed more than by a cell of his
//! own; and who is refused wrongly shares every one of his cells with somebody busier.
//!
//! Limits of hours would shut out the callers of limits of seconds wherever they met: limits share a
//! sketch with those of windows about as long, up to sixteen times. The first kind that needs one gets
//! three quarters of the memory, the second of what is left, and so on.

use std::time::Duration;

use engine::rate_limit::Cell;

use super::places::Key;

pub(super) const ROWS: usize = 2;
const KINDS: usize = 5;
const LEAST_CELLS: usize = 8 * ROWS;

/// A sketch for each kind of limit.
#[derive(Debug)]
pub(super) struct Sketches {
    sketches: [Sketch; KINDS],
    /// Cells that no sketch has yet.
    left: usize,
}

#[derive(Debug)]
struct Sketch {
    /// None until they are needed.
    cells: Vec<u64>,
    /// How far ahead of its time a cell was ever put.
    reach: u64,
}

// === impl Sketches ===

impl Sketches {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            sketches: [const { Sketch::EMPTY }; KINDS],
            left: (bytes / size_of::<u64>()).max(2 * LEAST_CELLS),
        }
    }

    /// What is known of a caller, without having counted him.
    pub(super) fn known(&self, key: Key, window: Duration, now: u64) -> Cell {
        let sketch = &self.sketches[kind(window)];
        match sketch.cells.len() {
            0 => Cell::default(),
            cells => sketch.known(slots(key, cells), now),
        }
    }

    /// Lets `decide` see what is known of a caller, and remembers what it makes of it.
    pub(super) fn update<T>(
        &mut self,
        key: Key,
        window: Duration,
        now: u64,
        decide: impl FnOnce(Cell) -> (T, Cell),
    ) -> T {
        let sketch = &mut self.sketches[kind(window)];
        if sketch.cells.is_empty() {
            let cells = (self.left / 4 * 3).max(LEAST_CELLS);
            self.left = self.left.saturating_sub(cells);
            sketch.cells = vec![0; cells];
        }
        let slots = slots(key, sketch.cells.len());
        let (verdict, next) = decide(sketch.known(slots, now));
        sketch.raise(slots, next, now);
        verdict
    }

    /// What the sketches take, or may take.
    pub(super) fn bytes(&self) -> usize {
        let sketches = self.sketches.iter();
        let cells: usize = sketches.map(|sketch| sketch.cells.capacity()).sum();
        (cells + self.left) * size_of::<u64>()
    }
}

// === impl Sketch ===

impl Sketch {
    const EMPTY: Self = Self {
        cells: Vec::new(),
        reach: 0,
    };

    fn known(&self, slots: [usize; ROWS], now: u64) -> Cell {
        let cells = slots.map(|slot| self.cells[slot]);
        Cell(cells.into_iter().min().unwrap_or(0).min(self.ceiling(now)))
    }

    fn raise(&mut self, slots: [usize; ROWS], next: Cell, now: u64) {
        self.reach = self.reach.max(next.0.saturating_sub(now));
        let ceiling = self.ceiling(now);
        for slot in slots {
            self.cells[slot] = self.cells[slot].min(ceiling).max(next.0);
        }
    }

    /// What lies beyond was put there by a clock that was wrong.
    fn ceiling(&self, now: u64) -> u64 {
        now.saturating_add(self.reach.saturating_mul(2))
    }
}

/// The caller's cells, one in each row.
fn slots(key: Key, cells: usize) -> [usize; ROWS] {
    let width = cells / ROWS;
    std::array::from_fn(|row| row * width + key.slot(row as u64 + 2, width))
}

/// Which limits have windows about as long.
fn kind(window: Duration) -> usize {
    match window.as_secs() {
        0 => 0,
        1..16 => 1,
        16..256 => 2,
        256..4096 => 3,
        _ => 4,
    }
}
