//! Whether an endpoint is well enough to be asked.
//!
//! Two witnesses speak, and neither can overrule the other. [`check`] asks the endpoint and counts
//! its answers: it notices an endpoint that nobody uses, and one that has recovered. [`outlier`]
//! looks at what became of real requests: it notices what no health page tells. An endpoint is well
//! when neither has anything against it.
//!
//! Health only says who should be asked. It never says that nobody may be: when too few are well,
//! who picks looks past it (`panic_below`), because a guess about health that is wrong about
//! everybody is a fault of the guess.

pub mod check;
pub mod grpc;
pub mod outlier;

/// Whether an endpoint should be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Left out for a while because of how it answered requests.
    Ejected,
    /// It fails its checks.
    Ill,
    /// Nothing is held against it.
    #[default]
    Well,
}

// === impl Standing ===

impl Standing {
    /// What follows from both witnesses; a failing check is named first, as it ends only with the
    /// fault.
    pub const fn of(condition: check::Condition, ejected: bool) -> Self {
        match (condition, ejected) {
            (check::Condition::Ill, _) => Self::Ill,
            (check::Condition::Unknown | check::Condition::Well, true) => Self::Ejected,
            (check::Condition::Unknown | check::Condition::Well, false) => Self::Well,
        }
    }

    /// The word for it in logs, metrics and the admin API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ejected => "ejected",
            Self::Ill => "ill",
            Self::Well => "well",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check::Condition, *};

    #[test]
    fn an_endpoint_is_well_when_neither_witness_speaks_against_it() {
        for (condition, ejected, standing) in [
            (Condition::Unknown, false, Standing::Well),
            (Condition::Well, false, Standing::Well),
            (Condition::Unknown, true, Standing::Ejected),
            (Condition::Well, true, Standing::Ejected),
            (Condition::Ill, false, Standing::Ill),
            (Condition::Ill, true, Standing::Ill),
        ] {
            assert_eq!(Standing::of(condition, ejected), standing);
        }
    }
}
