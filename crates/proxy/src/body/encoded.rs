//! A body made smaller on its way.
//!
//! **Bytes never wait.** When the source pauses, what has been put in is flushed out: a client
//! that could have seen a line of a slow stream sees it. A source that does not pause is never
//! flushed in the middle, so that its ratio does not suffer, unless its type is one whose pieces mean
//! something by themselves: then each piece leaves as soon as it has come.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use engine::{
    coding::{EncodeError, Encoder},
    compression::Flushing,
    failure::Failure,
};
use http::HeaderMap;
use http_body::{Body, Frame};

use super::{CutShort, ResponseBody};
use crate::steps::encode::EncodingCopy;

/// How much of a body that is here already is compressed before anything is sent.
const PIECE: usize = 64 * 1024;

/// A body that passes through an [`Encoder`].
#[derive(Debug)]
pub(crate) struct EncodedBody {
    source: ResponseBody,
    encoder: Option<Encoder>,
    rest: Bytes,
    flushing: Flushing,
    unflushed: bool,
    taken: u64,
    trailers: Option<HeaderMap>,
    /// Collects what comes out, to be kept.
    copy: Option<Box<EncodingCopy>>,
}

// === impl EncodedBody ===

impl EncodedBody {
    pub(crate) fn new(source: ResponseBody, encoder: Encoder, flushing: Flushing) -> Self {
        let (source, rest) = match source {
            ResponseBody::Full(bytes) => (ResponseBody::Empty, bytes),
            other => (other, Bytes::new()),
        };
        Self {
            source,
            encoder: Some(encoder),
            rest,
            flushing,
            unflushed: false,
            taken: 0,
            trailers: None,
            copy: None,
        }
    }

    /// The same, of which what comes out is kept in the end.
    pub(crate) fn copied(self, copy: Option<EncodingCopy>) -> Self {
        Self {
            copy: copy.map(Box::new),
            ..self
        }
    }

    /// How many bytes have been put in.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutShort>>> {
        loop {
            let Some(encoder) = &mut self.encoder else {
                return Poll::Ready(None);
            };
            if !self.rest.is_empty() {
                let piece = self.rest.split_to(self.rest.len().min(PIECE));
                let complete = self.flushing == Flushing::EachPiece && self.rest.is_empty();
                let written = match complete {
                    true => encoder.write_through(&piece),
                    false => encoder.write(&piece),
                };
                let written = written.map_err(|error| encoder_failed(&error));
                self.unflushed = !complete;
                self.taken += piece.len() as u64;
                match written {
                    Ok(out) if out.is_empty() => continue,
                    written => return Poll::Ready(Some(written)),
                }
            }
            match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Pending if self.unflushed => {
                    self.unflushed = false;
                    match encoder.flush().map_err(|error| encoder_failed(&error)) {
                        Ok(out) if out.is_empty() => return Poll::Pending,
                        flushed => return Poll::Ready(Some(flushed)),
                    }
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    let last = self.encoder.take().map(Encoder::finish);
                    return Poll::Ready(
                        last.map(|last| last.map_err(|error| encoder_failed(&error))),
                    );
                }
                Poll::Ready(Some(Err(cut))) => return Poll::Ready(Some(Err(cut))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }
}

impl EncodedBody {
    /// Collects a piece, and keeps the whole after the last; nothing is kept of a body that was cut.
    fn copy(&mut self, piece: Option<&Bytes>) {
        let copy = self.copy.take().zip(piece);
        let Some(copy) = copy.and_then(|(copy, piece)| copy.with(piece)) else {
            return;
        };
        if self.encoder.is_none() {
            copy.finish();
        } else {
            self.copy = Some(copy);
        }
    }
}

fn encoder_failed(error: &EncodeError) -> CutShort {
    tracing::error!(%error, "an encoder failed");
    CutShort(Failure::Internal)
}

impl Body for EncodedBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.poll_data(cx) {
            Poll::Ready(Some(data)) => {
                self.copy(data.as_ref().ok());
                Poll::Ready(Some(data.map(Frame::data)))
            }
            Poll::Ready(None) => Poll::Ready(
                self.trailers
                    .take()
                    .map(|trailers| Ok(Frame::trailers(trailers))),
            ),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }
}

#[cfg(test)]
mod tests;
