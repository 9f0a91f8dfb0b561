//! One request for one upstream, and what comes of it.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::{
    attempt::AttemptEnd, deadline::Whose, failure::Failure, outcome::ProtectOutcome,
    proxy_protocol::Named,
};
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use telemetry::Metrics;
use tower::Service;

use super::{EndpointState, Order, TlsClient, UpstreamState, layers::deadline::Due, stack::stack};
use crate::{
    body::{Spare, UpstreamBody},
    clock,
    errand::Errand,
    steps::keep::Audience,
};

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
    pub(crate) due: Option<Due>,
    pub(crate) story: &'a Story,
    pub(crate) turn: Turn,
}

/// Whose turn it is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// One that gets a copy, of which nobody wants the answer.
    Copy,
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
    /// The id of who was asked last, and one more; 0 when nobody was.
    latest: AtomicU64,
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
    /// The request, when it was provably not processed.
    pub(crate) unsent: Option<Box<Order>>,
    /// When asking again makes sense, if that is known.
    pub(crate) retry_after: Option<Duration>,
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
pub(crate) fn fetch<'a>(
    errand: &'a Errand,
    order: Order,
    audience: Audience,
    story: &'a Story,
) -> CallFuture<'a> {
    fetch_by(errand, order, Due::of(errand, audience), story)
}

/// The same for one that has waited already, and must be over at this time.
pub(crate) fn fetch_by<'a>(
    errand: &'a Errand,
    order: Order,
    due: Option<Due>,
    story: &'a Story,
) -> CallFuture<'a> {
    let upstream = errand.upstream();
    let asked = Asked {
        errand,
        due,
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

// === impl Asked ===

impl Asked<'_> {
    /// The request once more, if its body can be sent again.
    pub(crate) fn rewrite(self, spare: &Spare) -> Option<Order> {
        let (body, upload) = spare.body()?;
        let (mut order, _) = self.errand.order();
        self.turn.prepare(&mut order);
        Some(Order {
            body,
            upload,
            ..order
        })
    }

    /// How it ended, as far as it says anything about who was asked.
    pub(crate) fn end(self, fetched: &Result<Fetched, FetchError>) -> AttemptEnd {
        match fetched {
            Ok(Fetched { head, .. }) => {
                AttemptEnd::answered(head.status, &head.headers, clock::now().wall)
            }
            Err(error) => self.failed(error.failure),
        }
    }

    /// As [`Self::end`], without an answer.
    pub(crate) fn failed(self, failure: Failure) -> AttemptEnd {
        let whose = self.due.map(|due| due.whose);
        match failure {
            // Who is in a hurry says nothing about the endpoint.
            Failure::TotalTimedOut if whose == Some(Whose::Callers) => AttemptEnd::Abandoned,
            failure => AttemptEnd::Failed(failure),
        }
    }
}

// === impl Turn ===

impl Turn {
    /// Takes out of a request what only the own upstream understands.
    ///
    /// What is stored came from the first, and so did the validators that came with it: asked with
    /// them, another one could say that nothing has changed. Whoever asks to read is given the whole
    /// instead. A condition on a write is left where it is: without it, what the client meant to
    /// protect would be overwritten (RFC 9110, section 13.1).
    pub(crate) fn prepare(self, order: &mut Order) {
        match self {
            Self::Copy | Self::Own => return,
            Self::StandIn => {}
        }
        if !order.method.is_safe() {
            return;
        }
        let headers = &mut order.headers;
        for name in [IF_MODIFIED_SINCE, IF_NONE_MATCH] {
            headers.remove(name);
        }
        // A part of another representation cannot be told from one of the same without it.
        if headers.remove(IF_RANGE).is_some() {
            headers.remove(RANGE);
        }
    }
}

// === impl Story ===

impl Story {
    /// The endpoint with this id is tried.
    pub(crate) fn tries_at(&self, endpoint: u64) {
        self.latest.store(endpoint + 1, Ordering::Relaxed);
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

    /// The id of the endpoint that was tried last.
    pub(crate) fn latest(&self) -> Option<u64> {
        self.latest.load(Ordering::Relaxed).checked_sub(1)
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
        }
    }
}
