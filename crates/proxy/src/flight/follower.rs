//! One who waits for somebody else's fetch.

use std::{sync::Arc, time::Duration};

use engine::{collapse, failure::Failure};
use store::StoredResponse;
use tokio::sync::watch;

use super::{Crew, Filling, Flight, Landing, Lead, Signal, Stage, Unanswered};
use crate::fill::FillReader;

/// A place in a flight; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct Follower {
    flight: Arc<Flight>,
    signal: watch::Receiver<Signal>,
    boarded: Boarded,
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Followed {
    /// The response is for the leader alone; go alone after this time.
    Alone(Duration),
    /// The leader could not ask; look for another flight.
    Cancelled,
    /// There was no response.
    Failed(Unanswered),
    /// The response may be shared, if it is the right one for this follower.
    Filling(Place),
    /// The leader failed, and this follower leads now.
    Promoted(Lead),
    /// The response is in the cache, fresh again.
    Stored(Arc<StoredResponse>),
}

/// A follower's place in a body; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct Place {
    filling: Filling,
    follower: Follower,
}

/// What a follower does when its leader fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Will {
    /// It takes the failure, because it has something else to answer with.
    Decline,
    /// It takes the lead, if no other follower is quicker.
    Lead,
}

#[derive(Clone, Copy, Debug)]
enum Boarded {
    /// After the landing.
    Late,
    /// Before it, as the follower of this number.
    Waiting(u32),
}

// === impl Follower ===

impl Follower {
    pub(super) fn board(flight: &Arc<Flight>, crew: &mut Crew) -> Self {
        let boarded = match crew.stage {
            Stage::Landed => Boarded::Late,
            Stage::Flying | Stage::Over | Stage::Vacant => Boarded::Waiting(crew.boarded),
        };
        crew.boarded = crew.boarded.saturating_add(1);
        crew.followers += 1;
        Self {
            flight: Arc::clone(flight),
            signal: flight.signal.subscribe(),
            boarded,
        }
    }

    /// Waits until there is something to do.
    pub(crate) async fn followed(mut self, will: Will) -> Followed {
        loop {
            let signal = self
                .signal
                .wait_for(|signal| !matches!(signal, Signal::Waiting))
                .await
                .map(|signal| signal.clone());
            match signal {
                Ok(Signal::Landed(landing)) => return self.landed(landing),
                Ok(Signal::Vacant(why)) if will == Will::Decline => {
                    return Followed::Failed(why);
                }
                Ok(Signal::Vacant(_)) => {
                    if let Some(lead) = self.take_over() {
                        return Followed::Promoted(lead);
                    }
                }
                // The flight lives as long as this follower, and with it the sender.
                Ok(Signal::Waiting) | Err(_) => return Followed::Failed(Failure::Internal.into()),
            }
        }
    }

    fn landed(self, landing: Landing) -> Followed {
        match landing {
            Landing::Alone => Followed::Alone(self.release_after()),
            Landing::Cancelled => Followed::Cancelled,
            Landing::Failed(why) => Followed::Failed(why),
            Landing::Filling(filling) => Followed::Filling(Place {
                filling,
                follower: self,
            }),
            Landing::Stored(stored) => Followed::Stored(stored),
        }
    }

    fn release_after(&self) -> Duration {
        match self.boarded {
            Boarded::Late => Duration::ZERO,
            Boarded::Waiting(place) => collapse::release_after(place),
        }
    }

    fn take_over(&self) -> Option<Lead> {
        let mut crew = self.flight.crew.lock();
        if !matches!(crew.stage, Stage::Vacant) {
            return None;
        }
        self.flight.take_over(&mut crew);
        Some(Lead::of(Arc::clone(&self.flight)))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut crew = self.flight.crew.lock();
        crew.followers -= 1;
        if let (Some(fill), Boarded::Waiting(_)) = (&crew.fill, self.boarded) {
            fill.renounce();
        }
        if matches!(crew.stage, Stage::Vacant) && crew.followers == 0 {
            crew.stage = Stage::Over;
            drop(crew);
            self.flight.flights.take_off(&self.flight);
        }
    }
}

// === impl Place ===

impl Place {
    /// The head of the response; its body is empty here.
    pub(crate) const fn head(&self) -> &Arc<StoredResponse> {
        &self.filling.head
    }

    /// The body from its beginning, or `None` when it has gone on without this follower.
    pub(crate) fn reader(mut self) -> Option<FillReader> {
        let Filling { fill, length, .. } = &self.filling;
        match std::mem::replace(&mut self.follower.boarded, Boarded::Late) {
            Boarded::Late => fill.reader(*length),
            Boarded::Waiting(_) => fill.promised(*length),
        }
    }

    /// Leaves the body to the others, and says how long to wait before going alone.
    pub(crate) fn decline(self) -> Duration {
        self.follower.release_after()
    }
}
