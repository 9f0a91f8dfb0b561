//! Is it a request that the route takes, and is its caller not shut out?
//!
//! Who is shut out is asked first: such a caller must not be able to make Forebay work. It is asked
//! again of whoever has waited for its turn.

use engine::{
    caller::CallerFacts,
    failure::{Failure, ShieldRefusal},
    path::NormalPath,
    shield::{Claim, Elsewhere, Presented, body_kind},
};
use http::{
    HeaderMap,
    header::{ALLOW, CONTENT_TYPE},
    request,
};
use policy::PathReading;
use telemetry::ShieldDecision;

use super::{admit::Admitted, answer::Refusal, route};
use crate::{
    caller::{self, Needs},
    clock,
    exchange::Exchange,
    penalty,
    shield::{Examination, RouteShield, Teller},
    witness::Witness,
};

/// Whether a request may go on.
#[derive(Debug)]
pub(crate) enum Permission {
    /// Nothing speaks against it.
    Allow,
    /// It may not.
    Deny(Refusal),
}

/// Asks the penalty boxes and the shield of the route.
pub(crate) fn guard(
    exchange: &mut Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Permission {
    let snapshot = exchange.snapshot();
    let boxes = &snapshot.boxes[route];
    let is_ambiguous = matches!(admitted.path, NormalPath::Ambiguous(_));
    if boxes.is_empty() && snapshot.shields[route].is_none() && !is_ambiguous {
        return Permission::Allow;
    }
    if boxes.needs() == Needs::Proof {
        caller::prove(exchange, &head.headers);
    }
    let facts = caller::facts(exchange, route, head, admitted);
    let now = exchange.recording.event.at.monotonic;
    let judged = penalty::admit(exchange, route, &facts, now)
        .and_then(|()| route::judge_readings(exchange, route, head, admitted))
        .and_then(|()| judge(exchange, route, head, admitted, &facts));
    match judged {
        Ok(examination) => {
            exchange.examination = examination;
            Permission::Allow
        }
        Err(refusal) => Permission::Deny(refusal),
    }
}

/// Asks the penalty boxes again for a request that has waited: its caller may have been shut out
/// meanwhile. `path` is the request's, in its one spelling.
pub(crate) fn again(
    exchange: &Exchange,
    route: usize,
    headers: &HeaderMap,
    path: &str,
) -> Result<(), Refusal> {
    if exchange.snapshot().boxes[route].is_empty() {
        return Ok(());
    }
    let facts = caller::facts_of(exchange, route, headers, path);
    penalty::admit(exchange, route, &facts, clock::monotonic())
}

/// Asks the shield; gives what it still wants to know of the body.
fn judge(
    exchange: &Exchange,
    route: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
    facts: &CallerFacts<'_>,
) -> Result<Option<Box<Examination>>, Refusal> {
    let Some(shield) = &exchange.snapshot().shields[route] else {
        return Ok(None);
    };
    let judged = shield.checks.judge(&Presented {
        client: exchange.client.ip,
        method: &head.method,
        uri: &head.uri,
        path: &admitted.path,
        elsewhere: match shield.checks.paths() {
            PathReading::Strict => route::elsewhere(exchange, route, head, admitted),
            PathReading::Lenient => Elsewhere::No,
        },
        headers: &head.headers,
        body: admitted.has_body.then_some(admitted.declared),
    });
    let teller = || {
        let marks = penalty::marks(exchange, route, facts);
        let mut types = head.headers.get_all(CONTENT_TYPE).iter();
        let content_type = match (types.next(), types.next()) {
            (Some(only), None) => Some(only.clone()),
            // Of several, nobody knows which one the origin reads.
            (None, _) | (Some(_), Some(_)) => None,
        };
        Teller::new(
            Witness::of(exchange, route),
            shield.mode,
            marks,
            content_type,
        )
    };
    if let Err(shielded) = judged {
        let refused = teller().refused(&shielded);
        refused.map_err(|failure| refusal(shield, failure))?;
        return Ok(None);
    }
    let scored = shield.inspector.as_ref().map(|inspector| {
        // As the client spelled it: what it is made of has to be seen.
        let score = inspector.head(head.uri.path(), head.uri.query(), &head.headers);
        (score, inspector.threshold())
    });
    let scored = scored.filter(|(score, _)| score.points() > 0);
    if scored.is_none() && !admitted.has_body {
        let metrics = &exchange.snapshot().metrics;
        metrics.shield_decided(route, ShieldDecision::Allow);
        return Ok(None);
    }
    let mut teller = teller();
    if let Some((score, threshold)) = scored {
        teller.look_at_head(score, threshold)?;
    }
    if !admitted.has_body {
        teller.allowed();
        return Ok(None);
    }
    Ok(Some(Box::new(Examination {
        teller,
        kind: body_kind(&head.headers),
        claim: Claim::of(&head.headers),
    })))
}

fn refusal(shield: &RouteShield, failure: Failure) -> Refusal {
    let mut refusal = Refusal::from(failure);
    if failure == Failure::Shielded(ShieldRefusal::Method)
        && let Some(allow) = shield.checks.allow()
    {
        refusal.fields.push((ALLOW, allow.clone()));
    }
    refusal
}
