//! What an upstream knows for its further tries.

use std::{sync::Arc, time::Duration};

use engine::retry::{self, Budget};
use http::StatusCode;
use policy::{Mode, RetryOn, Scheme, Upstream, UpstreamProtocol};

/// The rules for further tries, and what has been spent on them.
#[derive(Debug)]
pub(in crate::upstream) struct Retrying {
    pub(super) enforced: Rules,
    /// Those that are counted and not followed.
    pub(super) shadow: Option<Rules>,
    /// Whether requests may be refused whose bodies were begun to be sent.
    pub(super) streams: Streams,
}

/// One set of rules.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) policy: policy::Retry,
    pub(super) budget: Arc<Budget>,
}

/// How requests share connections to an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Streams {
    /// Several at a time, perhaps: the endpoint may refuse one and say so (RFC 9113, section 8.7).
    Many,
    /// One at a time.
    One,
}

// === impl Retrying ===

impl Retrying {
    /// As the file says; what no endpoint has seen is sent again even when it says nothing.
    pub(in crate::upstream) fn of(upstream: &Upstream) -> Option<Self> {
        let asked = upstream.retry.as_ref();
        let (enforced, shadow) = match asked.map(|policy| (policy.mode, policy)) {
            None => (retry::built_in(), None),
            Some((Mode::Enforce, policy)) => (policy.clone(), None),
            Some((Mode::Off, _)) => return None,
            Some((Mode::Shadow, policy)) => (retry::built_in(), Some(policy.clone())),
        };
        Some(Self {
            enforced: Rules::new(enforced),
            shadow: shadow.map(Rules::new),
            streams: Streams::of(upstream),
        })
    }

    /// Whether any rules repeat a request that had this answer.
    pub(super) fn asks_about(&self, status: StatusCode) -> bool {
        let condition = RetryOn::Status(status.as_u16());
        let mut rules = [Some(&self.enforced), self.shadow.as_ref()]
            .into_iter()
            .flatten();
        rules.any(|rules| rules.policy.on.contains(&condition))
    }

    /// Counts a request that arrives at `now` (monotonic).
    pub(super) fn request(&self, now: Duration) {
        self.enforced.budget.request(now);
        if let Some(shadow) = &self.shadow {
            shadow.budget.request(now);
        }
    }
}

// === impl Rules ===

impl Rules {
    fn new(policy: policy::Retry) -> Self {
        Self {
            budget: Arc::new(Budget::new(policy.budget, policy.min_retries)),
            policy,
        }
    }

    /// Whether anything is repeated for which a body has to be sent again.
    pub(super) fn wants_bodies(&self) -> bool {
        let on = &self.policy.on;
        on.iter().any(|condition| *condition != RetryOn::Connect)
    }
}

// === impl Streams ===

impl Streams {
    fn of(upstream: &Upstream) -> Self {
        match upstream.protocol {
            UpstreamProtocol::Http1 => Self::One,
            UpstreamProtocol::Http2 => Self::Many,
            // Endpoints that are found later may want TLS as well.
            UpstreamProtocol::Auto => {
                let mut listed = upstream.endpoints.iter();
                match listed.any(|endpoint| endpoint.scheme == Scheme::Https)
                    || upstream.discovery.is_some()
                {
                    true => Self::Many,
                    false => Self::One,
                }
            }
        }
    }
}
