//! The pieces of a body that are held, and how many stand before each of them.
//!
//! A place is where somebody takes the next piece. Only counts are kept, so that letting go of what
//! everybody has taken costs the same for one reader and for ten thousand.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Pieces and places.
#[derive(Debug)]
pub(super) struct Places {
    pieces: VecDeque<Bytes>,
    /// How many pieces were let go before the first that is still here.
    gone: usize,
    /// The bytes of the pieces that are here.
    held: usize,
    /// How many stand before each piece, and at last how many wait for the next one to come.
    standing: VecDeque<usize>,
    /// Of those before the very first piece, how many are promises: they do not read yet.
    promised: usize,
    /// All of them together, promises included.
    total: usize,
}

// === impl Places ===

impl Default for Places {
    fn default() -> Self {
        Self {
            pieces: VecDeque::new(),
            gone: 0,
            held: 0,
            standing: VecDeque::from([0]),
            promised: 0,
            total: 0,
        }
    }
}

impl Places {
    pub(super) const fn held(&self) -> usize {
        self.held
    }

    /// The number of the oldest piece that is here, counted from the beginning of the body.
    pub(super) const fn oldest(&self) -> usize {
        self.gone
    }

    /// Whether nobody reads, or is going to.
    pub(super) const fn is_deserted(&self) -> bool {
        self.total == 0
    }

    /// Whether somebody has taken all there is.
    pub(super) fn somebody_waits(&self) -> bool {
        self.standing.back().is_some_and(|count| *count > 0)
    }

    /// One more stands at the beginning, which must be here.
    pub(super) fn arrive(&mut self) {
        self.standing[0] += 1;
        self.total += 1;
    }

    /// So many will come to the beginning.
    pub(super) fn promise(&mut self, count: usize) {
        self.standing[0] += count;
        self.promised += count;
        self.total += count;
    }

    /// One who was promised a place takes it; not if all promises were broken.
    pub(super) const fn claim(&mut self) -> bool {
        let kept = self.promised > 0;
        if kept {
            self.promised -= 1;
        }
        kept
    }

    /// One who was promised a place will not come.
    pub(super) fn renounce(&mut self) {
        if self.claim() {
            self.standing[0] -= 1;
            self.total -= 1;
        }
    }

    /// One who stands before piece `next` leaves.
    pub(super) fn leave(&mut self, next: usize) {
        self.standing[next - self.gone] -= 1;
        self.total -= 1;
    }

    /// Everybody who stands before the oldest piece is given up, promises included.
    pub(super) fn abandon_oldest(&mut self) {
        self.total -= std::mem::take(&mut self.standing[0]);
        self.promised = 0;
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.held += piece.len();
        self.pieces.push_back(piece);
        self.standing.push_back(0);
    }

    /// Piece `next` for one who stands before it, if it has come.
    pub(super) fn take(&mut self, next: usize) -> Option<Bytes> {
        let at = next - self.gone;
        let piece = self.pieces.get(at)?.clone();
        self.standing[at] -= 1;
        self.standing[at + 1] += 1;
        Some(piece)
    }

    /// Lets go of the pieces before which nobody stands.
    pub(super) fn let_go(&mut self) {
        while self.standing[0] == 0
            && let Some(piece) = self.pieces.pop_front()
        {
            self.standing.pop_front();
            self.held -= piece.len();
            self.gone += 1;
        }
    }

    /// All pieces as one, of which they are slices from now on.
    pub(super) fn collect(&mut self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.held);
        for piece in &self.pieces {
            whole.extend_from_slice(piece);
        }
        let whole = whole.freeze();
        let mut from = 0;
        for piece in &mut self.pieces {
            let to = from + piece.len();
            *piece = whole.slice(from..to);
            from = to;
        }
        whole
    }
}
