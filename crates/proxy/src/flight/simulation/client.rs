//! The clients: how they come, wait, read, and what they must never see.

use std::{rc::Rc, time::Duration};

use engine::{
    collapse::{self, Demand, Landed, Onward},
    failure::Failure,
};
use fastrand::Rng;
use http_body_util::BodyExt;
use tokio::{sync::oneshot, time::Instant};

use super::{
    origin::{self, Ending, Led},
    world::{KEYS, World},
};
use crate::{
    body::CutShort,
    fill::FillReader,
    flight::{Boarding, Followed, Lead, Will},
};

/// One client.
pub(super) struct Client {
    world: Rc<World>,
    rng: Rng,
    key: usize,
    comes_after: Duration,
    demand: Demand,
    will: Will,
    pace: Pace,
    variant: Variant,
}

/// How a client reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// Whatever has come.
    Prompt,
    /// With pauses of up to so many milliseconds.
    Slow(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    Another,
    TheUsual,
}

// === impl Client ===

impl Client {
    pub(super) fn new(world: &Rc<World>, rng: &mut Rng) -> Self {
        let mut rng = rng.fork();
        let comes_after = match rng.u8(0..4) {
            0..=1 => 0,
            2 => rng.u64(0..200),
            _ => rng.u64(0..15_000),
        };
        let pace = match rng.u8(0..4) {
            0 => Pace::Slow(rng.u64(1..1_500)),
            _ => Pace::Prompt,
        };
        Self {
            world: Rc::clone(world),
            key: rng.usize(0..KEYS),
            comes_after: Duration::from_millis(comes_after),
            demand: seldom(&mut rng, Demand::Anew, Demand::Anything),
            will: seldom(&mut rng, Will::Decline, Will::Lead),
            variant: seldom(&mut rng, Variant::Another, Variant::TheUsual),
            pace,
            rng,
        }
    }

    /// Comes, waits and reads, as `steps::join` would have it.
    pub(super) async fn act(self) {
        if !self.comes_after.is_zero() {
            tokio::time::sleep(self.comes_after).await;
        }
        let mut boardings = 0;
        loop {
            boardings += 1;
            let remembered = self.world.recall(self.key);
            let Some(manner) = collapse::manner(remembered, self.demand) else {
                return self.alone();
            };
            let name = [self.key as u8];
            let hash = store::hash(&name);
            let follower = match self.world.flights.board(&name, hash, manner) {
                Boarding::Alone => return self.alone(),
                Boarding::Follow(follower) => follower,
                Boarding::Lead(lead) => return self.lead(lead).await,
            };
            let place = match follower.followed(self.will).await {
                Followed::Alone(after) => return self.released(after).await,
                Followed::Cancelled => continue,
                Followed::Failed(_) => return self.world.seen.borrow_mut().failed += 1,
                Followed::Filling(place) if self.variant == Variant::Another => {
                    return self.other(place.decline(), boardings).await;
                }
                Followed::Filling(place) => place,
                Followed::Promoted(lead) => {
                    self.world.seen.borrow_mut().promoted += 1;
                    return self.lead(lead).await;
                }
                Followed::Stored(_) => return,
            };
            if let Some(reader) = place.reader() {
                return self.read(reader).await;
            }
            self.world.seen.borrow_mut().too_late += 1;
            if collapse::onward(Landed::Departed, boardings) != Onward::Board {
                return self.alone();
            }
        }
    }

    fn alone(&self) {
        self.world.seen.borrow_mut().alone += 1;
    }

    async fn released(&self, after: Duration) {
        assert!(after <= Duration::from_millis(100));
        tokio::time::sleep(after).await;
        self.alone();
    }

    /// In the world of the simulation each of those who want another variant wants one of its own.
    async fn other(&self, after: Duration, boardings: u32) {
        match collapse::onward(Landed::OtherVariant, boardings) {
            Onward::Alone => self.released(after).await,
            Onward::Board => self.alone(),
        }
    }

    async fn lead(mut self, lead: Lead) {
        self.world.seen.borrow_mut().led += 1;
        let (sender, receiver) = oneshot::channel();
        let world = Rc::clone(&self.world);
        let errand = origin::errand(world, lead, self.key, self.rng.fork(), sender);
        self.world.begun.borrow_mut().push(Box::pin(errand));
        if let Ok(Led::Reader(reader)) = receiver.await {
            self.read(reader).await;
        }
    }

    /// Reads to the end and compares with what the origin sent.
    async fn read(mut self, mut reader: FillReader) {
        let seed = self.world.seed;
        let began = Instant::now();
        let mut lengths = Vec::new();
        let mut fetch = None;
        let end = loop {
            if let Pace::Slow(longest) = self.pace {
                tokio::time::sleep(Duration::from_millis(self.rng.u64(0..longest))).await;
            }
            match reader.frame().await {
                Some(Ok(frame)) => {
                    let piece = frame.into_data().unwrap();
                    let of = *fetch.get_or_insert_with(|| self.world.begins_to_read(piece[0]));
                    assert_eq!(piece[0], of, "seed {seed}: two bodies in one");
                    lengths.push(piece.len());
                }
                Some(Err(CutShort(failure))) => break Some(failure),
                None => break None,
            }
        };
        let mut seen = self.world.seen.borrow_mut();
        match end {
            None => seen.read_whole += 1,
            Some(Failure::ClientStalled) => seen.cut_off += 1,
            Some(_) => seen.cut_short += 1,
        }
        assert!(
            end != Some(Failure::ClientStalled) || self.pace != Pace::Prompt,
            "seed {seed}: cut off although it took all there was"
        );
        assert_ne!(end, Some(Failure::ClientGone), "seed {seed}: it had not");
        let Some(fetch) = fetch else { return };
        let plan = self.world.plan(fetch);
        assert!(
            end != Some(Failure::ClientStalled) || self.world.readers(fetch) > 1,
            "seed {seed}: cut off although it kept nobody waiting"
        );
        let Some((sent, ending)) = plan.shared() else {
            panic!("seed {seed}: it was for the leader alone");
        };
        let expected = match end {
            None => {
                assert_eq!(ending, Ending::Clean, "seed {seed}: taken for whole");
                &sent[..]
            }
            Some(_) => &sent[..lengths.len()],
        };
        assert_eq!(lengths, expected, "seed {seed}: other bytes than were sent");
        if self.pace == Pace::Prompt {
            // A second of patience with the slow, and a glance at each of them for each piece.
            let glances = Duration::from_millis(40) * 20 * sent.len() as u32;
            let most = plan.time() + Duration::from_secs(2) + glances;
            let took = Instant::now() - began;
            assert!(took < most, "seed {seed}: held up by the slow for {took:?}");
        }
    }
}

fn seldom<T>(rng: &mut Rng, this: T, that: T) -> T {
    if rng.u8(0..8) == 0 { this } else { that }
}
