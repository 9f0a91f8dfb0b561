//! Which endpoint gets the next request.
//!
//! # Made when something changes, asked for every request
//! Everything that depends on weights, priorities, zones and health is worked out when a
//! [`Balancer`] is made; a pick looks at one or two endpoints, however many there are. Whoever owns
//! one makes a new one when an endpoint comes, goes, falls ill or gets well, and when it says so
//! itself ([`Balancer::rebuild_at`]); the old one lends it its turn and its tables.
//!
//! # Shared by all workers
//! A balancer's only state is a turn counter that every worker moves on, so that together they take
//! turns as one. How many requests each endpoint has in flight, and how fast it has answered, belong
//! to the caller ([`Loads`]). So do chance and time.
//!
//! # Turns
//! Weighted turns follow a schedule made once: endpoint `i` wants its turns at `(2k + 1) / 2w_i`,
//! which spreads each endpoint's share evenly over a round instead of giving it in one piece. Plain
//! round robin is the same with equal weights.
//!
//! # Two choices
//! `least_requests` and `peak_ewma` look at two endpoints and take the better one, which is nearly as
//! good as looking at all of them (Mitzenmacher, "The Power of Two Choices in Randomized Load
//! Balancing", 2001), and spares them the stampede towards the one that is best just now. Of
//! `least_requests` the first of the two is whoever's turn it is, and wins a tie: an idle upstream is
//! used evenly. Load is relative to weight.
//!
//! # When those with a share are used up
//! A request that has tried all of them goes to anybody who is well, by priority, and then to
//! anybody who is left: an answer that may come is better than one that cannot.

mod alias;
mod dice;
mod hash_on;
mod hashed;
mod maglev;
mod peak_ewma;
mod ring;
mod schedule;
mod shares;
pub mod sticky;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use policy::{Balance, Balancing, Endpoint};

use self::{alias::Alias, dice::Dice, hashed::Hashed, schedule::Schedule, shares::Shares};
pub use self::{hash_on::HashFacts, peak_ewma::PeakEwma};

/// The choice among the endpoints of one upstream.
#[derive(Debug)]
pub struct Balancer {
    way: Way,
    /// In proportion to the traffic each is to get; zero for who is not to be picked.
    weights: Box<[f64]>,
    /// How many have any weight.
    weighted: usize,
    standings: Box<[Standing]>,
    by_priority: Vec<Vec<usize>>,
    rebuild_at: Option<Duration>,
    turn: AtomicUsize,
}

/// One endpoint, as it is when a balancer is made.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Which it is, and what the file says of it.
    pub endpoint: &'a Endpoint,
    /// How it is.
    pub standing: Standing,
}

/// How an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not to be asked while others are well.
    Ill,
    /// It may be asked.
    Well {
        /// Since when (monotonic); `None` for as long as anybody remembers, which needs no slow start.
        since: Option<Duration>,
    },
}

/// What is known of the endpoints while requests are under way; positions are those of the members.
pub trait Loads {
    /// Requests in flight at this endpoint.
    fn in_flight(&self, endpoint: usize) -> usize;
    /// Requests in flight at all of them.
    fn total_in_flight(&self) -> usize;
    /// How fast this endpoint has answered.
    fn peak_ewma(&self, endpoint: usize) -> PeakEwma;
}

/// What a pick is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Endpoints to leave out.
    pub tried: &'a [usize],
    /// What the hashing ways hash; where there is nothing, chance decides.
    pub key: Option<HashKey>,
    /// The endpoint that the client is bound to.
    pub bound: Option<usize>,
    /// 64 random bits.
    pub chance: u64,
    /// Monotonic time.
    pub now: Duration,
}

/// What equal requests have in common: a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashKey(pub u64);

/// Which endpoint it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pick {
    /// The endpoint at this position.
    Endpoint(usize),
    /// Every endpoint has been tried.
    NoneLeft,
}

/// What each way of choosing needs.
#[derive(Debug)]
enum Way {
    Hash(Hashed),
    LeastRequests(Schedule, Alias),
    PeakEwma(Alias),
    Random(Alias),
    Turns(Schedule),
}

// === impl Balancer ===

impl Balancer {
    /// A balancer of this kind for these endpoints at `now` (monotonic); picks are positions in this
    /// slice. `previous` is the one it takes the place of.
    pub fn new(
        balance: Balance,
        policy: &Balancing,
        members: &[Member<'_>],
        now: Duration,
        previous: Option<&Self>,
    ) -> Self {
        let slow_start = match balance.hashes() {
            true => Duration::ZERO,
            false => policy.slow_start,
        };
        let whole: Vec<_> = members
            .iter()
            .map(|member| match balance {
                Balance::RoundRobin => 1.0,
                _ => f64::from(member.endpoint.weight.value()),
            })
            .collect();
        let shares = Shares::of(members, &whole, policy, slow_start, now);
        let weights = &shares.weights;
        let way = match balance {
            Balance::LeastRequests => {
                Way::LeastRequests(Schedule::new(weights), Alias::new(weights))
            }
            Balance::Maglev | Balance::RingHash => {
                let previous = previous.and_then(Self::hashed);
                Way::Hash(Hashed::new(balance, policy, members, &shares, previous))
            }
            Balance::PeakEwma => Way::PeakEwma(Alias::new(weights)),
            Balance::Random => Way::Random(Alias::new(weights)),
            Balance::RoundRobin | Balance::Weighted => Way::Turns(Schedule::new(weights)),
        };
        Self {
            way,
            weighted: weights.iter().filter(|weight| **weight > 0.0).count(),
            weights: shares.weights,
            standings: members.iter().map(|member| member.standing).collect(),
            by_priority: shares.by_priority,
            rebuild_at: shares.rebuild_at,
            turn: AtomicUsize::new(
                previous.map_or(0, |previous| previous.turn.load(Ordering::Relaxed)),
            ),
        }
    }

    /// When a new one is due (monotonic) although nothing has changed but the time: while endpoints
    /// warm up.
    pub const fn rebuild_at(&self) -> Option<Duration> {
        self.rebuild_at
    }

    /// Picks an endpoint that was not tried.
    pub fn pick(&self, asked: &Asked<'_>, loads: &impl Loads) -> Pick {
        let tried = asked.tried;
        if let Some(bound) = asked.bound
            && !tried.contains(&bound)
            && self.may_keep(bound)
        {
            return Pick::Endpoint(bound);
        }
        let mut dice = Dice::new(asked.chance);
        let used_up = tried.iter().filter(|at| self.has_weight(**at)).count();
        if used_up >= self.weighted {
            return self.anybody(&mut dice, tried);
        }
        match &self.way {
            Way::Hash(hashed) => {
                let key = asked.key.map_or_else(|| dice.bits(), |key| key.0);
                hashed.pick(key, tried, &self.weights, loads)
            }
            Way::LeastRequests(schedule, alias) => {
                let first = schedule.pick(self.next_turn(), tried);
                let load = |at: usize| loads.in_flight(at) as f64;
                self.better(first, alias, &mut dice, tried, load)
            }
            Way::PeakEwma(alias) => {
                let first = drawn(alias, &mut dice, tried);
                let cost = |at| loads.peak_ewma(at).cost(loads.in_flight(at), asked.now);
                self.better(first, alias, &mut dice, tried, cost)
            }
            Way::Random(alias) => drawn(alias, &mut dice, tried),
            Way::Turns(schedule) => schedule.pick(self.next_turn(), tried),
        }
    }

    /// The one of two that costs less for its weight, the other one drawn; the first if they are
    /// equal.
    fn better(
        &self,
        first: Pick,
        alias: &Alias,
        dice: &mut Dice,
        tried: &[usize],
        cost: impl Fn(usize) -> f64,
    ) -> Pick {
        let Pick::Endpoint(one) = first else {
            return first;
        };
        let left_out = |at| at == one || tried.contains(&at);
        match alias.draw(dice, left_out) {
            // Costs divided by weights, compared crosswise.
            Some(other) if cost(other) * self.weights[one] < cost(one) * self.weights[other] => {
                Pick::Endpoint(other)
            }
            _ => first,
        }
    }

    /// Those with a share have been tried.
    fn anybody(&self, dice: &mut Dice, tried: &[usize]) -> Pick {
        for ill in [false, true] {
            for group in &self.by_priority {
                let may = |at: &&usize| {
                    (self.standings[**at] == Standing::Ill) == ill && !tried.contains(*at)
                };
                let count = group.iter().filter(may).count();
                if count > 0
                    && let Some(at) = group.iter().filter(may).nth(dice.below(count))
                {
                    return Pick::Endpoint(*at);
                }
            }
        }
        Pick::NoneLeft
    }

    /// Whether a client that is bound to this endpoint may stay there: a priority that others come
    /// before is no reason to send it away.
    fn may_keep(&self, at: usize) -> bool {
        let standing = self.standings.get(at);
        standing.is_some_and(|it| *it != Standing::Ill) || self.has_weight(at)
    }

    fn has_weight(&self, at: usize) -> bool {
        self.weights.get(at).is_some_and(|weight| *weight > 0.0)
    }

    fn next_turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }

    const fn hashed(&self) -> Option<&Hashed> {
        match &self.way {
            Way::Hash(hashed) => Some(hashed),
            _ => None,
        }
    }
}

// === impl Pick ===

impl Pick {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Endpoint(_) => "endpoint",
            Self::NoneLeft => "none-left",
        }
    }
}

fn drawn(alias: &Alias, dice: &mut Dice, tried: &[usize]) -> Pick {
    let drawn = alias.draw(dice, |at| tried.contains(&at));
    drawn.map_or(Pick::NoneLeft, Pick::Endpoint)
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
