//! Step 3: may this caller go on?

use std::{future::Future, pin::Pin, time::Duration};

use engine::{
    caller::{CallerFacts, Counting},
    failure::Failure,
    outcome::LimitOutcome,
    rate_limit::{Gcra, LimitHeaders, Verdict, retry_after},
    security::SecurityKind,
};
use http::{HeaderName, HeaderValue, header::RETRY_AFTER, request};
use policy::{LimitPolicy, Mode, Route};
use store::LimiterCells;

use super::{admit::Admitted, answer::Refusal};
use crate::{
    caller::{self, CallerRule, Needs},
    exchange::Exchange,
};

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The rate limits of one route, made ready.
#[derive(Debug)]
pub(crate) struct RouteLimits {
    limits: Vec<Limit>,
    needs: Needs,
}

#[derive(Debug)]
struct Limit {
    policy: LimitPolicy,
    gcra: Gcra,
    headers: LimitHeaders,
    callers: CallerRule,
}

/// Whether a request may go on.
pub(crate) enum Permission {
    /// Within every limit, or there is none.
    Allow,
    /// Over a limit.
    Deny(Refusal),
    /// When its turn has come.
    #[expect(dead_code, reason = "comes with queues")]
    Wait(Turn),
}

/// What a request waits for.
pub(crate) type Turn = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// What is told about the request: the worst that any limit said.
#[derive(Debug, Default)]
struct Told {
    outcome: LimitOutcome,
    position: Option<u8>,
}

/// Asks every limit of the route; all of them count the request, so that being refused by one does
/// not spare the others.
pub(crate) fn limit(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Permission {
    let limits = &exchange.snapshot().limits[route];
    if limits.limits.is_empty() {
        return Permission::Allow;
    }
    if limits.needs == Needs::Proof {
        caller::prove(exchange, &head.headers);
    }
    let mut fields = std::mem::take(&mut exchange.limit_fields);
    let mut told = Told::default();
    let facts = caller::facts(exchange, route, head, admitted);
    let asked = ask(exchange, route, &facts, &mut fields, &mut told);
    exchange.limit_fields = fields;
    let event = exchange.event();
    event.limit = told.outcome;
    event.limit_index = told.position;
    match asked {
        Ok(()) => Permission::Allow,
        Err(refusal) => Permission::Deny(refusal),
    }
}

fn ask(
    exchange: &Exchange,
    route: usize,
    facts: &CallerFacts<'_>,
    fields: &mut Vec<(HeaderName, HeaderValue)>,
    told: &mut Told,
) -> Result<(), Refusal> {
    let now = exchange.recording.event.at.monotonic;
    let limits = &exchange.snapshot().limits[route].limits;
    fields.reserve_exact(2 * limits.len());
    let (mut wait, mut refused) = (None, None);
    for (position, limit) in limits.iter().enumerate() {
        let mode = limit.policy.mode;
        let name = &limit.policy.name;
        let caller = match limit.callers.count(facts) {
            Counting::On(caller) => caller,
            Counting::Free => continue,
            Counting::Deny(part, why) => {
                caller::tell_unknown(exchange, mode, name, part, why);
                if mode == Mode::Enforce {
                    refused.get_or_insert_with(|| caller::refusal(part, why));
                }
                continue;
            }
        };
        let verdict = limit.decide(&exchange.sidecar().limiter, caller, now);
        told.note(position, verdict, mode);
        if let Verdict::Deny { .. } = verdict {
            let (kind, evidence) = (SecurityKind::RateLimited, limit.callers.key().to_string());
            exchange.tell(kind, caller::action(mode), Some(name), &evidence);
        }
        if mode != Mode::Enforce {
            continue;
        }
        fields.push((RATE_LIMIT_POLICY.clone(), limit.headers.policy()));
        fields.push((RATE_LIMIT.clone(), limit.headers.limit(verdict)));
        if let Verdict::Deny { retry_after } = verdict {
            wait = wait.max(Some(retry_after));
        }
    }
    match (refused, wait) {
        (Some(refusal), _) => Err(refusal),
        (None, None) => Ok(()),
        (None, Some(wait)) => {
            let mut refusal = Refusal::from(Failure::RateLimited);
            refusal.fields.push((RETRY_AFTER, retry_after(wait)));
            Err(refusal)
        }
    }
}

// === impl Told ===

impl Told {
    fn note(&mut self, position: usize, verdict: Verdict, mode: Mode) {
        let outcome = match (verdict, mode) {
            (Verdict::Deny { .. }, Mode::Shadow) => LimitOutcome::Shadow,
            (Verdict::Deny { .. }, _) => LimitOutcome::Deny,
            (Verdict::Allow { .. }, _) => LimitOutcome::Allow,
        };
        let worse = match (self.outcome, outcome) {
            (LimitOutcome::Deny, _) => false,
            (_, LimitOutcome::Deny) => true,
            (LimitOutcome::Shadow, _) => false,
            _ => true,
        };
        if worse {
            self.outcome = outcome;
            self.position = match outcome {
                LimitOutcome::Deny | LimitOutcome::Shadow => u8::try_from(position).ok(),
                LimitOutcome::Allow | LimitOutcome::Off => None,
            };
        }
    }
}

// === impl RouteLimits ===

impl RouteLimits {
    pub(crate) fn new(route: &Route) -> Self {
        let on = (route.rate_limits.iter()).filter(|limit| limit.mode != Mode::Off);
        let limits: Vec<_> = on.map(|limit| Limit::new(&route.name, limit)).collect();
        let needs = limits.iter().map(|limit| limit.callers.needs()).max();
        Self {
            limits,
            needs: needs.unwrap_or_default(),
        }
    }
}

// === impl Limit ===

impl Limit {
    fn new(route: &str, policy: &LimitPolicy) -> Self {
        let gcra = Gcra::new(policy.rate, policy.burst());
        Self {
            headers: LimitHeaders::new(&policy.name, &gcra),
            gcra,
            callers: CallerRule::new(&[route, &policy.name], &policy.key, policy.on_unknown),
            policy: policy.clone(),
        }
    }

    fn decide(&self, cells: &LimiterCells, caller: u128, now: Duration) -> Verdict {
        cells.update(caller, now, |cell| self.gcra.decide(cell, now))
    }
}
