//! Work that is carried through, whoever waits for it.
//!
//! What a request fetches may be for others, too: when its client leaves, hyper drops the future that
//! would have answered it. Dropping an [`Unabandoned`] hands what is left to a task of its own. As long
//! as the client stays, there is no task and no channel to pay for.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A future that goes on when it is dropped.
pub(crate) struct Unabandoned<T: Send + 'static>(Option<Work<T>>);

// === impl Unabandoned ===

impl<T: Send + 'static> Unabandoned<T> {
    /// Carries `work` through; it begins when it is first polled, or when this is dropped.
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Unabandoned<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Some(work) = &mut self.0 else {
            // Polled again after it was ready, which no caller does.
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Unabandoned<T> {
    fn drop(&mut self) {
        let Some(work) = self.0.take() else { return };
        // Work that panicked cannot go on.
        if std::thread::panicking() {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it() {
        let (go, went) = oneshot::channel::<()>();
        let (done, finished) = oneshot::channel();
        let mut work = Unabandoned::new(async move {
            let _told = went.await;
            done.send("done")
        });
        let begun = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut work).poll(cx))).await;
        assert!(begun.is_pending());
        drop(work);
        go.send(()).unwrap();
        assert_eq!(finished.await, Ok("done"));
    }

    #[tokio::test]
    async fn work_that_is_waited_for_is_done_once() {
        assert_eq!(Unabandoned::new(async { 7 }).await, 7);
    }
}
