//! How long a client was waited for, and whether what it moved meanwhile is enough.
//!
//! A body that is never waited for reads no clock, and one without a limit has none of this.

use std::time::Duration;

use engine::body_rate::{BodyRate, Pace};
use policy::Clients;
use tokio::time::Instant;

/// The pace of one body; boxed where it is kept, because most have none.
#[derive(Debug)]
pub(crate) struct Paced {
    rate: BodyRate,
    waiting_since: Option<Instant>,
}

// === impl Paced ===

impl Paced {
    /// The limit on clients, if there is one.
    pub(crate) fn of(clients: &Clients) -> Option<Box<Self>> {
        let least = clients.min_body_rate.bytes();
        (least > 0).then(|| Box::new(Self::new(least, clients.stall_timeout)))
    }

    fn new(least: u64, grace: Duration) -> Self {
        Self {
            rate: BodyRate::new(least, grace),
            waiting_since: None,
        }
    }

    /// From now on it is the client who is waited for.
    pub(crate) fn waits(&mut self) {
        self.waiting_since.get_or_insert_with(Instant::now);
    }

    /// The client moved so many bytes, if it was waited for.
    pub(crate) fn moved(&mut self, bytes: usize) -> Pace {
        let waited = match self.waiting_since.take() {
            Some(since) => Instant::now().saturating_duration_since(since),
            None => Duration::ZERO,
        };
        self.rate.waited(waited, bytes as u64)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_the_time_that_a_client_was_waited_for_counts() {
        let second = Duration::from_secs(1);
        let mut paced = Paced::new(100, 5 * second);
        for _ in 0..10 {
            advance(10 * second).await; // somebody else is waited for
            assert_eq!(paced.moved(1), Pace::Enough);
        }
        paced.waits();
        advance(3 * second).await;
        paced.waits();
        advance(3 * second).await;
        assert_eq!(paced.moved(1), Pace::TooSlow);
    }
}
