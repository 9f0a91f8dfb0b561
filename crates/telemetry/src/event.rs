//! The one record of a request: small, `Copy`, and filled step by step while it is served.
//!
//! It holds positions in the policies instead of names, so that recording it looks nothing up, and
//! it can be kept in a ring for later study at no cost to the request.

use std::time::{Duration, SystemTime};

use engine::{
    failure::Failure,
    outcome::{
        BreachOutcome, CacheOutcome, EncodeOutcome, JoinOutcome, LimitDecision, LimitOutcome,
        ProtectOutcome, StoreOutcome,
    },
    time::Now,
};
use http::Method;

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestEvent {
    /// When the request head had been read.
    pub at: Now,
    /// Position in `Policies::routes`; `None` when no route was found.
    pub route: Option<u16>,
    /// Position in `Policies::upstreams`, set only when this request asked the upstream itself.
    pub upstream: Option<u16>,
    /// Its place in the metrics of the upstream; `None` when no endpoint was reached.
    pub endpoint: Option<u16>,
    /// The method.
    pub method: MethodLabel,
    /// The status sent to the client; 0 when nothing was sent.
    pub status: u16,
    /// The status the endpoint answered with; differs from `status` after a revalidation.
    pub upstream_status: Option<u16>,
    /// What the cache did.
    pub cache: CacheOutcome,
    /// Whether the response was stored; `None` when that was not asked.
    pub store: Option<StoreOutcome>,
    /// What the rate limits said.
    pub limit: LimitOutcome,
    /// Position in `Route::rate_limits` of the limit that was exceeded, with `Deny` and `Shadow`.
    pub limit_index: Option<u8>,
    /// What each of the rate limits said, by their positions in `Route::rate_limits`.
    pub limits: LimitMarks,
    /// The same of the limits on what is in flight, by their positions in `Route::concurrency`.
    pub concurrency: LimitMarks,
    /// Whether the fetch was shared.
    pub join: JoinOutcome,
    /// Whether the upstream had room.
    pub protect: ProtectOutcome,
    /// Whether the response was compressed.
    pub encode: EncodeOutcome,
    /// What was done, or in shadow mode would have been, about a secret that its length could tell.
    pub breach: Option<BreachOutcome>,
    /// What policies in shadow mode would have done.
    pub shadow: ShadowOutcomes,
    /// Why the client did not get the origin's answer, or not all of it.
    pub failure: Option<Failure>,
    /// From the request head to the last byte of the response.
    pub duration: Duration,
    /// From the request being sent to the endpoint until the head of its response.
    pub upstream_time: Option<Duration>,
    /// How often an endpoint was tried for it; 0 when none was asked.
    pub upstream_tries: u8,
    /// Body bytes received from the client.
    pub request_bytes: u64,
    /// Body bytes sent to the client.
    pub response_bytes: u64,
    /// Body bytes before compression, if there was any.
    pub uncompressed_bytes: u64,
}

/// What policies in shadow mode would have done; `None` for a policy that is not in shadow mode.
///
/// A rate limit in shadow mode has its own outcome, [`LimitOutcome::Shadow`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShadowOutcomes {
    /// What the cache would have done.
    pub cache: Option<CacheOutcome>,
    /// Whether the fetch would have been shared.
    pub join: Option<JoinOutcome>,
    /// Whether the response would have been compressed.
    pub encode: Option<EncodeOutcome>,
}

/// What each of several limits said to one request, by position; a route has no more than fit in
/// ([`policy::MOST_OF_A_ROUTE`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitMarks {
    allowed: u16,
    delayed: u16,
    denied: u16,
}

/// A method as a metric label: the usual ones, and `other`, because a client may invent any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum MethodLabel {
    /// DELETE.
    Delete,
    /// GET.
    Get,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
    /// Anything else.
    #[default]
    Other,
    /// PATCH.
    Patch,
    /// POST.
    Post,
    /// PUT.
    Put,
}

// === impl RequestEvent ===

impl Default for RequestEvent {
    /// A request that nothing is known of yet.
    fn default() -> Self {
        Self {
            at: Now {
                monotonic: Duration::ZERO,
                wall: SystemTime::UNIX_EPOCH,
            },
            route: None,
            upstream: None,
            endpoint: None,
            method: MethodLabel::default(),
            status: 0,
            upstream_status: None,
            cache: CacheOutcome::default(),
            store: None,
            limit: LimitOutcome::default(),
            limit_index: None,
            limits: LimitMarks::default(),
            concurrency: LimitMarks::default(),
            join: JoinOutcome::default(),
            protect: ProtectOutcome::default(),
            encode: EncodeOutcome::default(),
            breach: None,
            shadow: ShadowOutcomes::default(),
            failure: None,
            duration: Duration::ZERO,
            upstream_time: None,
            upstream_tries: 0,
            request_bytes: 0,
            response_bytes: 0,
            uncompressed_bytes: 0,
        }
    }
}

// === impl LimitMarks ===

impl LimitMarks {
    /// The limit at this position said this.
    pub fn note(&mut self, position: usize, decision: LimitDecision) {
        let mark = Self::mark(position);
        match decision {
            LimitDecision::Allow => self.allowed |= mark,
            LimitDecision::Delay => self.delayed |= mark,
            LimitDecision::Deny => self.denied |= mark,
        }
    }

    /// What the limit at this position said, if it was asked; the worst if it was asked again.
    pub fn of(&self, position: usize) -> Option<LimitDecision> {
        let mark = Self::mark(position);
        [
            (self.denied, LimitDecision::Deny),
            (self.delayed, LimitDecision::Delay),
            (self.allowed, LimitDecision::Allow),
        ]
        .into_iter()
        .find_map(|(marks, decision)| (marks & mark != 0).then_some(decision))
    }

    /// Whether no limit was asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn mark(position: usize) -> u16 {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        1_u16.checked_shl(position).unwrap_or(0)
    }
}

// === impl MethodLabel ===

impl MethodLabel {
    /// The label of a method.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::DELETE => Self::Delete,
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::OPTIONS => Self::Options,
            Method::PATCH => Self::Patch,
            Method::POST => Self::Post,
            Method::PUT => Self::Put,
            _ => Self::Other,
        }
    }

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Other => "other",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_small_enough_to_copy() {
        assert!(
            size_of::<RequestEvent>() <= 192,
            "{}",
            size_of::<RequestEvent>()
        );
    }

    #[test]
    fn each_limit_has_its_own_mark() {
        let mut marks = LimitMarks::default();
        assert!(marks.is_empty());
        marks.note(0, LimitDecision::Allow);
        marks.note(2, LimitDecision::Delay);
        marks.note(15, LimitDecision::Deny);
        // Nothing is told of it, and nobody else is told of instead.
        marks.note(16, LimitDecision::Deny);
        marks.note(usize::MAX, LimitDecision::Deny);
        let told: Vec<_> = (0..18)
            .filter_map(|at| marks.of(at).map(|it| (at, it)))
            .collect();
        let wanted = [
            (0, LimitDecision::Allow),
            (2, LimitDecision::Delay),
            (15, LimitDecision::Deny),
        ];
        assert_eq!(told, wanted);
        marks.note(0, LimitDecision::Deny);
        assert_eq!(marks.of(0), Some(LimitDecision::Deny));
    }

    #[test]
    fn an_invented_method_is_other() {
        let invented = Method::from_bytes(b"get").unwrap();
        assert_eq!(MethodLabel::of(&invented).as_str(), "other");
        assert_eq!(MethodLabel::of(&Method::GET).as_str(), "GET");
    }
}
