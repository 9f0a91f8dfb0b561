//! The other side: endpoints, connections to them, and one exchange on such a connection.

mod call;
mod connect;
mod endpoint;
mod lease;
mod order;
mod pool;
mod tls;

pub(crate) use call::{FetchError, Fetched, Line, classify, fetch};
pub(crate) use connect::connect_http1;
pub use endpoint::Unaddressable;
pub(crate) use endpoint::{EndpointState, UpstreamState};
pub(crate) use lease::{InFlight, Lease};
pub(crate) use order::{Order, Target};
pub(crate) use pool::sweep;
pub(crate) use tls::TlsClient;
