//! Thousands of random orders of events, each replayable by its seed.
//!
//! Nothing sleeps: a scheduler polls whoever is woken in an order drawn from the seed, lets clients
//! leave in the middle of anything, and moves the paused clock only when nobody can go on. The
//! flights, the bodies and the reading of bodies are the real ones; the origin, the clients, and the
//! few lines of `steps::join` between them are played here.
//!
//! A run that fails names its seed; give [`simulate`] that one alone to see the same again.

mod client;
mod origin;
mod world;

use std::{pin::Pin, rc::Rc, time::Duration};

use fastrand::Rng;
use tokio::time::Instant;
use tokio_test::task::{self, Spawn};

use self::world::World;

const SEEDS: u64 = 3_000;
/// No plan of origin or client takes nearly as long.
const AGES: Duration = Duration::from_secs(120);

type Act = Pin<Box<dyn Future<Output = ()>>>;

/// Somebody who acts when polled.
struct Actor {
    act: Spawn<Act>,
    fresh: bool,
    /// Clients may leave at any time; what they began in the background does not.
    fickle: bool,
}

/// Names the seed of a run that fails, wherever it fails.
struct Named(u64);

/// What many runs have seen, so that a simulation in which nothing happens is noticed.
#[derive(Debug, Default)]
struct Tally {
    left: u64,
    led: u64,
    promoted: u64,
    alone: u64,
    read_whole: u64,
    cut_off: u64,
    cut_short: u64,
    failed: u64,
    too_late: u64,
    windows: u64,
}

#[test]
fn whatever_the_order_of_events_the_rules_hold() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut seen = Tally::default();
    // Without this, a scheduler that polls much would be told to pause.
    runtime.block_on(tokio::task::unconstrained(async {
        for seed in 0..SEEDS {
            simulate(seed, &mut seen).await;
        }
    }));
    let counts = [
        seen.left,
        seen.led,
        seen.promoted,
        seen.alone,
        seen.read_whole,
        seen.cut_off,
        seen.cut_short,
        seen.failed,
        seen.too_late,
        seen.windows,
    ];
    assert!(
        counts.iter().all(|count| *count > SEEDS / 100),
        "hardly ever seen: {seen:?}"
    );
}

async fn simulate(seed: u64, seen: &mut Tally) {
    let _named = Named(seed);
    let mut rng = Rng::with_seed(seed);
    let world = Rc::new(World::new(seed, &mut rng));
    let clients = rng.usize(2..20);
    let mut actors: Vec<Actor> = (0..clients)
        .map(|_| {
            let client = client::Client::new(&world, &mut rng);
            Actor::new(Box::pin(client.act()), true)
        })
        .collect();
    let began = Instant::now();
    let fickle = rng.u32(0..40);
    loop {
        for act in world.begun.take() {
            actors.push(Actor::new(act, false));
        }
        let ready: Vec<_> = (0..actors.len())
            .filter(|i| actors[*i].is_ready())
            .collect();
        if let Some(chosen) = rng.choice(ready) {
            if actors[chosen].fickle && rng.u32(0..1000) < fickle {
                world.seen.borrow_mut().left += 1;
                actors.swap_remove(chosen);
            } else if actors[chosen].poll_is_done() {
                actors.swap_remove(chosen);
            }
            continue;
        }
        if actors.is_empty() {
            break;
        }
        let waited = Instant::now() - began;
        assert!(waited < AGES, "seed {seed}: somebody waits for ever");
        tokio::time::advance(Duration::from_millis(rng.u64(1..20))).await;
    }
    world.assert_clean(clients);
    seen.add(&world.seen.borrow());
}

// === impl Actor ===

impl Actor {
    fn new(act: Act, fickle: bool) -> Self {
        Self {
            act: task::spawn(act),
            fresh: true,
            fickle,
        }
    }

    fn is_ready(&self) -> bool {
        self.fresh || self.act.is_woken()
    }

    fn poll_is_done(&mut self) -> bool {
        self.fresh = false;
        self.act.poll().is_ready()
    }
}

// === impl Named ===

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

// === impl Tally ===

impl Tally {
    fn add(&mut self, more: &Self) {
        self.left += more.left;
        self.led += more.led;
        self.promoted += more.promoted;
        self.alone += more.alone;
        self.read_whole += more.read_whole;
        self.cut_off += more.cut_off;
        self.cut_short += more.cut_short;
        self.failed += more.failed;
        self.too_late += more.too_late;
        self.windows += more.windows;
    }
}
