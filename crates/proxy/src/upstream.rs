//! The other side: endpoints, connections to them, and the call to one of them.
//!
//! Start reading at [`stack`]: it is the table of the layers of a call, in their order.

mod call;
mod connect;
mod discovery;
mod endpoint;
mod layers;
mod lease;
mod order;
mod pool;
mod retired;
mod roster;
mod stack;
mod state;
mod tls;
mod watch;

pub use endpoint::Unaddressable;
pub use watch::{first_look, watch};

pub(crate) use call::{Call, CallFuture, FetchError, Fetched, Line, Story, fetch};
pub(crate) use connect::connect_http1;
pub(crate) use endpoint::{EndpointState, InFlight};
pub(crate) use layers::exchange::classify;
pub(crate) use lease::Lease;
pub(crate) use order::{Order, Target};
pub(crate) use pool::sweep;
pub(crate) use state::UpstreamState;
pub(crate) use tls::TlsClient;
