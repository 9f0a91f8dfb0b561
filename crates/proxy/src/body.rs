//! The bodies that pass through, each a type of its own; none is boxed on the way of a hit.

mod decoded;
mod decoding;
mod encoded;
mod gathered;
mod inbound;
mod pieces;
pub(crate) mod ranged;
mod request;
mod response;
mod rewind;
mod tap;
mod trimmed;
mod upstream;
mod watch;

pub(crate) use decoded::DecodedBody;
pub(crate) use decoding::{DecodingBody, Undoing};
pub(crate) use encoded::EncodedBody;
pub(crate) use gathered::{Gathered, Peeked, gather, peek};
pub(crate) use inbound::drain;
pub(crate) use request::{RequestBody, Upload};
pub(crate) use response::ResponseBody;
pub(crate) use rewind::{Rewind, Spare};
pub(crate) use tap::Awaiting;
pub(crate) use trimmed::Trimming;
pub(crate) use upstream::UpstreamBody;
pub(crate) use watch::Watch;

use engine::failure::Failure;

/// A body that ended before its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("body cut short: {}", .0.as_str())]
pub(crate) struct CutShort(pub(crate) Failure);
