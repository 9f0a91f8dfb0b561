//! What a request takes from its caller's quotas when it reaches the origin, and when that has told
//! what the request has cost.
//!
//! It goes with the errand: who follows another's fetch, or is answered by the cache, takes nothing,
//! and who leads pays for itself alone.

use std::{sync::Arc, time::Duration};

use engine::{caller::Unclear, rate_limit::Settlement};
use http::{HeaderMap, Method};
use policy::CallerPart;

use super::{
    Told,
    rate::{self, RateRule},
};
use crate::{
    clock, errand::Errand, exchange::Exchange, sidecar::Sidecar, snapshot::Snapshot,
    steps::answer::Refusal,
};

use super::waiting_room::Delay;

/// What one request takes.
#[derive(Debug)]
pub(crate) struct Charges {
    sidecar: Arc<Sidecar>,
    snapshot: Arc<Snapshot>,
    route: usize,
    entries: Vec<Entry>,
}

/// What it takes from one limit.
#[derive(Debug)]
struct Entry {
    /// Among those of the route that are on.
    rule: usize,
    payer: Payer,
    paid: Option<Paid>,
}

/// Who pays.
#[derive(Debug)]
pub(super) enum Payer {
    Known(u128),
    /// Nobody whom the limit would know, and it wants to know.
    Unknown(CallerPart, Unclear),
}

/// What was taken.
#[derive(Clone, Copy, Debug)]
struct Paid {
    cost: u32,
    /// When the request's turn was.
    turn: Duration,
}

/// Whether a request may go to the origin.
pub(crate) enum Reaching {
    /// It may not.
    Denied(Refusal),
    Go,
    /// After this time.
    Wait(Delay),
}

/// A cost that the origin tells is no more than this, whatever it says.
const MAX_COST: u32 = 1_000_000;

/// Takes what the request costs by the limits on what reaches the origin; once, however often it is
/// asked.
pub(crate) fn reach(exchange: &mut Exchange, errand: &mut Errand) -> Reaching {
    let Some(charges) = &mut errand.charges else {
        return Reaching::Go;
    };
    let mut told = Told::take(exchange);
    charges.take(exchange, &errand.head.method, &mut told);
    match told.tell(exchange) {
        Err(refusal) => Reaching::Denied(refusal),
        Ok(None) => Reaching::Go,
        Ok(Some(delay)) => Reaching::Wait(delay),
    }
}

// === impl Charges ===

impl Charges {
    /// Those of this request, none as yet.
    pub(super) fn of<'a>(exchange: &Exchange, charges: &'a mut Option<Box<Self>>) -> &'a mut Self {
        charges.get_or_insert_with(|| {
            Box::new(Self {
                sidecar: Arc::clone(exchange.sidecar()),
                snapshot: Arc::clone(exchange.snapshot()),
                route: exchange.recording.event.route.map_or(0, usize::from),
                entries: Vec::new(),
            })
        })
    }

    /// To be taken when the request goes to the origin.
    pub(super) fn add_later(&mut self, rule: usize, payer: Payer) {
        self.entries.push(Entry {
            rule,
            payer,
            paid: None,
        });
    }

    /// Taken already; the origin may say that it was more or less.
    pub(super) fn add_paid(&mut self, rule: usize, caller: u128, cost: u32, turn: Duration) {
        self.entries.push(Entry {
            rule,
            payer: Payer::Known(caller),
            paid: Some(Paid { cost, turn }),
        });
    }

    fn take(&mut self, exchange: &Exchange, method: &Method, told: &mut Told) {
        let now = clock::monotonic();
        let rules = &self.snapshot.limits[self.route].rates;
        for entry in &mut self.entries {
            let Some(rule) = rules.get(entry.rule) else {
                continue;
            };
            match (&entry.payer, entry.paid) {
                (_, Some(_)) => {}
                (Payer::Known(caller), None) => {
                    let cost = rule.cost_of(method);
                    let verdict = rule.decide(&self.sidecar, *caller, cost, now);
                    told.note(exchange, rule, verdict);
                    let turn = now + rate::delay_of(verdict);
                    entry.paid = Some(Paid { cost, turn });
                }
                (Payer::Unknown(part, why), None) => {
                    told.unknown(exchange, (&rule.name, rule.mode), (part, *why));
                }
            }
        }
    }

    /// Puts right what the request has cost, by what the origin says with its answer.
    pub(crate) fn settle(&mut self, answer: &HeaderMap) {
        let now = clock::monotonic();
        let rules = &self.snapshot.limits[self.route].rates;
        for entry in &mut self.entries {
            let (Some(rule), Some(paid)) = (rules.get(entry.rule), &mut entry.paid) else {
                continue;
            };
            let Payer::Known(caller) = entry.payer else {
                continue;
            };
            if let Some(actual) = cost(rule, answer) {
                let settlement = Settlement {
                    charged: paid.cost,
                    actual,
                    turn: paid.turn,
                };
                let cells = &self.sidecar.limiter;
                cells.settle(caller, &rule.limiter, &settlement, now);
                paid.cost = actual;
            }
        }
    }
}

/// What the origin says that the request has cost: one number in one line, else nothing.
fn cost(rule: &RateRule, answer: &HeaderMap) -> Option<u32> {
    let name = rule.cost.response_header.as_ref()?;
    let mut lines = answer.get_all(name).iter();
    let (line, None) = (lines.next()?, lines.next()) else {
        return None;
    };
    let text = line.to_str().ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than a number holds are more than the most.
    Some(
        text.parse()
            .map_or(MAX_COST, |cost: u32| cost.min(MAX_COST)),
    )
}
