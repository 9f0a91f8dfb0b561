//! Who may be asked now: the endpoints of an upstream, and the choice among them.
//!
//! A roster never changes. When an endpoint comes or goes, or its standing changes, another roster
//! takes its place; whoever has picked from the old one goes on with what was picked. So a pick
//! takes no lock, and everything that is costly is done when the roster is made.

use std::sync::Arc;

use engine::{
    balance::{Balancer, Pick},
    health::Standing,
};
use policy::{Balance, Endpoint, Mode, Upstream};

use super::{
    Line,
    endpoint::{EndpointState, Unaddressable},
};

/// The endpoints of one upstream at one time.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) endpoints: Box<[Arc<EndpointState>]>,
    balancer: Balancer,
    /// The balancer whose choices are counted and not followed.
    shadow: Option<Balancer>,
    /// The positions of those that are not well, while enough others are.
    passed_over: Box<[usize]>,
}

// === impl Roster ===

impl Roster {
    /// Of these endpoints; the states of those that `before` knew go on.
    pub(super) fn new(
        (upstream, index): (&Upstream, u16),
        endpoints: &[Endpoint],
        before: Option<&Self>,
    ) -> Result<Self, Unaddressable> {
        let mut states = Vec::with_capacity(endpoints.len());
        for (position, endpoint) in endpoints.iter().enumerate() {
            let slot = u16::try_from(position).unwrap_or(u16::MAX);
            let known = before.and_then(|before| before.find(endpoint));
            states.push(match known {
                Some(state) => Arc::clone(state),
                None => Arc::new(EndpointState::new(upstream, index, slot, endpoint)?),
            });
        }
        Ok(Self::of(upstream, states.into()))
    }

    /// Of the same endpoints, as they are now.
    pub(super) fn renewed(&self, upstream: &Upstream) -> Self {
        Self::of(upstream, self.endpoints.clone())
    }

    fn of(upstream: &Upstream, states: Box<[Arc<EndpointState>]>) -> Self {
        let endpoints: Vec<Endpoint> = states.iter().map(|state| state.policy.clone()).collect();
        let balancing = &upstream.balancing;
        let followed = match balancing.mode {
            Mode::Enforce => balancing.balance,
            Mode::Off | Mode::Shadow => Balance::RoundRobin,
        };
        let well = |state: &EndpointState| state.standing() == Standing::Well;
        let all_well = states.iter().filter(|state| well(state)).count();
        let panics =
            all_well * 100 < states.len() * usize::from(balancing.panic_below.hundredths());
        let passed_over = match panics {
            true => Box::default(),
            false => (0..states.len()).filter(|at| !well(&states[*at])).collect(),
        };
        Self {
            endpoints: states,
            balancer: Balancer::new(followed, &endpoints),
            shadow: (balancing.mode == Mode::Shadow)
                .then(|| Balancer::new(balancing.balance, &endpoints)),
            passed_over,
        }
    }

    fn find(&self, endpoint: &Endpoint) -> Option<&Arc<EndpointState>> {
        self.endpoints
            .iter()
            .find(|known| known.policy == *endpoint)
    }

    /// Who gets the next request of the upstream at this position, those with the ids `tried` left
    /// out.
    pub(super) fn pick(
        &self,
        upstream: u16,
        line: Line<'_>,
        tried: &[u64],
    ) -> Option<&Arc<EndpointState>> {
        let in_flight = |index: usize| self.endpoints[index].in_flight();
        let positions: Vec<usize> = tried.iter().filter_map(|id| self.position(*id)).collect();
        if let Some(shadow) = &self.shadow
            && tried.is_empty()
            && let Pick::Endpoint(index) = shadow.pick(in_flight, &[])
        {
            line.metrics
                .shadow_pick(upstream, self.endpoints[index].slot);
        }
        let mut left_out = positions.clone();
        left_out.extend_from_slice(&self.passed_over);
        let picked = match self.balancer.pick(in_flight, &left_out) {
            Pick::NoneLeft => self.balancer.pick(in_flight, &positions),
            picked => picked,
        };
        match picked {
            Pick::Endpoint(index) => self.endpoints.get(index),
            Pick::NoneLeft => None,
        }
    }

    /// The endpoint at this place in the metrics.
    pub(crate) fn at(&self, slot: u16) -> Option<Arc<EndpointState>> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|known| known.slot == slot).map(Arc::clone)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.endpoints.iter().position(|known| known.id == id)
    }
}
