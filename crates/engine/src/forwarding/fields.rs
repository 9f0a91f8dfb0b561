//! The forwarding fields themselves: `X-Forwarded-*` and `Forwarded` (RFC 7239).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    Hop,
    line::Line,
    names::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO},
};
use crate::client_ip::PeerTrust;

/// What becomes of a field of the client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Passed on.
    Keep,
    /// Passed on if the peer is trusted.
    KeepIfTrusted,
    /// Not passed on.
    Remove,
}

/// The most fields that are added to one request: four here, `Via`, `traceparent`, `X-Request-Id`.
const ADDED: usize = 7;

/// Removes what the upstream must not see. Costs one look at the names when there is none.
pub(super) fn drop_unwanted(headers: &mut HeaderMap, trust: PeerTrust) {
    let unwanted = |name: &HeaderName| match fate(name) {
        Fate::Keep => false,
        Fate::KeepIfTrusted => trust == PeerTrust::Untrusted,
        Fate::Remove => true,
    };
    if !headers.keys().any(unwanted) {
        return;
    }
    let names: Vec<HeaderName> = headers.keys().filter(|n| unwanted(n)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

fn fate(name: &HeaderName) -> Fate {
    let name = name.as_str();
    match name.as_bytes() {
        [b'x', b'-', ..] => match name {
            "x-original-url"
            | "x-rewrite-url"
            | "x-http-method"
            | "x-http-method-override"
            | "x-method-override" => Fate::Remove,
            "x-real-ip" | "x-client-ip" | "x-cluster-client-ip" => Fate::KeepIfTrusted,
            other if other.starts_with("x-forwarded-") || other.starts_with("x-original-") => {
                Fate::KeepIfTrusted
            }
            _ => Fate::Keep,
        },
        b"expect" | b"proxy" => Fate::Remove,
        b"forwarded" | b"true-client-ip" => Fate::KeepIfTrusted,
        _ => Fate::Keep,
    }
}

/// Adds this hop. What a trusted peer said about host and scheme of the first hop is kept.
///
/// A peer that keeps only one of the two lists gets only that one continued: the other would begin
/// with the peer, and who reads it would take the peer for the client (RFC 7239 7.4).
pub(super) fn add_forwarded(headers: &mut HeaderMap, hop: &Hop) {
    let listed = headers.contains_key(&X_FORWARDED_FOR);
    let structured = headers.contains_key(header::FORWARDED);
    headers.reserve(ADDED);
    if listed || !structured {
        append(headers, &X_FORWARDED_FOR, hop.forwarded_for.as_ref());
    }
    if structured || !listed {
        append(headers, &header::FORWARDED, hop.forwarded.as_ref());
    }
    if !headers.contains_key(&X_FORWARDED_PROTO) {
        let proto = HeaderValue::from_static(hop.scheme);
        headers.insert(X_FORWARDED_PROTO.clone(), proto);
    }
    if let Some(host) = &hop.host
        && !headers.contains_key(&X_FORWARDED_HOST)
    {
        headers.insert(X_FORWARDED_HOST.clone(), host.clone());
    }
}

/// Continues a list with an element of ours, as one line.
fn append(headers: &mut HeaderMap, name: &HeaderName, ours: Option<&HeaderValue>) {
    let Some(ours) = ours else {
        return;
    };
    if !headers.contains_key(name) {
        headers.insert(name.clone(), ours.clone());
        return;
    }
    let mut line = Line::default();
    for said in headers.get_all(name) {
        let text = said.as_bytes().trim_ascii();
        if !text.is_empty() {
            line.put(text);
            line.put(b", ");
        }
    }
    line.put(ours.as_bytes());
    if let Some(value) = line.value() {
        headers.insert(name.clone(), value);
    }
}
