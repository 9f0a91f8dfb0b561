//! What the client receives.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{
    CutShort, DecodedBody, EncodedBody, UpstreamBody,
    ranged::{MultipartBody, SpanBody},
};
use crate::fill::FillReader;

/// The body of a response, by where its bytes come from.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    /// There is none.
    Empty,
    /// Decompressed on the way.
    Decoded(Box<DecodedBody>),
    /// Compressed on the way.
    Encoded(Box<EncodedBody>),
    /// Read along with the fetch of another request, or with the fill of the cache.
    Filling(FillReader),
    /// Here already.
    Full(Bytes),
    /// Several parts of what is here already.
    Multipart(Box<MultipartBody>),
    /// One part of what is read along.
    Span(Box<SpanBody<FillReader>>),
    /// Straight from the upstream.
    Upstream(Box<UpstreamBody>),
}

// === impl ResponseBody ===

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Decoded(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Encoded(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Filling(body) => Pin::new(body).poll_frame(cx),
            Self::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Multipart(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Span(body) => Pin::new(&mut **body).poll_frame(cx),
            Self::Upstream(body) => Pin::new(&mut **body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Decoded(body) => body.is_end_stream(),
            Self::Encoded(body) => body.is_end_stream(),
            Self::Filling(body) => body.is_end_stream(),
            Self::Full(bytes) => bytes.is_empty(),
            Self::Multipart(body) => body.is_end_stream(),
            Self::Span(body) => body.is_end_stream(),
            Self::Upstream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Decoded(body) => body.size_hint(),
            Self::Encoded(body) => body.size_hint(),
            Self::Filling(body) => body.size_hint(),
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Multipart(body) => body.size_hint(),
            Self::Span(body) => body.size_hint(),
            Self::Upstream(body) => body.size_hint(),
        }
    }
}
