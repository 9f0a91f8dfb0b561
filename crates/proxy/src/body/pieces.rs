//! What was read of a body and waits to be sent on.
//!
//! A client decides in how many pieces its body comes. Kept as they came, pieces of one byte would take
//! a hundred times the memory that was counted for them, and each could hold on to the whole buffer
//! that it was read into. So small ones are put together as they come; a body of one piece, and
//! pieces that are worth it, are not copied.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Frame;

/// A piece of this size costs next to nothing beside its bytes.
const LARGE: usize = 4 * 1024;
/// Small ones are put together up to this size, in bytes.
const TOGETHER: usize = 64 * 1024;

/// The pieces in their order.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    ready: VecDeque<Piece>,
    /// The last small ones, which others may still be added to.
    open: BytesMut,
}

/// One of them.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

// === impl Pieces ===

impl Pieces {
    /// Exactly these, however small they are.
    #[cfg(test)]
    pub(super) fn as_they_are(frames: impl IntoIterator<Item = Frame<Bytes>>) -> Self {
        let pieces = frames.into_iter().map(|frame| Piece::of(frame).unwrap());
        Self {
            ready: pieces.collect(),
            open: BytesMut::new(),
        }
    }

    /// Adds one at the end.
    pub(super) fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Data(data) if data.is_empty() => {}
            Piece::Data(data) if data.len() < LARGE && !self.is_empty() => {
                // The first was kept as it came, because it could have been the only one.
                if self.open.is_empty()
                    && self.ready.back().is_some_and(Piece::is_small)
                    && let Some(Piece::Data(first)) = self.ready.pop_back()
                {
                    self.open.extend_from_slice(&first);
                }
                self.open.extend_from_slice(&data);
                if self.open.len() >= TOGETHER {
                    self.close();
                }
            }
            piece => {
                self.close();
                self.ready.push_back(piece);
            }
        }
    }

    /// Adds nothing more to what has been put together.
    pub(super) fn close(&mut self) {
        if !self.open.is_empty() {
            let together = std::mem::take(&mut self.open).freeze();
            self.ready.push_back(Piece::Data(together));
        }
    }

    /// Takes the first one away.
    pub(super) fn pop(&mut self) -> Option<Piece> {
        if self.ready.is_empty() {
            self.close();
        }
        self.ready.pop_front()
    }

    /// A copy of the one at this position, if nothing more is added to it.
    pub(super) fn get(&self, at: usize) -> Option<Piece> {
        self.ready.get(at).cloned()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.ready.len() + usize::from(!self.open.is_empty())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.open.is_empty()
    }

    /// The bytes of data from this position on.
    pub(super) fn bytes_from(&self, at: usize) -> u64 {
        let ready: u64 = self.ready.iter().skip(at).map(Piece::len).sum();
        match at <= self.ready.len() {
            true => ready + self.open.len() as u64,
            false => ready,
        }
    }

    /// The data in its order, without what is no data.
    pub(super) fn data(&self) -> impl Iterator<Item = &[u8]> {
        let ready = self.ready.iter().filter_map(|piece| match piece {
            Piece::Data(data) => Some(data.as_ref()),
            Piece::Trailers(_) => None,
        });
        ready.chain((!self.open.is_empty()).then_some(self.open.as_ref()))
    }

    /// All of the data in one piece, copied only where it is in several.
    pub(super) fn into_whole(mut self) -> Bytes {
        let bytes = self.bytes_from(0);
        let mut whole = BytesMut::new();
        while let Some(piece) = self.pop() {
            let Piece::Data(data) = piece else {
                continue;
            };
            if data.len() as u64 == bytes {
                return data;
            }
            if whole.is_empty() {
                // What is in memory is no longer than memory.
                whole.reserve(usize::try_from(bytes).unwrap_or_default());
            }
            whole.extend_from_slice(&data);
        }
        whole.freeze()
    }
}

// === impl Piece ===

impl Piece {
    /// What a frame brings.
    ///
    /// # Errors
    /// Gives back what is neither data nor trailers; there is no third kind.
    pub(super) fn of(frame: Frame<Bytes>) -> Result<Self, Frame<Bytes>> {
        match frame.into_data() {
            Ok(data) => Ok(Self::Data(data)),
            Err(other) => other.into_trailers().map(Self::Trailers),
        }
    }

    /// The bytes of data in it.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Data(data) => data.len() as u64,
            // They are bounded by the size of a head.
            Self::Trailers(_) => 0,
        }
    }

    pub(super) fn into_frame(self) -> Frame<Bytes> {
        match self {
            Self::Data(data) => Frame::data(data),
            Self::Trailers(trailers) => Frame::trailers(trailers),
        }
    }

    fn is_small(&self) -> bool {
        matches!(self, Self::Data(data) if data.len() < LARGE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: impl Into<Bytes>) -> Piece {
        Piece::Data(text.into())
    }

    fn popped(mut pieces: Pieces) -> Vec<Option<Bytes>> {
        let mut all = Vec::new();
        while let Some(piece) = pieces.pop() {
            all.push(piece.into_frame().into_data().ok());
        }
        all
    }

    /// What is counted against the memory promise is what it takes, or nearly.
    #[test]
    fn bytes_that_come_one_by_one_are_put_together() {
        let mut pieces = Pieces::default();
        for _ in 0..100_000 {
            pieces.push(data("x"));
            pieces.push(data(""));
        }
        assert_eq!(pieces.count(), 2);
        assert_eq!(pieces.bytes_from(0), 100_000);
        assert_eq!(pieces.data().map(<[u8]>::len).sum::<usize>(), 100_000);
        assert_eq!(pieces.into_whole(), "x".repeat(100_000));
    }

    #[test]
    fn what_is_large_or_alone_is_not_copied() {
        let large = Bytes::from("x".repeat(LARGE));
        let alone = Bytes::from("alone");
        for piece in [&large, &alone] {
            let mut pieces = Pieces::default();
            pieces.push(data(piece.clone()));
            assert_eq!(pieces.into_whole().as_ptr(), piece.as_ptr());
        }
        let mut pieces = Pieces::default();
        for piece in [&alone, &alone, &large, &alone] {
            pieces.push(data(piece.clone()));
        }
        let popped = popped(pieces);
        assert_eq!(popped[0].as_deref(), Some(&b"alonealone"[..]));
        assert_eq!(popped[1].as_ref().unwrap().as_ptr(), large.as_ptr());
        assert_eq!(popped[2].as_deref(), Some(&b"alone"[..]));
        assert_eq!(popped.len(), 3);
    }

    #[test]
    fn trailers_stay_behind_what_they_came_after() {
        let mut pieces = Pieces::default();
        for piece in ["1", "2", "3"] {
            pieces.push(data(piece));
        }
        pieces.push(Piece::Trailers(HeaderMap::new()));
        assert_eq!(pieces.count(), 2);
        assert_eq!(popped(pieces), [Some(Bytes::from("123")), None]);
    }

    #[test]
    fn what_is_left_is_told_by_position() {
        let mut pieces = Pieces::default();
        for _ in 0..3 {
            pieces.push(data("12"));
        }
        assert_eq!((pieces.bytes_from(0), pieces.bytes_from(1)), (6, 0));
        assert!(pieces.get(0).is_none(), "it may still grow");
        pieces.close();
        assert_eq!((pieces.bytes_from(0), pieces.bytes_from(1)), (6, 0));
        assert_eq!(pieces.get(0).map(|it| it.len()), Some(6));
    }
}
