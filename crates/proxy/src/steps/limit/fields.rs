//! What the response tells its caller about the rate limits.

use engine::rate_limit::{LegacyFields, LimitList};
use http::{HeaderMap, HeaderName, HeaderValue};

static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static LEGACY_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
static LEGACY_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
static LEGACY_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// `RateLimit` and its kin, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct LimitFields {
    /// `RateLimit-Policy`: the limits of the route.
    policies: Option<HeaderValue>,
    /// `RateLimit`: what is left of them.
    limits: Option<HeaderValue>,
    /// What is left of those that count only what reaches the origin: one more line of the list.
    late: Option<HeaderValue>,
    /// The older fields.
    legacy: Option<Box<LegacyFields>>,
}

// === impl LimitFields ===

impl LimitFields {
    /// Tells what is left of the limits in `list`, of those with these policies.
    pub(super) fn show(&mut self, policies: Option<&HeaderValue>, list: &LimitList) {
        if list.is_empty() {
            return;
        }
        if self.policies.is_none() {
            self.policies = policies.cloned();
        }
        match self.limits {
            None => self.limits = Some(list.value()),
            Some(_) => self.late = Some(list.value()),
        }
    }

    /// The older fields have room for one limit: the one of which least is left.
    pub(super) fn show_legacy(&mut self, legacy: LegacyFields) {
        let left = |fields: &LegacyFields| fields.remaining.to_str().ok()?.parse::<u32>().ok();
        match &mut self.legacy {
            Some(told) if left(&legacy) < left(told) => **told = legacy,
            Some(_) => {}
            None => self.legacy = Some(Box::new(legacy)),
        }
    }

    /// Puts them on a response.
    pub(crate) fn apply(self, headers: &mut HeaderMap) {
        let lists = [
            (&RATE_LIMIT_POLICY, self.policies),
            (&RATE_LIMIT, self.limits),
            (&RATE_LIMIT, self.late),
        ];
        for (name, value) in lists {
            if let Some(value) = value {
                headers.append(name, value);
            }
        }
        if let Some(legacy) = self.legacy {
            headers.append(&LEGACY_LIMIT, legacy.limit);
            headers.append(&LEGACY_REMAINING, legacy.remaining);
            headers.append(&LEGACY_RESET, legacy.reset);
        }
    }
}
