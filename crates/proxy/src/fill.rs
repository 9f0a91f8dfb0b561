//! One response body, read once from the upstream and by any number of clients.
//!
//! **While it is being kept**, every piece stays until the end, so that a client that joins late
//! still begins at the beginning, and the whole can be stored.
//!
//! **Once it is too large to keep**, only a window of pieces stays: what the slowest reader has
//! not yet taken, up to [`WINDOW`]. Nobody new may join (the beginning is gone). A reader alone is
//! waited for, as any client is. One that keeps others waiting is waited for only so long in all;
//! then it is cut off, because there is no memory to be slow in at the others' cost.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use engine::failure::Failure;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::body::CutShort;

/// Bytes that may wait for the slowest reader of a body that is not kept.
const WINDOW: usize = 1024 * 1024;

/// A body being received for several.
#[derive(Debug, Default)]
pub(crate) struct Fill {
    state: Mutex<State>,
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Bytes>,
    /// How many pieces were let go before the first that is still here.
    gone: usize,
    held: usize,
    windowed: bool,
    readers: Vec<Option<Reader>>,
    end: Option<End>,
}

#[derive(Debug)]
struct Reader {
    /// The piece it takes next, counted from the beginning of the body.
    next: usize,
    waker: Option<Waker>,
    cut_off: bool,
}

#[derive(Clone, Debug)]
enum End {
    Clean(Option<HeaderMap>),
    Cut(Failure),
}

/// Whether it makes sense to go on reading from the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Everybody who wanted the body has left.
    Abandoned,
    /// There is room for more.
    More,
}

/// One client's place in a [`Fill`]; leaving is dropping it.
#[derive(Debug)]
pub(crate) struct FillReader {
    fill: Arc<Fill>,
    id: usize,
    length: Option<u64>,
    taken: u64,
    ended: bool,
}

// === impl Fill ===

impl Fill {
    /// A place at the beginning, or `None` when the beginning is gone. `length` is the body's
    /// declared length.
    pub(crate) fn reader(self: &Arc<Self>, length: Option<u64>) -> Option<FillReader> {
        let mut state = self.state.lock();
        if state.windowed {
            return None;
        }
        Some(FillReader {
            id: state.admit(),
            fill: Arc::clone(self),
            length,
            taken: 0,
            ended: false,
        })
    }

    /// Adds a piece and wakes who waits for it.
    pub(crate) fn push(&self, piece: Bytes) {
        let mut state = self.state.lock();
        state.held += piece.len();
        state.pieces.push_back(piece);
        state.wake_all();
    }

    /// Ends the body where it should end.
    pub(crate) fn finish(&self, trailers: Option<HeaderMap>) {
        self.end(End::Clean(trailers));
    }

    /// Ends the body before its end.
    pub(crate) fn cut(&self, failure: Failure) {
        self.end(End::Cut(failure));
    }

    fn end(&self, end: End) {
        let mut state = self.state.lock();
        state.end = Some(end);
        state.wake_all();
    }

    /// Stops keeping everything; from now on only a window stays.
    pub(crate) fn open_window(&self) {
        let mut state = self.state.lock();
        state.windowed = true;
        state.let_go();
    }

    /// Waits until the slowest reader has made room.
    pub(crate) async fn room(&self) -> Room {
        loop {
            {
                let state = self.state.lock();
                if state.readers.iter().all(Option::is_none) {
                    return Room::Abandoned;
                }
                if state.held < WINDOW {
                    return Room::More;
                }
            }
            self.room.notified().await;
        }
    }

    /// Cuts off the readers that hold the window back, if others have taken all there is.
    pub(crate) fn cut_off_slow(&self) {
        let mut state = self.state.lock();
        let (oldest, newest) = (state.gone, state.gone + state.pieces.len());
        let somebody_waits = state.readers.iter().flatten().any(|it| it.next == newest);
        if !somebody_waits {
            return;
        }
        for reader in state.readers.iter_mut().flatten() {
            if reader.next == oldest {
                reader.cut_off = true;
                reader.next = newest;
                if let Some(waker) = reader.waker.take() {
                    waker.wake();
                }
            }
        }
        state.let_go();
    }

    /// The whole body in one piece of memory of its own; only while everything is kept.
    pub(crate) fn collect(&self) -> Bytes {
        let state = self.state.lock();
        let mut whole = BytesMut::with_capacity(state.held);
        for piece in &state.pieces {
            whole.extend_from_slice(piece);
        }
        whole.freeze()
    }
}

// === impl State ===

impl State {
    fn admit(&mut self) -> usize {
        let reader = Reader {
            next: 0,
            waker: None,
            cut_off: false,
        };
        if let Some(free) = self.readers.iter().position(Option::is_none) {
            self.readers[free] = Some(reader);
            return free;
        }
        self.readers.push(Some(reader));
        self.readers.len() - 1
    }

    fn wake_all(&mut self) {
        for reader in self.readers.iter_mut().flatten() {
            if let Some(waker) = reader.waker.take() {
                waker.wake();
            }
        }
    }

    /// Lets go of what every reader has taken.
    fn let_go(&mut self) {
        let slowest = self
            .readers
            .iter()
            .flatten()
            .map(|reader| reader.next)
            .min();
        let needed_from = slowest.unwrap_or(usize::MAX);
        while self.gone < needed_from {
            let Some(piece) = self.pieces.pop_front() else {
                break;
            };
            self.held -= piece.len();
            self.gone += 1;
        }
    }

    fn take(&mut self, id: usize, cx: &Context<'_>) -> Poll<Result<Bytes, End>> {
        let Some(reader) = self.readers.get_mut(id).and_then(Option::as_mut) else {
            return Poll::Ready(Err(End::Cut(Failure::Internal)));
        };
        if reader.cut_off {
            return Poll::Ready(Err(End::Cut(Failure::ClientStalled)));
        }
        if let Some(piece) = self.pieces.get(reader.next - self.gone) {
            reader.next += 1;
            let piece = piece.clone();
            if self.windowed {
                self.let_go();
            }
            return Poll::Ready(Ok(piece));
        }
        if let Some(end) = &self.end {
            return Poll::Ready(Err(end.clone()));
        }
        reader.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

// === impl FillReader ===

impl Body for FillReader {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let mut state = self.fill.state.lock();
        let taken = state.take(self.id, cx);
        let make_room = state.windowed && state.held < WINDOW;
        drop(state);
        if make_room {
            self.fill.room.notify_one();
        }
        taken.map(|taken| match taken {
            Ok(piece) => {
                self.taken += piece.len() as u64;
                Some(Ok(Frame::data(piece)))
            }
            Err(end) => {
                self.ended = true;
                match end {
                    End::Clean(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
                    End::Cut(failure) => Some(Err(CutShort(failure))),
                }
            }
        })
    }

    /// A body of known length ends with its last byte: nobody asks for what comes after.
    fn is_end_stream(&self) -> bool {
        self.ended || self.length == Some(self.taken)
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, |length| {
            SizeHint::with_exact(length.saturating_sub(self.taken))
        })
    }
}

impl Drop for FillReader {
    fn drop(&mut self) {
        let mut state = self.fill.state.lock();
        state.readers[self.id] = None;
        if state.windowed {
            state.let_go();
        }
        drop(state);
        self.fill.room.notify_one();
    }
}

#[cfg(test)]
mod tests;
