//! What an origin has packed, plain again, piece by piece.
//!
//! Each step gives one bounded piece, and the next is decoded when that one has been taken: a few bytes
//! that stand for gigabytes cost time, but no memory. What is damaged, ends early or goes on after its
//! end is an error and never a shorter body.

use bytes::{Buf, Bytes};
use engine::{
    coding::{DecodeError, Limits, Stack, Tally},
    failure::Failure,
};
use policy::Coding;

use super::CutShort;

/// The most that one step gives, in bytes.
pub(super) const PIECE: usize = 32 * 1024;

/// What comes out of an answer of an origin's before it is taken for a bomb: its size is the operator's
/// business, but no honest text is packed a thousand times over.
const LIMITS: Limits = Limits {
    max_size: u64::MAX,
    max_ratio: 2_000,
};

/// Takes the codings of one body off.
#[derive(Debug)]
pub(super) struct Unpacker {
    stack: Stack,
    out: Box<[u8]>,
    rest: Bytes,
    /// Whether there is nothing more to give without more input.
    drained: bool,
    tally: Tally,
}

// === impl Unpacker ===

impl Unpacker {
    /// Undoes `codings`, which are in the order in which they were put on; nothing for none.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(super) fn new(codings: &[Coding]) -> Result<Option<Self>, DecodeError> {
        let stack = Stack::new(codings)?;
        Ok(stack.map(|stack| Self {
            stack,
            out: vec![0; PIECE].into(),
            rest: Bytes::new(),
            drained: true,
            tally: Tally::default(),
        }))
    }

    /// Takes the next piece in, once there is nothing more of the last.
    pub(super) fn put(&mut self, piece: Bytes) {
        self.rest = piece;
        self.drained = false;
    }

    /// The next plain piece of what is here.
    ///
    /// # Errors
    /// When it is not what it is said to be, or a bomb.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, CutShort> {
        if self.drained {
            return Ok(None);
        }
        let step = self
            .stack
            .decode(&self.rest, &mut self.out)
            .map_err(broken)?;
        self.rest.advance(step.taken);
        if let Err(excess) = self.tally.count(LIMITS, step.taken, step.given) {
            tracing::warn!(limit = excess.as_str(), "a response is a bomb");
            return Err(CutShort(Failure::UpstreamGarbage));
        }
        self.drained = step.given == 0;
        Ok((!self.drained).then(|| &self.out[..step.given]))
    }

    /// Whether it may end here.
    ///
    /// # Errors
    /// When it may not.
    pub(super) fn end(&self) -> Result<(), CutShort> {
        self.stack.end().map_err(broken)
    }
}

fn broken(error: DecodeError) -> CutShort {
    tracing::debug!(%error, "a coded response is broken");
    CutShort(match error {
        DecodeError::Truncated => Failure::UpstreamTruncated,
        DecodeError::Garbage | DecodeError::Idle | DecodeError::Invalid => Failure::UpstreamGarbage,
    })
}
