//! What a request takes from its caller's quotas when it reaches the origin, and when that has told
//! what the request has cost.
//!
//! It goes with the errand: who follows another's fetch, or is answered by the cache, takes nothing,
//! and who leads pays for itself alone.

use std::{sync::Arc, time::Duration};

use engine::{
    caller::{Holder, Unclear},
    rate_limit::{Blame, Settlement, Verdict},
};
use http::{HeaderMap, HeaderName, request};
use policy::CallerPart;

use super::{Told, adapt::Account, rate::Counted, waiting_room::Delay};
use crate::{
    caller, clock, errand::Errand, exchange::Exchange, penalty, sidecar::Sidecar,
    snapshot::Snapshot, steps::answer::Refusal,
};

/// What one request takes.
#[derive(Debug)]
pub(crate) struct Charges {
    sidecar: Arc<Sidecar>,
    snapshot: Arc<Snapshot>,
    route: usize,
    entries: Vec<Entry>,
    /// When the origin was asked, until it has answered.
    asked: Option<Duration>,
}

/// What it takes from one limit.
#[derive(Debug)]
struct Entry {
    /// Among those of the route that are on.
    rule: usize,
    payer: Payer,
    state: State,
}

/// Whether it has been taken.
#[derive(Clone, Copy, Debug)]
enum State {
    /// It is to be taken when the request goes to the origin.
    Later,
    Paid(Paid),
    /// There was not enough: nothing was taken.
    Refused,
}

/// Who pays.
#[derive(Debug)]
pub(super) enum Payer {
    Known(Holder, Option<Account>),
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
    charges.take(exchange, &errand.head, &mut told);
    let route = charges.route;
    match told.tell(exchange, route) {
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
                asked: None,
            })
        })
    }

    /// To be taken when the request goes to the origin.
    pub(super) fn add_later(&mut self, rule: usize, payer: Payer) {
        self.entries.push(Entry {
            rule,
            payer,
            state: State::Later,
        });
    }

    /// Taken already; the origin may say that it was more or less.
    pub(super) fn add_paid(&mut self, rule: usize, request: Counted, verdict: Verdict) {
        self.entries.push(Entry {
            rule,
            payer: Payer::Known(request.caller, request.account),
            state: State::of(request, verdict),
        });
    }

    fn take(&mut self, exchange: &Exchange, head: &request::Parts, told: &mut Told) {
        let now = clock::monotonic();
        let rules = &self.snapshot.limits[self.route].rates;
        for entry in &mut self.entries {
            let Some(rule) = rules.get(entry.rule) else {
                continue;
            };
            match (&entry.payer, entry.state) {
                (_, State::Paid(_) | State::Refused) => {}
                (Payer::Known(caller, account), State::Later) => {
                    let request = Counted {
                        caller: *caller,
                        account: *account,
                        cost: rule.cost_of(&head.method),
                        now,
                    };
                    let verdict = rule.decide(exchange, request);
                    told.note(exchange, rule, *caller, verdict);
                    if verdict.blame() == Some(Blame::Caller) {
                        let (headers, path) = (&head.headers, head.uri.path());
                        let facts = caller::facts_of(exchange, self.route, headers, path);
                        let limit = (&*rule.name, &rule.callers);
                        penalty::limited(exchange, &facts, limit, rule.mode);
                    }
                    entry.state = State::of(request, verdict);
                }
                (Payer::Unknown(part, why), State::Later) => {
                    told.unknown(exchange, (&rule.name, rule.mode), (part, *why));
                    entry.state = State::Refused;
                }
            }
        }
    }

    /// The origin is asked now.
    pub(crate) fn begin(&mut self, now: Duration) {
        self.asked = Some(now);
    }

    /// It has spent so long on the request.
    pub(crate) fn spent(&mut self, time: Duration) {
        self.asked = None;
        let rules = &self.snapshot.limits[self.route].rates;
        for entry in &self.entries {
            if let (Some(rule), State::Paid(paid)) = (rules.get(entry.rule), entry.state)
                && let Payer::Known(_, Some(account)) = entry.payer
            {
                rule.learn(account, paid.cost, time);
            }
        }
    }

    /// Puts right what the request has cost, by what the origin says with its answer.
    pub(crate) fn settle(&mut self, answer: &HeaderMap) {
        let rules = &self.snapshot.limits[self.route].rates;
        for entry in &mut self.entries {
            let (Some(rule), State::Paid(paid)) = (rules.get(entry.rule), &mut entry.state) else {
                continue;
            };
            let Payer::Known(caller, _) = entry.payer else {
                continue;
            };
            let name = rule.cost.response_header.as_ref();
            if let Some(actual) = name.and_then(|name| cost(name, answer)) {
                let settlement = Settlement {
                    charged: paid.cost,
                    actual,
                    turn: paid.turn,
                };
                rule.settle(&self.sidecar.limiter, caller, &settlement);
                paid.cost = actual;
            }
        }
    }
}

impl Drop for Charges {
    /// Who leaves early has cost the origin something all the same.
    fn drop(&mut self) {
        if let Some(asked) = self.asked {
            self.spent(clock::monotonic().saturating_sub(asked));
        }
    }
}

// === impl State ===

impl State {
    fn of(request: Counted, verdict: Verdict) -> Self {
        let delay = match verdict {
            Verdict::Allow { .. } => Duration::ZERO,
            Verdict::Deny { .. } => return Self::Refused,
            Verdict::Wait { delay, .. } => delay,
        };
        Self::Paid(Paid {
            cost: request.cost,
            turn: request.now + delay,
        })
    }
}

/// What the origin says that the request has cost: one number in one line, else nothing.
fn cost(name: &HeaderName, answer: &HeaderMap) -> Option<u32> {
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(lines: &[&str]) -> Option<u32> {
        let name = HeaderName::from_static("x-cost");
        let mut answer = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            answer.append(name.clone(), value);
        }
        cost(&name, &answer)
    }

    #[test]
    fn a_cost_is_one_number_and_nothing_else() {
        assert_eq!(told(&["7"]), Some(7));
        assert_eq!(told(&["0"]), Some(0));
        assert_eq!(told(&[" 12 "]), Some(12));
        for lines in [
            &[][..],
            &[""],
            &["-1"],
            &["+1"],
            &["1.5"],
            &["1,2"],
            &["1e3"],
            &["x"],
            &["\u{e9}"],
            &["1", "1"],
        ] {
            assert_eq!(told(lines), None, "{lines:?}");
        }
    }

    #[test]
    fn no_cost_is_greater_than_the_most() {
        assert_eq!(told(&["1000001"]), Some(MAX_COST));
        assert_eq!(told(&["99999999999999999999999999"]), Some(MAX_COST));
    }
}
