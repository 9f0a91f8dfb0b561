//! A request body that is kept while it is sent, so that it can be sent again.
//!
//! Nobody waits for the whole of it: what the client sends goes to the upstream as it comes, and a
//! copy of each piece stays here. A further try is given what is kept first, and then the rest as
//! it comes. When the body proves to be larger than what may be kept, all of that is let go at once:
//! it is then sent this one time. What is kept counts against the memory promise, like bodies on
//! their way into the cache.
//!
//! **One try at a time.** The connection of a try that was given up may still hold its body for a
//! moment. It must not take a piece that the next try is to have, so each try has a turn, and a body
//! whose turn is over fails: an upstream never takes half a body for a whole one (TRAPS 5).

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use engine::{failure::Failure, retry::Replay};
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use store::FillReservation;

use super::{
    CutShort, RequestBody, Upload,
    pieces::{Piece, Pieces},
};

/// What a further try can be given for a body.
#[derive(Debug)]
pub(crate) enum Spare {
    /// Nothing: part of the body is gone.
    Gone,
    /// It is here as a whole.
    Kept(Bytes),
    /// There is no body.
    Nothing,
    /// What is kept of it, and then the rest.
    Rewind(Arc<Rewind>),
}

/// A client's body, and what is kept of it.
#[derive(Debug)]
pub(crate) struct Rewind(Mutex<State>);

/// One reading of such a body.
#[derive(Debug)]
pub(crate) struct RewoundBody {
    rewind: Arc<Rewind>,
    turn: u32,
    /// The piece that is read next, by position.
    next: usize,
    upload: Arc<Upload>,
}

#[derive(Debug)]
struct State {
    source: RequestBody,
    /// How the source went; `None` for a body that nobody watches.
    upload: Option<Arc<Upload>>,
    /// `None` when it was too much.
    kept: Option<Kept>,
    turn: u32,
    ended: bool,
}

#[derive(Debug)]
struct Kept {
    pieces: Pieces,
    bytes: u64,
    limit: u64,
    _held: FillReservation,
}

// === impl Spare ===

impl Spare {
    /// What a further try can be given for this body.
    pub(crate) fn of(body: &RequestBody) -> Self {
        match body {
            RequestBody::Client(_) | RequestBody::Decoding(_) | RequestBody::Resumed(_) => {
                Self::Gone
            }
            RequestBody::Empty => Self::Nothing,
            RequestBody::Kept(bytes) => Self::Kept(bytes.clone()),
            RequestBody::Rewound(body) => Self::Rewind(Arc::clone(&body.rewind)),
        }
    }

    /// Whether it can still be sent.
    pub(crate) fn replay(&self) -> Replay {
        match self {
            Self::Gone => Replay::Gone,
            Self::Kept(_) | Self::Nothing => Replay::Here,
            Self::Rewind(rewind) => rewind.replay(),
        }
    }

    /// The body for a further try, and how its upload goes; the try before it has had its turn.
    pub(crate) fn body(&self) -> Option<(RequestBody, Option<Arc<Upload>>)> {
        match self {
            Self::Gone => None,
            Self::Kept(bytes) => Some((RequestBody::Kept(bytes.clone()), None)),
            Self::Nothing => Some((RequestBody::Empty, None)),
            Self::Rewind(rewind) => {
                let (body, upload) = rewind.again()?;
                Some((body, Some(upload)))
            }
        }
    }
}

// === impl Rewind ===

impl Rewind {
    /// Keeps up to `limit` bytes of `source` while it is read; `upload` is how it goes.
    pub(crate) fn keep(
        source: RequestBody,
        upload: Option<Arc<Upload>>,
        limit: u64,
        held: FillReservation,
    ) -> (RequestBody, Arc<Upload>) {
        let kept = Kept {
            pieces: Pieces::default(),
            bytes: 0,
            limit,
            _held: held,
        };
        let rewind = Arc::new(Self(Mutex::new(State {
            source,
            upload,
            kept: Some(kept),
            turn: 0,
            ended: false,
        })));
        rewind.read(0)
    }

    fn replay(&self) -> Replay {
        match self.0.lock().is_whole() {
            true => Replay::Here,
            false => Replay::Gone,
        }
    }

    fn again(self: &Arc<Self>) -> Option<(RequestBody, Arc<Upload>)> {
        let mut state = self.0.lock();
        if !state.is_whole() {
            return None;
        }
        state.turn += 1;
        let turn = state.turn;
        if let Some(kept) = &mut state.kept {
            kept.pieces.close();
        }
        drop(state);
        Some(self.read(turn))
    }

    fn read(self: &Arc<Self>, turn: u32) -> (RequestBody, Arc<Upload>) {
        let upload = Arc::new(Upload::default());
        let body = RewoundBody {
            rewind: Arc::clone(self),
            turn,
            next: 0,
            upload: Arc::clone(&upload),
        };
        (RequestBody::Rewound(Box::new(body)), upload)
    }
}

// === impl RewoundBody ===

impl RewoundBody {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let mut state = self.rewind.0.lock();
        if state.turn != self.turn {
            // Nobody waits for what becomes of it.
            return Poll::Ready(Some(Err(CutShort(Failure::ClientGone))));
        }
        if let Some(piece) = state.kept_piece(self.next) {
            self.next += 1;
            self.upload.takes(piece.len());
            if state.is_over(self.next) {
                self.upload.finish();
            }
            return Poll::Ready(Some(Ok(piece.into_frame())));
        }
        let frame = match Pin::new(&mut state.source).poll_frame(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(frame) => frame,
        };
        Poll::Ready(match frame {
            None => {
                state.ended = true;
                self.upload.finish();
                None
            }
            Some(Err(CutShort(failure))) => {
                self.upload.fail(failure);
                Some(Err(CutShort(failure)))
            }
            Some(Ok(frame)) => {
                self.upload
                    .takes(frame.data_ref().map_or(0, Bytes::len) as u64);
                let frame = state.keep(frame);
                // It has been read, whichever piece it is part of now.
                self.next = state.kept_pieces();
                if state.is_over(self.next) {
                    self.upload.finish();
                }
                Some(Ok(frame))
            }
        })
    }

    /// A body that is known to have ended is not polled again, so this is where its end is noted.
    pub(super) fn is_end_stream(&self) -> bool {
        let state = self.rewind.0.lock();
        if state.turn != self.turn {
            return false;
        }
        let ended = state.all_read(self.next) && (state.ended || state.source.is_end_stream());
        if ended {
            self.upload.finish();
        }
        ended
    }

    /// What is left of both; exact as far as the source knows its own size.
    pub(super) fn size_hint(&self) -> SizeHint {
        let state = self.rewind.0.lock();
        let unread = (state.kept.as_ref()).map_or(0, |kept| kept.pieces.bytes_from(self.next));
        match state.source.size_hint().exact() {
            Some(rest) => SizeHint::with_exact(rest + unread),
            None => SizeHint::default(),
        }
    }
}

// === impl State ===

impl State {
    /// Whether all that was read of the source is kept, and the rest can still come.
    fn is_whole(&self) -> bool {
        let failed = self.upload.as_ref().and_then(|upload| upload.failure());
        self.kept.is_some() && failed.is_none()
    }

    fn kept_piece(&self, at: usize) -> Option<Piece> {
        self.kept.as_ref()?.pieces.get(at)
    }

    fn kept_pieces(&self) -> usize {
        self.kept.as_ref().map_or(0, |kept| kept.pieces.count())
    }

    /// Whether whoever reads the piece at `next` now has had all that is kept.
    fn all_read(&self, next: usize) -> bool {
        next >= self.kept_pieces()
    }

    /// Whether nothing comes after the piece before `next`.
    fn is_over(&self, next: usize) -> bool {
        // With a declared length the last byte tells, whatever frame comes after it.
        let told = match (&self.source, &self.upload) {
            (RequestBody::Client(_), Some(upload)) => upload.is_finished(),
            _ => false,
        };
        self.all_read(next) && (self.ended || told || self.source.is_end_stream())
    }

    /// Keeps a copy of a piece that is handed on, or lets all of it go.
    fn keep(&mut self, frame: Frame<Bytes>) -> Frame<Bytes> {
        let Some(kept) = &mut self.kept else {
            return frame;
        };
        let piece = match Piece::of(frame) {
            Ok(piece) => piece,
            // What is not understood is not kept.
            Err(other) => {
                self.kept = None;
                return other;
            }
        };
        kept.bytes += piece.len();
        if kept.bytes > kept.limit {
            self.kept = None;
        } else {
            kept.pieces.push(piece.clone());
        }
        piece.into_frame()
    }
}

#[cfg(test)]
mod tests;
