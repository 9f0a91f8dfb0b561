//! One rate limit of a route.

use std::time::Duration;

use engine::{
    caller::{CallerFacts, Counting},
    rate_limit::{Ask, Factor, LimitHeaders, Limiter, Verdict},
};
use http::{HeaderName, HeaderValue, Method, request};
use policy::{LimitCost, LimitFields, LimitPolicy, LimitScope, Mode};

use super::{
    charges::{Charges, Payer},
    told::Told,
    waiting_room::Seats,
};
use crate::{
    caller::{CallerRule, Needs},
    exchange::Exchange,
    sidecar::Sidecar,
};

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LEGACY_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static LEGACY_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static LEGACY_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A rate limit, made ready.
#[derive(Debug)]
pub(super) struct RateRule {
    /// In the route's policies.
    pub(super) position: usize,
    pub(super) name: Box<str>,
    pub(super) mode: Mode,
    pub(super) callers: CallerRule,
    pub(super) limiter: Limiter,
    pub(super) cost: LimitCost,
    scope: LimitScope,
    queue: Duration,
    shown: LimitFields,
    headers: LimitHeaders,
}

/// When a limit wants to hear of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hears {
    /// Before the cache is asked, and again when the origin has answered.
    Again,
    /// Before the cache is asked.
    Early,
    /// Only when it goes to the origin.
    Late,
}

/// Asks one limit about a request that has just come.
pub(super) fn ask(
    exchange: &Exchange,
    (index, rule): (usize, &RateRule),
    facts: &CallerFacts<'_>,
    head: &request::Parts,
    told: &mut Told,
) {
    let counting = rule.callers.count(facts);
    let hears = rule.hears();
    if hears == Hears::Late {
        let payer = match counting {
            Counting::Deny(part, why) => Payer::Unknown(part.clone(), why),
            Counting::Free => return,
            Counting::On(caller) => Payer::Known(caller),
        };
        return Charges::of(exchange, &mut told.charges).add_later(index, payer);
    }
    let caller = match counting {
        Counting::Deny(part, why) => {
            return told.unknown(exchange, (&rule.name, rule.mode), (part, why));
        }
        Counting::Free => return,
        Counting::On(caller) => caller,
    };
    let cost = rule.cost_of(&head.method);
    let now = exchange.recording.event.at.monotonic;
    let verdict = rule.decide(exchange.sidecar(), caller, cost, now);
    told.note(exchange, rule, verdict);
    if hears == Hears::Again {
        let turn = now + delay_of(verdict);
        Charges::of(exchange, &mut told.charges).add_paid(index, caller, cost, turn);
    }
}

/// Until the request's turn.
pub(super) const fn delay_of(verdict: Verdict) -> Duration {
    match verdict {
        Verdict::Allow { .. } | Verdict::Deny { .. } => Duration::ZERO,
        Verdict::Wait { delay, .. } => delay,
    }
}

// === impl RateRule ===

impl RateRule {
    pub(super) fn new(route: &str, position: usize, policy: &LimitPolicy) -> Self {
        let limiter = Limiter::new(policy);
        Self {
            position,
            name: policy.name.as_str().into(),
            mode: policy.mode,
            callers: CallerRule::new(&[route, &policy.name], &policy.key, policy.on_unknown),
            headers: LimitHeaders::new(&policy.name, &limiter),
            limiter,
            cost: policy.cost.clone(),
            scope: policy.scope,
            queue: policy.queue.unwrap_or_default(),
            shown: policy.headers,
        }
    }

    pub(super) fn needs(&self) -> Needs {
        self.callers.needs()
    }

    pub(super) fn hears(&self) -> Hears {
        match (self.scope, &self.cost.response_header) {
            (LimitScope::Upstream, _) => Hears::Late,
            (LimitScope::Caller, Some(_)) => Hears::Again,
            (LimitScope::Caller, None) => Hears::Early,
        }
    }

    /// What a request with this method costs, as far as it is known before it is answered.
    pub(super) fn cost_of(&self, method: &Method) -> u32 {
        let of_method = self.cost.methods.iter().find(|(it, _)| it == method);
        of_method.map_or(self.cost.base, |(_, cost)| *cost)
    }

    pub(super) fn decide(
        &self,
        sidecar: &Sidecar,
        caller: u128,
        cost: u32,
        now: Duration,
    ) -> Verdict {
        let longest_wait = match sidecar.waiting_room.seats() {
            Seats::Free => self.queue,
            Seats::Taken => Duration::ZERO,
        };
        let ask = Ask {
            cost,
            now,
            longest_wait,
            factor: Factor::ONE,
        };
        sidecar.limiter.decide(caller, &self.limiter, &ask)
    }

    /// Tells the caller.
    pub(super) fn show(&self, verdict: Verdict, fields: &mut Vec<(HeaderName, HeaderValue)>) {
        if let LimitFields::Both | LimitFields::Draft = self.shown {
            fields.push((RATE_LIMIT_POLICY.clone(), self.headers.policy()));
            fields.push((RATE_LIMIT.clone(), self.headers.limit(verdict)));
        }
        if let LimitFields::Both | LimitFields::Legacy = self.shown {
            let legacy = self.headers.legacy(verdict);
            fields.push((LEGACY_LIMIT.clone(), legacy.limit));
            fields.push((LEGACY_REMAINING.clone(), legacy.remaining));
            fields.push((LEGACY_RESET.clone(), legacy.reset));
        }
    }
}
