//! One request for one upstream, and what comes of it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use engine::{failure::Failure, outcome::ProtectOutcome, proxy_protocol::Named};
use telemetry::Metrics;
use tokio::time::Instant;
use tower::Service;

use super::{EndpointState, Order, TlsClient, UpstreamState, stack::stack};
use crate::{body::UpstreamBody, errand::Errand};

/// A request on its way through the layers.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// What is sent. Should it have to be sent again, the errand writes it anew.
    pub(crate) order: Order,
    pub(crate) asked: Asked<'a>,
    /// The ids of endpoints that are to be left alone while there are others.
    pub(crate) tried: Vec<u64>,
}

/// What all tries for one request share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) errand: &'a Errand,
    /// When the whole exchange must be over.
    pub(crate) deadline: Option<Instant>,
    pub(crate) story: &'a Story,
    pub(crate) turn: Turn,
}

/// Whose turn it is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The upstream that the route names.
    Own,
    /// Another one, while a breaker is open.
    StandIn,
}

/// What happened on the way; each layer writes its own part.
#[derive(Debug, Default)]
pub(crate) struct Story {
    tries: AtomicU8,
    protect: AtomicU8,
}

/// From nothing at all to being refused.
const HARDSHIP: [ProtectOutcome; 5] = [
    ProtectOutcome::Off,
    ProtectOutcome::Go,
    ProtectOutcome::Shadow,
    ProtectOutcome::Queue,
    ProtectOutcome::Shed,
];

/// A response head, and its body as it arrives.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) head: http::response::Parts,
    pub(crate) body: UpstreamBody,
    /// Who answered.
    pub(crate) endpoint: Arc<EndpointState>,
}

/// A failed exchange.
#[derive(Debug)]
pub(crate) struct FetchError {
    pub(crate) failure: Failure,
    /// The last endpoint that was tried.
    pub(crate) endpoint: Option<Arc<EndpointState>>,
    /// The request, when nothing of it was sent.
    pub(crate) unsent: Option<Box<Order>>,
    /// When asking again makes sense, if that is known.
    pub(crate) retry_after: Option<Duration>,
    /// Whether the upstream had room.
    pub(crate) protect: ProtectOutcome,
}

/// What new connections are made with, whichever upstream they are for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    /// Whom endpoints are told of that want to know the client.
    pub(crate) client: Named,
    pub(crate) tls: &'a TlsClient,
    pub(crate) metrics: &'a Arc<Metrics>,
}

/// What a layer answers.
pub(crate) type CallFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// A layer, or all that is within one.
///
/// Every layer answers with the same type of future, so that one that has nothing to do can hand
/// the call on without a future of its own.
pub(crate) trait Next<'a>:
    Service<Call<'a>, Response = Fetched, Error = FetchError, Future = CallFuture<'a>>
    + Copy
    + Send
    + 'a
{
}

/// Sends `order` to the upstream of `errand` and waits for the head of the final response.
pub(crate) fn fetch<'a>(errand: &'a Errand, order: Order, story: &'a Story) -> CallFuture<'a> {
    let upstream = errand.upstream();
    let total = upstream.policy.timeouts.total;
    let asked = Asked {
        errand,
        deadline: total.map(|total| Instant::now() + total),
        story,
        turn: Turn::Own,
    };
    let call = Call {
        order,
        asked,
        tried: Vec::new(),
    };
    fetch_from(upstream, call)
}

/// Sends a call through the layers of `upstream`.
pub(super) fn fetch_from<'a>(upstream: &'a UpstreamState, call: Call<'a>) -> CallFuture<'a> {
    // Every layer is always ready: whoever has to wait does so within the call, where it can be
    // given up.
    stack(upstream).call(call)
}

impl<'a, S> Next<'a> for S where
    S: Service<Call<'a>, Response = Fetched, Error = FetchError, Future = CallFuture<'a>>
        + Copy
        + Send
        + 'a
{
}

// === impl Story ===

impl Story {
    /// A try begins.
    pub(crate) fn tries_again(&self) {
        let _ = self
            .tries
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tries| {
                tries.checked_add(1)
            });
    }

    /// Whether there was room for a try. Of several, the one that had the hardest time counts.
    pub(crate) fn protected(&self, outcome: ProtectOutcome) {
        let rank = HARDSHIP.iter().position(|known| *known == outcome);
        let rank = rank.and_then(|rank| u8::try_from(rank).ok());
        self.protect.fetch_max(rank.unwrap_or(0), Ordering::Relaxed);
    }

    /// Whether there was room.
    pub(crate) fn protect(&self) -> ProtectOutcome {
        let rank = usize::from(self.protect.load(Ordering::Relaxed));
        HARDSHIP.get(rank).copied().unwrap_or_default()
    }

    /// How many tries there were.
    pub(crate) fn tries(&self) -> u8 {
        self.tries.load(Ordering::Relaxed)
    }
}

// === impl FetchError ===

impl FetchError {
    /// A failure before any endpoint was asked.
    pub(crate) const fn nowhere(failure: Failure) -> Self {
        Self {
            failure,
            endpoint: None,
            unsent: None,
            retry_after: None,
            protect: ProtectOutcome::Off,
        }
    }
}
