//! One part of a body that is still coming.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use engine::{cache::range::Span, failure::Failure};
use http_body::{Body, Frame, SizeHint};

use crate::body::CutShort;

/// The bytes of a span of another body.
#[derive(Debug)]
pub(crate) struct SpanBody<B> {
    /// Gone when the last byte was taken, or when there will be none.
    source: Option<B>,
    /// How many bytes come before the span.
    skip: u64,
    /// How many bytes of it are still to be sent.
    left: u64,
}

// === impl SpanBody ===

impl<B> SpanBody<B> {
    /// The bytes of `span` out of `source`, which begins with the first byte of all.
    pub(crate) const fn new(source: B, span: Span) -> Self {
        Self {
            source: Some(source),
            skip: span.first(),
            left: span.len(),
        }
    }

    /// What of a piece belongs to the span.
    fn take(&mut self, mut piece: Bytes) -> Bytes {
        let skipped = clamped(self.skip, piece.len());
        self.skip -= skipped as u64;
        let mut piece = piece.split_off(skipped);
        piece.truncate(clamped(self.left, piece.len()));
        self.left -= piece.len() as u64;
        piece
    }
}

/// The smaller of the two.
fn clamped(count: u64, most: usize) -> usize {
    usize::try_from(count).map_or(most, |count| count.min(most))
}

impl<B> Body for SpanBody<B>
where
    B: Body<Data = Bytes, Error = CutShort> + Unpin,
{
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        loop {
            let Some(source) = &mut self.source else {
                return Poll::Ready(None);
            };
            let cut = match ready!(Pin::new(source).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => {
                        let part = self.take(piece);
                        if self.left == 0 {
                            self.source = None;
                        }
                        if part.is_empty() {
                            continue;
                        }
                        return Poll::Ready(Some(Ok(Frame::data(part))));
                    }
                    // Trailers are about the whole, and come behind its end.
                    Err(_trailers) => continue,
                },
                Some(Err(cut)) => cut,
                None => CutShort(Failure::UpstreamTruncated),
            };
            self.source = None;
            return Poll::Ready(Some(Err(cut)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
