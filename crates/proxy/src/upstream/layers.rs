//! The layers of a call, one file each; [`super::stack`] puts them in order.

pub(super) mod breaker;
pub(super) mod capacity;
pub(super) mod deadline;
pub(super) mod exchange;
pub(super) mod hedge;
pub(super) mod mirror;
pub(super) mod retry;
