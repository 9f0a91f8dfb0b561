//! What the rate limits of a route said to one request, put together.

use std::time::Duration;

use engine::{
    caller::{Holder, Unclear},
    failure::Failure,
    outcome::{LimitDecision, LimitOutcome},
    rate_limit::{LimitList, Verdict, retry_after},
    security::SecurityKind,
};
use http::header::RETRY_AFTER;
use policy::{CallerPart, Mode};
use telemetry::LimitMarks;

use super::{
    charges::Charges,
    fields::LimitFields,
    rate::RateRule,
    waiting_room::{Delay, Sitter},
};
use crate::{caller, exchange::Exchange, steps::answer::Refusal};

/// What they said so far.
#[derive(Debug)]
pub(super) struct Told {
    /// Fields for the response.
    fields: LimitFields,
    /// What else is told in it.
    list: LimitList,
    /// What the request takes later.
    pub(super) charges: Option<Box<Charges>>,
    marks: LimitMarks,
    outcome: LimitOutcome,
    position: Option<u8>,
    delay: Option<Delay>,
    /// When the last of the limits that refuse it would let it go on.
    denied: Option<Duration>,
    /// Somebody has to be known and is not.
    unknown: Option<Refusal>,
}

// === impl Told ===

impl Told {
    /// What was said before.
    pub(super) fn take(exchange: &mut Exchange) -> Self {
        let fields = std::mem::take(&mut exchange.limit_fields);
        let event = exchange.event();
        Self {
            fields,
            list: LimitList::default(),
            charges: None,
            marks: event.limits,
            outcome: event.limit,
            position: event.limit_index,
            delay: None,
            denied: None,
            unknown: None,
        }
    }

    /// Whether nothing more has to be asked.
    pub(super) const fn is_denied(&self) -> bool {
        self.denied.is_some() || self.unknown.is_some()
    }

    /// Somebody is not known who has to be.
    pub(super) fn unknown(
        &mut self,
        exchange: &Exchange,
        (name, mode): (&str, Mode),
        (part, why): (&CallerPart, Unclear),
    ) {
        caller::tell_unknown(exchange, mode, name, part, why);
        if mode == Mode::Enforce && self.unknown.is_none() {
            self.unknown = Some(caller::refusal(part, why));
        }
    }

    /// What one limit said.
    pub(super) fn note(
        &mut self,
        exchange: &Exchange,
        rule: &RateRule,
        caller: Holder,
        verdict: Verdict,
    ) {
        let decision = match verdict {
            Verdict::Allow { .. } => LimitDecision::Allow,
            Verdict::Deny { .. } => LimitDecision::Deny,
            Verdict::Wait { .. } => LimitDecision::Delay,
        };
        self.marks.note(rule.position, decision);
        let outcome = LimitOutcome::of(decision, rule.mode);
        if outcome > self.outcome {
            self.outcome = outcome;
            self.position = match outcome {
                LimitOutcome::Deny | LimitOutcome::Shadow => u8::try_from(rule.position).ok(),
                LimitOutcome::Allow | LimitOutcome::Delay | LimitOutcome::Off => None,
            };
        }
        if decision == LimitDecision::Deny {
            let evidence = rule.callers.key().to_string();
            let kind = SecurityKind::RateLimited;
            exchange.tell(kind, caller::action(rule.mode), Some(&rule.name), &evidence);
        }
        if rule.mode != Mode::Enforce {
            return;
        }
        rule.show(verdict, &mut self.list, &mut self.fields);
        match verdict {
            Verdict::Allow { .. } => {}
            Verdict::Deny { retry_after, .. } => self.denied = self.denied.max(Some(retry_after)),
            Verdict::Wait { delay, .. } => {
                let sitter = Sitter::new(caller, exchange.address());
                let delay = Delay::new(delay, exchange.sidecar().waiting_room.sit(sitter));
                self.delay = Some(delay.or_longer(self.delay.take()));
            }
        }
    }

    /// Tells it to the exchange: the request goes on, after a delay if there is one, or is refused.
    pub(super) fn tell(
        mut self,
        exchange: &mut Exchange,
        route: usize,
    ) -> Result<Option<Delay>, Refusal> {
        let policies = exchange.snapshot().limits[route].policies.as_ref();
        self.fields.show(policies, &self.list);
        exchange.limit_fields = self.fields;
        let event = exchange.event();
        event.limits = self.marks;
        event.limit = self.outcome;
        event.limit_index = self.position;
        if let Some(refusal) = self.unknown {
            return Err(refusal);
        }
        if let Some(wait) = self.denied {
            let mut refusal = Refusal::from(Failure::RateLimited);
            refusal.fields.push((RETRY_AFTER, retry_after(wait)));
            return Err(refusal);
        }
        if self.charges.is_some() {
            exchange.charges = self.charges;
        }
        Ok(self.delay)
    }
}
