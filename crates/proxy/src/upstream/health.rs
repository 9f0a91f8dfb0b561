//! Who watches over the health of endpoints; what is decided is in `engine::health`.
//!
//! **One watcher per upstream** ([`watch`]) owns all that is known: the state machines of the checks,
//! and the outlier detection. It runs away from the threads that serve clients. What a request
//! leaves behind is a few numbers in the endpoint's [`Vitals`], and a flag with a nudge when there
//! were too many failures in a row; what it sees is the roster that follows.
//!
//! **A check has a connection of its own.** A pooled one would say that the pool is well, and would
//! keep a request from using it.
//!
//! Whether Forebay itself is ready does not depend on any of this: an orchestrator that took the
//! sidecar away because of its origin would take away what could have answered from the cache.

mod gauge;
mod probe;
mod report;
mod vitals;
mod ward;
mod watch;

pub use report::{CheckReport, EjectionReport, HealthReport};

pub(super) use vitals::{Nudge, Vitals};
pub(super) use watch::{Watched, watch};
