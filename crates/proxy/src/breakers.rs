//! The breakers of a sidecar as its operator sees them.

use engine::breaker::Position;
use policy::Mode;
use telemetry::{BreakerFigures, BreakerScope};

use crate::{sidecar::Sidecar, snapshot::Snapshot, upstream::BreakerCell};

/// One breaker, and what it is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerStatus {
    /// Whom it watches.
    pub scope: BreakerScope,
    /// The name of its route, or of its upstream.
    pub name: String,
    /// The endpoint, where it watches one.
    pub endpoint: Option<String>,
    /// How far it may go.
    pub mode: Mode,
    /// What it is doing.
    pub position: Position,
    /// How often it opened.
    pub opened: u64,
    /// How many requests found it open.
    pub stopped: u64,
}

/// Which breakers an operator means; what is `None` means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BreakerChoice {
    /// Those of this route.
    pub route: Option<String>,
    /// Those of this upstream and of its endpoints.
    pub upstream: Option<String>,
    /// That of this endpoint.
    pub endpoint: Option<String>,
}

// === impl Sidecar ===

impl Sidecar {
    /// Every breaker: of routes, of upstreams, of endpoints.
    pub fn breakers(&self) -> Vec<BreakerStatus> {
        let mut all = Vec::new();
        each(&self.snapshot.load(), |status, _| all.push(status));
        all
    }

    /// The same for the metrics, in which the endpoints of an upstream are one.
    pub fn breaker_figures(&self) -> Vec<BreakerFigures> {
        let mut figures: Vec<BreakerFigures> = Vec::new();
        for one in self.breakers() {
            let known = figures
                .iter()
                .position(|known| known.scope == one.scope && known.name == one.name);
            let at = known.unwrap_or(figures.len());
            if known.is_none() {
                figures.push(BreakerFigures {
                    scope: one.scope,
                    name: one.name,
                    mode: one.mode,
                    positions: Default::default(),
                    opened: 0,
                    stopped: 0,
                });
            }
            let sum = &mut figures[at];
            for (count, position) in sum.positions.iter_mut().zip(Position::ALL) {
                *count += u64::from(position == one.position);
            }
            sum.opened += one.opened;
            sum.stopped += one.stopped;
        }
        figures
    }

    /// Closes the breakers that are meant, and says how many those are.
    pub fn reset_breakers(&self, choice: &BreakerChoice) -> usize {
        let mut reset = 0;
        each(&self.snapshot.load(), |status, breaker| {
            if choice.means(&status) {
                breaker.reset();
                reset += 1;
            }
        });
        reset
    }
}

// === impl BreakerChoice ===

impl BreakerChoice {
    fn means(&self, status: &BreakerStatus) -> bool {
        let named = match status.scope {
            BreakerScope::Route => (&self.route, &self.upstream),
            BreakerScope::Endpoint | BreakerScope::Upstream => (&self.upstream, &self.route),
        };
        let by_name = match named {
            (Some(name), _) => *name == status.name,
            // Somebody of the other kind is meant.
            (None, Some(_)) => false,
            (None, None) => true,
        };
        by_name && (self.endpoint.is_none() || self.endpoint == status.endpoint)
    }
}

fn each(snapshot: &Snapshot, mut visit: impl FnMut(BreakerStatus, &BreakerCell)) {
    let mut told = |scope, name: &str, endpoint: Option<String>, breaker: &BreakerCell| {
        let status = BreakerStatus {
            scope,
            name: name.to_owned(),
            endpoint,
            mode: breaker.mode(),
            position: breaker.position(),
            opened: breaker.opened(),
            stopped: breaker.stopped(),
        };
        visit(status, breaker);
    };
    for (route, breaker) in snapshot.policies.routes.iter().zip(&snapshot.breakers) {
        if let Some(breaker) = breaker {
            told(BreakerScope::Route, &route.name, None, breaker);
        }
    }
    for upstream in &snapshot.upstreams {
        let name = &upstream.policy.name;
        if let Some(breaker) = &upstream.breaker {
            told(BreakerScope::Upstream, name, None, breaker);
        }
        for endpoint in &upstream.roster().endpoints {
            if let Some(breaker) = &endpoint.breaker {
                let address = endpoint.policy.address.to_string();
                told(BreakerScope::Endpoint, name, Some(address), breaker);
            }
        }
    }
}
