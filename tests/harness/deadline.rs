//! The one place that reads a clock: how long tests wait for what must happen.

use std::{
    thread,
    time::{Duration, Instant, SystemTime},
};

/// How long anything that must happen may take; generous, because the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How often something that cannot be waited for is looked at.
const GLANCE: Duration = Duration::from_millis(5);

/// A point in time by which something must have happened.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

// === impl Deadline ===

impl Deadline {
    /// So much from now on.
    pub fn after(time: Duration) -> Self {
        Self(now() + time)
    }

    /// What is left; `None` when it has passed.
    pub fn left(&self) -> Option<Duration> {
        self.0
            .checked_duration_since(now())
            .filter(|left| !left.is_zero())
    }
}

/// Looks until `probe` finds something, and panics when it never does.
pub fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    in_time(probe).unwrap_or_else(|| panic!("it never came to this: {what}"))
}

/// Looks until `probe` finds something; `None` when it never does.
pub fn in_time<T>(mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(found) = probe() {
            return Some(found);
        }
        deadline.left()?;
        glance();
    }
}

/// Runs something and tells how long it took.
pub fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let began = now();
    let done = act();
    (done, now() - began)
}

#[expect(
    clippy::disallowed_methods,
    reason = "polls what gives no notice, such as another process; no test depends on how long"
)]
fn glance() {
    thread::sleep(GLANCE);
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests wait in real time for a real process"
)]
fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "what a real process takes for fresh depends on the real time of day"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_at_the_third_look_is_seen() {
        let mut looks = 0;
        let seen = eventually("the third look", || {
            looks += 1;
            (looks == 3).then_some(looks)
        });
        assert_eq!(seen, 3);
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_nothing() {
        assert!(Deadline::after(Duration::ZERO).left().is_none());
        assert!(Deadline::after(PATIENCE).left().is_some());
    }
}
