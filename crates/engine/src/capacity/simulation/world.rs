//! Clients that come at random and do not wait for ever, whoever lets them in, and the origin.

use std::{cmp::Ordering, collections::BinaryHeap, time::Duration};

use policy::Priority;

use super::{
    super::{
        Queue, Token,
        queue::{Joined, Leaving, Order},
    },
    dice::Dice,
    origin::{Health, Origin, Shape},
    rivals::Control,
};
use crate::{
    attempt::{Attempt, AttemptEnd},
    failure::Failure,
};

/// What happens from one moment on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    /// From when, in seconds.
    pub(super) from: f64,
    /// Requests a second.
    pub(super) load: f64,
    pub(super) health: Health,
    pub(super) size: f64,
}

/// Who waits, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) shape: Shape,
    pub(super) places: u32,
    pub(super) queue_timeout: f64,
    /// In what order a class is served; as the queue itself chooses if `None`.
    pub(super) order: Option<Order>,
    /// How long a client waits: between the two, evenly.
    pub(super) patience: (f64, f64),
    pub(super) seed: u64,
}

/// What a second has brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Second {
    /// How many came, and how many were answered in time, by class.
    pub(super) came: [u32; 4],
    pub(super) good: [u32; 4],
    pub(super) shed: u32,
    /// How long each that was answered in time had to wait.
    pub(super) waited: Vec<f64>,
    pub(super) limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Arrival,
    /// A client's patience is at its end.
    Enough(usize),
    Phase(usize),
    QueueTimeout(usize),
    Refused(usize),
    Work(u64),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Timed(f64, u64, Event);

#[derive(Clone, Copy, Debug)]
enum Stage {
    Gone,
    InFlight(f64),
    Queued(Token),
}

struct Client {
    came: f64,
    class: Priority,
    stage: Stage,
}

struct World<'a> {
    plan: Plan,
    phases: &'a [Phase],
    load: f64,
    control: Option<&'a mut dyn Control>,
    queue: Queue<usize>,
    in_flight: u32,
    origin: Origin,
    clients: Vec<Client>,
    events: BinaryHeap<Timed>,
    scheduled: u64,
    version: u64,
    now: f64,
    dice: Dice,
    seconds: Vec<Second>,
}

/// Plays `phases` for `length` seconds; without a control everybody is let in.
pub(super) fn play<'a>(
    plan: Plan,
    phases: &'a [Phase],
    length: usize,
    control: Option<&'a mut dyn Control>,
) -> Vec<Second> {
    let mut world = World {
        plan,
        phases,
        load: 0.0,
        control,
        queue: Queue::new(plan.places),
        in_flight: 0,
        origin: Origin::new(plan.shape),
        clients: Vec::new(),
        events: BinaryHeap::new(),
        scheduled: 0,
        version: 0,
        now: 0.0,
        dice: Dice::with_seed(plan.seed),
        seconds: vec![Second::default(); length],
    };
    for (number, phase) in phases.iter().enumerate() {
        world.at(phase.from, Event::Phase(number));
    }
    world.at(0.0, Event::Arrival);
    while let Some(Timed(time, _, event)) = world.events.pop() {
        if time >= length as f64 {
            break;
        }
        world.now = time;
        world.happen(event);
    }
    world.seconds
}

// === impl World ===

impl World<'_> {
    fn at(&mut self, time: f64, event: Event) {
        self.scheduled += 1;
        self.events.push(Timed(time, self.scheduled, event));
    }

    fn second(&mut self) -> &mut Second {
        &mut self.seconds[self.now as usize]
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival => self.arrive(),
            Event::Phase(number) => {
                let phase = self.phases[number];
                self.origin.advance(self.now);
                (self.origin.health, self.origin.size) = (phase.health, phase.size);
                self.load = phase.load;
                self.replan();
            }
            Event::Enough(id) => match self.clients[id].stage {
                Stage::Gone => {}
                Stage::Queued(token) => {
                    self.queue.leave(token);
                    self.clients[id].stage = Stage::Gone;
                }
                Stage::InFlight(since) => self.ended(id, since, AttemptEnd::Abandoned),
            },
            Event::QueueTimeout(id) => {
                if let Stage::Queued(token) = self.clients[id].stage {
                    self.queue.leave(token);
                    self.shed(id);
                }
            }
            Event::Refused(id) => {
                if let Stage::InFlight(since) = self.clients[id].stage {
                    self.ended(id, since, AttemptEnd::Failed(Failure::ConnectFailed));
                }
            }
            Event::Work(version) if version == self.version => {
                self.origin.advance(self.now);
                let id = self.origin.leave();
                self.replan();
                if let Some(id) = id
                    && let Stage::InFlight(since) = self.clients[id].stage
                {
                    self.answered(id);
                    let end = AttemptEnd::Answered {
                        status: 200,
                        retry_after: None,
                    };
                    self.ended(id, since, end);
                }
            }
            Event::Work(_) => {}
        }
    }

    fn arrive(&mut self) {
        if self.load > 0.0 {
            let next = self.now + self.dice.wait(1.0 / self.load);
            self.at(next, Event::Arrival);
        }
        let class = match self.dice.unit() {
            drawn if drawn < 0.1 => Priority::Critical,
            drawn if drawn < 0.2 => Priority::High,
            drawn if drawn < 0.8 => Priority::Normal,
            _ => Priority::Low,
        };
        let (id, now) = (self.clients.len(), self.now);
        self.clients.push(Client {
            came: now,
            class,
            stage: Stage::Gone,
        });
        self.second().came[class as usize] += 1;
        let (least, most) = self.plan.patience;
        let patience = least + (most - least) * self.dice.unit();
        self.at(now + patience, Event::Enough(id));
        let Some(limit) = self.control.as_ref().map(|control| control.limit()) else {
            self.send(id);
            return;
        };
        self.second().limit = limit;
        if self.in_flight < limit && self.queue.is_empty() {
            self.send(id);
            return;
        }
        let until = now + self.plan.queue_timeout;
        let token = match self.queue.join(id, class, time(until), time(now)) {
            Joined::Full(id) => return self.shed(id),
            Joined::Displaced(token, other) => {
                self.shed(other);
                token
            }
            Joined::Waits(token) => token,
        };
        self.clients[id].stage = Stage::Queued(token);
        self.at(until, Event::QueueTimeout(id));
        self.admit();
    }

    fn admit(&mut self) {
        while let Some(control) = &self.control {
            let now = time(self.now);
            if self.in_flight >= control.limit() {
                break;
            }
            let next = match self.plan.order {
                Some(order) => self.queue.next_in(order, now),
                None => self.queue.next(now),
            };
            match next {
                Some(Leaving::Turn(id)) => self.send(id),
                Some(Leaving::Expired(id)) => self.shed(id),
                None => break,
            }
        }
    }

    fn send(&mut self, id: usize) {
        self.in_flight += 1;
        self.clients[id].stage = Stage::InFlight(self.now);
        if self.origin.health == Health::Refusing {
            self.at(self.now + 0.002, Event::Refused(id));
            return;
        }
        let work = 0.2 + 0.8 * self.dice.wait(1.0);
        self.origin.advance(self.now);
        self.origin.enter(id, work);
        self.replan();
    }

    fn replan(&mut self) {
        self.version += 1;
        if let Some(next) = self.origin.next() {
            self.at(next.max(self.now), Event::Work(self.version));
        }
    }

    fn ended(&mut self, id: usize, since: f64, end: AttemptEnd) {
        self.clients[id].stage = Stage::Gone;
        let attempt = Attempt {
            end,
            took: time(self.now - since),
        };
        if let Some(control) = &mut self.control {
            control.learn(&attempt, self.in_flight, time(self.now));
        }
        self.in_flight -= 1;
        self.admit();
    }

    fn answered(&mut self, id: usize) {
        let Client { came, class, .. } = self.clients[id];
        let waited = self.now - came;
        let second = self.second();
        second.good[class as usize] += 1;
        second.waited.push(waited);
    }

    fn shed(&mut self, id: usize) {
        self.clients[id].stage = Stage::Gone;
        self.second().shed += 1;
    }
}

fn time(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

// === impl Timed ===

impl Eq for Timed {}

impl Ord for Timed {
    /// The earliest is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
