//! Endpoints that come and go.
//!
//! Whoever goes is taken out of the roster and gets nothing new. Its requests in flight hold its state
//! and end in their own time; its unused connections are closed within a moment. It is remembered for
//! a while, so that the access log can name it and the operator sees what it still has.

use std::{sync::Arc, time::Duration};

use policy::Endpoint;
use telemetry::{EndpointFigures, EndpointOrigin, Metrics};

use super::UpstreamState;
use crate::{
    clock,
    upstream::{
        endpoint::{EndpointState, Unaddressable},
        roster::Roster,
    },
};

/// How long an endpoint that is gone, and has nothing in flight, is remembered.
const REMEMBERED: Duration = Duration::from_secs(10);

/// Whether the endpoints of an upstream have been looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looked {
    NotYet,
    /// Or there is nothing to look for.
    Once,
}

// === impl UpstreamState ===

impl UpstreamState {
    /// From now on these are its endpoints. The states of those that stay go on; those that are gone
    /// get nothing new, end what they have, and lose their idle connections.
    ///
    /// # Errors
    /// When one of them cannot be addressed; then nothing changes.
    pub(in crate::upstream) fn replace(
        &self,
        endpoints: Vec<Endpoint>,
        metrics: &Metrics,
    ) -> Result<(), Unaddressable> {
        let mut left = self.left.lock();
        let before = self.roster.load();
        let known = endpoints.len();
        let (of, now) = ((&self.policy, self.position), clock::monotonic());
        let (roster, gone) =
            Roster::new(of, endpoints, &self.chooser, Some(&before), metrics, now)?;
        self.roster.store(Arc::new(roster));
        metrics.upstream_endpoints(self.position, known);
        self.nudge.notify_one();
        for endpoint in gone {
            endpoint.retire();
            left.push((now, endpoint));
        }
        Ok(())
    }

    /// Forgets those who have left and have nothing in flight any more.
    pub(in crate::upstream) fn forget(&self, metrics: &Metrics) {
        let now = clock::monotonic();
        self.left.lock().retain(|(since, endpoint)| {
            endpoint.in_flight() > 0 || now.saturating_sub(*since) < REMEMBERED
        });
        metrics.forget_endpoints(self.position, now);
    }

    /// Its endpoints as they are now, and those that are leaving.
    pub(crate) fn figures(&self) -> Vec<EndpointFigures> {
        let roster = self.roster.load();
        let figures = |endpoint: &Endpoint, state: &EndpointState, origin| EndpointFigures {
            endpoint: endpoint.clone(),
            origin,
            in_flight: state.in_flight() as u64,
        };
        let standing = roster.standings.iter().zip(&roster.endpoints);
        // Those of the configuration come first, in its order.
        let listed = self.policy.endpoints.len();
        let members = standing.enumerate().map(|(place, (endpoint, state))| {
            let origin = match place < listed {
                true => EndpointOrigin::Listed,
                false => EndpointOrigin::Found,
            };
            figures(endpoint, state, origin)
        });
        let left = self.left.lock();
        let leaving = left.iter().filter(|(_, state)| state.in_flight() > 0);
        let leaving =
            leaving.map(|(_, state)| figures(&state.policy, state, EndpointOrigin::Draining));
        members.chain(leaving).collect()
    }

    /// The endpoint at this place in the metrics, also if it has left a short while ago.
    pub(crate) fn endpoint_at(&self, slot: u16) -> Option<Arc<EndpointState>> {
        self.roster.load().at(slot).or_else(|| {
            let left = self.left.lock();
            let mut left = left.iter().filter(|(_, endpoint)| endpoint.slot == slot);
            left.next_back().map(|(_, endpoint)| Arc::clone(endpoint))
        })
    }

    /// The endpoints have been looked for.
    pub(in crate::upstream) fn looked(&self) {
        self.looked.send_replace(Looked::Once);
    }

    /// Waits until the endpoints have been looked for once.
    pub(in crate::upstream) async fn first_look(&self) {
        let mut looked = self.looked.subscribe();
        let _it_lives = looked.wait_for(|looked| *looked == Looked::Once).await;
    }

    /// Makes the roster anew, because the standing of an endpoint has changed.
    pub(in crate::upstream) fn rebuild(&self) {
        self.renew();
        self.nudge.notify_one();
    }

    /// The same endpoints with the shares that they have now.
    pub(super) fn renew(&self) {
        let _one_at_a_time = self.left.lock();
        let now = clock::monotonic();
        let renewed = self.roster.load().renewed(&self.chooser, now);
        self.roster.store(Arc::new(renewed));
    }
}

#[cfg(test)]
mod tests;
