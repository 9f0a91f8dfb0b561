//! How much an origin is given to do at a time: the one signal that everybody draws from who would
//! give it more.
//!
//! - [`Limit`] finds out how many requests may be in flight.
//! - [`Queue`] holds those that wait for room, and chooses who goes when there is no room to wait.
//! - [`Load`] says what is left for retries, hedges and warming, and when to come again.

mod limit;
mod queue;
mod share;
mod shed;
#[cfg(test)]
mod simulation;

pub use self::{
    limit::Limit,
    queue::{Joined, Leaving, Queue, Token},
    share::Load,
    shed::ShedReason,
};
