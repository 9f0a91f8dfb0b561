//! Who may be asked now: the endpoints of an upstream, and the choice among them.
//!
//! A roster never changes. When an endpoint comes or goes, or its standing changes, another roster
//! takes its place; whoever has picked from the old one goes on with what was picked. So a pick
//! takes no lock, and everything that is costly is done when the roster is made.

use std::sync::Arc;

use engine::{
    balance::{Balancer, Pick},
    discovery::{Change, Member},
    health::Standing,
};
use policy::{Balance, Endpoint, Mode, Upstream};
use telemetry::Metrics;

use super::{
    Line,
    endpoint::{EndpointState, Unaddressable},
};

/// The endpoints of one upstream at one time.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) endpoints: Box<[Arc<EndpointState>]>,
    /// Weight, priority and zone of each; its state may be from before they changed.
    pub(crate) standings: Box<[Endpoint]>,
    balancer: Balancer,
    /// The balancer whose choices are counted and not followed.
    shadow: Option<Balancer>,
    /// The positions of those that are not well, while enough others are.
    passed_over: Box<[usize]>,
}

// === impl Roster ===

impl Roster {
    /// Of these endpoints of the upstream at this position, and those of `before` that are gone; the
    /// states of those that it knew go on.
    pub(super) fn new(
        (upstream, index): (&Upstream, u16),
        endpoints: Vec<Endpoint>,
        before: Option<&Self>,
        metrics: &Metrics,
    ) -> Result<(Self, Vec<Arc<EndpointState>>), Unaddressable> {
        let known = before.map_or(&[][..], |before| &before.endpoints);
        let change = Change::between(known.iter().map(|known| &known.policy), endpoints);
        let (mut states, mut standings) = (Vec::new(), Vec::new());
        for member in change.members {
            let (state, standing) = match member {
                Member::Stays(place, endpoint) => (Arc::clone(&known[place]), endpoint),
                Member::New(endpoint) => {
                    let named = endpoint.address.to_string();
                    let place = metrics.endpoint_place(index, &named);
                    let state = EndpointState::new(upstream, index, place, &endpoint)?;
                    (Arc::new(state), endpoint)
                }
            };
            states.push(state);
            standings.push(standing);
        }
        let gone = change.gone.iter();
        let gone = gone.map(|place| Arc::clone(&known[*place])).collect();
        let roster = Self::of(upstream, states.into(), standings.into());
        Ok((roster, gone))
    }

    /// Of the same endpoints, as they are now.
    pub(super) fn renewed(&self, upstream: &Upstream) -> Self {
        Self::of(upstream, self.endpoints.clone(), self.standings.clone())
    }

    fn of(
        upstream: &Upstream,
        states: Box<[Arc<EndpointState>]>,
        standings: Box<[Endpoint]>,
    ) -> Self {
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
            balancer: Balancer::new(followed, &standings),
            shadow: (balancing.mode == Mode::Shadow)
                .then(|| Balancer::new(balancing.balance, &standings)),
            standings,
            passed_over,
        }
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
    pub(super) fn at(&self, slot: u16) -> Option<Arc<EndpointState>> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|known| known.slot == slot).map(Arc::clone)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.endpoints.iter().position(|known| known.id == id)
    }
}
