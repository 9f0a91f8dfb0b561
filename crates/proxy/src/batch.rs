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
//! goes alone after it has failed has what is left of the total.

mod collector;
mod sending;

use std::time::Duration;

use engine::{
    admit::DeclaredBody,
    batch::{Ask, Member, MemberOutcome, Unfit},
    failure::Failure,
};
use policy::Mode;
use store::FillReservation;
use tokio::{sync::oneshot, time::Instant};

pub(crate) use self::collector::Collector;
use crate::{
    body::{CutShort, Gathered, RequestBody, gather},
    errand::Errand,
    upstream::{Fetched, Order, Target},
};

/// How a request of a route that batches gets its answer.
#[derive(Debug)]
pub(crate) enum Batched {
    /// By itself, before this time if it has waited already.
    Alone(Option<Instant>),
    /// Here it is.
    Answered(Box<Served>),
    /// Not at all: its body did not come.
    Failed(Failure),
}

/// A member's part of what the upstream has answered.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) fetched: Fetched,
    /// From the batch being sent to the head of its response.
    pub(crate) time: Duration,
    pub(crate) whose: Whose,
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

/// Waits for others that want the like of `order`, if it can be asked for together with them.
pub(crate) async fn ask(collector: &Collector, errand: &Errand, order: &mut Order) -> Batched {
    let since = Instant::now();
    let _held = match read_body(collector, errand, order).await {
        Ok(held) => held,
        Err(CutShort(failure)) => return Batched::Failed(failure),
    };
    let member = match read(collector, order) {
        Ok(member) => member,
        Err(unfit) => {
            tracing::trace!(reason = unfit.as_str(), "not for a batch");
            collector.count(errand, MemberOutcome::Unfit);
            return Batched::Alone(None);
        }
    };
    let (seat, verdict) = match collector.mode() {
        // Counted when the batch would have been sent.
        Mode::Off | Mode::Shadow => (None, None),
        Mode::Enforce => {
            let (seat, verdict) = oneshot::channel();
            (Some(seat), Some(verdict))
        }
    };
    if let Err(outcome) = collector.join(errand, member, seat) {
        collector.count(errand, outcome);
        return Batched::Alone(None);
    }
    let Some(verdict) = verdict else {
        return Batched::Alone(None);
    };
    // A batch that ends without a word, as when the process stops, has failed.
    let verdict = verdict.await;
    let (outcome, batched) = match verdict.unwrap_or(Verdict::Alone(MemberOutcome::Failed)) {
        Verdict::Alone(outcome) => {
            let total = errand.upstream().policy.timeouts.total;
            let deadline = total.map(|total| since + total);
            (outcome, Batched::Alone(deadline))
        }
        Verdict::Answered(served) => (MemberOutcome::Answered, Batched::Answered(served)),
    };
    collector.count(errand, outcome);
    batched
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
        RequestBody::Client(_) | RequestBody::Resumed(_) | RequestBody::Rewound(_) => {
            return Err(Unfit::Body);
        }
    };
    collector.plan.member(&Ask {
        method: &order.method,
        target,
        host: order.host.as_bytes(),
        headers: &order.headers,
        body,
    })
}
