//! Who is to blame for a denial.
//!
//! Whatever hinders a caller beyond its own quota is taken out of the question, and it is asked again:
//! if the answer is not a denial, others are to blame for the one that was given. A tightened caller's
//! history says too much for that, because what it did while it was tightened has moved it further than
//! it would have; so it wants a history of its own, of a caller that never is.

use super::{Ask, Factor, Verdict};
use crate::caller::Company;

/// Who is to blame when a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Its caller: it would have been refused with the whole of its quota, and room to wait.
    Caller,
    /// Others: an upstream that is short of room, those who wait, those who share the quota. It is also
    /// the answer where nobody can tell.
    Others,
}

// === impl Blame ===

impl Blame {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Others => "others",
        }
    }
}

// === impl Ask ===

impl Ask {
    /// The same of a caller that nothing hinders but its own quota.
    #[must_use]
    pub const fn unhindered(self) -> Self {
        Self {
            longest_wait: self.queue,
            factor: Factor::ONE,
            ..self
        }
    }
}

// === impl Verdict ===

impl Verdict {
    /// Who is to blame, if it is a denial.
    pub const fn blame(self) -> Option<Blame> {
        match self {
            Self::Deny { blame, .. } => Some(blame),
            Self::Allow { .. } | Self::Wait { .. } => None,
        }
    }

    /// The same, when [unhindered](Ask::unhindered) the caller would have heard `unhindered`.
    #[must_use]
    pub const fn beside(self, unhindered: Self) -> Self {
        match (self, unhindered) {
            (Self::Deny { retry_after, .. }, Self::Deny { blame, .. }) => {
                Self::Deny { retry_after, blame }
            }
            _ => self.blaming_others(),
        }
    }

    /// The same, under a quota that is held in this company.
    #[must_use]
    pub const fn among(self, company: Company) -> Self {
        match company {
            Company::Alone => self,
            Company::Shared => self.blaming_others(),
        }
    }

    /// The same, if a denial, as one that nobody can be sure about.
    #[must_use]
    pub const fn blaming_others(self) -> Self {
        match self {
            Self::Deny { retry_after, .. } => Self::Deny {
                retry_after,
                blame: Blame::Others,
            },
            Self::Allow { .. } | Self::Wait { .. } => self,
        }
    }
}
