//! A request body that is read before the cache is asked, because it is part of the key.
//!
//! Only so much is read as a key may hold. A longer body, or one with trailers, goes on to the
//! upstream as if nobody had looked: what was read first, then the rest as it comes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use super::{
    CutShort, RequestBody,
    pieces::{Piece, Pieces},
    tap::Tap,
};

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
    read: Pieces,
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
    let mut read = Pieces::default();
    let mut received = 0;
    while let Some(piece) = next(&mut body).await? {
        received += piece.len();
        let unkeyable = matches!(piece, Piece::Trailers(_)) || received > limit;
        read.push(piece);
        if unkeyable {
            let rest = Rest::Under(body);
            return Ok(Gathered::TooMuch(ResumedBody::boxed(read, rest)));
        }
    }
    Ok(Gathered::Whole(read.into_whole()))
}

/// Reads the first `wanted` bytes of `body`, or all of it when it is shorter, or less when nobody looks
/// any more; `length` is what its head says, and a body without one stays without.
///
/// # Errors
/// When the client does not send what it announced, or too slowly, or something that is not taken.
pub(crate) async fn peek(
    mut body: RequestBody,
    wanted: u64,
    length: Option<u64>,
) -> Result<Peeked, CutShort> {
    let mut read = Pieces::default();
    let (mut received, mut plain) = (0, length.is_some());
    // What turns out to be opaque is not held back for its sake: its sender may wait for an answer.
    while received < wanted && body.is_looked_at() || length == Some(received) {
        let Some(piece) = next(&mut body).await? else {
            return Ok(Peeked::Whole(match plain {
                true => RequestBody::Kept(read.into_whole()),
                false => ResumedBody::boxed(read, Rest::Over),
            }));
        };
        received += piece.len();
        plain &= matches!(piece, Piece::Data(_));
        read.push(piece);
    }
    Ok(Peeked::More(ResumedBody::boxed(read, Rest::Under(body))))
}

/// The next piece, if there is one.
async fn next(body: &mut RequestBody) -> Result<Option<Piece>, CutShort> {
    while let Some(frame) = body.frame().await {
        // What is neither data nor trailers means nothing to anybody.
        if let Ok(piece) = Piece::of(frame?) {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

// === impl ResumedBody ===

impl ResumedBody {
    /// One that ends with these frames.
    #[cfg(test)]
    pub(super) fn of(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        Self {
            read: Pieces::as_they_are(frames),
            rest: Rest::Under(RequestBody::Empty),
        }
    }

    fn boxed(read: Pieces, rest: Rest) -> RequestBody {
        RequestBody::Resumed(Box::new(Self { read, rest }))
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.read.pop() {
            Some(piece) => Poll::Ready(Some(Ok(piece.into_frame()))),
            None => match &mut self.rest {
                Rest::Over => Poll::Ready(None),
                Rest::Under(rest) => Pin::new(rest).poll_frame(cx),
            },
        }
    }

    /// Copies what was read already, and then what comes.
    pub(super) fn attach(&mut self, mut tap: Box<Tap>) {
        self.read.data().for_each(|data| tap.take(data));
        match &mut self.rest {
            Rest::Over => tap.complete(),
            Rest::Under(rest) => rest.attach(tap),
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
        let read = self.read.bytes_from(0);
        let rest = match &self.rest {
            Rest::Over => None,
            Rest::Under(rest) => rest.size_hint().exact(),
        };
        match rest {
            Some(rest) => SizeHint::with_exact(rest + read),
            None => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests;
