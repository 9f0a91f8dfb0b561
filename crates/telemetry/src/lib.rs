//! What is told about a request: metrics, the access log, application logs and health.
//!
//! One [`RequestEvent`] per request is the only thing the data path hands over. Everything an
//! operator sees is made from it with the words of `engine::outcome` and `engine::failure`, so that
//! a metric label, a log field and a response header cannot drift apart. This is the only crate that
//! knows the metrics library.

pub mod access_log;
pub mod catalogue;
mod endpoint;
mod event;
mod health;
mod json_line;
mod log_writer;
pub mod logs;
mod metrics;
mod redact;
mod security;
mod timestamp;
mod words;

pub use access_log::{AccessLog, AccessRecord, Selection};
pub use endpoint::{EndpointFigures, EndpointOrigin};
pub use event::{LimitMarks, MethodLabel, RequestEvent, ShadowOutcomes};
pub use health::{Health, Heartbeat, InFlight, Liveness, Stage};
pub use log_writer::StartError;
pub use metrics::{
    BanFigures, BreakerFigures, BreakerScope, CacheAnswers, CacheFigures, CapacityFigures,
    ClientConnectionEnd, CloseReason, ConnectOutcome, ConnectionState, EndpointPlace, HedgeOutcome,
    LimitFigures, Metrics, MetricsError, RetryOutcome, ShedCounts, Waited, Waits,
};
pub use security::{SecurityEvent, SecurityEvents, SecurityLog};
pub use words::ShieldDecision;
