//! Every decision Forebay makes, pure: the same inputs and the same `now` give the same answer.
//!
//! No socket, no sleep, no clock. Each module answers one question of the request's way and gives
//! its answer as an enum with `as_str()`, so that logs, metrics and headers cannot drift apart.

pub mod cache;
pub mod failure;
pub mod outcome;
pub mod time;
