//! What an upstream is told about where a request came from, and what it is not told.
//!
//! # Who is believed
//! A trusted proxy's forwarding fields are continued; anyone else's are dropped, because an origin
//! that reads them would believe whatever a client made up, and a cache would share the result.
//!
//! # What is never passed on
//! Fields that make a framework see another path or method than the one that was routed, limited and
//! keyed (`X-Original-URL`, `X-HTTP-Method-Override` and their kin), `Proxy`, which CGI turns into
//! an outgoing proxy setting, and `Expect`, which Forebay answers itself. Trust does not matter here:
//! a trusted proxy passes on what its client sent.
//!
//! # Written once
//! What this hop says is the same for every request of one connection to one host: [`Hop`] holds it,
//! so that a request costs no text to be put together, unless a list is to be continued.
//!
//! # Loops
//! Each instance signs `Via` with its own pseudonym (RFC 9110 7.6.3). A request that carries it has
//! been here. `CDN-Loop` (RFC 8586) belongs to networks in front and is passed on untouched.
//! Responses are not signed: the RFC leaves that open, and nobody looks for loops there.

mod fields;
mod hop;
mod line;

use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

pub use self::hop::Hop;
use crate::{admit::UpgradeIntent, client_ip::PeerTrust, failure::Failure, field_list, hop_by_hop};

/// The name under which one running Forebay signs `Via`.
#[derive(Clone, Debug)]
pub struct Instance {
    pseudonym: Box<str>,
    via_10: HeaderValue,
    via_11: HeaderValue,
    via_2: HeaderValue,
}

/// The pseudonym is not a token (RFC 9110 5.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pseudonym is made of letters, digits and the signs ._-")]
pub struct InvalidPseudonym;

/// What is known about a request when it is made ready for the upstream.
#[derive(Clone, Copy, Debug)]
pub struct ForwardFacts<'a> {
    /// From whom to whom.
    pub hop: &'a Hop,
    /// Whether the peer's forwarding fields are believed.
    pub trust: PeerTrust,
    /// The version the request came with.
    pub version: Version,
    /// The upgrade that was admitted.
    pub upgrade: UpgradeIntent,
    /// Who forwards.
    pub instance: &'a Instance,
}

/// Refuses a request that has been through this instance before.
pub fn check_loop(headers: &HeaderMap, instance: &Instance) -> Result<(), Failure> {
    let been_here = field_list::elements(headers, &header::VIA)
        .any(|element| received_by(element).eq_ignore_ascii_case(instance.pseudonym.as_bytes()));
    if been_here {
        Err(Failure::Loop)
    } else {
        Ok(())
    }
}

/// Makes the client's fields the upstream's: hop-by-hop fields out, forwarding fields in, `Host`
/// set to the canonical authority. The caller overwrites `Host` when the endpoint wants its own.
///
/// `TE: trailers` comes back without a `Connection: te` beside it: HTTP/2 forbids that field, and
/// HTTP/1.1 servers do not ask for it.
pub fn prepare_request(headers: &mut HeaderMap, facts: &ForwardFacts<'_>) {
    let trailers = has_trailers(headers);
    hop_by_hop::strip(headers);
    fields::drop_unwanted(headers, facts.trust);
    fields::add_forwarded(headers, facts.hop);
    headers.append(header::VIA, facts.instance.via(facts.version));
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if facts.upgrade == UpgradeIntent::WebSocket {
        add_websocket(headers);
    }
    if let Some(host) = &facts.hop.host
        && headers.get(header::HOST).is_none_or(|named| named != host)
    {
        headers.insert(header::HOST, host.clone());
    }
}

/// Makes the upstream's response fields the client's: hop-by-hop fields out.
pub fn prepare_response(headers: &mut HeaderMap) {
    hop_by_hop::strip(headers);
}

/// The same for a 101 that completes a WebSocket handshake: hop-by-hop fields out, the upgrade in.
pub fn prepare_switching(headers: &mut HeaderMap) {
    hop_by_hop::strip(headers);
    add_websocket(headers);
}

fn add_websocket(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether the client takes trailer fields (RFC 9110 10.1.4).
fn has_trailers(headers: &HeaderMap) -> bool {
    headers.contains_key(header::TE) && field_list::has_token(headers, &header::TE, "trailers")
}

/// The second word of a `Via` element, `[protocol/]version received-by [comment]`.
fn received_by(element: &[u8]) -> &[u8] {
    element
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .nth(1)
        .unwrap_or_default()
}

// === impl Instance ===

impl Instance {
    /// An instance that signs with this pseudonym, which must differ between running instances.
    pub fn new(pseudonym: &str) -> Result<Self, InvalidPseudonym> {
        let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if pseudonym.is_empty() || !pseudonym.bytes().all(token) {
            return Err(InvalidPseudonym);
        }
        let via = |version: &str| {
            HeaderValue::try_from(format!("{version} {pseudonym}")).map_err(|_| InvalidPseudonym)
        };
        Ok(Self {
            pseudonym: pseudonym.into(),
            via_10: via("1.0")?,
            via_11: via("1.1")?,
            via_2: via("2")?,
        })
    }

    /// The pseudonym.
    pub fn pseudonym(&self) -> &str {
        &self.pseudonym
    }

    fn via(&self, received: Version) -> HeaderValue {
        match received {
            Version::HTTP_09 | Version::HTTP_10 => self.via_10.clone(),
            Version::HTTP_11 => self.via_11.clone(),
            _ => self.via_2.clone(),
        }
    }
}

/// Header names the `http` crate has no constant for.
mod names {
    use super::HeaderName;

    pub(super) static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
    pub(super) static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
    pub(super) static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
}

#[cfg(test)]
mod tests;
