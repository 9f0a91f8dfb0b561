//! The tasks of HTTP/2 streams, each ended when its client takes nothing for too long.
//!
//! A client decides how much of each stream it takes (RFC 9113, section 5.2), and one that decides for
//! nothing holds the stream, its buffers and perhaps a connection to an upstream for as long as it
//! likes, while the connection itself is well and answers every ping. hyper then does not ask the body
//! for more and tells nobody. So each body notes here, while its stream's task runs, whose turn it
//! is; a task that waits although it is the client's turn gets a timer.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use hyper::rt::Executor;

use crate::patience::Patience;

thread_local! {
    static TURN: Cell<Turn> = const { Cell::new(Turn::Unsaid) };
}

/// Who is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The client was given something.
    Client,
    /// The client was given up.
    GivenUp,
    /// Whoever gives us the body.
    Ours,
    /// Nothing was said.
    Unsaid,
}

/// Whether a body ends because its client took nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// It took nothing for too long.
    GivenUp,
    /// Nobody complains.
    Well,
}

/// Runs the tasks of streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamTasks {
    patience: Duration,
}

/// Takes back what was said on this thread.
struct Unsaid;

/// A piece of a body was handed over.
pub(crate) fn handed_over() {
    TURN.set(Turn::Client);
}

/// A body has nothing to hand over yet.
pub(crate) fn nothing_yet() {
    TURN.set(Turn::Ours);
}

/// Whether the body that is dropped now is dropped because its client took nothing.
pub(crate) fn taker() -> Taker {
    match TURN.get() {
        Turn::GivenUp => Taker::GivenUp,
        Turn::Client | Turn::Ours | Turn::Unsaid => Taker::Well,
    }
}

// === impl StreamTasks ===

impl StreamTasks {
    /// Each client may take nothing of a stream for so long.
    pub(crate) const fn new(patience: Duration) -> Self {
        Self { patience }
    }
}

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(run(stream, self.patience));
    }
}

async fn run(stream: impl Future<Output = ()>, limit: Duration) {
    // Dropped after the stream, whose body asks what happened.
    let _unsaid = Unsaid;
    let mut stream = pin!(stream);
    let mut patience = Patience::new(limit);
    let mut turn = Turn::Unsaid;
    poll_fn(|cx| {
        TURN.set(Turn::Unsaid);
        if stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let said = TURN.replace(Turn::Unsaid);
        if said != Turn::Unsaid {
            turn = said;
            patience.progressed();
        }
        if turn == Turn::Client && patience.poll_exhausted(cx).is_ready() {
            TURN.set(Turn::GivenUp);
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

// === impl Unsaid ===

impl Drop for Unsaid {
    fn drop(&mut self) {
        TURN.set(Turn::Unsaid);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use tokio::time::{Instant, sleep};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// A body that notes why it was dropped.
    struct Body(Arc<AtomicBool>);

    impl Drop for Body {
        fn drop(&mut self) {
            self.0.store(taker() == Taker::GivenUp, Ordering::SeqCst);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_the_body_learns_why() {
        let given_up = Arc::new(AtomicBool::new(false));
        let body = Body(Arc::clone(&given_up));
        let began = Instant::now();
        let stream = async move {
            let _body = body;
            handed_over();
            std::future::pending().await
        };
        run(stream, LIMIT).await;
        assert_eq!(Instant::now() - began, LIMIT);
        assert!(given_up.load(Ordering::SeqCst));
        assert_eq!(taker(), Taker::Well);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_the_origin_is_left_alone() {
        let given_up = Arc::new(AtomicBool::new(false));
        let body = Body(Arc::clone(&given_up));
        let stream = async move {
            let _body = body;
            handed_over();
            sleep(LIMIT / 2).await;
            nothing_yet();
            sleep(LIMIT * 10).await;
            for _ in 0..10 {
                handed_over();
                sleep(LIMIT - Duration::from_secs(1)).await;
            }
        };
        run(stream, LIMIT).await;
        assert!(!given_up.load(Ordering::SeqCst));
    }
}
