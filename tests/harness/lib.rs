//! What the scenarios are made of: the real sidecar as a child process, origins and clients with
//! full control of every byte, and a relay that damages connections.
//!
//! **Nothing sleeps for timing.** Whoever waits, waits for an event, with [`deadline::PATIENCE`] as
//! the end of it; then it fails with a sentence. Peers are threads with blocking sockets, because a
//! scripted conversation reads best from top to bottom; only HTTP/2 runs on an executor.

pub mod client;
pub mod command;
pub mod crowd;
pub mod dates;
pub mod deadline;
pub mod front;
pub mod gate;
pub mod h2;
pub mod h2_script;
pub mod load;
pub mod message;
pub mod metrics;
pub mod name_server;
pub mod origin;
pub mod page;
mod ports;
pub mod raw_h2;
pub mod relay;
pub mod reply;
mod runtime;
pub mod sidecar;
mod wire;

pub use client::{Ask, RawClient};
pub use crowd::Crowd;
pub use deadline::{PATIENCE, eventually, in_time};
pub use front::Front;
pub use gate::Gate;
pub use h2::{H2Client, H2Origin};
pub use h2_script::{H2Head, H2Script};
pub use load::{Answer, Load};
pub use message::{Request, Response};
pub use name_server::{Mood, NameServer, Service};
pub use origin::{Conversation, Origin};
pub use page::Page;
pub use relay::{Mischief, Relay};
pub use reply::Reply;
pub use sidecar::{Builder, Sidecar};
