//! How one try at one endpoint ended.
//!
//! Everybody who watches over an endpoint learns of its tries from this one value: who balances,
//! who leaves out the ill, who opens breakers, who measures the origin's capacity, who decides
//! whether to try again. So they cannot disagree about what a failure is.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use crate::{
    cache::date::HttpDate,
    failure::{Blame, Failure},
};

/// One try at one endpoint, told when the head of its response is here or it has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How it ended.
    pub end: AttemptEnd,
    /// From the beginning of the try, connecting included, to its end.
    pub took: Duration,
}

/// How one try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// Nobody waited for it any more: it says nothing about the endpoint.
    Abandoned,
    /// With the head of a response.
    Answered {
        /// Its status.
        status: u16,
        /// What its `Retry-After` says.
        retry_after: Option<Duration>,
    },
    /// Without.
    Failed(Failure),
}

/// What a try says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// It failed: 500, 502, 503, 504, or no answer at all.
    Ill,
    /// Nothing: the client's doing, or ours, or abandoned.
    Nothing,
    /// It says that it has too much to do: 429, or 503 with `Retry-After`.
    Overload,
    /// It is well.
    Well,
}

// === impl AttemptEnd ===

impl AttemptEnd {
    /// With this head of a response, which came at `now`. A `Retry-After` is read where it means
    /// something: with 429 and 503 (RFC 9110, section 10.2.3).
    pub fn answered(status: StatusCode, headers: &HeaderMap, now: SystemTime) -> Self {
        let retry_after = match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => headers
                .get(RETRY_AFTER)
                .and_then(|value| wait(value.as_bytes(), now)),
            _ => None,
        };
        Self::Answered {
            status: status.as_u16(),
            retry_after,
        }
    }

    /// What it says about the endpoint.
    pub const fn symptom(self) -> Symptom {
        match self {
            Self::Abandoned => Symptom::Nothing,
            Self::Answered { status: 429, .. }
            | Self::Answered {
                status: 503,
                retry_after: Some(_),
            } => Symptom::Overload,
            Self::Answered {
                status: 500 | 502..=504,
                ..
            } => Symptom::Ill,
            Self::Answered { .. } => Symptom::Well,
            // Nobody was asked.
            Self::Failed(
                Failure::BreakerOpen | Failure::NoEndpoint | Failure::QueueTimedOut | Failure::Shed,
            ) => Symptom::Nothing,
            Self::Failed(failure) => match failure.blame() {
                Blame::Client | Blame::Us => Symptom::Nothing,
                Blame::Upstream => Symptom::Ill,
            },
        }
    }
}

/// Reads `Retry-After`: seconds, or a date.
fn wait(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Beyond what a number holds is beyond what anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = HttpDate::parse(value, now)?;
    Some(date.since(HttpDate::of(now)))
}

// === impl Symptom ===

impl Symptom {
    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ill => "ill",
            Self::Nothing => "nothing",
            Self::Overload => "overload",
            Self::Well => "well",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<u64>) -> Symptom {
        let retry_after = retry_after.map(Duration::from_secs);
        AttemptEnd::Answered {
            status,
            retry_after,
        }
        .symptom()
    }

    #[test]
    fn statuses_say_how_the_endpoint_is() {
        for status in [200, 204, 304, 404, 422, 501, 505] {
            assert_eq!(answered(status, None), Symptom::Well, "{status}");
        }
        for status in [500, 502, 503, 504] {
            assert_eq!(answered(status, None), Symptom::Ill, "{status}");
        }
        assert_eq!(answered(429, None), Symptom::Overload);
        assert_eq!(answered(503, Some(1)), Symptom::Overload);
    }

    #[test]
    fn retry_after_is_read_as_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let read = |value: &'static str, status| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, http::HeaderValue::from_static(value));
            AttemptEnd::answered(status, &headers, now)
        };
        let after = |status, retry_after: Option<u64>| AttemptEnd::Answered {
            status,
            retry_after: retry_after.map(Duration::from_secs),
        };
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(read("7", busy), after(503, Some(7)));
        assert_eq!(
            read("Sun, 06 Nov 1994 08:49:47 GMT", busy),
            after(503, Some(10))
        );
        assert_eq!(
            read("Sun, 06 Nov 1994 08:49:07 GMT", busy),
            after(503, Some(0))
        );
        assert_eq!(read("soon", busy), after(503, None));
        assert_eq!(
            read("99999999999999999999999", busy),
            after(503, Some(u64::MAX))
        );
        assert_eq!(read("7", StatusCode::OK), after(200, None));
    }

    #[test]
    fn the_clients_doing_says_nothing() {
        for failure in [
            Failure::ClientGone,
            Failure::BodyTooLarge,
            Failure::Internal,
        ] {
            assert_eq!(AttemptEnd::Failed(failure).symptom(), Symptom::Nothing);
        }
        let reset = AttemptEnd::Failed(Failure::UpstreamClosed);
        assert_eq!(reset.symptom(), Symptom::Ill);
    }
}
