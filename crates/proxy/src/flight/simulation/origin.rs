//! What the origin answers, and the errand of a leader, which outlives the leader's client.

use std::{
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use engine::{collapse::memory::Remembered, failure::Failure};
use fastrand::Rng;
use http_body::{Body, Frame};
use tokio::{sync::oneshot, time::Sleep};

use super::world::{PIECE, World, head, piece};
use crate::{
    body::CutShort,
    fill::{Fill, FillReader},
    fill_job::{Held, Reading},
    flight::{Filling, Landing, Lead},
    places::Places,
};

/// How one fetch goes.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Until the head comes, or does not.
    latency: Duration,
    answer: Answer,
}

#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// A body that may be shared.
    Body(Vec<Sent>, Ending),
    /// The leader's task ends without a word.
    Dropped,
    Failed,
    /// A response for the leader alone.
    Private,
    /// A stored response is fresh again.
    Renewed,
}

/// A piece of so many bytes, so much after the one before.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    after: Duration,
    length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Clean,
    /// The origin goes silent, and is given up.
    Stalled,
    Truncated,
}

/// What the leader's own client gets.
pub(super) enum Led {
    Direct,
    Failed,
    Reader(FillReader),
}

/// A body that arrives as planned.
struct Arriving {
    fetch: usize,
    left: VecDeque<Sent>,
    ending: Ending,
    pause: Option<Pin<Box<Sleep>>>,
}

// === impl Plan ===

impl Plan {
    pub(super) fn random(rng: &mut Rng) -> Self {
        let answer = match rng.u8(0..12) {
            0 => Answer::Dropped,
            1..=2 => Answer::Failed,
            3..=4 => Answer::Private,
            5 => Answer::Renewed,
            _ => Answer::Body(pieces(rng), ending(rng)),
        };
        Self {
            latency: Duration::from_millis(rng.u64(0..100)),
            answer,
        }
    }

    /// The lengths of the pieces and how they end, if others may have them.
    pub(super) fn shared(&self) -> Option<(Vec<usize>, Ending)> {
        match &self.answer {
            Answer::Body(sent, ending) => {
                Some((sent.iter().map(|it| it.length).collect(), *ending))
            }
            _ => None,
        }
    }

    /// How long the body takes when nobody holds it back, and a bit more.
    pub(super) fn time(&self) -> Duration {
        match &self.answer {
            Answer::Body(sent, _) => {
                let sent: Duration = sent.iter().map(|it| it.after).sum();
                sent + STALL + Duration::from_secs(1)
            }
            _ => Duration::ZERO,
        }
    }
}

const STALL: Duration = Duration::from_secs(5);

fn pieces(rng: &mut Rng) -> Vec<Sent> {
    let largest = *rng.choice(&[10, 1_000, PIECE]).unwrap_or(&10);
    let slowest = *rng.choice(&[1, 10, 200]).unwrap_or(&1);
    (0..rng.usize(0..12))
        .map(|_| Sent {
            after: Duration::from_millis(rng.u64(0..slowest)),
            length: rng.usize(1..=largest),
        })
        .collect()
}

fn ending(rng: &mut Rng) -> Ending {
    match rng.u8(0..8) {
        0 => Ending::Stalled,
        1 => Ending::Truncated,
        _ => Ending::Clean,
    }
}

/// Fetches for all who board, as `steps::join` does.
pub(super) async fn errand(
    world: Rc<World>,
    mut lead: Lead,
    key: usize,
    mut rng: Rng,
    client: oneshot::Sender<Led>,
) {
    let plan = Plan::random(&mut rng);
    let fetch = world.begin_fetch(key, plan.clone());
    tokio::time::sleep(plan.latency).await;
    let (sent, ending) = match plan.answer {
        Answer::Body(sent, ending) => (sent, ending),
        Answer::Dropped => return world.closed(fetch),
        Answer::Failed => {
            world.closed(fetch);
            lead.land(Landing::Failed(Failure::UpstreamClosed.into()));
            return drop(client.send(Led::Failed));
        }
        Answer::Private => return alone(&world, &mut lead, key, fetch, client),
        Answer::Renewed => {
            lead.land(Landing::Stored(head()));
            world.closed(fetch);
            return drop(client.send(Led::Direct));
        }
    };
    let Some(mut reservation) = world.budget.reserve(rng.u64(0..100_000)) else {
        return alone(&world, &mut lead, key, fetch, client);
    };
    let fill = Arc::new(Fill::default());
    let reader = fill.reader(None).unwrap();
    world.filling(fetch, &fill);
    world.remember(key, None);
    lead.land(Landing::Filling(Filling {
        head: head(),
        fill: Arc::clone(&fill),
        length: None,
    }));
    drop(client.send(Led::Reader(reader)));
    let mut body = Arriving {
        fetch,
        left: sent.into(),
        ending,
        pause: None,
    };
    let reading = Reading {
        fill: &fill,
        cap: rng.u64(0..2_000_000),
        reservation: &mut reservation,
        places: &mut Places::default(),
    };
    match reading.read(&mut body).await {
        Ok((trailers, held)) => {
            if held == Held::Whole {
                fill.collect();
            } else {
                world.seen.borrow_mut().windows += 1;
            }
            fill.finish(trailers);
        }
        Err(failure) => fill.cut(failure),
    }
    fill.hold(reservation);
    world.closed(fetch);
}

fn alone(world: &World, lead: &mut Lead, key: usize, fetch: usize, client: oneshot::Sender<Led>) {
    world.remember(key, Some(Remembered::new(None, None, world.now())));
    world.closed(fetch);
    lead.land(Landing::Alone);
    drop(client.send(Led::Direct));
}

// === impl Arriving ===

impl Body for Arriving {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let this = &mut *self;
        let after = match (this.left.front(), this.ending) {
            (Some(sent), _) => sent.after,
            (None, Ending::Clean | Ending::Truncated) => Duration::ZERO,
            (None, Ending::Stalled) => STALL,
        };
        let pause = this
            .pause
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(after)));
        ready!(pause.as_mut().poll(cx));
        this.pause = None;
        Poll::Ready(match (this.left.pop_front(), this.ending) {
            (Some(sent), _) => Some(Ok(Frame::data(piece(this.fetch, sent.length)))),
            (None, Ending::Clean) => None,
            (None, Ending::Stalled) => Some(Err(CutShort(Failure::UpstreamStalled))),
            (None, Ending::Truncated) => Some(Err(CutShort(Failure::UpstreamTruncated))),
        })
    }
}
