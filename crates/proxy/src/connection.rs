//! One client connection: which protocol it speaks, and who ends it when.
//!
//! hyper serves the bytes. What is ours is around it: a [`Metered`] stream that notes when bytes
//! move, a [`ConnectionState`] those notes go to, and one watch per worker that sweeps the states
//! of all its connections a few times a second. A timer per request would cost more than all the
//! rest of a cache hit's bookkeeping; a sweep costs a few loads per connection and second, and a
//! timeout that fires a quarter of a second late hurts nobody.

mod addresses;
mod builders;
mod entrance;
mod metered;
mod serve;
mod sniff;
mod state;
mod streams;
mod transport;
mod watch;

pub(crate) use addresses::{AddressPlace, Addresses};
pub(crate) use builders::Builders;
pub(crate) use entrance::{Entrance, ProxyHeader};
pub(crate) use serve::serve;
pub(crate) use state::{ConnectionState, Cut, Ended, Errands, Peer, Resets};
pub(crate) use streams::{Taker, handed_over, nothing_yet, taker};
pub use watch::awaken;
