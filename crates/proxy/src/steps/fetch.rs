//! Steps 6 to 9 for one errand: ask the origin, decide what becomes of its answer, and stand in for
//! it with what is stored when it fails.

use std::{sync::Arc, time::Duration};

use engine::{
    cache::{
        purge::Epoch,
        reuse::{self, Asked, RevalidateReason, StandIn},
    },
    failure::Failure,
    outcome::{JoinOutcome, ProtectOutcome, StoreOutcome},
    time::Now,
};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use store::{Moment, StoredResponse};

use super::{
    keep::{self, Audience, Kept, Next},
    lookup::Intent,
    transform,
};
use crate::{
    batch::{self, Batched, Trip, Whose},
    body::{RequestBody, Upload},
    clock,
    errand::{Cause, Errand},
    fill_job::FillJob,
    upstream::{self, Due, EndpointState, FetchError, Fetched, Order, Story},
};

/// What a request gets in the end.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) errand: Box<Errand>,
    pub(crate) kept: Kept,
    /// Who answered; `None` for a follower.
    pub(crate) origin: Option<Origin>,
    pub(crate) store: Option<StoreOutcome>,
    pub(crate) join: JoinOutcome,
    /// Whether the upstream had room.
    pub(crate) protect: ProtectOutcome,
    /// Why what is stored stands in.
    pub(crate) failure: Option<Failure>,
    /// Fields of the origin's answer that are for the one who asked and for nobody else.
    pub(crate) personal: HeaderMap,
}

/// The origin's part in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The position of the upstream in the policies; another than the route's may have stood in.
    pub(crate) upstream: u16,
    /// The endpoint's place in the metrics of the upstream.
    pub(crate) endpoint: u16,
    pub(crate) status: StatusCode,
    /// From the request being sent to the head of the response.
    pub(crate) time: Duration,
    /// Whether the exchange is counted as this request's.
    pub(crate) whose: Whose,
    /// How often an endpoint was tried for it.
    pub(crate) tries: u8,
}

/// A request that the origin did not answer, and nothing could stand in for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfetched {
    pub(crate) failure: Failure,
    /// The last endpoint that was tried: the places of its upstream and of itself in the metrics.
    pub(crate) endpoint: Option<(u16, u16)>,
    /// When asking again makes sense, if that is known.
    pub(crate) retry_after: Option<Duration>,
    /// How often an endpoint was tried.
    pub(crate) tries: u8,
    /// Whether the upstream had room.
    pub(crate) protect: ProtectOutcome,
}

/// The moment at which a request was sent, by every clock that matters for its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Now,
    /// What is purged after it is about the answer, too.
    pub(crate) purges: Epoch,
    /// What is written after it may not be in the answer.
    pub(crate) writes: Moment,
}

/// Asks the origin, twice when its answer was about something else than what was wanted.
pub(crate) async fn fetch(
    errand: Box<Errand>,
    body: RequestBody,
    upload: Option<Arc<Upload>>,
    audience: Audience,
) -> Result<(Delivery, Option<FillJob>), Unfetched> {
    let story = Story::default();
    let fetched = fetch_told(errand, body, upload, audience, &story).await;
    fetched.map_err(|error| Unfetched {
        failure: error.failure,
        endpoint: (error.endpoint).map(|endpoint| (endpoint.upstream, endpoint.slot)),
        retry_after: error.retry_after,
        tries: story.tries(),
        protect: story.protect(),
    })
}

async fn fetch_told(
    mut errand: Box<Errand>,
    body: RequestBody,
    upload: Option<Arc<Upload>>,
    audience: Audience,
    story: &Story,
) -> Result<(Delivery, Option<FillJob>), FetchError> {
    let (mut order, mut asking) = errand.order();
    order.body = body;
    order.upload = upload;
    // Once, for all that follows: who has to ask again has no more time than who need not.
    let due = Due::of(&errand, audience);
    loop {
        let sent = Sent::now(&errand);
        if let Some(charges) = &mut errand.charges {
            charges.begin(sent.at.monotonic);
        }
        let (fetched, batched) = asked(&errand, order, due, story).await;
        // Before anybody else sees it: what is stored, shared and compressed is what this leaves.
        let fetched = fetched.and_then(|fetched| transform::arrive(&errand, fetched));
        let (origin, failed) = match &fetched {
            Ok(fetched) => {
                let trip = batched.unwrap_or_else(|| Trip {
                    whose: Whose::Own,
                    time: clock::monotonic().saturating_sub(sent.at.monotonic),
                    tries: story.tries(),
                });
                let origin = Origin {
                    upstream: fetched.endpoint.upstream,
                    endpoint: fetched.endpoint.slot,
                    status: fetched.head.status,
                    time: trip.time,
                    whose: trip.whose,
                    tries: trip.tries,
                };
                (Some(origin), Asked::with_status(fetched.head.status))
            }
            Err(error) => (None, Asked::with_failure(error.failure)),
        };
        let answered = fetched
            .as_ref()
            .ok()
            .map(|fetched| Arc::clone(&fetched.endpoint));
        note(&errand, failed);
        charge(&mut errand, sent, batched, fetched.as_ref().ok());
        let failure = fetched.as_ref().err().map(|error| error.failure);
        if failed == Asked::Failed
            && let Some(stored) = stand_in(&errand, failure)
        {
            let mut delivery = Delivery::new(errand, Kept::StoodIn(stored), origin);
            delivery.failure = failure;
            delivery.protect = story.protect();
            return Ok((delivery, None));
        }
        match keep::keep(&errand, fetched?, asking, sent, audience) {
            Next::AskAgain => {
                errand.intent.stale = None;
                (order, asking) = errand.order();
            }
            Next::AskForPart => {
                errand.intent = Intent::bypass();
                (order, asking) = errand.order();
            }
            Next::Senseless => {
                return Err(FetchError {
                    endpoint: answered,
                    ..FetchError::nowhere(Failure::UpstreamGarbage)
                });
            }
            Next::Answer(verdicted) => {
                let mut delivery = Delivery::new(errand, verdicted.kept, origin);
                delivery.store = verdicted.store;
                delivery.protect = story.protect();
                delivery.personal = verdicted.personal;
                // A batch goes to any endpoint, and binds nobody to it.
                if batched.is_none()
                    && let Some(endpoint) = answered
                {
                    delivery.bind(&endpoint);
                }
                return Ok((delivery, verdicted.job));
            }
        }
    }
}

/// What the upstream says, to this request alone or to several that were asked as one, and then what
/// is told of their exchange.
async fn asked(
    errand: &Errand,
    mut order: Order,
    due: Option<Due>,
    story: &Story,
) -> (Result<Fetched, FetchError>, Option<Trip>) {
    // What nobody waits for would take those along whom somebody waits for: it is the first to be
    // refused where there is no room.
    let collector = errand
        .collector()
        .filter(|_| errand.cause() == Cause::Client);
    let Some(collector) = collector else {
        return (upstream::fetch_by(errand, order, due, story).await, None);
    };
    match Box::pin(batch::ask(collector, errand, due, &mut order)).await {
        Batched::Alone => (upstream::fetch_by(errand, order, due, story).await, None),
        Batched::Answered(served) => (Ok(served.fetched), Some(served.trip)),
        Batched::Failed(failure) => (Err(FetchError::nowhere(failure)), None),
    }
}

/// What is stored, if it may stand in for an origin that has failed. A client that demanded
/// something newer is told of the failure instead.
pub(crate) fn stand_in(errand: &Errand, failure: Option<Failure>) -> Option<Arc<StoredResponse>> {
    let stale = errand.intent.stale.as_ref()?;
    if stale.reason == RevalidateReason::Demand {
        return None;
    }
    let meta = &stale.stored.meta;
    let decided = match failure {
        Some(Failure::BreakerOpen) if errand.wants_stale() => {
            reuse::on_open_breaker(meta, clock::now())
        }
        _ => reuse::on_error(meta, clock::now()),
    };
    match decided {
        StandIn::Stale { .. } => Some(Arc::clone(&stale.stored)),
        StandIn::Refused => None,
    }
}

/// Tells those who count what it costs.
fn charge(errand: &mut Errand, sent: Sent, batched: Option<Trip>, fetched: Option<&Fetched>) {
    let Some(charges) = &mut errand.charges else {
        return;
    };
    let alone = clock::monotonic().saturating_sub(sent.at.monotonic);
    charges.spent(spent(batched, alone));
    // What the origin says of a batch is the cost of all of it, and each member has paid for itself.
    if let (Some(fetched), None) = (fetched, batched) {
        charges.settle(&fetched.head.headers);
    }
}

/// How long the origin was busy with a request that has taken so long if it went alone.
fn spent(batched: Option<Trip>, alone: Duration) -> Duration {
    match batched {
        // One of the batch stands for all of it: the origin was busy once.
        Some(trip) if trip.whose == Whose::Others => Duration::ZERO,
        Some(trip) => trip.time,
        None => alone,
    }
}

/// Remembers how an origin did that was asked about something stored: one that fails is left alone
/// for a while where what is stored may stand in (TRAPS 21).
fn note(errand: &Errand, asked: Asked) {
    if errand.intent.stale.is_none() || errand.intent.renewal {
        return;
    }
    let renewals = &errand.sidecar.renewals;
    let hash = errand.intent.hash();
    match asked {
        Asked::Answered => renewals.forgive(hash),
        Asked::Failed => {
            let now = clock::monotonic();
            if let Some(ticket) = renewals.begin(hash, now) {
                ticket.failed(now);
            }
        }
    }
}

// === impl Sent ===

impl Sent {
    fn now(errand: &Errand) -> Self {
        Self {
            at: clock::now(),
            purges: errand.sidecar.purges.now(),
            writes: errand.sidecar.writes.now(),
        }
    }
}

// === impl Delivery ===

impl Delivery {
    pub(crate) fn new(errand: Box<Errand>, kept: Kept, origin: Option<Origin>) -> Self {
        Self {
            errand,
            kept,
            origin,
            store: None,
            join: JoinOutcome::Alone,
            protect: ProtectOutcome::Off,
            failure: None,
            personal: HeaderMap::new(),
        }
    }

    /// Binds the client to the endpoint that answered, where clients are bound. The cache has seen
    /// the answer already, and what is kept knows nothing of it.
    pub(crate) fn bind(&mut self, endpoint: &EndpointState) {
        let upstreams = &self.errand.snapshot.upstreams;
        let upstream = upstreams.get(usize::from(endpoint.upstream));
        let cookie = upstream.and_then(|upstream| upstream.binding(&self.errand, endpoint));
        if let Some(cookie) = cookie {
            let fields = match &mut self.kept {
                Kept::Direct(fetched) => &mut fetched.head.headers,
                _ => &mut self.personal,
            };
            fields.append(SET_COOKIE, cookie);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is learned of callers by the origin's time must not be more than the time.
    #[test]
    fn the_time_of_a_batch_counts_once() {
        let (of_batch, alone) = (Duration::from_millis(40), Duration::from_millis(70));
        let trip = |whose| Trip {
            whose,
            time: of_batch,
            tries: 1,
        };
        assert_eq!(spent(Some(trip(Whose::Own)), alone), of_batch);
        assert_eq!(spent(Some(trip(Whose::Others)), alone), Duration::ZERO);
        assert_eq!(spent(None, alone), alone);
    }
}
