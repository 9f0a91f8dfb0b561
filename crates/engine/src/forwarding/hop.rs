//! What one hop adds to the forwarding fields.

use std::net::IpAddr;

use http::HeaderValue;
use policy::Scheme;

use super::line::Line;

/// From whom and to whom requests of one connection go, spelled out as the fields want it.
#[derive(Clone, Debug)]
pub struct Hop {
    authority: Box<str>,
    /// The canonical authority; `None` when the requests name none.
    pub(super) host: Option<HeaderValue>,
    /// For `X-Forwarded-For`.
    pub(super) forwarded_for: Option<HeaderValue>,
    /// For `Forwarded` (RFC 7239).
    pub(super) forwarded: Option<HeaderValue>,
    /// For `X-Forwarded-Proto`.
    pub(super) scheme: &'static str,
}

// === impl Hop ===

impl Hop {
    /// Requests from `peer`, by `scheme`, to the canonical `authority`, which is empty when they name
    /// none.
    pub fn new(peer: IpAddr, scheme: Scheme, authority: &str) -> Self {
        let peer = peer.to_canonical();
        let scheme = match scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let mut list = Line::default();
        list.put_ip(peer);
        let mut element = Line::default();
        element.put(b"for=");
        element.put_node(peer);
        if !authority.is_empty() {
            element.put(b";host=");
            element.put_authority(authority);
        }
        element.put(b";proto=");
        element.put(scheme.as_bytes());
        Self {
            authority: authority.into(),
            host: (!authority.is_empty())
                .then(|| HeaderValue::try_from(authority).ok())
                .flatten(),
            forwarded_for: list.value(),
            forwarded: element.value(),
            scheme,
        }
    }

    /// The canonical authority, empty when the requests name none.
    pub fn authority(&self) -> &str {
        &self.authority
    }
}
