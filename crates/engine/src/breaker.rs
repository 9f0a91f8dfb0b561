//! When somebody who fails is left alone for a while.
//!
//! # Why
//! Asking someone who cannot answer costs the one who waits his time, and the one who is asked the
//! chance to recover. A breaker ends both: it opens when too much fails, and everybody is told so at
//! once.
//!
//! # What trips it
//! Failures in a row, and the share of failures in a sliding window, each where the policy says so.
//! What counts as a failure is [`Symptom::Ill`]. An upstream that says it has too much to do
//! (429, or 503 with `Retry-After`) answers sensibly: that is for the capacity to look at, and
//! neither trips a breaker nor closes one.
//!
//! # How it closes
//! After its time, so many requests as the policy says are let through as trials. If all of them go
//! well it closes; with the first that fails it opens again, for twice as long as before, up to the
//! longest time. A trial that was abandoned says nothing, and its place is free again.
//!
//! # What came late
//! An answer to a request from before the breaker opened says how things were, not how they are: it
//! is not counted in any state but the one it was let through in.

mod window;

use std::time::Duration;

use policy::Breaker as Policy;

use self::window::Window;
use crate::attempt::Symptom;

/// A breaker; the caller holds the lock.
#[derive(Debug)]
pub struct Breaker {
    policy: Policy,
    state: State,
    /// Counts the closings and openings: what was let through before one is not counted after it.
    era: u32,
    /// Openings since it was last closed.
    openings: u32,
}

#[derive(Debug)]
enum State {
    Closed { in_a_row: u32, window: Box<Window> },
    HalfOpen { trying: u32, well: u32 },
    Open { until: Duration },
}

/// Whether a request may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// It may; its end is to be told with this.
    Pass(Passage),
    /// It may not; asking again makes sense after this long.
    Stop {
        /// How long.
        retry_after: Duration,
    },
}

/// A request that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    era: u32,
}

/// What a breaker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Everybody passes.
    Closed,
    /// A few pass, to see.
    HalfOpen,
    /// Nobody passes.
    Open,
}

/// What telling the end of a request has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It closed.
    Closed,
    /// Nothing.
    None,
    /// It opened, for this long.
    Opened(Duration),
}

// === impl Breaker ===

impl Breaker {
    /// A closed breaker.
    pub fn new(policy: &Policy) -> Self {
        Self {
            state: State::closed(policy),
            policy: policy.clone(),
            era: 0,
            openings: 0,
        }
    }

    /// Asks for a request to pass at `now`, a monotonic time.
    pub fn ask(&mut self, now: Duration) -> Ask {
        if let State::Open { until } = self.state {
            if now < until {
                let retry_after = until.saturating_sub(now);
                return Ask::Stop { retry_after };
            }
            self.enter(State::HalfOpen { trying: 0, well: 0 });
        }
        match &mut self.state {
            State::Closed { .. } | State::Open { .. } => {}
            State::HalfOpen { trying, well } if *trying + *well < self.policy.trials => {
                *trying += 1;
            }
            State::HalfOpen { .. } => {
                // The trials may be over at any moment; the shortest of its times is a fair guess.
                let retry_after = self.policy.open_for;
                return Ask::Stop { retry_after };
            }
        }
        Ask::Pass(Passage { era: self.era })
    }

    /// Takes note of how a request ended that was let through.
    pub fn note(&mut self, passage: Passage, symptom: Symptom, now: Duration) -> Change {
        if passage.era != self.era {
            return Change::None;
        }
        match &mut self.state {
            State::Open { .. } => Change::None,
            State::Closed { in_a_row, window } => {
                match symptom {
                    Symptom::Nothing | Symptom::Overload => return Change::None,
                    Symptom::Well => *in_a_row = 0,
                    Symptom::Ill => *in_a_row = in_a_row.saturating_add(1),
                }
                window.count(symptom, now);
                let in_a_row = *in_a_row;
                match symptom == Symptom::Ill && self.trips(in_a_row, now) {
                    true => self.open(now),
                    false => Change::None,
                }
            }
            State::HalfOpen { trying, well } => {
                *trying = trying.saturating_sub(1);
                match symptom {
                    Symptom::Nothing | Symptom::Overload => Change::None,
                    Symptom::Ill => self.open(now),
                    Symptom::Well => {
                        *well += 1;
                        match *well < self.policy.trials {
                            true => Change::None,
                            false => self.close(),
                        }
                    }
                }
            }
        }
    }

    /// Closes it, whatever it knows: the operator says so.
    pub fn reset(&mut self) -> Change {
        match self.state {
            State::Closed { .. } => {
                self.state = State::closed(&self.policy);
                Change::None
            }
            State::HalfOpen { .. } | State::Open { .. } => self.close(),
        }
    }

    /// What it is doing at `now`.
    pub fn position(&self, now: Duration) -> Position {
        match self.state {
            State::Closed { .. } => Position::Closed,
            State::Open { until } if now < until => Position::Open,
            State::HalfOpen { .. } | State::Open { .. } => Position::HalfOpen,
        }
    }

    fn trips(&self, in_a_row: u32, now: Duration) -> bool {
        let row = self.policy.consecutive_failures;
        if row.is_some_and(|most| in_a_row >= most) {
            return true;
        }
        let (State::Closed { window, .. }, Some(most)) = (&self.state, self.policy.failure_rate)
        else {
            return false;
        };
        let counts = window.counts(now);
        let requests = counts.ill + counts.well;
        requests >= u64::from(self.policy.min_requests)
            && counts.ill * 100 >= requests * u64::from(most.hundredths())
    }

    fn open(&mut self, now: Duration) -> Change {
        let doubled = 1_u32.checked_shl(self.openings.min(31)).unwrap_or(u32::MAX);
        let time = self.policy.open_for.saturating_mul(doubled);
        let time = time.min(self.policy.max_open.max(self.policy.open_for));
        self.openings = self.openings.saturating_add(1);
        self.enter(State::Open {
            until: now.saturating_add(time),
        });
        Change::Opened(time)
    }

    fn close(&mut self) -> Change {
        self.openings = 0;
        self.enter(State::closed(&self.policy));
        Change::Closed
    }

    fn enter(&mut self, state: State) {
        self.era = self.era.wrapping_add(1);
        self.state = state;
    }
}

// === impl State ===

impl State {
    fn closed(policy: &Policy) -> Self {
        Self::Closed {
            in_a_row: 0,
            window: Box::new(Window::new(policy.window)),
        }
    }
}

// === impl Position ===

impl Position {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

#[cfg(test)]
mod tests;
