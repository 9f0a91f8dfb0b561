//! What callers have in flight under limits on it, and who waits for a place.
//!
//! **A place belongs to the work.** The [`Places`] of a request lie with what is told about it
//! ([`crate::recording`]), which is dropped exactly once, however the request ends: with the last byte
//! of the answer, with a client that leaves, with a panic. A tunnel takes them along. What goes on when
//! its client has left (a fetch that others wait for or that is to be stored, a batch) holds them, too:
//! otherwise a caller could have any number of fetches at the origin by leaving each of them.
//!
//! **Whose work it is.** Who follows another's fetch holds its own places as long as it waits, and no
//! longer. A renewal behind a client's back is Forebay's work for everybody and takes nobody's place:
//! the next request of a caller whose last one was answered must not be refused for it.
//!
//! The counting itself is [`store::InFlightCells`]; here is what one limit has in flight for all of its
//! callers together.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use store::{InFlight, InFlightCells, InFlightLine, InFlightPermit, InFlightTurn};
use tokio::time::timeout;

/// A request in flight, as long as it lives.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: InFlightPermit,
    tally: Arc<Tally>,
}

/// The places of one request, shared by all who work for it: given back when the last of them is done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    _held: Option<Arc<[Place]>>,
}

/// Somebody who waits for a place.
#[derive(Debug)]
pub(crate) struct Waiting {
    turn: InFlightTurn,
    tally: Arc<Tally>,
}

/// What one limit has in flight, for all its callers.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    in_flight: AtomicU32,
}

/// What somebody gets who asks for a place.
#[derive(Debug)]
pub(crate) enum Entering {
    /// There is none.
    Full,
    /// Here it is.
    Go(Place),
    /// It may come free in time.
    Wait(Waiting),
}

/// Asks for a place of `caller`, who may have `max` of them.
pub(crate) fn enter(
    cells: &Arc<InFlightCells>,
    caller: u128,
    max: u32,
    tally: &Arc<Tally>,
) -> Entering {
    match cells.acquire(caller, max) {
        InFlight::Full => Entering::Full,
        InFlight::Permit(permit) => Entering::Go(Place::new(permit, tally)),
    }
}

/// The same, and waits behind those who wait already when there is none.
pub(crate) fn queue(
    cells: &Arc<InFlightCells>,
    caller: u128,
    max: u32,
    tally: &Arc<Tally>,
) -> Entering {
    match cells.line_up(caller, max) {
        InFlightLine::Full => Entering::Full,
        InFlightLine::Permit(permit) => Entering::Go(Place::new(permit, tally)),
        InFlightLine::Turn(turn) => Entering::Wait(Waiting {
            turn,
            tally: Arc::clone(tally),
        }),
    }
}

// === impl Place ===

impl Place {
    fn new(permit: InFlightPermit, tally: &Arc<Tally>) -> Self {
        tally.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            _permit: permit,
            tally: Arc::clone(tally),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tally.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Places ===

impl Places {
    pub(crate) fn new(places: Vec<Place>) -> Self {
        Self {
            _held: (!places.is_empty()).then(|| places.into()),
        }
    }
}

// === impl Waiting ===

impl Waiting {
    /// Waits at most so long. A place that is sent at the very moment at which the time is over comes
    /// back with the channel it was sent through.
    pub(crate) async fn wait(self, longest: Duration) -> Option<Place> {
        let permit = timeout(longest, self.turn).await.ok()??;
        Some(Place::new(permit, &self.tally))
    }
}

// === impl Tally ===

impl Tally {
    /// Requests in flight.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
