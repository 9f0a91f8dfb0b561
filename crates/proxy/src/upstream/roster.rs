//! Who may be asked now: the endpoints of an upstream, and the choice among them.
//!
//! A roster never changes. When an endpoint comes or goes, or its standing changes, another roster
//! takes its place; whoever has picked from the old one goes on with what was picked. So a pick
//! takes no lock, and everything that is costly is done when the roster is made.

use std::{collections::HashMap, sync::Arc, time::Duration};

use engine::{
    balance::{self, Pick},
    discovery::{Change, Member},
    health::Standing as Health,
};
use http::HeaderValue;
use policy::{Endpoint, Upstream};
use telemetry::Metrics;

use super::{
    choice::{Choice, Chooser},
    endpoint::{EndpointState, Unaddressable},
};
use crate::errand::Errand;

/// The endpoints of one upstream at one time.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) endpoints: Box<[Arc<EndpointState>]>,
    /// Weight, priority and zone of each; its state may be from before they changed.
    pub(crate) standings: Box<[Endpoint]>,
    choice: Choice,
    /// Where in it the endpoint with an id is.
    positions: HashMap<u64, usize>,
}

// === impl Roster ===

impl Roster {
    /// Of these endpoints of the upstream at this position, and those of `before` that are gone; the
    /// states of those that it knew go on.
    pub(super) fn new(
        (upstream, index): (&Upstream, u16),
        endpoints: Vec<Endpoint>,
        chooser: &Chooser,
        before: Option<&Self>,
        metrics: &Metrics,
        now: Duration,
    ) -> Result<(Self, Vec<Arc<EndpointState>>), Unaddressable> {
        let known = before.map_or(&[][..], |before| &before.endpoints);
        // Whoever was there when the process began, or came when there was nobody, needs no slow
        // start: nobody else is warmer.
        let since = (!known.is_empty()).then_some(now);
        let change = Change::between(known.iter().map(|known| &known.policy), endpoints);
        let (mut states, mut standings) = (Vec::new(), Vec::new());
        for member in change.members {
            let (state, standing) = match member {
                Member::Stays(place, endpoint) => (Arc::clone(&known[place]), endpoint),
                Member::New(endpoint) => {
                    let named = endpoint.address.to_string();
                    let place = metrics.endpoint_place(index, &named);
                    let form = chooser.form(since);
                    let state = EndpointState::new(upstream, index, place, &endpoint, form)?;
                    (Arc::new(state), endpoint)
                }
            };
            states.push(state);
            standings.push(standing);
        }
        let gone = change.gone.iter();
        let gone = gone.map(|place| Arc::clone(&known[*place])).collect();
        let before = before.map(|before| &before.choice);
        let roster = Self::of(states.into(), standings.into(), chooser, before, now);
        Ok((roster, gone))
    }

    /// Of the same endpoints, as they are now.
    pub(super) fn renewed(&self, chooser: &Chooser, now: Duration) -> Self {
        let (states, standings) = (self.endpoints.clone(), self.standings.clone());
        Self::of(states, standings, chooser, Some(&self.choice), now)
    }

    fn of(
        endpoints: Box<[Arc<EndpointState>]>,
        standings: Box<[Endpoint]>,
        chooser: &Chooser,
        before: Option<&Choice>,
        now: Duration,
    ) -> Self {
        let members: Vec<_> = endpoints
            .iter()
            .zip(&standings)
            .map(|(state, endpoint)| balance::Member {
                endpoint,
                standing: state.form.standing(state.standing(), now),
            })
            .collect();
        Self {
            choice: chooser.choice(&members, before, now),
            positions: endpoints.iter().map(|known| known.id).zip(0..).collect(),
            endpoints,
            standings,
        }
    }

    /// Who gets the request of `errand`, those with the ids `tried` left out.
    pub(super) fn pick(
        &self,
        chooser: &Chooser,
        errand: &Errand,
        tried: &[u64],
    ) -> Option<&Arc<EndpointState>> {
        let positions: Vec<usize> = tried.iter().filter_map(|id| self.position(*id)).collect();
        if tried.is_empty()
            && let Some(Pick::Endpoint(at)) = chooser.shadow(&self.choice, &self.endpoints, errand)
        {
            let endpoint = &self.endpoints[at];
            let metrics = errand.line().metrics;
            metrics.shadow_pick(endpoint.upstream, endpoint.slot);
        }
        match chooser.choose(&self.choice, &self.endpoints, errand, &positions) {
            Pick::Endpoint(at) => self.endpoints.get(at),
            Pick::NoneLeft => None,
        }
    }

    /// All but those with the ids `tried`, the well ones first, and among them those of the first
    /// priority; who is the first of equals is left to chance.
    pub(super) fn others(&self, tried: &[u64]) -> Vec<Arc<EndpointState>> {
        let mut others: Vec<_> = self.endpoints.iter().zip(&self.standings).collect();
        let first = fastrand::usize(..others.len().max(1));
        others.rotate_left(first);
        others.retain(|(state, _)| !tried.contains(&state.id));
        others
            .sort_by_key(|(state, endpoint)| (state.standing() != Health::Well, endpoint.priority));
        others
            .into_iter()
            .map(|(state, _)| Arc::clone(state))
            .collect()
    }

    /// The cookie that binds the client of `errand` to this endpoint, if it needs one.
    pub(super) fn cookie(
        &self,
        chooser: &Chooser,
        errand: &Errand,
        endpoint: &EndpointState,
    ) -> Option<HeaderValue> {
        chooser.cookie(&self.choice, errand, || self.position(endpoint.id))
    }

    /// When another one is due (monotonic) although nothing but the time has changed.
    pub(super) fn due_at(&self) -> Option<Duration> {
        self.choice.due_at()
    }

    /// The endpoint at this place in the metrics.
    pub(super) fn at(&self, slot: u16) -> Option<Arc<EndpointState>> {
        let mut endpoints = self.endpoints.iter();
        endpoints.find(|known| known.slot == slot).map(Arc::clone)
    }

    fn position(&self, id: u64) -> Option<usize> {
        self.positions.get(&id).copied()
    }
}
