//! Every decision Forebay makes, pure: the same inputs and the same `now` give the same answer.
//!
//! No socket, no sleep, no clock. Each module answers one question of the request's way and gives
//! its answer as an enum with `as_str()`, so that logs, metrics and headers cannot drift apart.

pub mod admit;
pub mod attempt;
pub mod balance;
pub mod batch;
pub mod bearer;
pub mod body_rate;
pub mod breaker;
pub mod cache;
pub mod caller;
pub mod capacity;
pub mod client_ip;
pub mod coding;
pub mod collapse;
pub mod compression;
pub mod deadline;
pub mod discovery;
pub mod failure;
mod field_list;
pub mod forwarding;
pub mod health;
pub mod hedge;
pub mod hop_by_hop;
pub mod host;
pub mod identity;
pub mod mirror;
pub mod negotiation;
pub mod outcome;
pub mod path;
pub mod penalty;
mod percent;
pub mod proxy_protocol;
pub mod rate_limit;
pub mod renewal;
pub mod retry;
pub mod routing;
pub mod security;
pub mod shield;
pub mod throttle;
pub mod time;
pub mod trace;
pub mod transform;
