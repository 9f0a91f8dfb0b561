//! Step 3: may this caller go on?

use std::{future::Future, net::IpAddr, pin::Pin, time::Duration};

use engine::{
    client_ip::limit_key_ip,
    failure::Failure,
    outcome::LimitOutcome,
    rate_limit::{Ask, LimitHeaders, Limiter, Verdict, retry_after},
    security::{SecurityAction, SecurityKind},
};
use http::{HeaderMap, HeaderName, header::RETRY_AFTER, request};
use policy::{CallerPart, LimitPolicy, Mode, Route};
use store::LimiterCells;
use telemetry::RequestEvent;

use super::{admit::Admitted, answer::Refusal};
use crate::{exchange::Exchange, recording::Recording};

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The rate limits of one route, made ready.
#[derive(Debug)]
pub(crate) struct RouteLimits(Vec<Limit>);

#[derive(Debug)]
struct Limit {
    policy: LimitPolicy,
    limiter: Limiter,
    headers: LimitHeaders,
    /// Route and limit, length-prefixed: what makes two limits' callers different.
    scope: Vec<u8>,
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

/// Asks every limit of the route; all of them count the request, so that being refused by one does
/// not spare the others.
pub(crate) fn limit(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    _admitted: &Admitted<'_>,
) -> Permission {
    let headers = &head.headers;
    let Exchange {
        recording,
        client,
        limit_fields: fields,
        ..
    } = exchange;
    let Recording {
        event,
        snapshot,
        sidecar,
        ..
    } = &mut **recording;
    let limits = &snapshot.limits[route].0;
    fields.reserve_exact(2 * limits.len());
    let mut wait = None;
    for (position, limit) in limits.iter().enumerate() {
        let caller = limit.caller(client.ip, headers);
        let verdict = limit.decide(&sidecar.limiter, caller, event.at.monotonic);
        note(event, position, verdict, limit.policy.mode);
        if limit.policy.mode != Mode::Enforce {
            continue;
        }
        fields.push((RATE_LIMIT_POLICY.clone(), limit.headers.policy()));
        fields.push((RATE_LIMIT.clone(), limit.headers.limit(verdict)));
        if let Verdict::Deny { retry_after } = verdict {
            wait = wait.max(Some(retry_after));
        }
    }
    let denied = event.limit_index.map(usize::from);
    let denied = denied.and_then(|position| limits.get(position));
    if let Some(limit) = denied {
        let action = match limit.policy.mode {
            Mode::Enforce => SecurityAction::Blocked,
            Mode::Off | Mode::Shadow => SecurityAction::Shadowed,
        };
        let name = limit.policy.name.clone();
        let evidence = limit.policy.key.to_string();
        exchange.tell(SecurityKind::RateLimited, action, Some(&name), &evidence);
    }
    match wait {
        None => Permission::Allow,
        Some(wait) => {
            let mut refusal = Refusal::from(Failure::RateLimited);
            refusal.fields.push((RETRY_AFTER, retry_after(wait)));
            Permission::Deny(refusal)
        }
    }
}

/// What is told about the request is the worst that any limit said.
fn note(event: &mut RequestEvent, position: usize, verdict: Verdict, mode: Mode) {
    let outcome = match (verdict, mode) {
        (Verdict::Deny { .. }, Mode::Shadow) => LimitOutcome::Shadow,
        (Verdict::Deny { .. }, _) => LimitOutcome::Deny,
        (Verdict::Allow { .. } | Verdict::Wait { .. }, _) => LimitOutcome::Allow,
    };
    let worse = match (event.limit, outcome) {
        (LimitOutcome::Deny, _) => false,
        (_, LimitOutcome::Deny) => true,
        (LimitOutcome::Shadow, _) => false,
        _ => true,
    };
    if worse {
        event.limit = outcome;
        event.limit_index = match outcome {
            LimitOutcome::Deny | LimitOutcome::Shadow => u8::try_from(position).ok(),
            LimitOutcome::Allow | LimitOutcome::Off => None,
        };
    }
}

// === impl RouteLimits ===

impl RouteLimits {
    pub(crate) fn new(route: &Route) -> Self {
        let on = route
            .rate_limits
            .iter()
            .filter(|limit| limit.mode != Mode::Off);
        Self(on.map(|limit| Limit::new(&route.name, limit)).collect())
    }
}

// === impl Limit ===

impl Limit {
    fn new(route: &str, policy: &LimitPolicy) -> Self {
        let limiter = Limiter::new(policy);
        let mut scope = Vec::new();
        for part in [route, &policy.name] {
            scope.extend_from_slice(&(part.len() as u64).to_be_bytes());
            scope.extend_from_slice(part.as_bytes());
        }
        Self {
            headers: LimitHeaders::new(&policy.name, &limiter),
            limiter,
            scope,
            policy: policy.clone(),
        }
    }

    fn decide(&self, cells: &LimiterCells, caller: u128, now: Duration) -> Verdict {
        cells.decide(caller, &self.limiter, &Ask::new(now))
    }

    /// A hash of the limit and of who is asking.
    fn caller(&self, client: IpAddr, headers: &HeaderMap) -> u128 {
        match self.policy.key.parts.first() {
            Some(CallerPart::Header(name)) => {
                let value = headers.get(name).map_or(&[][..], |value| value.as_bytes());
                store::hash_of(&[&self.scope, value])
            }
            _ => {
                let ip = match limit_key_ip(client) {
                    IpAddr::V4(ip) => ip.to_ipv6_mapped(),
                    IpAddr::V6(ip) => ip,
                };
                store::hash_of(&[&self.scope, &ip.octets()])
            }
        }
    }
}
