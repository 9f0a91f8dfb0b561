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
mod unpacker;
mod upstream;
mod watch;

pub(crate) use decoded::DecodedBody;
pub(crate) use decoding::{DecodingBody, Undoing};
pub(crate) use encoded::{EncodedBody, Guarding};
pub(crate) use gathered::{Gathered, Peeked, gather, peek};
pub(crate) use inbound::drain;
pub(crate) use request::{RequestBody, Upload};
pub(crate) use response::ResponseBody;
pub(crate) use rewind::{Rewind, Spare};
pub(crate) use tap::Awaiting;
pub(crate) use trimmed::Trimming;
pub(crate) use upstream::UpstreamBody;
pub(crate) use watch::Watch;

use bytes::Bytes;
use engine::{compression, failure::Failure};
use http::HeaderMap;
use http_body::Frame;

/// A body that ended before its end.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("body cut short: {}", .0.as_str())]
pub(crate) struct CutShort(pub(crate) Failure);

/// The trailer fields of a body whose bytes have become others, if any are left.
fn fitting_trailers(frame: Frame<Bytes>) -> Option<HeaderMap> {
    let mut trailers = frame.into_trailers().ok()?;
    compression::fit_trailers(&mut trailers);
    (!trailers.is_empty()).then_some(trailers)
}
