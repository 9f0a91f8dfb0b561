//! Who may be asked now: the endpoints of an upstream, and the choice among them.
//!
//! A roster never changes. When an endpoint comes or goes, or its standing changes, another roster
//! takes its place; whoever has picked from the old one goes on with what was picked. So a pick
//! takes no lock, and everything that is costly is done when the roster is made.

use std::{sync::Arc, time::Duration};

use engine::balance::{Member, Pick};
use http::HeaderValue;
use policy::{Endpoint, Upstream};

use super::{
    choice::{Choice, Chooser},
    endpoint::{EndpointState, Unaddressable},
};
use crate::errand::Errand;

/// The endpoints of one upstream at one time.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) endpoints: Box<[Arc<EndpointState>]>,
    choice: Choice,
}

// === impl Roster ===

impl Roster {
    /// Of these endpoints; the states of those that `before` knew go on.
    pub(super) fn new(
        (upstream, index): (&Upstream, u16),
        endpoints: &[Endpoint],
        chooser: &Chooser,
        before: Option<&Self>,
        now: Duration,
    ) -> Result<Self, Unaddressable> {
        // Whoever was there when the process began needs no slow start: nobody else is warmer.
        let since = before.map(|_| now);
        let mut states = Vec::with_capacity(endpoints.len());
        for (position, endpoint) in endpoints.iter().enumerate() {
            let slot = u16::try_from(position).unwrap_or(u16::MAX);
            let known = before.and_then(|before| before.find(endpoint));
            states.push(match known {
                Some(state) => Arc::clone(state),
                None => {
                    let form = chooser.form(since);
                    Arc::new(EndpointState::new(upstream, index, slot, endpoint, form)?)
                }
            });
        }
        let before = before.map(|before| &before.choice);
        Ok(Self::of(states.into(), chooser, before, now))
    }

    /// Of the same endpoints, as they are now.
    pub(super) fn renewed(&self, chooser: &Chooser, now: Duration) -> Self {
        Self::of(self.endpoints.clone(), chooser, Some(&self.choice), now)
    }

    fn of(
        endpoints: Box<[Arc<EndpointState>]>,
        chooser: &Chooser,
        before: Option<&Choice>,
        now: Duration,
    ) -> Self {
        let members: Vec<_> = endpoints
            .iter()
            .map(|state| Member {
                endpoint: &state.policy,
                standing: state.form.standing(state.standing(), now),
            })
            .collect();
        Self {
            choice: chooser.choice(&members, before, now),
            endpoints,
        }
    }

    fn find(&self, endpoint: &Endpoint) -> Option<&Arc<EndpointState>> {
        self.endpoints
            .iter()
            .find(|known| known.policy == *endpoint)
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

    /// The cookie that binds the client of `errand` to this endpoint, if it needs one.
    pub(super) fn cookie(
        &self,
        chooser: &Chooser,
        errand: &Errand,
        endpoint: &EndpointState,
    ) -> Option<HeaderValue> {
        let position = self.position(endpoint.id)?;
        chooser.cookie(&self.choice, errand, position)
    }

    /// When another one is due (monotonic) although nothing but the time has changed.
    pub(super) fn due_at(&self) -> Option<Duration> {
        self.choice.due_at()
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
