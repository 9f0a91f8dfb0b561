//! Requests that wait a moment for others, to be asked as one.
//!
//! It stands where a request would go upstream: a hit never gets here, nor does a follower; a miss
//! does, also one that leads a flight. Who is told to go alone goes on as if nothing had been.
//!
//! **One pot for all workers.** Callers of one thing come in on any worker; were each worker to
//! collect its own, a burst would make as many batches as there are workers, and the more there are
//! the fewer would find anybody to go with. So the pots of a route are shared, behind a lock that is
//! held for an insertion, and only by requests that would otherwise make a round trip.
//!
//! **The batch belongs to nobody.** A task of its own waits, asks and takes apart. A caller that
//! leaves is left out if it leaves early enough, and harms nobody if it does not.
//!
//! **Deadlines hold.** A batch is one exchange with the upstream, under the same timeouts as any. Who
//! goes alone after it has failed has what is left of its time.

mod collector;
mod sending;

use std::{future::Future, time::Duration};

use engine::{
    admit::DeclaredBody,
    batch::{Ask, Member, MemberOutcome, Unfit},
    failure::Failure,
};
use policy::Mode;
use store::FillReservation;
use tokio::{sync::oneshot, time::timeout_at};

pub(crate) use self::collector::Collector;
use self::collector::Seat;
use crate::{
    body::{CutShort, Gathered, RequestBody, gather},
    errand::Errand,
    upstream::{Due, Fetched, Order, Target},
};

/// How a request of a route that batches gets its answer.
#[derive(Debug)]
pub(crate) enum Batched {
    /// By itself.
    Alone,
    /// Here it is.
    Answered(Box<Served>),
    /// Not at all: its body did not come, or its time is over.
    Failed(Failure),
}

/// A member's part of what the upstream has answered.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) fetched: Fetched,
    pub(crate) trip: Trip,
}

/// What is told of an exchange with the upstream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trip {
    pub(crate) whose: Whose,
    /// From the request being sent to the head of its response.
    pub(crate) time: Duration,
    /// How often an endpoint was tried.
    pub(crate) tries: u8,
}

/// Whether the exchange with the upstream is counted as this member's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// It is.
    Own,
    /// Another one's.
    Others,
}

/// What a member that waits is told.
#[derive(Debug)]
enum Verdict {
    Alone(MemberOutcome),
    Answered(Box<Served>),
}

/// Waits for others that want the like of `order`, if it can be asked for together with them; no
/// longer than it has time.
pub(crate) async fn ask(
    collector: &Collector,
    errand: &Errand,
    due: Option<Due>,
    order: &mut Order,
) -> Batched {
    let read_body = read_body(collector, errand, order);
    let _held = match in_time(due, read_body).await {
        Some(Ok(held)) => held,
        Some(Err(CutShort(failure))) => return Batched::Failed(failure),
        None => return Batched::Failed(Failure::TotalTimedOut),
    };
    let member = match read(collector, order) {
        Ok(member) => member,
        Err(unfit) => {
            tracing::trace!(reason = unfit.as_str(), "not for a batch");
            collector.count(errand, MemberOutcome::Unfit);
            return Batched::Alone;
        }
    };
    let (seat, verdict) = match collector.mode() {
        // Counted when the batch would have been sent.
        Mode::Off | Mode::Shadow => (None, None),
        Mode::Enforce => {
            let (told, verdict) = oneshot::channel();
            let seat = Seat {
                verdict: told,
                places: errand.places.clone(),
            };
            (Some(seat), Some(verdict))
        }
    };
    if let Err(outcome) = collector.join(errand, member, seat) {
        collector.count(errand, outcome);
        return Batched::Alone;
    }
    let Some(verdict) = verdict else {
        return Batched::Alone;
    };
    let Some(verdict) = in_time(due, verdict).await else {
        collector.count(errand, MemberOutcome::Failed);
        return Batched::Failed(Failure::TotalTimedOut);
    };
    // A batch that ends without a word, as when the process stops, has failed.
    let verdict = verdict.unwrap_or(Verdict::Alone(MemberOutcome::Failed));
    let (outcome, batched) = match verdict {
        Verdict::Alone(outcome) => (outcome, Batched::Alone),
        Verdict::Answered(served) => (MemberOutcome::Answered, Batched::Answered(served)),
    };
    collector.count(errand, outcome);
    batched
}

/// What comes of waiting, if it comes in time.
async fn in_time<T>(due: Option<Due>, waiting: impl Future<Output = T>) -> Option<T> {
    match due {
        None => Some(waiting.await),
        Some(due) => timeout_at(due.at, waiting).await.ok(),
    }
}

/// Reads the body as far as a batch may hold it; a longer one goes on as if nobody had looked. In
/// shadow mode only one that is announced as short enough is read: then nothing changes on the way.
async fn read_body(
    collector: &Collector,
    errand: &Errand,
    order: &mut Order,
) -> Result<Option<FillReservation>, CutShort> {
    let RequestBody::Client(_) = &order.body else {
        return Ok(None);
    };
    let Some(most) = collector.plan.wants_body(&order.method, &order.headers) else {
        return Ok(None);
    };
    let announced = match errand.facts.declared {
        DeclaredBody::Length(length) => Some(length),
        DeclaredBody::Chunked | DeclaredBody::Unsaid => None,
    };
    let fits = match announced {
        Some(length) => length <= most,
        None => collector.mode() == Mode::Enforce,
    };
    // Bodies that wait count against the memory promise, like those on their way in.
    let needed = announced.unwrap_or(most);
    let Some(held) = (errand.sidecar.fills.reserve(needed)).filter(|_| fits) else {
        return Ok(None);
    };
    let body = std::mem::replace(&mut order.body, RequestBody::Empty);
    match gather(body, most).await? {
        Gathered::TooMuch(body) => {
            order.body = body;
            Ok(None)
        }
        Gathered::Whole(content) => {
            order.body = RequestBody::Kept(content);
            order.upload = None;
            Ok(Some(held))
        }
    }
}

/// What the engine makes of the order.
fn read(collector: &Collector, order: &Order) -> Result<Member, Unfit> {
    let Target::Path(target) = &order.target else {
        return Err(Unfit::Path);
    };
    let body = match &order.body {
        RequestBody::Empty => None,
        RequestBody::Kept(content) => Some(content),
        RequestBody::Client(_)
        | RequestBody::Decoding(_)
        | RequestBody::Resumed(_)
        | RequestBody::Rewound(_) => return Err(Unfit::Body),
    };
    collector.plan.member(&Ask {
        method: &order.method,
        target,
        host: order.host.as_bytes(),
        headers: &order.headers,
        body,
    })
}
