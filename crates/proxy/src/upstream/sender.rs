//! What requests are sent on: a connection of HTTP/1.1, or a share of one of HTTP/2.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::client::conn::{http1, http2};
use telemetry::{CloseReason, ConnectionState};
use tokio::task::JoinHandle;

use super::{pool::Shared, tally::Tally};
use crate::{body::RequestBody, clock};

/// Something requests can be sent on.
#[derive(Debug)]
pub(crate) enum Sender {
    /// One exchange at a time.
    Http1(Http1Sender),
    /// Many at once.
    Http2(Http2Sender),
}

/// An HTTP/1.1 connection and the task that drives it, which ends with it.
#[derive(Debug)]
pub(crate) struct Http1Sender {
    pub(crate) requests: http1::SendRequest<RequestBody>,
    pub(super) tally: Arc<Tally>,
    /// When it is too old to be used again, by the monotonic clock.
    pub(super) retires: Option<Duration>,
    pub(super) _driver: Driver,
}

/// One stream of an HTTP/2 connection.
#[derive(Debug)]
pub(crate) struct Http2Sender {
    pub(crate) requests: http2::SendRequest<RequestBody>,
    stream: Stream,
}

/// An HTTP/2 connection that is shared. Its task ends when nobody sends on it any more.
#[derive(Debug)]
pub(super) struct Multiplexed {
    pub(super) requests: http2::SendRequest<RequestBody>,
    pub(super) streams: Arc<Streams>,
    pub(super) retires: Option<Duration>,
}

/// The streams of one HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Streams {
    in_use: AtomicU32,
    /// What the endpoint allows, as far as it has said so.
    allowed: AtomicU32,
    /// Nanoseconds of the monotonic clock at which the last stream ended.
    quiet_since: AtomicU64,
    pub(super) tally: Arc<Tally>,
}

/// A place among the streams of a connection, for one exchange.
#[derive(Debug)]
struct Stream {
    streams: Arc<Streams>,
    /// Who learns that it is free again.
    shared: Option<Arc<Shared>>,
}

/// The task of a connection; dropping it closes the connection.
#[derive(Debug)]
pub(super) struct Driver(pub(super) JoinHandle<()>);

// === impl Sender ===

impl Sender {
    /// The connection is for one exchange alone, and ends with it.
    pub(super) fn is_spent_after(&self) {
        match self {
            Self::Http1(sender) => sender.tally.ends(CloseReason::Spent),
            Self::Http2(sender) => sender.stream.streams.tally.ends(CloseReason::Spent),
        }
    }
}

// === impl Http1Sender ===

impl Http1Sender {
    /// What becomes of it when nobody uses it: nothing, or its end for a reason.
    pub(super) fn verdict(&self, now: Duration) -> Option<CloseReason> {
        if self.requests.is_closed() {
            Some(CloseReason::Peer)
        } else {
            is_over(self.retires, now).then_some(CloseReason::Age)
        }
    }
}

fn is_over(retires: Option<Duration>, now: Duration) -> bool {
    retires.is_some_and(|retires| retires <= now)
}

// === impl Multiplexed ===

impl Multiplexed {
    /// A place on it for one exchange, while there are fewer than `most`; `shared` learns when it
    /// is free again.
    pub(super) fn share(&self, most: u32, shared: Option<&Arc<Shared>>) -> Option<Http2Sender> {
        let most = most
            .min(self.streams.allowed.load(Ordering::Relaxed))
            .max(1);
        let in_use = &self.streams.in_use;
        in_use
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |in_use| {
                (in_use < most).then_some(in_use + 1)
            })
            .ok()?;
        Some(self.stream(shared))
    }

    /// The first place on a new connection.
    pub(super) fn first(&self, shared: Option<&Arc<Shared>>) -> Http2Sender {
        self.streams.in_use.fetch_add(1, Ordering::AcqRel);
        self.stream(shared)
    }

    /// Whether nobody has a stream on it.
    pub(super) fn is_unused(&self) -> bool {
        self.streams.in_use.load(Ordering::Acquire) == 0
    }

    fn stream(&self, shared: Option<&Arc<Shared>>) -> Http2Sender {
        self.streams.tally.becomes(ConnectionState::Active);
        Http2Sender {
            requests: self.requests.clone(),
            stream: Stream {
                streams: Arc::clone(&self.streams),
                shared: shared.cloned(),
            },
        }
    }

    /// What becomes of it; one that is in use can still be too old for another request.
    pub(super) fn verdict(&self, now: Duration, keep_alive: Duration) -> Option<CloseReason> {
        let streams = &self.streams;
        let quiet = Duration::from_nanos(streams.quiet_since.load(Ordering::Relaxed));
        let unused = self.is_unused();
        if self.requests.is_closed() {
            Some(CloseReason::Peer)
        } else if is_over(self.retires, now) {
            Some(CloseReason::Age)
        } else {
            (unused && now.saturating_sub(quiet) > keep_alive).then_some(CloseReason::Idle)
        }
    }
}

// === impl Streams ===

impl Streams {
    /// Those of a new connection: none yet.
    pub(super) fn new(tally: Arc<Tally>) -> Arc<Self> {
        tally.becomes(ConnectionState::Idle);
        Arc::new(Self {
            in_use: AtomicU32::new(0),
            allowed: AtomicU32::new(u32::MAX),
            quiet_since: AtomicU64::new(nanos()),
            tally,
        })
    }

    /// The endpoint allows so many.
    pub(super) fn allow(&self, most: usize) {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        self.allowed.store(most, Ordering::Relaxed);
    }
}

fn nanos() -> u64 {
    u64::try_from(clock::monotonic().as_nanos()).unwrap_or(u64::MAX)
}

// === impl Stream ===

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.quiet_since.store(nanos(), Ordering::Relaxed);
        if self.streams.in_use.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.streams.tally.becomes(ConnectionState::Idle);
        }
        if let Some(shared) = &self.shared {
            shared.settle();
        }
    }
}

// === impl Driver ===

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
