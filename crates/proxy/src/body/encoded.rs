//! A body made smaller on its way.
//!
//! **Bytes never wait.** When the source pauses, what has been put in is flushed out: a client
//! that could have seen a line of a slow stream sees it. A source that does not pause is never
//! flushed in the middle, so that its ratio does not suffer, unless its type is one whose pieces mean
//! something by themselves: then each piece leaves as soon as it has come.
//!
//! **What must not be compressed beside a secret** is looked for on the way, where a guard wants that.
//! From the first of it on the body stands in the coding as it is, and so it does where the source pauses
//! behind what may be the beginning of it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use engine::{
    coding::{EncodeError, Encoder},
    compression::{
        Flushing,
        breach::{Passage, Reflections},
    },
    failure::Failure,
};
use http::HeaderMap;
use http_body::{Body, Frame};

use super::{CutShort, ResponseBody, fitting_trailers};
use crate::steps::encode::EncodingCopy;

/// How much of a body that is here already is compressed before anything is sent.
const PIECE: usize = 64 * 1024;

/// A body that passes through an [`Encoder`].
#[derive(Debug)]
pub(crate) struct EncodedBody {
    source: ResponseBody,
    encoder: Option<Encoder>,
    rest: Bytes,
    /// So many bytes at the end of it wait for what follows them.
    held: usize,
    /// What must not be compressed, until it has come.
    watch: Option<Box<Reflections>>,
    guarding: Guarding,
    flushing: Flushing,
    unflushed: bool,
    taken: u64,
    trailers: Option<HeaderMap>,
    /// Collects what comes out, to be kept.
    copy: Option<Box<EncodingCopy>>,
}

/// Whether a body has been compressed to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guarding {
    /// So far.
    Compressing,
    /// It repeated what it must not.
    Stopped,
}

/// What is done with what is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    /// All of it comes out.
    Through,
    /// What is ready comes out.
    Ready,
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
            held: 0,
            watch: None,
            guarding: Guarding::Compressing,
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

    /// The same, of which nothing is compressed from there on where it repeats one of these.
    pub(crate) fn watched(self, watch: Option<Box<Reflections>>) -> Self {
        Self { watch, ..self }
    }

    /// Whether it had to be guarded.
    pub(crate) const fn guarding(&self) -> Guarding {
        self.guarding
    }

    /// How many bytes have been put in.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutShort>>> {
        loop {
            if self.encoder.is_none() {
                return Poll::Ready(None);
            }
            if self.rest.len() > self.held {
                match self.put_in() {
                    Ok(out) if out.is_empty() => continue,
                    written => return Poll::Ready(Some(written)),
                }
            }
            match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Pending if self.unflushed || self.held > 0 => match self.flush() {
                    Ok(out) if out.is_empty() => return Poll::Pending,
                    flushed => return Poll::Ready(Some(flushed)),
                },
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(self.finish()),
                Poll::Ready(Some(Err(cut))) => return Poll::Ready(Some(Err(cut))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.take(data),
                    Err(frame) => self.trailers = fitting_trailers(frame),
                },
            }
        }
    }

    /// Takes what has come, behind what is held.
    fn take(&mut self, data: Bytes) {
        self.rest = match self.rest.is_empty() {
            true => data,
            false => [&self.rest[..], &data].concat().into(),
        };
        self.held = 0;
    }

    /// Compresses the next piece, or as much of it as may be.
    fn put_in(&mut self) -> Result<Bytes, CutShort> {
        let length = self.rest.len().min(PIECE);
        let passage = match &mut self.watch {
            None => Passage::Clear(length),
            Some(watch) => watch.pass(&self.rest[..length]),
        };
        let (clear, is_last) = match passage {
            Passage::Clear(clear) => {
                self.held = match length == self.rest.len() {
                    true => length - clear,
                    false => 0,
                };
                (clear, self.rest.len() - clear == self.held)
            }
            Passage::Reflected(clear) => (clear, false),
        };
        let piece = self.rest.split_to(clear);
        let write = match is_last && self.held == 0 && self.flushing == Flushing::EachPiece {
            true => Write::Through,
            false => Write::Ready,
        };
        let out = self.write(&piece, write)?;
        match passage {
            Passage::Reflected(_) => Ok([out, self.stop()?].concat().into()),
            Passage::Clear(_) if self.held > 0 && self.flushing == Flushing::EachPiece => {
                Ok([out, self.flush()?].concat().into())
            }
            Passage::Clear(_) => Ok(out),
        }
    }

    fn write(&mut self, piece: &[u8], write: Write) -> Result<Bytes, CutShort> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(Bytes::new());
        };
        self.unflushed = write == Write::Ready;
        self.taken += piece.len() as u64;
        let written = match write {
            Write::Through => encoder.write_through(piece),
            Write::Ready => encoder.write(piece),
        };
        written.map_err(|error| encoder_failed(&error))
    }

    /// Everything that has come goes out. What may be the beginning of what must not be compressed is
    /// not: nobody knows what follows it.
    fn flush(&mut self) -> Result<Bytes, CutShort> {
        if self.held > 0 {
            let stopped = self.stop()?;
            let held = std::mem::take(&mut self.rest);
            return Ok([stopped, self.write(&held, Write::Through)?]
                .concat()
                .into());
        }
        self.unflushed = false;
        match &mut self.encoder {
            None => Ok(Bytes::new()),
            Some(encoder) => encoder.flush().map_err(|error| encoder_failed(&error)),
        }
    }

    /// Nothing is compressed from here on.
    fn stop(&mut self) -> Result<Bytes, CutShort> {
        self.watch = None;
        self.held = 0;
        self.guarding = Guarding::Stopped;
        let Some(encoder) = self.encoder.take() else {
            return Ok(Bytes::new());
        };
        let (encoder, flushed) = encoder.plainly().map_err(|error| encoder_failed(&error))?;
        self.encoder = Some(encoder);
        Ok(flushed)
    }

    /// The last of it; what only began like something ends here.
    fn finish(&mut self) -> Option<Result<Bytes, CutShort>> {
        let held = std::mem::take(&mut self.rest);
        self.held = 0;
        let begun = match held.is_empty() {
            true => Ok(held),
            false => self.write(&held, Write::Ready),
        };
        let encoder = self.encoder.take()?;
        let last = || encoder.finish().map_err(|error| encoder_failed(&error));
        Some(begun.and_then(|begun| match begun.is_empty() {
            true => last(),
            false => Ok([begun, last()?].concat().into()),
        }))
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
