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

// === impl CallerKey ===

impl CallerKey {
    /// Callers are told apart by address.
    pub fn client_ip() -> Self {
        Self {
            parts: vec![CallerPart::ClientIp],
        }
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
