//! Fields that belong to one connection, removed before a message is forwarded or stored
//! (RFC 9110 7.6.1).
//!
//! # The fixed list
//! Forebay frames, keeps alive and upgrades each side by itself. `Proxy-Authorization`,
//! `Proxy-Authenticate` and `Proxy-Authentication-Info` concern a proxy the client chose, which a
//! gateway is not (RFC 9110 11.7). `Trailer` stays: it announces trailer fields to the far end, and
//! hyper sends only the ones announced.
//!
//! # Framing
//! `Content-Length` beside `Transfer-Encoding` says nothing true and goes with it (RFC 9112 6.3).
//! Alone it stays, because it is the length of the representation.
//!
//! # What `Connection` names
//! A client may name any field there, also one that authenticates it or says where it came from.
//! Such fields are meant for all recipients and stay; everything else named is removed.

use http::{HeaderMap, HeaderName, header};

use crate::field_list;

/// Removes every hop-by-hop field.
pub fn strip(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        strip_named(headers);
    }
    let mut present = [false; FIXED.len()];
    let mut any = false;
    for name in headers.keys() {
        if let Some(at) = fixed(name) {
            present[at] = true;
            any = true;
        }
    }
    if any {
        if headers.contains_key(header::TRANSFER_ENCODING) {
            headers.remove(header::CONTENT_LENGTH);
        }
        for (name, _) in FIXED.iter().zip(present).filter(|(_, present)| *present) {
            headers.remove(*name);
        }
    }
}

const FIXED: [&str; 10] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// The place in [`FIXED`]. Few names have the length of one, so most are told by that alone.
fn fixed(name: &HeaderName) -> Option<usize> {
    let at = match name.as_str() {
        "connection" => 0,
        "http2-settings" => 1,
        "keep-alive" => 2,
        "proxy-authenticate" => 3,
        "proxy-authentication-info" => 4,
        "proxy-authorization" => 5,
        "proxy-connection" => 6,
        "te" => 7,
        "transfer-encoding" => 8,
        "upgrade" => 9,
        _ => return None,
    };
    Some(at)
}

/// Removes what `Connection` names, as far as it may name it.
fn strip_named(headers: &mut HeaderMap) {
    let ordinary = field_list::elements(headers, &header::CONNECTION).all(is_ordinary_option);
    if ordinary {
        return;
    }
    let named: Vec<HeaderName> = field_list::elements(headers, &header::CONNECTION)
        .filter_map(|option| HeaderName::from_bytes(option).ok())
        .filter(|name| !is_for_all_recipients(name))
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Options that name no field, or one of the fixed list.
fn is_ordinary_option(option: &[u8]) -> bool {
    [&b"keep-alive"[..], b"close", b"upgrade", b"te"]
        .iter()
        .any(|ordinary| option.eq_ignore_ascii_case(ordinary))
}

/// Fields that a connection option cannot take away.
fn is_for_all_recipients(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.starts_with("x-forwarded-")
        || name.starts_with("x-original-")
        || name.starts_with("content-")
        || name.starts_with("accept")
        || name.starts_with("if-")
        || matches!(
            name,
            "age"
                | "authorization"
                | "cache-control"
                | "cdn-loop"
                | "cookie"
                | "date"
                | "etag"
                | "expect"
                | "expires"
                | "forwarded"
                | "host"
                | "last-modified"
                | "location"
                | "origin"
                | "pragma"
                | "range"
                | "referer"
                | "set-cookie"
                | "strict-transport-security"
                | "traceparent"
                | "tracestate"
                | "trailer"
                | "vary"
                | "via"
                | "www-authenticate"
                | "x-real-ip"
                | "x-request-id"
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn left(fields: &[(&str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        strip(&mut headers);
        let mut left: Vec<_> = headers.keys().map(ToString::to_string).collect();
        left.sort();
        left
    }

    /// TRAPS 7: the fixed list goes, whatever `Connection` says; trailers stay announced.
    #[test]
    fn fixed_list() {
        let mut fields: Vec<_> = FIXED.iter().map(|name| (*name, "x")).collect();
        fields.extend([("trailer", "grpc-status"), ("accept", "*/*")]);
        assert_eq!(left(&fields), ["accept", "trailer"]);
    }

    #[test]
    fn places() {
        for (at, name) in FIXED.into_iter().enumerate() {
            assert_eq!(fixed(&HeaderName::from_static(name)), Some(at));
        }
    }

    /// TRAPS 1: a length beside chunks is never forwarded.
    #[test]
    fn length_beside_chunks() {
        let length = ("content-length", "5");
        assert_eq!(left(&[length]), ["content-length"]);
        assert!(left(&[length, ("transfer-encoding", "chunked")]).is_empty());
    }

    /// TRAPS 7: every line of `Connection` counts, in whatever case.
    #[test]
    fn named() {
        let fields = [
            ("connection", "close, X-One"),
            ("connection", "x-two,, bad name"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("x-two", "22"),
            ("x-three", "3"),
        ];
        assert_eq!(left(&fields), ["x-three"]);
    }

    /// TRAPS 6: a client cannot take away what authenticates it or says where it came from.
    #[test]
    fn protected() {
        let names = [
            "authorization",
            "content-length",
            "content-type",
            "cookie",
            "forwarded",
            "host",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-real-ip",
        ];
        let all = names.join(", ");
        let mut fields: Vec<_> = names.iter().map(|name| (*name, "1")).collect();
        fields.push(("connection", &all));
        assert_eq!(left(&fields), names);
    }

    proptest! {
        /// TRAPS 7: nothing of the fixed list is ever left.
        #[test]
        fn nothing_left(options in "[ -~]{0,40}", extra in proptest::sample::select(FIXED.to_vec())) {
            let left = left(&[("connection", &options), (extra, "1"), ("host", "a")]);
            prop_assert_eq!(left, ["host"]);
        }
    }
}
