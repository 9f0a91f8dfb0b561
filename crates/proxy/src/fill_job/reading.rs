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
            Held::Window
        } else {
            held
        };
        self.fill.push(data);
        held
    }
}
