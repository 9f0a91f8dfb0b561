//! How one try at one endpoint ended.
//!
//! Everybody who watches over an endpoint learns of its tries from this one value: who balances,
//! who leaves out the ill, who opens breakers, who measures the origin's capacity, who decides
//! whether to try again. So they cannot disagree about what a failure is.

use std::time::Duration;

use crate::failure::{Blame, Failure};

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
    /// Nothing: the client's doing, or abandoned.
    Nothing,
    /// It says that it has too much to do: 429, or 503 with `Retry-After`.
    Overload,
    /// It is well.
    Well,
}

// === impl AttemptEnd ===

impl AttemptEnd {
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
            Self::Failed(failure) => match failure.blame() {
                Blame::Client | Blame::Us => Symptom::Nothing,
                Blame::Upstream => Symptom::Ill,
            },
        }
    }
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
