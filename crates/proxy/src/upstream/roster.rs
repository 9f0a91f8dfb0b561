//! Who may be asked now: the endpoints of an upstream, and the choice among them.
//!
//! A roster never changes. When an endpoint comes or goes, or its standing changes, another roster
//! takes its place; whoever has picked from the old one goes on with what was picked. So a pick
//! takes no lock, and everything that is costly is done when the roster is made.

use std::sync::Arc;

use engine::balance::{Balancer, Pick};
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
}

// === impl Roster ===

impl Roster {
    /// Of these endpoints; the states of those that `before` knew go on.
    pub(super) fn new(
        upstream: &Upstream,
        endpoints: &[Endpoint],
        before: Option<&Self>,
    ) -> Result<Self, Unaddressable> {
        let mut states = Vec::with_capacity(endpoints.len());
        for (position, endpoint) in endpoints.iter().enumerate() {
            let slot = u16::try_from(position).unwrap_or(u16::MAX);
            let known = before.and_then(|before| before.find(endpoint));
            states.push(match known {
                Some(state) => Arc::clone(state),
                None => Arc::new(EndpointState::new(slot, endpoint)?),
            });
        }
        let balancing = &upstream.balancing;
        let followed = match balancing.mode {
            Mode::Enforce => balancing.balance,
            Mode::Off | Mode::Shadow => Balance::RoundRobin,
        };
        Ok(Self {
            endpoints: states.into(),
            balancer: Balancer::new(followed, endpoints),
            shadow: (balancing.mode == Mode::Shadow)
                .then(|| Balancer::new(balancing.balance, endpoints)),
        })
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
        match self.balancer.pick(in_flight, &positions) {
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
