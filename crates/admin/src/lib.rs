//! The operator's door: two small HTTP services beside the data path.
//!
//! The *telemetry* listener may be reached by anybody in the cluster and therefore tells only what
//! probes and scrapers need. The *admin* listener shows the configuration and what the process is
//! doing, and trusts nobody: not a name that suddenly resolves to this address, not a page in the
//! operator's browser, and nobody without the token when there is one. Neither knows the proxy; what
//! they show comes in through closures.

mod describe;
#[cfg(test)]
mod fixture;
mod guard;
mod operator;
mod probes;
mod problem;
mod serve;
mod stats;
mod token;

use std::sync::Arc;

pub use operator::{AdminState, admin_router};
pub use probes::{TelemetryState, telemetry_router};
pub use serve::serve;
pub use stats::{CacheStats, Evictions};
pub use token::{InvalidToken, Token};

/// Something that is asked anew for each request, because a reload may have changed it.
pub type Source<T> = Arc<dyn Fn() -> T + Send + Sync>;
