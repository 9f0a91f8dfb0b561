//! Several parts of a body that is here, with their framing between them.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use engine::{
    cache::range::{Held, Multipart, Segment, Segments},
    failure::Failure,
};
use http_body::{Body, Frame, SizeHint};

use crate::body::CutShort;

/// The segments of a multipart answer.
#[derive(Debug)]
pub(crate) struct MultipartBody {
    segments: Segments,
    held: Held,
    /// How many bytes are still to be sent.
    left: u64,
}

// === impl MultipartBody ===

impl MultipartBody {
    /// The parts of `multipart`, cut from `held`.
    pub(crate) fn new(multipart: Multipart, held: Held) -> Self {
        Self {
            left: multipart.total(),
            segments: multipart.segments(),
            held,
        }
    }

    fn bytes(&self, segment: Segment) -> Option<Bytes> {
        match segment {
            Segment::Head(bytes) | Segment::Tail(bytes) => Some(bytes),
            Segment::Span(span) => self.held.cut(span),
        }
    }
}

impl Body for MultipartBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let Some(segment) = self.segments.next() else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(match self.bytes(segment) {
            Some(bytes) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Ok(Frame::data(bytes))
            }
            // Whoever chose the parts did not look whether they are here.
            None => Err(CutShort(Failure::Internal)),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
