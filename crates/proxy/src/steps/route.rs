//! Step 2: which rules govern the request?
//!
//! An ambiguous path is routed as it stands. Where another reading of it leads to a route whose shield
//! is strict about paths, that shield refuses it: its rules would be passed by. Where a step up is
//! hidden in it, nobody knows where it leads, and any such shield refuses it.

use engine::{
    failure::Failure,
    path::{NormalPath, hides_steps, readings},
    routing::{RouteOutcome, RouteQuery},
    shield::{Ambiguity, Elsewhere, Shielded},
};
use http::{HeaderValue, Method, header::ALLOW, request};
use policy::{Mode, PathReading};

use super::{admit::Admitted, answer::Refusal};
use crate::{
    exchange::Exchange,
    penalty::Marks,
    shield::{RouteShield, Teller},
    witness::Witness,
};

/// Finds the route of a request, by position.
pub(crate) fn route(
    exchange: &mut Exchange,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Result<usize, Refusal> {
    match find(exchange, head, admitted, admitted.path.as_str()) {
        RouteOutcome::Route(position) => {
            exchange.event().route = u16::try_from(position).ok();
            Ok(position)
        }
        RouteOutcome::MethodNotAllowed(methods) => {
            let mut refusal = Refusal::from(Failure::MethodNotAllowed);
            refusal
                .fields
                .extend(allow(&methods).map(|value| (ALLOW, value)));
            Err(refusal)
        }
        RouteOutcome::NoRoute => Err(Failure::NoRoute.into()),
        RouteOutcome::UnknownHost => Err(Failure::UnknownHost.into()),
    }
}

/// Whether another reading of the path is governed by something else than this route.
pub(super) fn elsewhere(
    exchange: &Exchange,
    position: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Elsewhere {
    let NormalPath::Ambiguous(path) = admitted.path else {
        return Elsewhere::No;
    };
    let same = RouteOutcome::Route(position);
    match readings(path).all(|path| find(exchange, head, admitted, &path) == same) {
        true => Elsewhere::No,
        false => Elsewhere::Yes,
    }
}

/// Asks the shields of the routes that govern other readings of the path.
///
/// # Errors
/// When one of them refuses it.
pub(super) fn judge_readings(
    exchange: &Exchange,
    position: usize,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Result<(), Refusal> {
    let NormalPath::Ambiguous(path) = admitted.path else {
        return Ok(());
    };
    let shields = &exchange.snapshot().shields;
    let strict = |position: usize| {
        let shield: Option<&RouteShield> = shields.get(position).and_then(Option::as_ref);
        shield.filter(|shield| shield.checks.paths() == PathReading::Strict)
    };
    // Its own shield judges it together with everything else, and refuses it.
    if strict(position).is_some_and(|shield| shield.mode == Mode::Enforce) {
        return Ok(());
    }
    let all = (0..shields.len()).filter_map(|position| Some((position, strict(position)?)));
    // Reading it over and over is for those who asked for it.
    let Some((first, shield)) = all.min_by_key(|(_, shield)| shield.mode != Mode::Enforce) else {
        return Ok(());
    };
    let refused = |position: usize, shield: &RouteShield, why: Ambiguity| {
        let witness = Witness::of(exchange, position);
        let mut teller = Teller::new(witness, shield.mode, Marks::default(), None);
        teller.refused(&Shielded::ambiguous(why))
    };
    if hides_steps(path) {
        return Ok(refused(first, shield, Ambiguity::UnresolvedDots)?);
    }
    let others = readings(path).filter_map(|path| match find(exchange, head, admitted, &path) {
        RouteOutcome::Route(other) if other != position => {
            strict(other).map(|shield| (other, shield))
        }
        _ => None,
    });
    let mut told = Vec::new();
    for (other, shield) in others {
        if told.contains(&other) {
            continue;
        }
        told.push(other);
        refused(other, shield, Ambiguity::AnotherRoute)?;
    }
    Ok(())
}

fn find(
    exchange: &Exchange,
    head: &request::Parts,
    admitted: &Admitted<'_>,
    path: &str,
) -> RouteOutcome {
    exchange.snapshot().router.route(&RouteQuery {
        host: admitted.authority.host(),
        method: &head.method,
        path,
        query: head.uri.query(),
        headers: &head.headers,
    })
}

fn allow(methods: &[Method]) -> Option<HeaderValue> {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).ok()
}
