//! An upstream while the process runs.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use engine::attempt::Attempt;
use http::HeaderValue;
use policy::{HostHeader, Upstream};

use super::{
    Line,
    connect::Dialer,
    endpoint::{EndpointState, Unaddressable},
    roster::Roster,
};

/// An upstream and what is known about it.
#[derive(Debug)]
pub(crate) struct UpstreamState {
    pub(crate) policy: Upstream,
    /// Its position in the policies.
    pub(crate) position: u16,
    roster: ArcSwap<Roster>,
}

// === impl UpstreamState ===

impl UpstreamState {
    pub(crate) fn new(position: usize, policy: &Upstream) -> Result<Self, Unaddressable> {
        Ok(Self {
            roster: ArcSwap::from_pointee(Roster::new(policy, &policy.endpoints, None)?),
            position: u16::try_from(position).unwrap_or(u16::MAX),
            policy: policy.clone(),
        })
    }

    /// Who may be asked now.
    pub(crate) fn roster(&self) -> Guard<Arc<Roster>> {
        self.roster.load()
    }

    /// Who gets the next request, those with the ids `tried` left out.
    pub(crate) fn pick(&self, line: Line<'_>, tried: &[u64]) -> Option<Arc<EndpointState>> {
        let roster = self.roster.load();
        roster.pick(self.position, line, tried).map(Arc::clone)
    }

    /// Takes note of how a try ended. This is the one place where all who watch over the upstream
    /// and its endpoints learn of it.
    pub(crate) fn attempted(&self, endpoint: &EndpointState, attempt: &Attempt) {
        tracing::trace!(
            endpoint = %endpoint.authority,
            symptom = attempt.end.symptom().as_str(),
            took = ?attempt.took,
            "attempt"
        );
    }

    /// Does what follows from time alone; called once a second.
    pub(crate) fn tick(&self) {
        tracing::trace!(upstream = self.policy.name, "tick");
    }

    /// What a new connection to `endpoint` is made with.
    pub(crate) fn dialer<'a>(&self, endpoint: &'a EndpointState, line: Line<'a>) -> Dialer<'a> {
        Dialer {
            upstream: self.position,
            endpoint,
            protocol: self.policy.protocol,
            tls: line.tls,
            metrics: line.metrics,
        }
    }

    /// The `Host` that `endpoint` sees.
    pub(crate) fn host(&self, endpoint: &EndpointState, host: HeaderValue) -> HeaderValue {
        match self.policy.host_header {
            HostHeader::Client if !host.is_empty() => host,
            HostHeader::Client | HostHeader::Endpoint => endpoint.host.clone(),
        }
    }
}
