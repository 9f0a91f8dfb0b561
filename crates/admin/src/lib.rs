//! The operator's door: two small HTTP services beside the data path.
//!
//! The *telemetry* listener may be reached by anybody in the cluster and therefore tells only what
//! probes and scrapers need. The *admin* listener shows the configuration and what the process is
//! doing, and trusts nobody: not a name that suddenly resolves to this address, not a page in the
//! operator's browser, and nobody without the token when there is one. Neither knows the proxy; what
//! they show comes in through closures, and the one thing that can be changed, what the cache holds, is
//! changed through one.

mod bans;
mod breakers;
mod capacity;
mod describe;
#[cfg(test)]
mod fixture;
mod guard;
mod health;
mod lookup;
mod operator;
mod probes;
mod problem;
mod purge;
mod serve;
mod stats;

use std::sync::Arc;

pub use bans::{BanLine, Bans, BansMeant};
pub use breakers::{BreakerLine, Breakers, BreakersMeant};
pub use capacity::{CapacityOf, UpstreamCapacity};
pub use engine::bearer::{InvalidToken, Token};
pub use health::{Ejection, EndpointHealth, HealthOf, LastCheck};
pub use lookup::{Holding, LastAnswer, Lookup, NoHolding, Question, Variant};
pub use operator::{AdminState, admin_router};
pub use probes::{TelemetryState, telemetry_router};
pub use purge::Purger;
pub use serve::serve;
pub use stats::{CacheStats, Evictions};

/// Something that is asked anew for each request, because a reload may have changed it.
pub type Source<T> = Arc<dyn Fn() -> T + Send + Sync>;
