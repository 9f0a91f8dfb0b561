//! What is known of a request when something is told of it after it has gone on.
//!
//! A body is looked at while it passes, when the steps have long given the request away.

use std::{net::IpAddr, sync::Arc};

use engine::{
    security::{SecurityAction, SecurityKind},
    trace::RequestId,
};
use telemetry::SecurityEvent;

use crate::{clock, exchange::Exchange, sidecar::Sidecar, snapshot::Snapshot};

/// Who asked for what.
#[derive(Clone, Debug)]
pub(crate) struct Witness {
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The route, by position.
    pub(crate) route: usize,
    pub(crate) client: IpAddr,
    pub(crate) request_id: RequestId,
}

// === impl Witness ===

impl Witness {
    pub(crate) fn of(exchange: &Exchange, route: usize) -> Self {
        Self {
            sidecar: Arc::clone(exchange.sidecar()),
            snapshot: Arc::clone(exchange.snapshot()),
            route,
            client: exchange.client.ip,
            request_id: exchange.request_id.clone(),
        }
    }

    /// Tells a security event about the request.
    pub(crate) fn tell(
        &self,
        kind: SecurityKind,
        action: SecurityAction,
        policy: Option<&str>,
        evidence: &str,
    ) {
        let route = self.snapshot.policies.routes.get(self.route);
        let event = SecurityEvent {
            at: clock::now(),
            kind,
            action,
            client: Some(self.client),
            route: route.map(|route| route.name.as_str()),
            policy,
            evidence,
            request_id: Some(self.request_id.as_str()),
        };
        self.sidecar.security.tell(&self.snapshot.metrics, &event);
    }
}
