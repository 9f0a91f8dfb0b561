//! The BREACH guard: what may carry a secret beside something that the one who asked has chosen is not
//! compressed, or its length is blurred.
//!
//! Of a body that is still coming nobody knows what it will repeat. Where the guard pads, it is padded.
//! Where it skips, it is compressed and watched, and from the first thing it repeats on it stands in its
//! coding as it is: what is not compressed tells nothing of what stands before it or behind it.

use engine::{
    coding::Padding,
    compression::{
        Decision,
        breach::{self, Exposure, Reflections, Sight, Suspect},
    },
    outcome::{AsIsReason, BreachOutcome, EncodeOutcome},
};
use http::{HeaderMap, Method, request};
use policy::{BreachGuard, CompressionPolicy, Mode};

use crate::{body::ResponseBody, exchange::Exchange};

/// What is done about a response that is compressed all the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Precaution {
    pub(crate) padding: Padding,
    pub(crate) watch: Option<Box<Reflections>>,
}

/// What the guard wants.
#[derive(Debug)]
enum Wanted {
    Pad,
    Skip,
    Watch(Box<Reflections>),
}

/// What is left of a decision to compress, and what is done about it then.
pub(crate) fn guard(
    exchange: &mut Exchange,
    request: &request::Parts,
    response: &HeaderMap,
    body: &mut ResponseBody,
    decision: Option<Decision>,
) -> (Option<Decision>, Precaution) {
    let unguarded = (decision, Precaution::default());
    let (event, route) = exchange.event_and_route();
    let Some(policy) = route.and_then(super::policy) else {
        return unguarded;
    };
    let outcome = match policy.mode {
        Mode::Shadow => event.shadow.encode,
        Mode::Enforce | Mode::Off => decision.map(|decision| decision.outcome),
    };
    let Some(outcome @ (EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_))) = outcome else {
        return unguarded;
    };
    let undone = decision.is_some_and(|decision| decision.undo.is_some());
    let Some(wanted) = look(policy, request, response, body, undone) else {
        return unguarded;
    };
    // A known text guesses by itself: it is not enough to pad, or to stop in time.
    let wanted = match outcome {
        EncodeOutcome::Dictionary => Wanted::Skip,
        _ => wanted,
    };
    let left = match undone {
        true => EncodeOutcome::Decoded,
        false => EncodeOutcome::AsIs(AsIsReason::BreachRisk),
    };
    // Of a HEAD nothing is sent that could tell anything.
    if request.method != Method::HEAD {
        event.breach = wanted.found();
    }
    match (wanted, policy.mode) {
        (Wanted::Skip, Mode::Shadow) => {
            event.shadow.encode = Some(left);
            unguarded
        }
        (_, Mode::Shadow) => unguarded,
        (Wanted::Skip, _) => {
            let decision = decision.map(|decision| Decision {
                outcome: left,
                ..decision
            });
            event.encode = decision.map_or(left, |decision| decision.told(&request.method));
            (decision, Precaution::default())
        }
        (wanted, _) => (decision, wanted.precaution()),
    }
}

/// What is to be done about it, if anything.
fn look(
    policy: &CompressionPolicy,
    request: &request::Parts,
    response: &HeaderMap,
    body: &mut ResponseBody,
    undone: bool,
) -> Option<Wanted> {
    if policy.breach_guard == BreachGuard::Off {
        return None;
    }
    let seen = match body {
        _ if undone => Sight::Nothing,
        ResponseBody::Full(bytes) => Sight::Whole(bytes),
        ResponseBody::Upstream(body) => body.look_ahead(),
        _ => Sight::Nothing,
    };
    let exposure = breach::exposure(&Suspect {
        method: &request.method,
        query: request.uri.query(),
        request: &request.headers,
        response,
        body: seen,
    });
    match (exposure, policy.breach_guard) {
        (Exposure::Clear, _) | (_, BreachGuard::Off) => None,
        (_, BreachGuard::Pad) => Some(Wanted::Pad),
        (Exposure::Ahead(reflections), BreachGuard::Skip) => Some(Wanted::Watch(reflections)),
        (Exposure::Reflects | Exposure::Unseen, BreachGuard::Skip) => Some(Wanted::Skip),
    }
}

// === impl Wanted ===

impl Wanted {
    /// What is known now of what becomes of the response.
    const fn found(&self) -> Option<BreachOutcome> {
        match self {
            Self::Pad => Some(BreachOutcome::Padded),
            Self::Skip => Some(BreachOutcome::Skipped),
            Self::Watch(_) => None,
        }
    }

    fn precaution(self) -> Precaution {
        match self {
            Self::Pad => Precaution {
                padding: Padding::of(fastrand::u8(1..)),
                watch: None,
            },
            Self::Skip => Precaution::default(),
            Self::Watch(reflections) => Precaution {
                padding: Padding::default(),
                watch: Some(reflections),
            },
        }
    }
}
