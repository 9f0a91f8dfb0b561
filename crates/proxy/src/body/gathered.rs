//! A request body that is read before the cache is asked, because it is part of the key.
//!
//! Only so much is read as a key may hold. A longer body, or one with trailers, goes on to the
//! upstream as if nobody had looked: what was read first, then the rest as it comes.

use std::{
    collections::VecDeque,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use super::{CutShort, RequestBody, tap::Awaiting};

/// What became of reading a body.
#[derive(Debug)]
pub(crate) enum Gathered {
    /// It cannot be part of a key; it is as it was.
    TooMuch(RequestBody),
    /// All of it.
    Whole(Bytes),
}

/// A body of which the beginning was read already.
#[derive(Debug)]
pub(crate) struct ResumedBody {
    read: VecDeque<Frame<Bytes>>,
    rest: RequestBody,
}

/// Reads `body` if it has at most `limit` bytes.
///
/// # Errors
/// When the client does not send what it announced, or too slowly.
pub(crate) async fn gather(mut body: RequestBody, limit: u64) -> Result<Gathered, CutShort> {
    let mut read = VecDeque::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        received += frame.data_ref().map_or(0, |data| data.len() as u64);
        let unkeyable = frame.is_trailers() || received > limit;
        read.push_back(frame);
        if unkeyable {
            let rest = body;
            return Ok(Gathered::TooMuch(RequestBody::Resumed(Box::new(
                ResumedBody { read, rest },
            ))));
        }
    }
    let mut whole = BytesMut::new();
    for piece in read.iter().filter_map(Frame::data_ref) {
        whole.extend_from_slice(piece);
    }
    Ok(Gathered::Whole(whole.freeze()))
}

// === impl ResumedBody ===

impl ResumedBody {
    /// One that ends with these frames.
    #[cfg(test)]
    pub(super) fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self {
            read: frames.into_iter().collect(),
            rest: RequestBody::Empty,
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    /// Copies what was read already and what comes, for `copy`.
    pub(super) fn tap(&mut self, copy: Box<dyn Awaiting>, limit: u64) {
        self.rest.tap(copy, limit);
        self.rest.catch_up(self.read.iter());
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    /// What is left of both; exact as far as the rest knows its own size.
    pub(super) fn size_hint(&self) -> SizeHint {
        let read: usize = self
            .read
            .iter()
            .filter_map(Frame::data_ref)
            .map(Bytes::len)
            .sum();
        match self.rest.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + read as u64),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &'static str) -> RequestBody {
        RequestBody::Kept(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_whole() {
        let Ok(Gathered::Whole(bytes)) = gather(kept("12345"), 5).await else {
            panic!("it fits");
        };
        assert_eq!(bytes, "12345");
        let Ok(Gathered::Whole(bytes)) = gather(RequestBody::Empty, 5).await else {
            panic!("nothing fits");
        };
        assert!(bytes.is_empty());
    }

    #[tokio::test]
    async fn a_longer_body_goes_on_complete() {
        let Ok(Gathered::TooMuch(body)) = gather(kept("123456"), 5).await else {
            panic!("it is too long");
        };
        assert_eq!(body.collect().await.unwrap().to_bytes(), "123456");
    }
}
