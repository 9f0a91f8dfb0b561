//! A response whose coding is undone on its way, because the client does not take it.
//!
//! Each step gives one bounded piece, and the next is decoded when that one has been taken: a few bytes
//! that stand for gigabytes cost time, but no memory. What is damaged, ends early or goes on after its
//! end cuts the response: a client must never take a part for the whole.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use engine::{
    coding::{DecodeError, Decoder, Limits, Tally},
    failure::Failure,
};
use http::HeaderMap;
use http_body::{Body, Frame};
use policy::Coding;

use super::{CutShort, ResponseBody, fitting_trailers};

/// The most that one step gives, in bytes.
const PIECE: usize = 32 * 1024;

/// What comes out of an answer of an origin's before it is taken for a bomb: its size is the operator's
/// business, but no honest text is packed a thousand times over.
const LIMITS: Limits = Limits {
    max_size: u64::MAX,
    max_ratio: 2_000,
};

/// A body that passes through a [`Decoder`].
#[derive(Debug)]
pub(crate) struct DecodedBody {
    source: ResponseBody,
    decoder: Decoder,
    out: Box<[u8]>,
    rest: Bytes,
    /// Whether the decoder has nothing more to give without more input.
    drained: bool,
    tally: Tally,
    ended: bool,
    trailers: Option<HeaderMap>,
}

// === impl DecodedBody ===

impl DecodedBody {
    /// Undoes `coding` of `source`.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(crate) fn new(source: ResponseBody, coding: Coding) -> Result<Self, ResponseBody> {
        let decoder = match Decoder::new(coding) {
            Ok(decoder) => decoder,
            Err(error) => {
                tracing::error!(%error, coding = coding.as_str(), "no decoder");
                return Err(source);
            }
        };
        Ok(Self {
            source,
            decoder,
            out: vec![0; PIECE].into(),
            rest: Bytes::new(),
            drained: true,
            tally: Tally::default(),
            ended: false,
            trailers: None,
        })
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutShort>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if !self.drained {
                match self.step() {
                    Ok(None) => self.drained = true,
                    Ok(Some(piece)) => return Poll::Ready(Some(Ok(piece))),
                    Err(cut) => {
                        self.ended = true;
                        return Poll::Ready(Some(Err(cut)));
                    }
                }
            }
            match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.ended = true;
                    let end = self.decoder.end();
                    return Poll::Ready(end.err().map(|error| Err(broken(error))));
                }
                Poll::Ready(Some(Err(cut))) => return Poll::Ready(Some(Err(cut))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        self.rest = data;
                        self.drained = false;
                    }
                    Err(frame) => self.trailers = fitting_trailers(frame),
                },
            }
        }
    }

    /// The next piece of what is here.
    fn step(&mut self) -> Result<Option<Bytes>, CutShort> {
        let step = self
            .decoder
            .decode(&self.rest, &mut self.out)
            .map_err(broken)?;
        self.rest.advance(step.taken);
        if let Err(excess) = self.tally.count(LIMITS, step.taken, step.given) {
            tracing::warn!(limit = excess.as_str(), "a response is a bomb");
            return Err(CutShort(Failure::UpstreamGarbage));
        }
        let piece = &self.out[..step.given];
        Ok((!piece.is_empty()).then(|| Bytes::copy_from_slice(piece)))
    }
}

fn broken(error: DecodeError) -> CutShort {
    tracing::debug!(%error, "a coded response is broken");
    CutShort(match error {
        DecodeError::Truncated => Failure::UpstreamTruncated,
        DecodeError::Garbage | DecodeError::Idle | DecodeError::Invalid => Failure::UpstreamGarbage,
    })
}

impl Body for DecodedBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.poll_data(cx) {
            Poll::Ready(Some(data)) => Poll::Ready(Some(data.map(Frame::data))),
            Poll::Ready(None) => {
                let trailers = self.trailers.take();
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.trailers.is_none()
    }
}

#[cfg(test)]
mod tests;
