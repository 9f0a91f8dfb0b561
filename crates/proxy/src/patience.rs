//! How long to wait for the next piece of something.
//!
//! Armed only when there is really nothing to do, and moved lazily: progress costs one store, and
//! the timer finds out when it fires that it should have been set later. A body of a thousand
//! pieces touches the timer wheel a handful of times instead of a thousand.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

/// A limit on each single wait.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

// === impl Patience ===

impl Patience {
    /// Patience for `limit` at each wait.
    pub(crate) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            deadline: None,
            timer: None,
        }
    }

    /// Something came: the wait is over.
    pub(crate) const fn progressed(&mut self) {
        self.deadline = None;
    }

    /// Nothing came: ready once this wait has lasted too long.
    pub(crate) fn poll_exhausted(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = *self
            .deadline
            .get_or_insert_with(|| Instant::now() + self.limit);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_the_whole_limit() {
        let mut patience = Patience::new(Duration::from_secs(10));
        for _ in 0..3 {
            let began = Instant::now();
            poll_fn(|cx| patience.poll_exhausted(cx)).await;
            assert_eq!(Instant::now() - began, Duration::from_secs(10));
            patience.progressed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn progress_postpones_the_end_without_a_new_timer() {
        let mut patience = Patience::new(Duration::from_secs(10));
        let began = Instant::now();
        let waited = tokio::time::timeout(
            Duration::from_secs(9),
            poll_fn(|cx| patience.poll_exhausted(cx)),
        );
        assert!(waited.await.is_err());
        patience.progressed();
        poll_fn(|cx| patience.poll_exhausted(cx)).await;
        assert_eq!(Instant::now() - began, Duration::from_secs(19));
    }
}
