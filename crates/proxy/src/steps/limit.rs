//! Step 3: may this caller go on, perhaps after a while?
//!
//! **All count.** Every limit of the route counts the request, so that being refused by one does not
//! spare the others. Rate limits come first, and only who is within them asks for places among those
//! in flight.
//!
//! **Waiting.** Who may wait keeps its turn while it waits, and gives up its seat when its client
//! leaves. So many requests may wait at the same time ([`WaitingRoom`]); who finds no seat is refused.
//!
//! **Shadow.** A limit in shadow mode takes from the same quotas and lets nobody wait. What it would
//! have refused does not take a place in flight, as if it had been refused.

mod adapt;
mod charges;
mod concurrency;
mod fields;
mod figures;
mod rate;
mod told;
mod waiting_room;

use std::{future::Future, pin::Pin};

use engine::{
    caller::CallerFacts, failure::Failure, outcome::LimitDecision, path, security::SecurityKind,
};
use http::{HeaderValue, header::RETRY_AFTER, request};
use policy::{Mode, Route};
use telemetry::LimitMarks;

pub(crate) use self::{
    charges::{Charges, Reaching, reach},
    fields::LimitFields,
    waiting_room::WaitingRoom,
};
use self::{
    concurrency::{Doorway, Going, PlaceRule, Wanted},
    rate::RateRule,
    told::Told,
    waiting_room::Delay,
};
use super::{admit::Admitted, answer::Refusal, guard};
use crate::{
    caller::{self, Needs},
    connection::Errands,
    errand::Errand,
    exchange::Exchange,
    penalty,
    places::{Place, Places},
};

/// The limits of one route, made ready.
#[derive(Debug)]
pub(crate) struct RouteLimits {
    rates: Vec<RateRule>,
    places: Vec<PlaceRule>,
    needs: Needs,
    /// What responses say of the rate limits that there are.
    policies: Option<HeaderValue>,
}

/// Whether a request may go on.
pub(crate) enum Permission {
    /// Within every limit, or there is none.
    Allow,
    /// Over a limit.
    Deny(Refusal),
    /// When its turn has come.
    Wait(Turn),
}

/// What a request waits for.
pub(crate) type Turn = Pin<Box<dyn Future<Output = Arrival> + Send>>;

/// A request whose turn has come, or that has waited for nothing.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    places: Vec<Place>,
    marks: LimitMarks,
    /// The denials for which others are to blame.
    others: LimitMarks,
}

/// When a place may be free again, as far as anybody knows.
const PLACE_RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Asks every limit of the route.
pub(crate) fn limit(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Permission {
    let limits = &exchange.snapshot().limits[route];
    if limits.rates.is_empty() && limits.places.is_empty() {
        return Permission::Allow;
    }
    // What is warmed is asked for by nobody: it must not take from what callers have.
    if exchange.recording.connection.peer.errands == Errands::Warming {
        return Permission::Allow;
    }
    if limits.needs == Needs::Proof {
        caller::prove(exchange, &head.headers);
    }
    let mut told = Told::take(exchange);
    let facts = caller::facts(exchange, route, head, admitted);
    let limits = &exchange.snapshot().limits[route];
    for (index, rule) in limits.rates.iter().enumerate() {
        rate::ask(exchange, (index, rule), &facts, head, &mut told);
    }
    let wanted = want(exchange, &limits.places, &facts, &mut told);
    match told.tell(exchange, route) {
        Err(refusal) => Permission::Deny(refusal),
        Ok(delay) => enter(exchange, (route, head), wanted, delay),
    }
}

/// The callers for which places are wanted, unless the request is refused anyway.
fn want(
    exchange: &Exchange,
    rules: &[PlaceRule],
    facts: &CallerFacts<'_>,
    told: &mut Told,
) -> Vec<Wanted> {
    if rules.is_empty() || told.is_denied() {
        return Vec::new();
    }
    let wanted = rules.iter().enumerate();
    wanted
        .filter_map(|(index, rule)| concurrency::want(exchange, (index, rule), facts, told))
        .collect()
}

/// Takes the places, now or when the turn has come.
fn enter(
    exchange: &mut Exchange,
    (route, head): (usize, &request::Parts),
    wanted: Vec<Wanted>,
    delay: Option<Delay>,
) -> Permission {
    if wanted.is_empty() && delay.is_none() {
        return Permission::Allow;
    }
    let mut doorway = Doorway::new(exchange, route, wanted);
    if let Some(delay) = delay {
        return Permission::Wait(Box::pin(async move {
            delay.over().await;
            doorway.enter().await
        }));
    }
    match doorway.go_on() {
        Going::In => {}
        Going::Queue(queuing) => {
            return Permission::Wait(Box::pin(async move {
                doorway.queue(queuing).await;
                doorway.enter().await
            }));
        }
    }
    match arrive(exchange, head, doorway.arrival()) {
        Ok(()) => Permission::Allow,
        Err(refusal) => Permission::Deny(refusal),
    }
}

/// Waits for the turn of a request that is to reach the origin; refused is whoever was shut out
/// meanwhile.
pub(crate) async fn sit_out(
    exchange: &mut Exchange,
    errand: &Errand,
    delay: Delay,
) -> Result<(), Refusal> {
    delay.over().await;
    guard::again(
        exchange,
        errand.route,
        &errand.head.headers,
        errand.head.uri.path(),
    )
}

/// Notes what became of a request whose turn has come.
pub(crate) fn arrive(
    exchange: &mut Exchange,
    head: &request::Parts,
    arrival: Arrival,
) -> Result<(), Refusal> {
    exchange.event().concurrency = arrival.marks;
    exchange.recording.places = Places::new(arrival.places);
    let mut refusal = None;
    let route = exchange.event().route.map_or(0, usize::from);
    let rules = exchange.snapshot().limits.get(route);
    for rule in rules.map_or(&[][..], |limits| &limits.places) {
        let full = arrival.marks.of(rule.position) == Some(LimitDecision::Deny);
        if full {
            let evidence = rule.callers.key().to_string();
            let kind = SecurityKind::ConcurrencyExceeded;
            exchange.tell(kind, caller::action(rule.mode), Some(&rule.name), &evidence);
            if arrival.others.of(rule.position).is_none() {
                let path = path::normalize(head.uri.path());
                let facts = caller::facts_of(exchange, route, &head.headers, path.as_str());
                penalty::limited(exchange, &facts, (&rule.name, &rule.callers), rule.mode);
            }
        }
        if full && rule.mode == Mode::Enforce {
            let mut full = Refusal::from(Failure::ConcurrencyExceeded);
            full.fields.push((RETRY_AFTER, PLACE_RETRY_AFTER));
            refusal = Some(full);
        }
    }
    refusal.map_or(Ok(()), Err)
}

// === impl RouteLimits ===

impl RouteLimits {
    pub(crate) fn new(route: &Route) -> Self {
        let rates: Vec<_> = (route.rate_limits.iter().enumerate())
            .filter(|(_, policy)| policy.mode != Mode::Off)
            .map(|(position, policy)| RateRule::new(&route.name, position, policy))
            .collect();
        let places: Vec<_> = (route.concurrency.iter().enumerate())
            .filter(|(_, policy)| policy.mode != Mode::Off)
            .map(|(position, policy)| PlaceRule::new(&route.name, position, policy))
            .collect();
        let needs = (rates.iter().map(RateRule::needs))
            .chain(places.iter().map(|rule| rule.callers.needs()))
            .max();
        Self {
            policies: RateRule::policies(&rates),
            rates,
            places,
            needs: needs.unwrap_or_default(),
        }
    }
}
