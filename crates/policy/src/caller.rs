//! What tells one caller from another, wherever callers are counted.

use std::fmt;

use http::HeaderName;

/// What callers are told apart by: all of these together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallerKey {
    /// The parts, in the order of the file; without any, everybody is one caller.
    pub parts: Vec<CallerPart>,
}

/// One thing about a request that tells its caller from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallerPart {
    /// This claim of a verified token.
    Claim(String),
    /// The client's address: IPv4 by /32, IPv6 by /64.
    ClientIp,
    /// The value of this cookie.
    Cookie(String),
    /// The value of this request header.
    Header(HeaderName),
    /// What stands in the path for this parameter of the route's pattern.
    PathParameter(String),
}

/// What becomes of a request of which a part of the key is not known: it lacks the header, or its
/// token proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownCaller {
    /// It is not counted ("open").
    Allow,
    /// Its address stands in for what is not known.
    ClientIp,
    /// It is refused ("closed").
    Deny,
    /// All such requests are one caller.
    #[default]
    Share,
}

/// Which parts of a key have told a caller apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyParts {
    /// All of them.
    All,
    /// Some were not known, and its address has stood in for them ([`UnknownCaller::ClientIp`]).
    SomeByAddress,
}

// === impl CallerKey ===

impl CallerKey {
    /// Callers are told apart by address.
    pub fn client_ip() -> Self {
        Self {
            parts: vec![CallerPart::ClientIp],
        }
    }

    /// Whether each caller by this key is a part of one caller by the `coarser` one, so that what it
    /// did is what that one did; `known` says whether this key's callers have been told apart by all
    /// of its parts. Of everybody nobody is a part: what one did is not what all did.
    pub fn is_within(&self, coarser: &Self, known: KeyParts) -> bool {
        let told = |part: &CallerPart| match (part, known) {
            (CallerPart::ClientIp, KeyParts::SomeByAddress) => true,
            _ => self.parts.contains(part),
        };
        !coarser.parts.is_empty() && coarser.parts.iter().all(told)
    }

    /// Whether that can be so for any request that a limit with this key counts.
    pub fn can_be_within(&self, coarser: &Self, on_unknown: UnknownCaller) -> bool {
        // A caller by `coarser` has all of its parts, so that what is not known is another.
        let unknown =
            |part: &CallerPart| *part != CallerPart::ClientIp && !coarser.parts.contains(part);
        let some = on_unknown == UnknownCaller::ClientIp && self.parts.iter().any(unknown);
        self.is_within(coarser, KeyParts::All)
            || some && self.is_within(coarser, KeyParts::SomeByAddress)
    }
}

impl fmt::Display for CallerKey {
    /// Its parts with a plus between them; `everybody` without any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.parts.split_first() else {
            return f.write_str("everybody");
        };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|part| write!(f, "+{part}"))
    }
}

// === impl CallerPart ===

impl fmt::Display for CallerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim(name) => write!(f, "claim:{name}"),
            Self::ClientIp => f.write_str("client_ip"),
            Self::Cookie(name) => write!(f, "cookie:{name}"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::PathParameter(name) => write!(f, "path_parameter:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(parts: &[&str]) -> CallerKey {
        let part = |part: &&str| match *part {
            "ip" => CallerPart::ClientIp,
            name => CallerPart::Cookie(name.to_owned()),
        };
        CallerKey {
            parts: parts.iter().map(part).collect(),
        }
    }

    #[test]
    fn a_finer_key_is_within_a_coarser_one() {
        for (finer, coarser, all, some, can) in [
            (&["ip"][..], &["ip"][..], true, true, true),
            (&["a", "ip"], &["ip"], true, true, true),
            (&["a", "ip"], &["ip", "a"], true, true, true),
            // Others may have the same key, or the same address.
            (&["a"], &["ip"], false, true, true),
            (&["ip"], &["a"], false, false, false),
            (&["a"], &["a", "ip"], false, true, false),
            (&["a", "b"], &["a", "ip"], false, true, true),
            (&["ip"], &["a", "ip"], false, false, false),
            // Everybody is nobody's own doing.
            (&["ip"], &[], false, false, false),
            (&[], &[], false, false, false),
        ] {
            let case = format!("{finer:?} {coarser:?}");
            let (finer, coarser) = (key(finer), key(coarser));
            assert_eq!(finer.is_within(&coarser, KeyParts::All), all, "{case}");
            let by_address = finer.is_within(&coarser, KeyParts::SomeByAddress);
            assert_eq!(by_address, some, "{case}");
            let can_be = finer.can_be_within(&coarser, UnknownCaller::ClientIp);
            assert_eq!(can_be, can, "{case}");
            for other in [
                UnknownCaller::Allow,
                UnknownCaller::Deny,
                UnknownCaller::Share,
            ] {
                assert_eq!(finer.can_be_within(&coarser, other), all, "{case}");
            }
        }
    }
}
