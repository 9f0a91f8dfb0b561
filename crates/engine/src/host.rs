//! Which host a request is for, in exactly one spelling (RFC 9110 7.2, RFC 9112 3.2, RFC 9113 8.3.1).
//!
//! Routing, the cache key, `X-Forwarded-Host` and the upstream's `Host` all use this one text. If
//! two of them read the host differently, a client can be routed as one site and cached as another.
//!
//! # Stricter than the grammar
//! RFC 3986 allows percent-encoding and characters such as `,` and `;` in a registered name. No DNS
//! name has them, and in `X-Forwarded-Host` or a log they read as list separators, so they are
//! refused. An empty host and an empty label are refused too (RFC 9110 4.2.1).
//!
//! # One spelling
//! Lower-case, without the scheme's own port, without the dot that ends a fully qualified name, IPv6
//! in the form of RFC 5952. A request that is already spelled so costs no allocation.

use std::{borrow::Cow, net::Ipv6Addr};

use http::{HeaderMap, Uri, Version, header};
use policy::Scheme;

use crate::failure::Malformed;

/// A canonical authority: the host, and the port when it is not the scheme's own.
///
/// Empty only for an HTTP/1.0 request that named no host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    text: Cow<'a, str>,
    host_len: usize,
}

/// The authority a request is for, or [`Malformed::Host`] when there is none, several, or a bad one.
///
/// `scheme` is that of the connection and decides which port is the default one. A target in
/// absolute form wins over `Host` (RFC 9112 3.2.2), which must still be there and valid; in HTTP/2
/// the two must agree.
pub fn authority<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    version: Version,
    scheme: Scheme,
) -> Result<Authority<'a>, Malformed> {
    let mut lines = headers.get_all(header::HOST).iter();
    let field = match lines.next() {
        Some(value) => Some(canonical(value.as_bytes(), scheme)?),
        None => None,
    };
    if lines.next().is_some() {
        return Err(Malformed::Host);
    }
    let target = match uri.authority() {
        Some(target) => Some(canonical(target.as_str().as_bytes(), scheme)?),
        None => None,
    };
    let multiplexed = version >= Version::HTTP_2;
    match (target, field) {
        (Some(target), Some(field)) if multiplexed && target.text != field.text => {
            Err(Malformed::Host)
        }
        (Some(_), None) if version == Version::HTTP_11 => Err(Malformed::Host),
        (Some(target), _) => Ok(target),
        (None, Some(field)) => Ok(field),
        (None, None) if version < Version::HTTP_11 => Ok(Authority::NONE),
        (None, None) => Err(Malformed::Host),
    }
}

// === impl Authority ===

impl<'a> Authority<'a> {
    /// No host at all, as HTTP/1.0 allows.
    pub const NONE: Authority<'static> = Authority {
        text: Cow::Borrowed(""),
        host_len: 0,
    };

    /// Host and port as one text, such as `example.com` or `[::1]:8080`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host alone; an IPv6 address keeps its brackets.
    pub fn host(&self) -> &str {
        &self.text[..self.host_len]
    }

    /// The text, borrowed when the request already had the canonical spelling.
    pub fn into_text(self) -> Cow<'a, str> {
        self.text
    }
}

/// What a byte means in a host.
#[derive(Clone, Copy)]
enum Kind {
    Colon,
    Dot,
    Lower,
    Other,
    Upper,
}

/// One look per byte: every request's host goes through this.
static KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        kinds[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => Kind::Lower,
            b'A'..=b'Z' => Kind::Upper,
            b'.' => Kind::Dot,
            b':' => Kind::Colon,
            _ => Kind::Other,
        };
        byte += 1;
    }
    kinds
};

/// Canonicalises one `host[:port]`.
fn canonical(raw: &[u8], scheme: Scheme) -> Result<Authority<'_>, Malformed> {
    let text = str::from_utf8(raw).map_err(|_| Malformed::Host)?;
    if raw.first() == Some(&b'[') {
        return bracketed(text, scheme);
    }
    let mut host_end = raw.len();
    let mut lower = true;
    let mut label_empty = true;
    for (at, byte) in raw.iter().enumerate() {
        match KINDS[usize::from(*byte)] {
            Kind::Lower => label_empty = false,
            Kind::Upper => {
                label_empty = false;
                lower = false;
            }
            Kind::Dot if !label_empty => label_empty = true,
            Kind::Colon => {
                host_end = at;
                break;
            }
            Kind::Dot | Kind::Other => return Err(Malformed::Host),
        }
    }
    let mut name = &text[..host_end];
    if label_empty {
        name = name.strip_suffix('.').ok_or(Malformed::Host)?;
    }
    let port = other_port(&text[host_end..], scheme)?;
    if lower && name.len() == host_end && port.is_unchanged() {
        let end = host_end + port.written();
        return Ok(Authority {
            text: Cow::Borrowed(&text[..end]),
            host_len: host_end,
        });
    }
    let mut owned = name.to_ascii_lowercase();
    let host_len = owned.len();
    port.append_to(&mut owned);
    Ok(Authority {
        text: Cow::Owned(owned),
        host_len,
    })
}

/// Canonicalises `[address][:port]` (RFC 3986 3.2.2, RFC 5952).
fn bracketed(text: &str, scheme: Scheme) -> Result<Authority<'_>, Malformed> {
    let (inside, after) = text[1..].split_once(']').ok_or(Malformed::Host)?;
    let address: Ipv6Addr = inside.parse().map_err(|_| Malformed::Host)?;
    let port = other_port(after, scheme)?;
    let mut owned = format!("[{address}]");
    let host_len = owned.len();
    port.append_to(&mut owned);
    let text = if owned == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(owned)
    };
    Ok(Authority { text, host_len })
}

/// What is left to write of a port once the default one is dropped.
#[derive(Clone, Copy)]
enum Port<'a> {
    /// Dropped: absent, empty, or the scheme's own.
    Default,
    /// To be written as it came, colon included.
    Same(&'a str),
    /// To be written anew, because of leading zeros.
    Other(u16),
}

fn other_port(after_host: &str, scheme: Scheme) -> Result<Port<'_>, Malformed> {
    if after_host.is_empty() {
        return Ok(Port::Default);
    }
    let digits = after_host.strip_prefix(':').ok_or(Malformed::Host)?;
    if digits.is_empty() {
        return Ok(Port::Default);
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Malformed::Host);
    }
    let number: u16 = digits.parse().map_err(|_| Malformed::Host)?;
    let default = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    Ok(if number == default {
        Port::Default
    } else if digits.starts_with('0') {
        Port::Other(number)
    } else {
        Port::Same(after_host)
    })
}

// === impl Port ===

impl Port<'_> {
    /// Whether what was written can be borrowed up to [`Port::written`].
    fn is_unchanged(self) -> bool {
        !matches!(self, Port::Other(_))
    }

    fn written(self) -> usize {
        match self {
            Port::Same(text) => text.len(),
            Port::Default | Port::Other(_) => 0,
        }
    }

    fn append_to(self, out: &mut String) {
        match self {
            Port::Default => {}
            Port::Same(text) => out.push_str(text),
            Port::Other(number) => {
                out.push(':');
                out.push_str(&number.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests;
