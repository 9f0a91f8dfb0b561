//! Step 5: is someone already fetching it? And then the fetch itself, by whoever leads.
//!
//! **Shared only when it may be.** Followers wait until the head of the leader's response proves
//! that it is for them, too: nothing forbids it, and their own fields select the same variant. Else
//! each goes alone, and the key is remembered so that the next ones do not queue (TRAPS 16).
//!
//! **A leader that leaves.** The errand is carried through by a task of its own when the client that
//! began it leaves: the followers still get their answer.
//!
//! **A leader that fails.** One follower is promoted and tries again, the others go on waiting; when
//! that one fails, too, all get the error (TRAPS 22).

mod meanwhile;
mod renewing;
mod told;

use std::{sync::Arc, time::Duration};

use engine::{
    cache::vary::Match,
    collapse::{self, Demand, Landed, Onward, memory::Remembered, variant},
    failure::Failure,
    outcome::{JoinOutcome, StoreOutcome},
};
use hyper::body::Incoming;
use policy::Mode;
use store::StoredResponse;

pub(crate) use self::renewing::renew;
use self::{
    meanwhile::stored_meanwhile,
    told::{refusal, told},
};
use super::{
    answer::Refusal,
    fetch::{Delivery, Unfetched, fetch, stand_in},
    keep::{Audience, Kept},
    limit::{self, Reaching},
};
use crate::{
    body::{RequestBody, Upload},
    clock,
    errand::Errand,
    exchange::Exchange,
    fill_job::{Begun, FillJob, Running},
    flight::{self, Boarding, Follower, Landing, Lead, Unanswered, Will},
    unabandoned::Unabandoned,
};

/// What the client sends along.
#[derive(Debug)]
pub(crate) enum Content {
    /// Being read: it was looked at, and turned out not to be part of a key.
    Opened(RequestBody, Option<Arc<Upload>>),
    /// Nothing, or nothing any more: the errand has what there was.
    Read,
    /// Not looked at yet.
    Unread(Incoming),
}

/// A request's part in fetching what it wants.
#[derive(Debug)]
pub(crate) enum Part {
    /// It fetches for itself.
    Alone,
    /// It waits for somebody else's fetch.
    Follow(Follower),
    /// It fetches for all who come meanwhile.
    Lead(Lead),
}

/// How waiting for a leader ended.
enum Followed {
    /// Ask the origin for oneself, after this time.
    Alone(Box<Errand>, Duration),
    /// Look for another flight.
    Board(Box<Errand>),
    Delivered(Box<Delivery>),
    Failed(Unanswered),
    Promoted(Box<Errand>, Lead),
}

/// How leading went.
enum Led {
    /// It had to wait before it could, and left the flight: look for another.
    Board(Box<Errand>),
    Told(Result<Box<Delivery>, Refusal>),
}

// === impl Followed ===

impl Followed {
    fn delivered(errand: Box<Errand>, kept: Kept) -> Self {
        Self::Delivered(Box::new(followed(errand, kept)))
    }
}

/// Gets the response for an errand, together with others if they want the same.
pub(crate) async fn join(
    exchange: &mut Exchange,
    mut errand: Box<Errand>,
    content: Content,
) -> Result<Delivery, Refusal> {
    if errand.intent.flight_key.is_empty() {
        return alone(exchange, errand, content).await;
    }
    if let Content::Unread(body) = content {
        crate::body::drain(body);
    }
    let mut boardings = 0;
    loop {
        boardings += 1;
        errand = match part(exchange, &errand) {
            Part::Alone => return alone(exchange, errand, Content::Read).await,
            Part::Lead(lead) => match take_lead(exchange, errand, lead).await {
                Led::Board(errand) => errand,
                Led::Told(told) => return told.map(|delivery| *delivery),
            },
            Part::Follow(follower) => match follow(errand, follower, boardings).await {
                Followed::Alone(errand, after) => {
                    if !after.is_zero() {
                        // Its turn in the trickle: those it was released with must not all ask at once.
                        tokio::time::sleep(after).await;
                    }
                    return alone(exchange, errand, Content::Read).await;
                }
                Followed::Board(errand) => errand,
                Followed::Delivered(delivery) => return Ok(*delivery),
                Followed::Failed(why) => return Err(refusal(why)),
                Followed::Promoted(errand, lead) => match lead_errand(exchange, errand, lead).await
                {
                    Led::Board(errand) => errand,
                    Led::Told(told) => return told.map(|delivery| *delivery),
                },
            },
        };
    }
}

fn part(exchange: &mut Exchange, errand: &Errand) -> Part {
    let key = &errand.intent.flight_key;
    let hash = store::hash(key);
    let sidecar = &errand.sidecar;
    let demand = match errand.intent.lookup {
        Some(known) if known.demand.no_cache => Demand::Anew,
        _ => Demand::Anything,
    };
    let remembered = sidecar.uncacheable.recall(hash, clock::monotonic());
    let Some(manner) = collapse::manner(remembered, demand) else {
        return Part::Alone;
    };
    let boarding = sidecar.flights.board(key, hash, manner);
    let mode = errand.route().deduplication.map(|policy| policy.mode);
    match (boarding, mode) {
        (Boarding::Alone, _) => Part::Alone,
        (Boarding::Follow(follower), Some(Mode::Enforce)) => Part::Follow(follower),
        (Boarding::Lead(lead), Some(Mode::Enforce)) => Part::Lead(lead),
        (Boarding::Follow(_), _) => {
            exchange.event().shadow.join = Some(JoinOutcome::Follow);
            Part::Alone
        }
        (Boarding::Lead(lead), _) => {
            exchange.event().shadow.join = Some(JoinOutcome::Lead);
            exchange.shadow_lead = Some(lead);
            Part::Alone
        }
    }
}

/// Leads, unless what is wanted has come just now.
async fn take_lead(exchange: &mut Exchange, errand: Box<Errand>, mut lead: Lead) -> Led {
    match stored_meanwhile(&errand) {
        Some(stored) => {
            lead.land(Landing::Stored(Arc::clone(&stored)));
            Led::Told(Ok(Box::new(followed(errand, Kept::Renewed(stored)))))
        }
        None => lead_errand(exchange, errand, lead).await,
    }
}

/// What becomes of a request that may not reach the origin.
fn denied(errand: Box<Errand>, refusal: Refusal) -> Result<Delivery, Refusal> {
    let failure = Some(refusal.failure);
    let Some(stored) = stand_in(&errand, failure) else {
        return Err(refusal);
    };
    let mut delivery = Delivery::new(errand, Kept::StoodIn(stored), None);
    delivery.failure = failure;
    Ok(delivery)
}

async fn alone(
    exchange: &mut Exchange,
    mut errand: Box<Errand>,
    content: Content,
) -> Result<Delivery, Refusal> {
    match limit::reach(exchange, &mut errand) {
        Reaching::Denied(refusal) => {
            if let Content::Unread(body) = content {
                crate::body::drain(body);
            }
            return denied(errand, refusal);
        }
        Reaching::Go => {}
        Reaching::Wait(delay) => {
            if let Err(refusal) = limit::sit_out(exchange, &errand, delay).await {
                if let Content::Unread(body) = content {
                    crate::body::drain(body);
                }
                return Err(refusal);
            }
        }
    }
    let (body, upload) = match content {
        Content::Opened(body, upload) => (body, upload),
        Content::Read => (errand.kept_body(), None),
        Content::Unread(incoming) => errand.body(incoming),
    };
    let counted = upload.clone();
    let fetched = fetch(errand, body, upload, Audience::One).await;
    if let Some(upload) = counted {
        exchange.event().request_bytes = upload.received();
    }
    let (mut delivery, job) = told(exchange, fetched)?;
    if let Some(running) = begin(&mut delivery, job).await {
        tokio::spawn(running);
    }
    Ok(delivery)
}

/// Begins to read the body for several, if there is one; the rest of it, if it is not here yet.
async fn begin(delivery: &mut Delivery, job: Option<FillJob>) -> Option<Running> {
    match job?.begin().await {
        Begun::Over(Some(stored)) => delivery.kept = Kept::Stored(stored),
        Begun::Over(None) => {}
        Begun::UnderWay(running) => return Some(running),
    }
    None
}

async fn lead_errand(exchange: &mut Exchange, mut errand: Box<Errand>, mut lead: Lead) -> Led {
    // The others neither wait for the turn of this one, nor are they told that it has none.
    match limit::reach(exchange, &mut errand) {
        Reaching::Denied(refusal) => {
            lead.land(Landing::Cancelled);
            return Led::Told(denied(errand, refusal).map(Box::new));
        }
        Reaching::Go => {}
        Reaching::Wait(delay) => {
            lead.land(Landing::Cancelled);
            return match limit::sit_out(exchange, &errand, delay).await {
                Ok(()) => Led::Board(errand),
                Err(refusal) => Led::Told(Err(refusal)),
            };
        }
    }
    let told = told(exchange, Unabandoned::new(fly(errand, lead)).await);
    Led::Told(told.map(|mut delivery| {
        delivery.join = JoinOutcome::Lead;
        Box::new(delivery)
    }))
}

/// Fetches for all who board the flight.
async fn fly(errand: Box<Errand>, mut lead: Lead) -> Result<Delivery, Unfetched> {
    let sidecar = Arc::clone(&errand.sidecar);
    let hash = store::hash(&errand.intent.flight_key);
    let body = errand.kept_body();
    let fetched = fetch(errand, body, None, Audience::Several).await;
    let (mut delivery, job) = match fetched {
        Ok(fetched) => fetched,
        Err(error) => {
            lead.land(Landing::Failed(Unanswered {
                failure: error.failure,
                retry_after: error.retry_after,
            }));
            return Err(error);
        }
    };
    let landing = landing(&delivery, job.as_ref());
    match &landing {
        Landing::Alone => {
            let status = delivery.origin.map(|origin| origin.status);
            let remembered = Remembered::new(status, delivery.store, clock::monotonic());
            sidecar.uncacheable.remember(hash, remembered);
        }
        Landing::Filling(_) | Landing::Stored(_) => sidecar.uncacheable.forget(hash),
        Landing::Cancelled | Landing::Failed(_) => {}
    }
    lead.land(landing);
    if let Some(running) = begin(&mut delivery, job).await {
        tokio::spawn(async move {
            running.await;
            drop(lead);
        });
    }
    Ok(delivery)
}

fn landing(delivery: &Delivery, job: Option<&FillJob>) -> Landing {
    match (&delivery.kept, job) {
        (Kept::Renewed(stored), _)
            if delivery.store == Some(StoreOutcome::Stored) && stored.part.is_none() =>
        {
            Landing::Stored(Arc::clone(stored))
        }
        (Kept::Filling { .. }, Some(job)) => Landing::Filling(job.filling()),
        // Those who hold the same will stand in with it themselves.
        (Kept::StoodIn(_), _) => {
            Landing::Failed(delivery.failure.unwrap_or(Failure::UpstreamClosed).into())
        }
        _ => Landing::Alone,
    }
}

async fn follow(errand: Box<Errand>, follower: Follower, boardings: u32) -> Followed {
    // Whoever has something to stand in does not lead after a failure: the next one does.
    let will = match stand_in(&errand, None) {
        Some(_) => Will::Decline,
        None => Will::Lead,
    };
    match follower.followed(will).await {
        flight::Followed::Alone(after) => {
            onward(Landed::Unshareable, errand, None, boardings, after)
        }
        flight::Followed::Cancelled => Followed::Board(errand),
        flight::Followed::Failed(why) => match stand_in(&errand, Some(why.failure)) {
            Some(stored) => Followed::delivered(errand, Kept::StoodIn(stored)),
            None => Followed::Failed(why),
        },
        flight::Followed::Filling(place) => {
            let head = Arc::clone(place.head());
            if !is_for(&errand, &head) {
                let after = place.decline();
                return onward(Landed::OtherVariant, errand, Some(&head), boardings, after);
            }
            match place.reader() {
                Some(reader) => Followed::delivered(errand, Kept::Filling { head, reader }),
                None => onward(Landed::Departed, errand, None, boardings, Duration::ZERO),
            }
        }
        flight::Followed::Promoted(lead) => Followed::Promoted(errand, lead),
        flight::Followed::Stored(stored) if is_for(&errand, &stored) => {
            Followed::delivered(errand, Kept::Renewed(stored))
        }
        flight::Followed::Stored(stored) => {
            let after = Duration::ZERO;
            onward(
                Landed::OtherVariant,
                errand,
                Some(&stored),
                boardings,
                after,
            )
        }
    }
}

/// What a follower does when the leader's response is not for it: `other` is that response, if it is
/// only of another variant.
fn onward(
    landed: Landed,
    mut errand: Box<Errand>,
    other: Option<&StoredResponse>,
    boardings: u32,
    after: Duration,
) -> Followed {
    match collapse::onward(landed, boardings) {
        Onward::Board => {
            if let Some(other) = other {
                let mut key = std::mem::take(&mut errand.intent.flight_key).into_vec();
                let (names, request) = (other.meta.vary.names(), &errand.head.headers);
                variant::narrow(names, request, errand.accept_encoding(), &mut key);
                errand.intent.flight_key = key.into();
            }
            Followed::Board(errand)
        }
        Onward::Alone => Followed::Alone(errand, after),
    }
}

/// What somebody else's fetch brought.
fn followed(errand: Box<Errand>, kept: Kept) -> Delivery {
    let mut delivery = Delivery::new(errand, kept, None);
    delivery.join = JoinOutcome::Follow;
    delivery
}

/// Whether a follower's own fields select the leader's response.
fn is_for(errand: &Errand, stored: &StoredResponse) -> bool {
    stored.part.is_none() && stored.meta.vary.matches(&errand.head.headers) == Match::Same
}
