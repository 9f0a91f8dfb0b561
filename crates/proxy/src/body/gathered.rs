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
use engine::mirror::CopyOutcome;
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

/// What became of reading the beginning of a body.
#[derive(Debug)]
pub(crate) enum Peeked {
    /// There is more; it is as it was.
    More(RequestBody),
    /// That was all of it.
    Whole(RequestBody),
}

/// A body of which the beginning was read already.
#[derive(Debug)]
pub(crate) struct ResumedBody {
    read: VecDeque<Frame<Bytes>>,
    rest: Rest,
}

/// What follows what was read.
#[derive(Debug)]
enum Rest {
    /// Nothing; it was sent without a length, and goes on without one.
    Over,
    /// This.
    Under(RequestBody),
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
                ResumedBody {
                    read,
                    rest: Rest::Under(rest),
                },
            ))));
        }
    }
    Ok(Gathered::Whole(joined(&read)))
}

/// Reads the first `wanted` bytes of `body`, or all of it when it is shorter; `length` is what its head
/// says, and a body without one stays without.
///
/// # Errors
/// When the client does not send what it announced, or too slowly, or something that is not taken.
pub(crate) async fn peek(
    mut body: RequestBody,
    wanted: u64,
    length: Option<u64>,
) -> Result<Peeked, CutShort> {
    let mut read = VecDeque::new();
    let (mut received, mut plain) = (0, length.is_some());
    while received < wanted || length == Some(received) {
        let Some(frame) = body.frame().await else {
            return Ok(Peeked::Whole(match plain {
                true => RequestBody::Kept(joined(&read)),
                false => RequestBody::Resumed(Box::new(ResumedBody {
                    read,
                    rest: Rest::Over,
                })),
            }));
        };
        let frame = frame?;
        received += frame.data_ref().map_or(0, |data| data.len() as u64);
        plain &= frame.is_data();
        read.push_back(frame);
    }
    let rest = Rest::Under(body);
    Ok(Peeked::More(RequestBody::Resumed(Box::new(ResumedBody {
        read,
        rest,
    }))))
}

fn joined(read: &VecDeque<Frame<Bytes>>) -> Bytes {
    let mut pieces = read.iter().filter_map(Frame::data_ref);
    if let (Some(only), None) = (pieces.next(), pieces.next()) {
        return only.clone();
    }
    let mut whole = BytesMut::new();
    for piece in read.iter().filter_map(Frame::data_ref) {
        whole.extend_from_slice(piece);
    }
    whole.freeze()
}

// === impl ResumedBody ===

impl ResumedBody {
    /// One that ends with these frames.
    #[cfg(test)]
    pub(super) fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self {
            read: frames.into_iter().collect(),
            rest: Rest::Under(RequestBody::Empty),
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.read.pop_front() {
            Some(frame) => Poll::Ready(Some(Ok(frame))),
            None => match &mut self.rest {
                Rest::Over => Poll::Ready(None),
                Rest::Under(rest) => Pin::new(rest).poll_frame(cx),
            },
        }
    }

    /// Copies what was read already and what comes, for `copy`.
    pub(super) fn tap(&mut self, copy: Box<dyn Awaiting>, limit: u64) {
        match &mut self.rest {
            Rest::Over => copy.give_up(CopyOutcome::SkippedUnfinished),
            Rest::Under(rest) => {
                rest.tap(copy, limit);
                rest.catch_up(self.read.iter());
            }
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let over = match &self.rest {
            Rest::Over => true,
            Rest::Under(rest) => rest.is_end_stream(),
        };
        self.read.is_empty() && over
    }

    /// What is left of both; exact as far as the rest knows its own size.
    pub(super) fn size_hint(&self) -> SizeHint {
        let read: usize = self
            .read
            .iter()
            .filter_map(Frame::data_ref)
            .map(Bytes::len)
            .sum();
        let rest = match &self.rest {
            Rest::Over => None,
            Rest::Under(rest) => rest.size_hint().exact(),
        };
        match rest {
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

    #[tokio::test]
    async fn a_short_body_is_whole_once_it_was_looked_at() {
        let Ok(Peeked::Whole(body)) = peek(kept("12345"), 5, Some(5)).await else {
            panic!("there is no more");
        };
        // It can be sent again.
        assert!(matches!(body, RequestBody::Kept(_)));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "12345");
    }

    #[tokio::test]
    async fn a_body_without_a_length_stays_without() {
        let Ok(Peeked::Whole(body)) = peek(kept("12345"), 10, None).await else {
            panic!("there is no more");
        };
        assert_eq!(body.size_hint().exact(), None);
        assert!(!body.is_end_stream());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "12345");
        let Ok(Peeked::Whole(nothing)) = peek(RequestBody::Empty, 10, None).await else {
            panic!("there is nothing");
        };
        assert!(nothing.is_end_stream());
    }

    #[tokio::test]
    async fn trailers_that_were_read_go_on() {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-sum", http::HeaderValue::from_static("7"));
        let frames = [
            Frame::data(Bytes::from_static(b"12")),
            Frame::trailers(trailers.clone()),
        ];
        let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
        let Ok(Peeked::Whole(body)) = peek(source, 10, None).await else {
            panic!("there is no more");
        };
        let collected = body.collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), "12");
    }

    #[tokio::test]
    async fn of_a_longer_body_only_the_beginning_is_awaited() {
        let frames = ["123", "456", "789"].map(|piece| Frame::data(Bytes::from(piece)));
        let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
        let Ok(Peeked::More(body)) = peek(source, 4, Some(9)).await else {
            panic!("there is more");
        };
        assert_eq!(body.collect().await.unwrap().to_bytes(), "123456789");
    }
}
