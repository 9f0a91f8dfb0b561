//! What a client sends, and what becomes of it when nobody wants it any more.
//!
//! **Who is refused gets the answer.** A connection that is closed while the client still sends is
//! reset, and the answer is lost with it; one that is kept must not have the rest of a body taken for
//! the next request (TRAPS 3). So whatever is left of a body, wherever it is dropped, is read and
//! dropped, within a bound.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;

/// How much of an unwanted body is read so that the connection can be kept.
const DRAIN_BYTES: usize = 256 * 1024;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// A body that is being received; what is left of it when it is dropped is drained.
#[derive(Debug)]
pub(super) struct Inbound {
    /// Always there, until it is dropped.
    incoming: Option<Incoming>,
    rest: Rest,
}

/// Whether a client may still be sending something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    Something,
}

// === impl Inbound ===

impl Inbound {
    pub(super) const fn new(incoming: Incoming) -> Self {
        Self {
            incoming: Some(incoming),
            rest: Rest::Something,
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(incoming).poll_frame(cx);
        match &frame {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() => {}
            // Nothing follows trailers, nor an error.
            Poll::Ready(_) => self.finished(),
            Poll::Pending => {}
        }
        frame
    }

    /// All that matters of it has come.
    pub(super) const fn finished(&mut self) {
        self.rest = Rest::Nothing;
    }

    pub(super) fn is_end_stream(&self) -> bool {
        (self.incoming.as_ref()).is_none_or(Body::is_end_stream)
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        (self.incoming.as_ref()).map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Inbound {
    fn drop(&mut self) {
        if let (Rest::Something, Some(incoming)) = (self.rest, self.incoming.take()) {
            drain(incoming);
        }
    }
}

/// Reads and drops what a client still sends to a request that was answered without it (TRAPS 3).
///
/// Without this the close that follows could reach the client before the answer does. What is
/// beyond the caps is left to hyper, which closes the connection and never reads it as a request.
pub(crate) fn drain(incoming: Incoming) {
    if incoming.is_end_stream() {
        return;
    }
    // Without a runtime the process is at its end.
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    runtime.spawn(async move {
        let mut left = DRAIN_BYTES;
        let mut incoming = incoming;
        let emptied = async {
            while let Some(Ok(frame)) = incoming.frame().await {
                let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else {
                    return;
                };
                left = rest;
            }
        };
        // Either way there is nothing more to do: the body is empty, or no longer worth reading.
        let _outcome = tokio::time::timeout(DRAIN_TIME, emptied).await;
    });
}
