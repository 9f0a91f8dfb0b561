//! Callers that are shut out for a while.

use std::{fmt, time::Duration};

use crate::{CallerKey, Mode};

/// One named penalty box. Routes with a box of the same name share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanPolicy {
    /// Its name in metrics, events and the admin API.
    pub name: String,
    /// Whether it acts.
    pub mode: Mode,
    /// What is counted.
    pub trigger: BanTrigger,
    /// So many of it ban the caller; at least 1.
    pub count: u32,
    /// Within this time.
    pub within: Duration,
    /// Who counts as one caller; requests without it are not counted.
    pub key: CallerKey,
    /// How long the first ban lasts; each further one lasts twice as long as the last.
    pub duration: Duration,
    /// How long a ban may last. A caller that has been good for as long begins anew.
    pub max_duration: Duration,
}

/// What counts towards a ban.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BanTrigger {
    /// A rate or concurrency limit refused the request: any, or the one of this name. It counts only
    /// where each of the limit's callers is part of one of the ban's ([`CallerKey::is_within`]).
    Limited(Option<String>),
    /// The shield's rules gave the request at least this score.
    Score(u32),
    /// The origin answered with one of these statuses, as it does to a wrong password.
    Status(Vec<u16>),
}

// === impl BanTrigger ===

impl fmt::Display for BanTrigger {
    /// What is counted: `status 401, 403`, `limited by per_client` or `score 5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limited(None) => f.write_str("limited by any"),
            Self::Limited(Some(name)) => write!(f, "limited by {name}"),
            Self::Score(score) => write!(f, "score {score}"),
            Self::Status(statuses) => {
                f.write_str("status ")?;
                let mut between = "";
                statuses.iter().try_for_each(|status| {
                    write!(f, "{between}{status}")?;
                    between = ", ";
                    Ok(())
                })
            }
        }
    }
}
