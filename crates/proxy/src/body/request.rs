//! What the client uploads, on its way to the upstream.
//!
//! Enforced on the way: the size limit, the declared length (an upstream must never see a request
//! end before or after where its head said, see TRAPS 5), the patience for a client that stops
//! sending, and the least rate for one that drips. Back-pressure comes by itself: a piece is read when the upstream has taken the last.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use engine::{body_rate::Pace, failure::Failure};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use policy::Clients;

use super::{
    CutShort, DecodingBody,
    gathered::ResumedBody,
    inbound::Inbound,
    rewind::RewoundBody,
    tap::{Awaiting, Tap},
    watch::Watch,
};
use crate::{clock, pace::Paced, patience::Patience};

/// The body of a request to an upstream.
#[derive(Debug)]
pub(crate) enum RequestBody {
    /// There is none.
    Empty,
    /// The client's.
    Client(Box<ClientBody>),
    /// The client's, decompressed on the way.
    Decoding(Box<DecodingBody>),
    /// The client's, here as a whole: it can be sent again.
    Kept(Bytes),
    /// The client's, of which the beginning was read already.
    Resumed(Box<ResumedBody>),
    /// The client's, kept while it is sent.
    Rewound(Box<RewoundBody>),
}

/// A client's body under its limits.
#[derive(Debug)]
pub(crate) struct ClientBody {
    incoming: Inbound,
    declared: Option<u64>,
    limit: u64,
    received: u64,
    patience: Patience,
    /// Only where there is a least rate.
    paced: Option<Box<Paced>>,
    upload: Arc<Upload>,
    /// Takes a copy of what passes; boxed, because most bodies have none.
    tap: Option<Box<Tap>>,
    /// Looks at what passes; boxed for the same reason.
    watch: Option<Box<Watch>>,
}

/// How an upload went, for whoever sent the request upstream.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    finished: AtomicBool,
    moved: AtomicU64,
    /// When that was last more (monotonic), in nanoseconds; 0 before the first byte.
    moved_at: AtomicU64,
    failure: Mutex<Option<Failure>>,
    /// What the client sends, where that is not what the upstream gets.
    coded: Option<Arc<Upload>>,
}

// === impl RequestBody ===

impl RequestBody {
    /// Wraps what a client sends, under the limits on `clients`.
    pub(crate) fn new(
        incoming: Incoming,
        declared: Option<u64>,
        clients: &Clients,
    ) -> (Self, Option<Arc<Upload>>) {
        if incoming.is_end_stream() {
            return (Self::Empty, None);
        }
        let upload = Arc::new(Upload::default());
        let body = ClientBody {
            incoming: Inbound::new(incoming),
            declared,
            limit: clients.max_body.bytes(),
            received: 0,
            patience: Patience::new(clients.stall_timeout),
            paced: Paced::of(clients),
            upload: Arc::clone(&upload),
            tap: None,
            watch: None,
        };
        (Self::Client(Box::new(body)), Some(upload))
    }

    /// Lets a shield look at it while it passes; a body that does not come from a client just now was
    /// looked at before.
    pub(crate) fn watch(&mut self, watch: Watch) {
        match self {
            Self::Client(body) => body.watch = Some(Box::new(watch)),
            Self::Decoding(body) => body.watch(watch),
            Self::Empty | Self::Kept(_) | Self::Resumed(_) | Self::Rewound(_) => {}
        }
    }

    /// Whether a shield still collects what is read of it, as far as anybody would know.
    pub(super) fn is_looked_at(&self) -> bool {
        self.watching().is_none_or(Watch::is_collecting)
    }

    pub(super) fn watching(&self) -> Option<&Watch> {
        match self {
            Self::Client(body) => body.watch.as_deref(),
            Self::Decoding(body) => body.watching(),
            Self::Empty | Self::Kept(_) | Self::Resumed(_) | Self::Rewound(_) => None,
        }
    }

    /// Copies at most `limit` bytes of it, what was read of it already included, for `copy`.
    pub(crate) fn tap(&mut self, copy: Box<dyn Awaiting>, limit: u64) {
        self.attach(Box::new(Tap::new(copy, limit)));
    }

    /// Lets a tap that has what came before this take what comes.
    pub(super) fn attach(&mut self, mut tap: Box<Tap>) {
        match self {
            Self::Client(body) => {
                tap.follow(&body.upload);
                body.tap = Some(tap);
            }
            Self::Decoding(body) => body.attach(tap),
            Self::Resumed(body) => body.attach(tap),
            Self::Empty => tap.complete(),
            Self::Kept(bytes) => {
                tap.take(bytes);
                tap.complete();
            }
            // It has been read by somebody else.
            Self::Rewound(_) => drop(tap),
        }
    }

    /// Whether it is still being received.
    pub(crate) const fn is_streamed(&self) -> bool {
        match self {
            Self::Client(_) | Self::Decoding(_) | Self::Resumed(_) | Self::Rewound(_) => true,
            Self::Empty | Self::Kept(_) => false,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Client(body) => body.poll_frame(cx),
            Self::Decoding(body) => body.poll_frame(cx),
            Self::Kept(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Resumed(body) => body.poll_frame(cx),
            Self::Rewound(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client(body) => body.is_end_stream(),
            Self::Decoding(body) => body.is_end_stream(),
            Self::Kept(bytes) => bytes.is_empty(),
            Self::Resumed(body) => body.is_end_stream(),
            Self::Rewound(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client(body) => body.incoming.size_hint(),
            Self::Decoding(body) => body.size_hint(),
            Self::Kept(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Resumed(body) => body.size_hint(),
            Self::Rewound(body) => body.size_hint(),
        }
    }
}

// === impl ClientBody ===

impl ClientBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let frame = match self.incoming.poll_frame(cx) {
            Poll::Pending if self.patience.poll_exhausted(cx).is_ready() => {
                return Poll::Ready(Some(Err(self.fail(Failure::ClientStalled))));
            }
            Poll::Pending => {
                if let Some(paced) = &mut self.paced {
                    paced.waits();
                }
                return Poll::Pending;
            }
            Poll::Ready(frame) => frame,
        };
        self.patience.progressed();
        if let (Some(paced), Some(Ok(frame))) = (&mut self.paced, &frame) {
            let bytes = frame.data_ref().map_or(0, Buf::remaining);
            if paced.moved(bytes) == Pace::TooSlow {
                return Poll::Ready(Some(Err(self.fail(Failure::ClientStalled))));
            }
        }
        Poll::Ready(match frame {
            None if self.declared.is_some_and(|length| length != self.received) => {
                Some(Err(self.fail(Failure::ClientGone)))
            }
            None => {
                if let Some(watch) = &mut self.watch
                    && let Err(failure) = watch.end()
                {
                    return Poll::Ready(Some(Err(self.fail(failure))));
                }
                self.upload.finish();
                None
            }
            Some(Err(_gone)) => Some(Err(self.fail(Failure::ClientGone))),
            Some(Ok(frame)) => Some(self.accept(frame)),
        })
    }

    /// A body that is known to have ended is not polled again, so this is where its end is noted.
    fn is_end_stream(&self) -> bool {
        let ended = self.incoming.is_end_stream();
        if ended {
            self.upload.finish();
        }
        ended
    }

    fn accept(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, CutShort> {
        if let Some(data) = frame.data_ref() {
            self.received += data.remaining() as u64;
            if self.received > self.limit {
                return Err(self.fail(Failure::BodyTooLarge));
            }
            self.upload.moved.store(self.received, Ordering::Relaxed);
            self.upload.moves();
        }
        // An HTTP/2 client may end its stream in a frame of its own, which nobody reads any more
        // once the declared length is there.
        let last = self.incoming.is_end_stream() || self.declared == Some(self.received);
        if let Some(watch) = &mut self.watch {
            let looked = watch.take(&frame);
            // Nothing comes after trailers, and nobody asks whether something does.
            let over = last || frame.is_trailers();
            let looked = looked.and_then(|()| if over { watch.end() } else { Ok(()) });
            looked.map_err(|failure| self.fail(failure))?;
        }
        if let Some(tap) = &mut self.tap {
            tap.take_frame(&frame);
        }
        if last {
            self.incoming.finished();
            self.upload.finish();
        }
        Ok(frame)
    }

    fn fail(&self, failure: Failure) -> CutShort {
        self.upload.fail(failure);
        CutShort(failure)
    }
}

// === impl Upload ===

impl Upload {
    /// Whether the last byte was handed to the upstream's connection.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }

    /// That of what becomes of `coded` when it is decoded.
    pub(super) fn decoding(coded: Option<Arc<Self>>) -> Self {
        Self {
            coded,
            ..Self::default()
        }
    }

    /// How many bytes the client has sent.
    pub(crate) fn received(&self) -> u64 {
        match &self.coded {
            Some(coded) => coded.received(),
            None => self.moved(),
        }
    }

    /// How many bytes the upstream's connection has taken.
    pub(crate) fn moved(&self) -> u64 {
        self.moved.load(Ordering::Relaxed)
    }

    /// When its connection last took some (monotonic): until then it was the client who was waited
    /// for, and from then on it is the upstream.
    pub(crate) fn moved_at(&self) -> Option<Duration> {
        match self.moved_at.load(Ordering::Relaxed) {
            0 => None,
            nanos => Some(Duration::from_nanos(nanos)),
        }
    }

    fn moves(&self) {
        let nanos = u64::try_from(clock::monotonic().as_nanos()).unwrap_or(u64::MAX);
        self.moved_at.store(nanos, Ordering::Relaxed);
    }

    /// Why it ended early, when it was the client's doing.
    pub(crate) fn failure(&self) -> Option<Failure> {
        *self.failure.lock()
    }

    /// The upstream's connection has taken so many more bytes.
    pub(super) fn takes(&self, bytes: u64) {
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        self.moves();
    }

    /// The last byte was handed over.
    pub(super) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    /// It ended early, and it was the client's doing.
    pub(super) fn fail(&self, failure: Failure) {
        *self.failure.lock() = Some(failure);
    }
}
