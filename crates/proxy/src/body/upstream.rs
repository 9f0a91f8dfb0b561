//! What an upstream sends, on its way to the client or into the cache.
//!
//! When the body ends cleanly its connection goes back to the pool of this worker; when it does
//! not, or nobody reads it to the end, the connection is closed with it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use engine::{
    compression::{self, breach::Sight},
    failure::Failure,
};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::{CutShort, Trimming};
use crate::{
    patience::Patience,
    upstream::{Lease, Permit},
};

/// A response body that is still being received.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    source: Source,
    /// A frame that was looked at before anybody asked for it; boxed, because it is rare and would
    /// make every move of a body longer.
    ahead: Option<Box<Result<Frame<Bytes>, CutShort>>>,
    lease: Option<Lease>,
    /// Its place among those that the upstream has in flight.
    permit: Option<Permit>,
    patience: Patience,
    total: Option<Pin<Box<Sleep>>>,
    /// What becomes of it on the way.
    trimming: Option<Box<Trimming>>,
}

/// Where the bytes come from.
#[derive(Debug)]
enum Source {
    /// An upstream is sending them.
    Arriving(Incoming),
    /// They are here: this is one caller's part of what an upstream has sent.
    Here(Bytes),
}

// === impl UpstreamBody ===

impl UpstreamBody {
    /// A body arriving on `lease`, each piece within `patience`, all of it before `deadline`.
    pub(crate) fn new(
        incoming: Incoming,
        lease: Lease,
        patience: Patience,
        deadline: Option<Instant>,
    ) -> Self {
        let mut body = Self {
            source: Source::Arriving(incoming),
            ahead: None,
            lease: Some(lease),
            permit: None,
            patience,
            total: deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline))),
            trimming: None,
        };
        if body.source.is_end_stream() {
            body.give_back();
        }
        body
    }

    /// A body that is here as a whole.
    pub(crate) fn here(bytes: Bytes) -> Self {
        Self {
            source: Source::Here(bytes),
            ahead: None,
            lease: None,
            permit: None,
            patience: Patience::new(Duration::ZERO),
            total: None,
            trimming: None,
        }
    }

    /// Gives `permit` back when the body ends, or is not read any further.
    pub(crate) fn hold(&mut self, permit: Permit) {
        // One that has ended already needs no room any more.
        self.permit = self.lease.is_some().then_some(permit);
    }

    /// The same, trimmed on its way.
    pub(crate) fn trimmed(self, trimming: Trimming) -> Self {
        Self {
            trimming: Some(Box::new(trimming)),
            ..self
        }
    }

    /// All of a body of this length, if it is here already, in one piece; else nothing of it is lost.
    pub(crate) fn at_once(&mut self, length: u64) -> Option<Bytes> {
        if self.is_end_stream() {
            return (length == 0).then(Bytes::new);
        }
        // Whoever reads on polls again, and is woken then.
        let mut cx = Context::from_waker(Waker::noop());
        // As it comes: what is put back is trimmed when it goes on, and must not be twice.
        let Poll::Ready(Some(frame)) = self.poll_source(&mut cx) else {
            return None;
        };
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if data.len() as u64 == length && self.is_end_stream() => Some(data),
            Ok(Ok(data)) => self.put_back(Ok(Frame::data(data))),
            Ok(Err(frame)) => self.put_back(Ok(frame)),
            Err(cut) => self.put_back(Err(cut)),
        }
    }

    /// The first bytes, if they are here already; whoever reads on gets them all the same.
    pub(crate) fn look_ahead(&mut self) -> Sight<'_> {
        // What is still packed tells nothing.
        if self.trimming.as_ref().is_some_and(|it| it.unpacks()) {
            return Sight::Nothing;
        }
        if self.ahead.is_none() && !self.is_end_stream() {
            // Whoever reads on polls again, and is woken then.
            let mut cx = Context::from_waker(Waker::noop());
            // As it comes: it is trimmed when it goes on, and must not be twice.
            if let Poll::Ready(Some(frame)) = self.poll_source(&mut cx) {
                self.ahead = Some(Box::new(frame));
            }
        }
        // What is trimmed comes out as something that has not been seen.
        let is_whole = self.trimming.is_none() && self.source.is_end_stream();
        let frame = self.ahead.as_deref().and_then(|frame| frame.as_ref().ok());
        match frame.and_then(Frame::data_ref) {
            None => Sight::Nothing,
            Some(bytes) if is_whole => Sight::Whole(bytes),
            Some(bytes) => Sight::Beginning(bytes),
        }
    }

    fn put_back(&mut self, frame: Result<Frame<Bytes>, CutShort>) -> Option<Bytes> {
        self.ahead = Some(Box::new(frame));
        None
    }

    fn give_back(&mut self) {
        self.permit = None;
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn poll_too_late(&mut self, cx: &mut Context<'_>) -> Poll<Failure> {
        if let Some(total) = &mut self.total
            && total.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Failure::TotalTimedOut);
        }
        self.patience
            .poll_exhausted(cx)
            .map(|()| Failure::UpstreamStalled)
    }

    fn fail(&mut self, failure: Failure) -> CutShort {
        // Dropping the lease closes the connection: what follows on it is not a response.
        self.lease = None;
        self.permit = None;
        CutShort(failure)
    }

    /// What the upstream sends, as it comes.
    fn poll_source(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if let Some(frame) = self.ahead.take() {
            return Poll::Ready(Some(*frame));
        }
        match self.source.poll_frame(cx) {
            Poll::Pending => self
                .poll_too_late(cx)
                .map(|failure| Some(Err(self.fail(failure)))),
            Poll::Ready(None) => {
                self.give_back();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => {
                self.patience.progressed();
                if self.source.is_end_stream() {
                    self.give_back();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, "upstream body failed");
                Poll::Ready(Some(Err(self.fail(Failure::UpstreamTruncated))))
            }
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        loop {
            if let Some(trimming) = &mut self.trimming {
                match trimming.next() {
                    // Nothing more of it stays: whoever waits wants what comes next.
                    Ok(None) => {}
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                    Err(CutShort(failure)) => return Poll::Ready(Some(Err(self.fail(failure)))),
                }
            }
            let frame = ready!(self.poll_source(cx));
            let Some(trimming) = &mut self.trimming else {
                return Poll::Ready(frame);
            };
            match frame.transpose()?.map(Frame::into_data) {
                Some(Ok(piece)) => trimming.put(piece),
                // Trailers are the end, and nobody polls again after them.
                Some(Err(mut trailers)) => {
                    let is_same = trimming.is_shadow();
                    let finished = self.trimming.take().map(|trimming| trimming.finish());
                    if let (Some(fields), false) = (trailers.trailers_mut(), is_same) {
                        compression::fit_trailers(fields);
                    }
                    return Poll::Ready(Some(match finished {
                        Some(Err(cut)) => Err(cut),
                        Some(Ok(())) | None => Ok(trailers),
                    }));
                }
                None => {
                    let finished = self.trimming.take().map(|trimming| trimming.finish());
                    return Poll::Ready(finished.and_then(Result::err).map(Err));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.trimming.is_none() && self.ahead.is_none() && self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.source.size_hint();
        let ahead = match self.ahead.as_deref() {
            Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len) as u64,
            Some(Err(_)) | None => 0,
        };
        let mut hint = SizeHint::default();
        let trimming = self.trimming.as_deref();
        if trimming.is_none_or(Trimming::is_shadow) {
            hint.set_lower(rest.lower() + ahead);
        }
        // What is unpacked grows, and nothing else does.
        if !trimming.is_some_and(Trimming::unpacks)
            && let Some(upper) = rest.upper()
        {
            hint.set_upper(upper + ahead);
        }
        hint
    }
}

// === impl Source ===

impl Source {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self {
            Self::Arriving(incoming) => Pin::new(incoming).poll_frame(cx),
            Self::Here(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Arriving(incoming) => incoming.is_end_stream(),
            Self::Here(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Arriving(incoming) => incoming.size_hint(),
            Self::Here(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
