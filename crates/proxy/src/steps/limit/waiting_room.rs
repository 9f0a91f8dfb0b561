//! Requests that wait for their turns under limits of their callers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// So many requests may wait at the same time, whatever they wait for. Who waits keeps its request's
/// head and its connection, a few KiB, and so all of them take tens of MiB at most.
const SEATS: usize = 4096;

/// Where they wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitingRoom(Arc<AtomicUsize>);

/// A seat in it, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Seat(WaitingRoom);

/// A time to sit out.
#[derive(Debug)]
pub(crate) struct Delay {
    time: Duration,
    _seat: Seat,
}

/// Whether somebody more may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seats {
    Free,
    Taken,
}

// === impl WaitingRoom ===

impl WaitingRoom {
    /// Whether there is a free seat. Workers that ask at the same moment may get one each.
    pub(crate) fn seats(&self) -> Seats {
        match self.waiting() < SEATS {
            true => Seats::Free,
            false => Seats::Taken,
        }
    }

    pub(crate) fn sit(&self) -> Seat {
        self.0.fetch_add(1, Ordering::Relaxed);
        Seat(self.clone())
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Seat ===

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Delay ===

impl Delay {
    pub(crate) const fn new(time: Duration, seat: Seat) -> Self {
        Self { time, _seat: seat }
    }

    /// The longer of the two.
    pub(crate) fn or_longer(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.time > self.time => other,
            _ => self,
        }
    }

    /// Sits it out.
    pub(crate) async fn over(self) {
        tokio::time::sleep(self.time).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_may_sit_and_no_more() {
        let room = WaitingRoom::default();
        let mut seats: Vec<_> = (0..SEATS).map(|_| room.sit()).collect();
        assert_eq!(room.seats(), Seats::Taken);
        seats.pop();
        assert_eq!((room.seats(), room.waiting()), (Seats::Free, SEATS - 1));
        drop(seats);
        assert_eq!(room.waiting(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_delay_counts_and_the_seat_is_given_back() {
        let room = WaitingRoom::default();
        let delay = |seconds| Delay::new(Duration::from_secs(seconds), room.sit());
        let longer = delay(2).or_longer(Some(delay(3)));
        assert_eq!(room.waiting(), 1);
        let began = tokio::time::Instant::now();
        longer.or_longer(Some(delay(1))).over().await;
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!(room.waiting(), 0);
    }
}
