//! Whose a response is, and so whether a coding may give something of it away.

use engine::cache::{request::Partition, vary::VaryKey};
use http::header::{AUTHORIZATION, COOKIE};

/// Whose a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// It may be somebody's own, and hold what others must not guess.
    Own,
    /// Everybody who asks for the same gets the same: there is no secret in it.
    Shared,
}

// === impl Privacy ===

impl Privacy {
    /// That of a response which only those of this persona and partition get, and of those only who sends
    /// the same in the fields by which it varies.
    pub(crate) fn of(persona: &[u8], partition: Partition, vary: &VaryKey) -> Self {
        let names_a_user = || {
            vary.names()
                .any(|name| [COOKIE, AUTHORIZATION].contains(name))
        };
        match (persona, partition) {
            ([], Partition::Shared) if !names_a_user() => Self::Shared,
            (_, Partition::Shared | Partition::User) => Self::Own,
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::cache::vary::AcceptEncoding;
    use http::{HeaderMap, HeaderName};

    use super::*;

    /// Only what everybody gets alike holds nobody's secret; everything else is guarded.
    #[test]
    fn what_is_somebodys_is_guarded() {
        for (persona, partition, vary, privacy) in [
            (&b""[..], Partition::Shared, "accept", Privacy::Shared),
            (b"", Partition::Shared, "cookie", Privacy::Own),
            (b"", Partition::Shared, "authorization", Privacy::Own),
            (b"", Partition::User, "accept", Privacy::Own),
            (b"beta", Partition::Shared, "accept", Privacy::Own),
            (b"ann", Partition::User, "accept", Privacy::Own),
        ] {
            let (names, none) = ([HeaderName::from_static(vary)], HeaderMap::new());
            let vary = VaryKey::capture(&names, &none, &none, AcceptEncoding::Fixed);
            let of = Privacy::of(persona, partition, &vary);
            assert_eq!(of, privacy, "{persona:?} {partition:?} {vary:?}");
        }
    }
}
