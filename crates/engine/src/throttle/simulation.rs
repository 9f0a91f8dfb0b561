//! Three tenants, one of which has a caller that asks for far more than its part, in front of an origin
//! that can do so much and no more.

use std::time::Duration;

use policy::{Percent, Rate};

use super::{Steering, Throttle, Usage};
use crate::{
    capacity::Load,
    rate_limit::{Ask, Cell, Factor, Gcra, Verdict},
};

/// What the origin can do in a second; above it, what is too much fails, whoever asks.
const CAPACITY: f64 = 100.0;
const SECOND: Duration = Duration::from_secs(1);
/// While the abuser is at it.
const ABUSE: std::ops::Range<u64> = 20..80;
const SECONDS: u64 = 120;
const ABUSER: usize = 0;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Adapting,
    Plain,
}

struct Caller {
    tenant: u64,
    /// Requests per second.
    rate: f64,
    cell: Cell,
    next: f64,
    asked: u64,
    served: u64,
    /// While there was abuse, once it has settled.
    asked_then: u64,
    served_then: u64,
}

struct World {
    dice: fastrand::Rng,
    callers: Vec<Caller>,
    throttle: Throttle,
    limit: Gcra,
    /// Requests of late, per second.
    load: f64,
    at: f64,
    refused: Option<Duration>,
    /// The least and the greatest factor of the abuser once it has settled.
    factors: (f64, f64),
}

// === impl World ===

impl World {
    fn new(seed: u64) -> Self {
        let mut rates = vec![(3, 400.0)];
        rates.extend([(1, 1.0); 20]);
        rates.extend([(2, 1.5); 10]);
        rates.extend([(3, 2.0); 5]);
        let caller = |(tenant, rate)| Caller {
            tenant,
            rate,
            cell: Cell::default(),
            next: 0.0,
            asked: 0,
            served: 0,
            asked_then: 0,
            served_then: 0,
        };
        let rate = Rate::new(300, SECOND).unwrap();
        Self {
            dice: fastrand::Rng::with_seed(seed),
            callers: rates.into_iter().map(caller).collect(),
            throttle: Throttle::new(rate, Percent::of(5)),
            limit: Gcra::new(rate, 100),
            load: 0.0,
            at: 0.0,
            refused: None,
            factors: (1.0, 0.0),
        }
    }

    fn run(mut self, mode: Mode) -> Self {
        while self.at < SECONDS as f64 {
            let soonest = (0..self.callers.len()).min_by(|one, other| {
                self.callers[*one]
                    .next
                    .total_cmp(&self.callers[*other].next)
            });
            self.ask(soonest.unwrap(), mode);
        }
        self
    }

    fn ask(&mut self, who: usize, mode: Mode) {
        let at = self.callers[who].next;
        self.load *= (-(at - self.at) / 0.25).exp();
        self.at = at;
        let second = at as u64;
        let gap = -self.dice.f64().max(1e-12).ln() / self.callers[who].rate;
        self.callers[who].next = at + gap;
        if who == ABUSER && !ABUSE.contains(&second) {
            return;
        }
        let now = Duration::from_secs_f64(at);
        if mode == Mode::Adapting {
            let steering = self.throttle.steer(self.share(now), now);
            if let Steering::Changed(factors) = steering {
                assert_eq!(&factors, self.throttle.factors());
            }
        }
        let settled = (ABUSE.start + 10..ABUSE.end).contains(&second);
        let factor = self.factor(who);
        if who == ABUSER && settled {
            self.factors.0 = self.factors.0.min(factor.share());
            self.factors.1 = self.factors.1.max(factor.share());
        }
        let ask = Ask {
            factor,
            ..Ask::new(now)
        };
        let (verdict, next) = self.limit.decide(self.callers[who].cell, &ask);
        let served = matches!(verdict, Verdict::Allow { .. }) && self.serve(who, now);
        let caller = &mut self.callers[who];
        caller.cell = next;
        caller.asked += 1;
        caller.served += u64::from(served);
        if settled {
            caller.asked_then += 1;
            caller.served_then += u64::from(served);
        }
    }

    fn serve(&mut self, who: usize, now: Duration) -> bool {
        self.load += 1.0 / 0.25;
        let served = self.dice.f64() * self.load < CAPACITY;
        if !served {
            self.refused = Some(now);
        }
        // What fails has cost something, too.
        self.throttle.record(&Usage {
            tenant: self.callers[who].tenant,
            caller: who as u64,
            units: 1,
            cost: 0.01,
        });
        served
    }

    fn factor(&self, who: usize) -> Factor {
        let tenant = self.callers[who].tenant;
        self.throttle.factors().factor(tenant, who as u64)
    }

    /// The signal that the proxy draws from as well.
    fn share(&self, now: Duration) -> f64 {
        let load = Load {
            limit: CAPACITY as u32,
            in_flight: self.load as u32,
            queued: 0,
            refused_at: self.refused,
        };
        load.share(now)
    }

    /// The part of what they asked for under abuse that these callers got.
    fn goodput(&self, of: impl Fn(usize, &Caller) -> bool) -> f64 {
        let callers = self.callers.iter().enumerate();
        let (asked, served) = callers
            .filter(|(who, caller)| of(*who, caller))
            .fold((0, 0), |sum, (_, caller)| {
                (sum.0 + caller.asked_then, sum.1 + caller.served_then)
            });
        served as f64 / asked as f64
    }
}

fn row(name: &str, world: &World) {
    let tenant = |tenant| world.goodput(|who, caller| who != ABUSER && caller.tenant == tenant);
    println!(
        "{name:10} {:9.3} {:9.3} {:9.3} {:9.3}   {:.3} to {:.3}",
        tenant(1),
        tenant(2),
        tenant(3),
        world.goodput(|who, _| who == ABUSER),
        world.factors.0,
        world.factors.1,
    );
}

#[test]
fn who_behaves_gets_what_he_asks_for() {
    println!("           tenant 1  tenant 2  tenant 3    abuser   abuser's factor");
    for seed in 1..=3 {
        let plain = World::new(seed).run(Mode::Plain);
        row("plain", &plain);
        let adapting = World::new(seed).run(Mode::Adapting);
        row("adapting", &adapting);
        let behaved = |who: usize, _: &Caller| who != ABUSER;
        assert!(plain.goodput(behaved) < 0.5);
        assert!(adapting.goodput(behaved) >= 0.95);
        for tenant in 1..=3 {
            let of = |who: usize, caller: &Caller| who != ABUSER && caller.tenant == tenant;
            assert!(adapting.goodput(of) >= 0.95, "tenant {tenant}");
        }
        assert!(adapting.goodput(|who, _| who == ABUSER) < 0.2);
        // It has settled: no wild swings.
        assert!(adapting.factors.1 < 5.0 * adapting.factors.0);
        // And when it is over, nobody is tightened any more.
        assert!(adapting.throttle.factors().is_empty());
        assert_eq!(adapting.throttle.level, None);
    }
}
