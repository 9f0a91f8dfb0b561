//! One rate limit of a route.

use std::time::Duration;

use engine::{
    caller::{CallerFacts, Counting, Holder},
    rate_limit::{Ask, Blame, Factor, LimitHeaders, LimitList, Limiter, Settlement, Verdict},
};
use http::{HeaderValue, Method, request};
use policy::{LimitCost, LimitFields as Shown, LimitPolicy, LimitScope, Mode};
use store::{LimiterCells, Price};

use super::{
    adapt::{Account, Adapting},
    charges::{Charges, Payer},
    fields::LimitFields,
    told::Told,
    waiting_room::{Seats, Sitter},
};
use crate::{
    caller::{CallerRule, Needs},
    clock,
    exchange::Exchange,
    penalty,
};

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
    adapting: Option<Adapting>,
    queue: Duration,
    shown: Shown,
    headers: LimitHeaders,
}

/// What a limit has to know of a request that it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) caller: Holder,
    pub(super) account: Option<Account>,
    pub(super) cost: u32,
    pub(super) now: Duration,
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
            Counting::On(caller) => Payer::Known(caller, rule.account(facts, caller.key)),
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
    let request = Counted {
        caller,
        account: rule.account(facts, caller.key),
        cost: rule.cost_of(&head.method),
        now: exchange.recording.event.at.monotonic,
    };
    let verdict = rule.decide(exchange, request);
    told.note(exchange, rule, caller, verdict);
    if verdict.blame() == Some(Blame::Caller) {
        penalty::limited(exchange, facts, (&rule.name, &rule.callers), rule.mode);
    }
    if hears == Hears::Again {
        Charges::of(exchange, &mut told.charges).add_paid(index, request, verdict);
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
            adapting: (policy.adapt.as_ref()).map(|adapt| Adapting::new(route, policy, adapt)),
            queue: policy.queue.unwrap_or_default(),
            shown: policy.headers,
        }
    }

    pub(super) fn needs(&self) -> Needs {
        let tenants = self.adapting.as_ref().map(Adapting::needs);
        self.callers.needs().max(tenants.unwrap_or_default())
    }

    /// How many callers have to give while the upstream is short of room, if any may have to.
    pub(super) fn tightened(&self) -> Option<usize> {
        self.adapting.as_ref().map(Adapting::tightened)
    }

    /// Learns what a request has cost the origin.
    pub(super) fn learn(&self, account: Account, units: u32, spent: Duration) {
        if let Some(adapting) = &self.adapting {
            adapting.learn(account, units, spent);
        }
    }

    pub(super) fn account(&self, facts: &CallerFacts<'_>, caller: u128) -> Option<Account> {
        let adapting = self.adapting.as_ref();
        adapting.map(|adapting| adapting.account(facts, caller))
    }

    pub(super) fn hears(&self) -> Hears {
        match (self.scope, &self.cost.response_header, &self.adapting) {
            (LimitScope::Upstream, ..) => Hears::Late,
            (LimitScope::Caller, None, None) => Hears::Early,
            (LimitScope::Caller, ..) => Hears::Again,
        }
    }

    /// What a request with this method costs, as far as it is known before it is answered.
    pub(super) fn cost_of(&self, method: &Method) -> u32 {
        let of_method = self.cost.methods.iter().find(|(it, _)| it == method);
        of_method.map_or(self.cost.base, |(_, cost)| *cost)
    }

    pub(super) fn decide(&self, exchange: &Exchange, request: Counted) -> Verdict {
        let (factor, delay) = match (&self.adapting, request.account) {
            (Some(adapting), Some(account)) => {
                let upstream = exchange.route().map_or(0, |route| route.upstream);
                let upstream = &exchange.snapshot().upstreams[upstream];
                adapting.factor(account, upstream, request.now)
            }
            _ => (Factor::ONE, Duration::ZERO),
        };
        let (sidecar, caller) = (exchange.sidecar(), request.caller);
        let patience = self.queue.max(delay);
        let seats = match patience.is_zero() {
            true => Seats::Free,
            false => (sidecar.waiting_room).seats(&Sitter::new(caller, exchange.address())),
        };
        let ask = Ask {
            cost: request.cost,
            now: request.now,
            longest_wait: match seats {
                Seats::Free => patience,
                Seats::Own | Seats::Taken => Duration::ZERO,
            },
            // That there is no seat is his own fault when he has taken them.
            queue: match seats {
                Seats::Free | Seats::Taken => self.queue,
                Seats::Own => Duration::ZERO,
            },
            factor,
        };
        let verdict = match &self.adapting {
            Some(_) => {
                let price = match self.cost.response_header {
                    Some(_) => Price::Guessed,
                    None => Price::Known,
                };
                (sidecar.limiter).decide_tightened(caller.key, &self.limiter, &ask, price)
            }
            None => (sidecar.limiter).decide(caller.key, &self.limiter, &ask),
        };
        verdict.among(caller.company)
    }

    /// Puts right what a request that was allowed has cost.
    pub(super) fn settle(&self, cells: &LimiterCells, caller: Holder, settlement: &Settlement) {
        let now = clock::monotonic();
        match &self.adapting {
            Some(_) => cells.settle_tightened(caller.key, &self.limiter, settlement, now),
            None => cells.settle(caller.key, &self.limiter, settlement, now),
        }
    }

    /// What the policies' field says of the limits among these that are told of in it, if any are.
    pub(super) fn policies(rules: &[Self]) -> Option<HeaderValue> {
        let listed = |rule: &&Self| rule.mode == Mode::Enforce && rule.is_listed();
        let mut listed = rules.iter().filter(listed).peekable();
        listed.peek()?;
        Some(LimitHeaders::policies(listed.map(|rule| &rule.headers)))
    }

    fn is_listed(&self) -> bool {
        matches!(self.shown, Shown::Both | Shown::Draft)
    }

    /// Tells the caller.
    pub(super) fn show(&self, verdict: Verdict, list: &mut LimitList, fields: &mut LimitFields) {
        if self.is_listed() {
            self.headers.list(verdict, list);
        }
        if let Shown::Both | Shown::Legacy = self.shown {
            fields.show_legacy(self.headers.legacy(verdict));
        }
    }
}
