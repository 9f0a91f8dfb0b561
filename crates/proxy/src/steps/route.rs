//! Step 2: which rules govern the request?

use engine::{
    failure::Failure,
    routing::{RouteOutcome, RouteQuery},
};
use http::{HeaderValue, Method, header::ALLOW, request};

use super::{admit::Admitted, answer::Refusal};
use crate::exchange::Exchange;

/// Finds the route of a request, by position.
pub(crate) fn route(
    exchange: &mut Exchange,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Result<usize, Refusal> {
    let outcome = exchange.snapshot().router.route(&RouteQuery {
        host: admitted.authority.host(),
        method: &head.method,
        path: admitted.path.as_str(),
        query: head.uri.query(),
        headers: &head.headers,
    });
    match outcome {
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

fn allow(methods: &[Method]) -> Option<HeaderValue> {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).ok()
}
