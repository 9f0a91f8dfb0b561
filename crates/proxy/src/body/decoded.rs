//! A response whose coding is undone on its way, because the client does not take it.
//!
//! What is damaged, ends early or goes on after its end cuts the response: a client must never take a
//! part for the whole.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use policy::Coding;

use super::{CutShort, ResponseBody, fitting_trailers, unpacker::Unpacker};

/// A body that passes through an [`Unpacker`].
#[derive(Debug)]
pub(crate) struct DecodedBody {
    source: ResponseBody,
    unpacker: Unpacker,
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
        let unpacker = match Unpacker::new(&[coding]) {
            Ok(Some(unpacker)) => unpacker,
            Ok(None) => return Err(source),
            Err(error) => {
                tracing::error!(%error, coding = coding.as_str(), "no decoder");
                return Err(source);
            }
        };
        Ok(Self {
            source,
            unpacker,
            ended: false,
            trailers: None,
        })
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, CutShort>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match self.unpacker.next() {
                Ok(None) => {}
                Ok(Some(piece)) => {
                    return Poll::Ready(Some(Ok(Bytes::copy_from_slice(piece))));
                }
                Err(cut) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(cut)));
                }
            }
            match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.ended = true;
                    return Poll::Ready(self.unpacker.end().err().map(Err));
                }
                Poll::Ready(Some(Err(cut))) => return Poll::Ready(Some(Err(cut))),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.unpacker.put(data),
                    Err(frame) => self.trailers = fitting_trailers(frame),
                },
            }
        }
    }
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
