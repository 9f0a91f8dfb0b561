//! Which endpoints there are, where somebody else says so.
//!
//! **The last good answer stays.** A name server that is down, a file that somebody has broken, a
//! name that is gone (NXDOMAIN) and an answer without a single endpoint all leave things as they
//! are. For the first two that is plain. The other two do say something, but they say it far more
//! often by mistake: a deployment that makes its service anew, a half-loaded zone, a list that is
//! just being written, a headless service while none of its pods is ready. Believing them would turn
//! a fault of the discovery into an outage of ours, whereas asking servers that are really gone costs
//! a refused connection each. So they are counted and told, and nobody is removed; whoever wants an
//! upstream without endpoints takes away the route.
//!
//! **Those that stay are the same.** An endpoint is its scheme and address. While it is in the list
//! it keeps its connections, its latency and its health, whatever the order of the answer and
//! whatever becomes of its weight. One that was gone and comes back is a new one: nobody knows what
//! happened to it meanwhile.
//!
//! **Listed and found.** Endpoints of the configuration are never removed by an answer, and what it
//! says about them (weight, priority, zone) outranks what is found.

mod answer;
mod change;
mod known;
mod rhythm;

pub use self::{
    answer::{Answer, Service, by_address, by_service, union},
    change::{Change, Member},
    known::{Finding, Known, Refreshed},
    rhythm::Rhythm,
};

#[cfg(test)]
mod tests;
