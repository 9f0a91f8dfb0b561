//! The BREACH guard: what may carry a secret beside something that the one who asked has chosen is not
//! compressed, or its length is blurred.

use engine::{
    coding::Padding,
    compression::{
        Decision,
        breach::{self, Exposure, Suspect},
    },
    outcome::{AsIsReason, BreachOutcome, EncodeOutcome},
};
use http::{HeaderMap, request};
use policy::{BreachGuard, CompressionPolicy, Mode};

use crate::{body::ResponseBody, exchange::Exchange};

/// What is left of a decision to compress, and how much its length is blurred.
pub(crate) fn guard(
    exchange: &mut Exchange,
    request: &request::Parts,
    response: &HeaderMap,
    body: &mut ResponseBody,
    decision: Option<Decision>,
) -> (Option<Decision>, Padding) {
    let unguarded = (decision, Padding::default());
    let (event, route) = exchange.event_and_route();
    let Some(policy) = route.and_then(super::policy) else {
        return unguarded;
    };
    let outcome = match policy.mode {
        Mode::Shadow => event.shadow.encode,
        Mode::Enforce | Mode::Off => decision.map(|decision| decision.outcome),
    };
    let Some(EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_)) = outcome else {
        return unguarded;
    };
    let undone = decision.is_some_and(|decision| decision.undo.is_some());
    let Some(found) = look(policy, request, response, body, undone) else {
        return unguarded;
    };
    event.breach = Some(found);
    let left = match undone {
        true => EncodeOutcome::Decoded,
        false => EncodeOutcome::AsIs(AsIsReason::BreachRisk),
    };
    match (found, policy.mode) {
        (BreachOutcome::Skipped, Mode::Shadow) => {
            event.shadow.encode = Some(left);
            unguarded
        }
        (BreachOutcome::Skipped, _) => {
            event.encode = left;
            let decision = decision.map(|decision| Decision {
                outcome: left,
                ..decision
            });
            (decision, Padding::default())
        }
        (BreachOutcome::Padded, _) => (decision, Padding::of(fastrand::u8(1..))),
    }
}

/// What is to be done about it, if anything.
fn look(
    policy: &CompressionPolicy,
    request: &request::Parts,
    response: &HeaderMap,
    body: &mut ResponseBody,
    undone: bool,
) -> Option<BreachOutcome> {
    let outcome = match policy.breach_guard {
        BreachGuard::Off => return None,
        BreachGuard::Pad => BreachOutcome::Padded,
        BreachGuard::Skip => BreachOutcome::Skipped,
    };
    let beginning = match body {
        _ if undone => None,
        ResponseBody::Full(bytes) => Some(&bytes[..]),
        ResponseBody::Upstream(body) => body.look_ahead(),
        _ => None,
    };
    let exposure = breach::exposure(&Suspect {
        method: &request.method,
        query: request.uri.query(),
        request: &request.headers,
        response,
        beginning,
    });
    (exposure != Exposure::Clear).then_some(outcome)
}
