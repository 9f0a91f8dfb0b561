//! The one place that reads clocks.
//!
//! Monotonic time comes from tokio, so that tests can pause it. The date is read at most every
//! [`WALL_CLOCK_AGE`] and carried on by the monotonic one in between: a second system call per
//! request would buy nothing.

use std::{
    cell::Cell,
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use engine::time::Now;
use tokio::time::Instant;

/// How old a reading of the wall clock may be.
const WALL_CLOCK_AGE: Duration = Duration::from_millis(20);

/// Readings of both clocks that are further apart are not of one moment.
const HELD_UP: Duration = Duration::from_millis(100);

static START: OnceLock<Instant> = OnceLock::new();

thread_local! {
    static WALL: Cell<Option<(Duration, SystemTime)>> = const { Cell::new(None) };
}

/// Time since the process first asked.
pub fn monotonic() -> Duration {
    let start = *START.get_or_init(Instant::now);
    Instant::now().duration_since(start)
}

/// Both clocks.
pub fn now() -> Now {
    let monotonic = monotonic();
    let wall = match WALL.get() {
        Some((read_at, wall)) if monotonic.saturating_sub(read_at) < WALL_CLOCK_AGE => {
            wall + monotonic.saturating_sub(read_at)
        }
        _ => read_wall(monotonic),
    };
    Now { monotonic, wall }
}

/// Both clocks, read anew and at one moment; nothing when the thread was held up in between.
pub(crate) fn at_once() -> Option<Now> {
    let monotonic = monotonic();
    let wall = read_wall(monotonic);
    let taken = self::monotonic().saturating_sub(monotonic);
    (taken < HELD_UP).then_some(Now { monotonic, wall })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this module is where the clock is read for everybody else"
)]
fn read_wall(monotonic: Duration) -> SystemTime {
    let wall = SystemTime::now();
    WALL.set(Some((monotonic, wall)));
    wall
}
