//! The other side: endpoints, connections to them, and the call to one of them.
//!
//! Start reading at [`stack`]: it is the table of the layers of a call, in their order.

mod breaker;
mod call;
mod capacity;
mod checkout;
mod choice;
mod connect;
mod discovery;
mod endpoint;
mod form;
mod health;
mod layers;
mod lease;
mod order;
mod picking;
mod pool;
mod preconnect;
mod roster;
mod sender;
mod socket;
mod stack;
mod state;
mod tally;
mod tls;
mod watch;

pub use endpoint::Unaddressable;
pub use health::{CheckReport, EjectionReport, HealthReport};
pub use state::UpstreamError;
pub use tls::UpstreamTlsError;
pub use watch::{first_look, watch};

pub(crate) use breaker::{BreakerCell, Passing};
pub(crate) use call::{Call, CallFuture, FetchError, Fetched, Line, Story, fetch, fetch_by};
pub(crate) use capacity::Permit;
pub(crate) use checkout::connect_http1;
pub(crate) use endpoint::{EndpointState, InFlight};
pub(crate) use layers::{
    deadline::Due,
    exchange::{WatchedTry, classify},
};
pub(crate) use lease::Lease;
pub(crate) use order::{Order, Target};
pub(crate) use picking::pick;
pub(crate) use pool::sweep;
pub(crate) use preconnect::{is_wanted as is_preconnect_wanted, tend as preconnect};
pub(crate) use sender::Http1Sender;
pub(crate) use socket::dial;
pub(crate) use state::UpstreamState;
pub(crate) use tls::TlsClient;
