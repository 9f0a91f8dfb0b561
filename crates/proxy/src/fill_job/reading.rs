//! Reading a body into a [`Fill`], within what may be held of it.

use std::time::Duration;

use bytes::Bytes;
use engine::failure::Failure;
use http::HeaderMap;
use http_body::Body;
use http_body_util::BodyExt;
use store::FillReservation;
use tokio::time::Instant;

use crate::{
    body::CutShort,
    fill::{Fill, Room},
    places::Places,
};

/// How long slow readers may hold back the others, in all.
const PATIENCE: Duration = Duration::from_secs(1);
/// Even with no patience left, a reader gets the chance to run.
const GLANCE: Duration = Duration::from_millis(20);

/// The reading of one body.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) fill: &'a Fill,
    /// Beyond this many bytes only a window is held.
    pub(crate) cap: u64,
    /// Grows with the body, as long as the budget lets it.
    pub(crate) reservation: &'a mut FillReservation,
    /// Of the client that asked for it.
    pub(crate) places: &'a mut Places,
}

/// Whether the whole body is still held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Whole,
    Window,
}

// === impl Reading ===

impl Reading<'_> {
    /// Reads to the end of the body, or until nobody wants what will not be kept anyway.
    pub(crate) async fn read<B>(
        mut self,
        body: &mut B,
    ) -> Result<(Option<HeaderMap>, Held), Failure>
    where
        B: Body<Data = Bytes, Error = CutShort> + Unpin,
    {
        let mut received = 0;
        let mut held = Held::Whole;
        let mut trailers = None;
        let mut patience = PATIENCE;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|CutShort(failure)| failure)?;
            match frame.into_data() {
                Ok(data) => {
                    received += data.len() as u64;
                    held = self.take(data, received, held);
                    if held == Held::Window && self.room(&mut patience).await == Room::Abandoned {
                        return Err(Failure::ClientGone);
                    }
                }
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        Ok((trailers, held))
    }

    /// Waits for room, for as long as nobody else is kept waiting for it longer than `patience`.
    async fn room(&self, patience: &mut Duration) -> Room {
        loop {
            let began = Instant::now();
            let room = tokio::time::timeout((*patience).max(GLANCE), self.fill.room()).await;
            *patience = patience.saturating_sub(Instant::now() - began);
            match room {
                Ok(room) => return room,
                Err(_elapsed) => self.fill.cut_off_slow(),
            }
        }
    }

    fn take(&mut self, data: Bytes, received: u64, held: Held) -> Held {
        let fits = received <= self.cap && self.reservation.grow_to(received);
        let held = if held == Held::Whole && !fits {
            self.fill.open_window();
            // From here on it is read as fast as its readers read: a slow one must not keep the places of
            // somebody who has left.
            *self.places = Places::default();
            Held::Window
        } else {
            held
        };
        self.fill.push(data);
        held
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
    };

    use http_body::Frame;
    use store::FillBudget;
    use tokio::time::timeout;

    use super::*;
    use crate::places::{self, Entering};

    /// One piece, and never an end.
    struct Unending(Option<Bytes>);

    impl Body for Unending {
        type Data = Bytes;
        type Error = CutShort;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
            match self.0.take() {
                Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
                None => Poll::Pending,
            }
        }
    }

    /// What is read for those who read it only is theirs, and not of whoever asked for it first.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_will_not_be_kept_keeps_nobodys_place() {
        for (cap, wanted) in [(100, 1), (1, 0)] {
            let (cells, tally) = (Arc::default(), Arc::default());
            let Entering::Go(place) = places::enter(&cells, 7, 1, &tally) else {
                panic!("the first place is taken");
            };
            let mut places = Places::new(vec![place]);
            let budget = Arc::new(FillBudget::new(1_000_000));
            let mut reservation = budget.reserve(1).unwrap();
            let fill = Arc::new(Fill::default());
            let _reader = fill.reader(None).unwrap();
            let reading = Reading {
                fill: &fill,
                cap,
                reservation: &mut reservation,
                places: &mut places,
            };
            let mut body = Unending(Some(Bytes::from_static(b"a piece")));
            let read = timeout(Duration::from_secs(9), reading.read(&mut body)).await;
            assert!(read.is_err(), "{read:?}");
            assert_eq!(tally.in_flight(), wanted, "cap {cap}");
        }
    }
}
