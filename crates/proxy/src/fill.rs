//! One response body, read once from the upstream and by any number of clients.
//!
//! **While it is being kept**, every piece stays until the end, so that a client that joins late
//! still begins at the beginning, and the whole can be stored.
//!
//! **Once it is too large to keep**, only a window of pieces stays: what the slowest reader has
//! not yet taken, up to [`WINDOW`]. Nobody new may join (the beginning is gone), but for those who
//! were promised a place before the body began. A reader alone is waited for, as any client is. One
//! that keeps others waiting is waited for only so long in all; then it is cut off, because there is
//! no memory to be slow in at the others' cost.
//!
//! Ten thousand may read one body: nothing here looks at all of them for each piece. How many stand
//! at which piece is counted in `places`.

mod places;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use engine::failure::Failure;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use store::FillReservation;
use tokio::sync::Notify;

use self::places::Places;
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
    places: Places,
    windowed: bool,
    readers: Vec<Option<Reader>>,
    /// Positions in `readers` that nobody has.
    free: Vec<usize>,
    /// Those of the readers that wait for the next piece.
    waiting: Vec<usize>,
    end: Option<End>,
    /// The memory of the pieces, for as long as anybody reads them.
    reservation: Option<FillReservation>,
}

#[derive(Debug)]
struct Reader {
    /// The piece it takes next, counted from the beginning of the body; `None` once it is cut off.
    next: Option<usize>,
    waker: Option<Waker>,
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

/// Whether it makes sense to join a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joinable {
    /// The beginning is gone, or the body was cut short.
    TooLate,
    /// Everything that has come is here.
    Yes,
}

// === impl Fill ===

impl Fill {
    /// A place at the beginning, or `None` when it is too late. `length` is the body's declared
    /// length.
    pub(crate) fn reader(self: &Arc<Self>, length: Option<u64>) -> Option<FillReader> {
        let mut state = self.state.lock();
        if state.joinable() == Joinable::TooLate {
            return None;
        }
        state.places.arrive();
        let id = state.admit();
        Some(self.place(id, length))
    }

    /// Promises places to so many who do not read yet; only before the first piece.
    pub(crate) fn promise(&self, places: usize) {
        self.state.lock().places.promise(places);
    }

    /// The reader of one who was promised a place, or `None` when the promise could not be kept.
    pub(crate) fn promised(self: &Arc<Self>, length: Option<u64>) -> Option<FillReader> {
        let mut state = self.state.lock();
        if state.is_cut() {
            state.places.renounce();
            return None;
        }
        if !state.places.claim() {
            return None;
        }
        let id = state.admit();
        Some(self.place(id, length))
    }

    /// One who was promised a place does not want it.
    pub(crate) fn renounce(&self) {
        let mut state = self.state.lock();
        state.places.renounce();
        state.let_go();
        drop(state);
        self.room.notify_one();
    }

    /// Whether somebody new may join.
    pub(crate) fn joinable(&self) -> Joinable {
        self.state.lock().joinable()
    }

    fn place(self: &Arc<Self>, id: usize, length: Option<u64>) -> FillReader {
        FillReader {
            fill: Arc::clone(self),
            id,
            length,
            taken: 0,
            ended: false,
        }
    }

    /// Adds a piece and wakes who waits for it.
    pub(crate) fn push(&self, piece: Bytes) {
        let mut state = self.state.lock();
        state.places.push(piece);
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
        state.end.get_or_insert(end);
        state.wake_all();
    }

    /// Stops keeping everything; from now on only a window stays.
    pub(crate) fn open_window(&self) {
        let mut state = self.state.lock();
        state.windowed = true;
        state.let_go();
    }

    /// Gives the reservation back when the last reader has left, and not before: what is not in the
    /// cache is in nobody's books but these.
    pub(crate) fn hold(&self, reservation: FillReservation) {
        self.state.lock().reservation = Some(reservation);
    }

    /// Waits until the slowest reader has made room.
    pub(crate) async fn room(&self) -> Room {
        loop {
            {
                let state = self.state.lock();
                if state.places.is_deserted() {
                    return Room::Abandoned;
                }
                if state.places.held() < WINDOW {
                    return Room::More;
                }
            }
            self.room.notified().await;
        }
    }

    /// Cuts off the readers that hold the window back, if others have taken all there is.
    pub(crate) fn cut_off_slow(&self) {
        let mut state = self.state.lock();
        if !state.places.somebody_waits() {
            return;
        }
        let oldest = state.places.oldest();
        for reader in state.readers.iter_mut().flatten() {
            if reader.next == Some(oldest) {
                reader.next = None;
                if let Some(waker) = reader.waker.take() {
                    waker.wake();
                }
            }
        }
        state.places.abandon_oldest();
        state.let_go();
    }

    /// The whole body in one piece of memory, which its readers share from now on; only while
    /// everything is kept.
    pub(crate) fn collect(&self) -> Bytes {
        self.state.lock().places.collect()
    }
}

// === impl State ===

impl State {
    const fn is_cut(&self) -> bool {
        matches!(self.end, Some(End::Cut(_)))
    }

    const fn joinable(&self) -> Joinable {
        if self.windowed || self.is_cut() {
            Joinable::TooLate
        } else {
            Joinable::Yes
        }
    }

    fn admit(&mut self) -> usize {
        let reader = Reader {
            next: Some(0),
            waker: None,
        };
        if let Some(free) = self.free.pop() {
            self.readers[free] = Some(reader);
            return free;
        }
        self.readers.push(Some(reader));
        self.readers.len() - 1
    }

    fn leave(&mut self, id: usize) {
        if let Some(next) = self.readers[id].take().and_then(|reader| reader.next) {
            self.places.leave(next);
        }
        self.free.push(id);
        self.let_go();
    }

    fn wake_all(&mut self) {
        for id in self.waiting.drain(..) {
            // Whoever has left, or has been cut off and woken for that, has no waker here.
            let reader = self.readers.get_mut(id).and_then(Option::as_mut);
            if let Some(waker) = reader.and_then(|reader| reader.waker.take()) {
                waker.wake();
            }
        }
    }

    /// Lets go of what everybody has taken, once not everything is kept.
    fn let_go(&mut self) {
        if self.windowed {
            self.places.let_go();
        }
    }

    fn take(&mut self, id: usize, cx: &Context<'_>) -> Poll<Result<Bytes, End>> {
        let Some(reader) = self.readers.get_mut(id).and_then(Option::as_mut) else {
            return Poll::Ready(Err(End::Cut(Failure::Internal)));
        };
        let Some(next) = &mut reader.next else {
            return Poll::Ready(Err(End::Cut(Failure::ClientStalled)));
        };
        if let Some(piece) = self.places.take(*next) {
            *next += 1;
            self.let_go();
            return Poll::Ready(Ok(piece));
        }
        if let Some(end) = &self.end {
            return Poll::Ready(Err(end.clone()));
        }
        if reader.waker.replace(cx.waker().clone()).is_none() {
            self.waiting.push(id);
        }
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
        let make_room = state.windowed && state.places.held() < WINDOW;
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
        state.leave(self.id);
        drop(state);
        self.fill.room.notify_one();
    }
}

#[cfg(test)]
mod tests;
