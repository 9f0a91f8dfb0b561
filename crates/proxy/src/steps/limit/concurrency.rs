//! One limit on what a caller has in flight, and the way through several of them.

use std::{net::IpAddr, sync::Arc, time::Duration};

use engine::{
    caller::{CallerFacts, Company, Counting, Holder},
    outcome::LimitDecision,
    rate_limit::Blame,
};
use policy::{ConcurrencyPolicy, Mode};
use telemetry::LimitMarks;

use super::{
    Arrival,
    told::Told,
    waiting_room::{Seat, Seats, Sitter},
};
use crate::{
    caller::CallerRule,
    exchange::Exchange,
    places::{self, Entering, Place, Tally, Waiting},
    sidecar::Sidecar,
    snapshot::Snapshot,
};

/// A limit, made ready.
#[derive(Debug)]
pub(super) struct PlaceRule {
    /// In the route's policies.
    pub(super) position: usize,
    pub(super) name: Box<str>,
    pub(super) mode: Mode,
    pub(super) callers: CallerRule,
    pub(super) tally: Arc<Tally>,
    max: u32,
    queue: Option<Duration>,
}

/// A place that a request needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Among those of the route that are on.
    rule: usize,
    caller: Holder,
}

/// A request on its way through the limits, in their order: nobody waits for one limit while holding
/// what another, who waits for him, needs.
#[derive(Debug)]
pub(super) struct Doorway {
    snapshot: Arc<Snapshot>,
    sidecar: Arc<Sidecar>,
    route: usize,
    client: Option<IpAddr>,
    wanted: Vec<Wanted>,
    /// Of which so many have been asked.
    asked: usize,
    places: Vec<Place>,
    marks: LimitMarks,
    /// The denials for which others are to blame.
    others: LimitMarks,
}

/// How far a request has come.
#[derive(Debug)]
pub(super) enum Going {
    /// To the end, or to where it is refused.
    In,
    /// It has to wait.
    Queue(Queuing),
}

/// Somebody who waits for a place.
#[derive(Debug)]
pub(super) struct Queuing {
    waiting: Waiting,
    longest: Duration,
    position: usize,
    company: Company,
    _seat: Seat,
}

/// The place that the request needs by one limit, if it is counted.
pub(super) fn want(
    exchange: &Exchange,
    (rule, policy): (usize, &PlaceRule),
    facts: &CallerFacts<'_>,
    told: &mut Told,
) -> Option<Wanted> {
    match policy.callers.count(facts) {
        Counting::Deny(part, why) => {
            told.unknown(exchange, (&policy.name, policy.mode), (part, why));
            None
        }
        Counting::Free => None,
        Counting::On(caller) => Some(Wanted { rule, caller }),
    }
}

// === impl PlaceRule ===

impl PlaceRule {
    pub(super) fn new(route: &str, position: usize, policy: &ConcurrencyPolicy) -> Self {
        // A rate limit of the same name counts other things.
        let names = ["in flight", route, &policy.name];
        Self {
            position,
            name: policy.name.as_str().into(),
            mode: policy.mode,
            callers: CallerRule::new(&names, &policy.key, policy.on_unknown),
            tally: Arc::default(),
            max: policy.max,
            queue: policy.queue,
        }
    }
}

// === impl Doorway ===

impl Doorway {
    pub(super) fn new(exchange: &Exchange, route: usize, wanted: Vec<Wanted>) -> Self {
        Self {
            snapshot: Arc::clone(exchange.snapshot()),
            sidecar: Arc::clone(exchange.sidecar()),
            route,
            client: exchange.address(),
            places: Vec::with_capacity(wanted.len()),
            wanted,
            asked: 0,
            marks: LimitMarks::default(),
            others: LimitMarks::default(),
        }
    }

    /// Takes places as long as there are any.
    pub(super) fn go_on(&mut self) -> Going {
        while let Some(wanted) = self.wanted.get(self.asked).copied() {
            self.asked += 1;
            let Some(rule) = self.snapshot.limits[self.route].places.get(wanted.rule) else {
                continue;
            };
            let (position, cells) = (rule.position, &self.sidecar.places);
            let (holder, sitter) = (wanted.caller, Sitter::new(wanted.caller, self.client));
            let seats = match (rule.mode, rule.queue) {
                (Mode::Enforce, Some(_)) => self.sidecar.waiting_room.seats(&sitter),
                _ => Seats::Free,
            };
            let enter = match (rule.mode, rule.queue, seats) {
                (Mode::Enforce, Some(_), Seats::Free) => places::queue,
                _ => places::enter,
            };
            match enter(cells, holder.key, rule.max, &rule.tally) {
                Entering::Go(place) => {
                    self.marks.note(position, LimitDecision::Allow);
                    self.places.push(place);
                }
                // In shadow mode nobody knows whether it would have waited in vain.
                Entering::Full if rule.mode == Mode::Shadow && rule.queue.is_some() => {
                    self.marks.note(position, LimitDecision::Delay);
                }
                Entering::Full => {
                    let mode = rule.mode;
                    self.deny(position, blame(holder.company, seats));
                    if mode == Mode::Enforce {
                        self.refuse();
                    }
                }
                Entering::Wait(waiting) => {
                    return Going::Queue(Queuing {
                        waiting,
                        longest: rule.queue.unwrap_or_default(),
                        position,
                        company: holder.company,
                        _seat: self.sidecar.waiting_room.sit(sitter),
                    });
                }
            }
        }
        Going::In
    }

    /// Waits for a place.
    pub(super) async fn queue(&mut self, queuing: Queuing) {
        match queuing.waiting.wait(queuing.longest).await {
            None => {
                self.deny(queuing.position, blame(queuing.company, Seats::Free));
                self.refuse();
            }
            Some(place) => {
                self.marks.note(queuing.position, LimitDecision::Delay);
                self.places.push(place);
            }
        }
    }

    /// Goes to the end, and waits where it has to.
    pub(super) async fn enter(mut self) -> Arrival {
        while let Going::Queue(queuing) = self.go_on() {
            self.queue(queuing).await;
        }
        self.arrival()
    }

    pub(super) fn arrival(self) -> Arrival {
        Arrival {
            places: self.places,
            marks: self.marks,
            others: self.others,
        }
    }

    fn deny(&mut self, position: usize, blame: Blame) {
        self.marks.note(position, LimitDecision::Deny);
        if blame == Blame::Others {
            self.others.note(position, LimitDecision::Deny);
        }
    }

    /// It goes no further, and keeps nothing.
    fn refuse(&mut self) {
        self.asked = self.wanted.len();
        self.places.clear();
    }
}

/// Whose fault it is that there was no place: others may share the places, or take all the seats of those
/// who wait for one.
fn blame(company: Company, seats: Seats) -> Blame {
    match (company, seats) {
        (Company::Alone, Seats::Free | Seats::Own) => Blame::Caller,
        (Company::Shared, _) | (_, Seats::Taken) => Blame::Others,
    }
}
