//! Is it a request that the route takes, and is its caller not shut out?

use http::request;

use super::{admit::Admitted, answer::Refusal};
use crate::exchange::Exchange;

/// Whether a request may go on.
#[derive(Debug)]
pub(crate) enum Permission {
    /// Nothing speaks against it.
    Allow,
    /// It may not.
    #[expect(dead_code, reason = "the first guard comes with the shield")]
    Deny(Refusal),
}

/// Asks the penalty boxes and the shield of the route.
pub(crate) fn guard(
    _exchange: &mut Exchange,
    _route: usize,
    _head: &request::Parts,
    _admitted: &Admitted<'_>,
) -> Permission {
    Permission::Allow
}
