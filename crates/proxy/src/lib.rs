//! Carries one request through the steps, from the client's first byte to the last byte of the
//! answer. Start reading at [`pipeline`]: it is the table of the steps, in their order.
//!
//! Decisions are made in `engine`; bytes are kept in `store`; what happened is told to `telemetry`.
//! This crate moves bytes and time between them.

mod answer;
mod bans;
mod batch;
mod body;
mod breakers;
mod caller;
mod capacity;
mod clock;
mod connection;
mod errand;
mod exchange;
mod fill;
mod fill_job;
mod flight;
mod headroom;
mod identity;
mod inside;
mod inspect;
mod listener;
mod pace;
mod patience;
mod penalty;
mod pipeline;
mod places;
mod purged_urls;
mod recording;
mod renewal;
mod server_tls;
mod shield;
mod sidecar;
mod snapshot;
mod steps;
mod sticky;
mod tunnel;
mod unabandoned;
mod upstream;
mod witness;

pub use bans::{BanChoice, BanStatus};
pub use breakers::{BreakerChoice, BreakerStatus};
pub use clock::{monotonic, now};
pub use connection::awaken;
pub use identity::IdentityError;
pub use inspect::{HeldVariant, Inspection, LastSkipped, Uninspectable};
pub use listener::{ClientApp, ListenerError, listeners};
pub use sidecar::{Sidecar, SidecarError};
pub use snapshot::SnapshotError;
pub use steps::purge::PurgeTokenError;
pub use sticky::StickyKeyError;
pub use upstream::{
    CheckReport, EjectionReport, HealthReport, Unaddressable, UpstreamError, UpstreamTlsError,
    first_look, watch,
};
