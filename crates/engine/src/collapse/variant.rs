//! The narrower flight of followers for whom the leader's response is another variant.
//!
//! Requests are joined before anybody knows what the origin varies by. When the head comes and says
//! so, those whose own fields select something else need not go alone: those of them whose fields are
//! the same want the same response (RFC 9111, section 4.1), and join under a key that names them.
//! A crowd of browsers that differ in `Accept-Encoding` then costs the origin one fetch for each
//! spelling of it, not one for each browser.

use http::{
    HeaderMap,
    header::{ACCEPT_ENCODING, HeaderName},
};

use crate::cache::{codings::Codings, vary::AcceptEncoding};

/// Begins what is appended; no part of a cache key has this kind.
const VARIANT: u8 = 0xff;

/// Appends to a flight's key what `request` says in the fields that the response varies by.
///
/// The parts carry their lengths, so that different fields never make the same key. Spelling counts:
/// two spellings of the same meaning only miss a chance to share.
pub fn narrow<'a>(
    names: impl Iterator<Item = &'a HeaderName>,
    request: &HeaderMap,
    accept_encoding: AcceptEncoding,
    key: &mut Vec<u8>,
) {
    key.push(VARIANT);
    for name in names {
        put(name.as_str().as_bytes(), key);
        if *name == ACCEPT_ENCODING && accept_encoding == AcceptEncoding::Reduced {
            // The origin sees this instead of what the client wrote.
            put(Codings::accepted(request).header_value().as_bytes(), key);
            continue;
        }
        let lines = request.get_all(name);
        key.extend((lines.iter().count() as u64).to_be_bytes());
        for line in lines {
            put(line.as_bytes(), key);
        }
    }
}

fn put(part: &[u8], key: &mut Vec<u8>) {
    key.extend((part.len() as u64).to_be_bytes());
    key.extend(part);
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn key(request: &[(&'static str, &'static str)], accept_encoding: AcceptEncoding) -> Vec<u8> {
        let mut headers = HeaderMap::new();
        for (name, value) in request {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let names = [ACCEPT_ENCODING, HeaderName::from_static("x-tier")];
        let mut key = b"key".to_vec();
        narrow(names.iter(), &headers, accept_encoding, &mut key);
        key
    }

    #[test]
    fn equal_fields_make_equal_keys_whatever_else_differs() {
        let one = key(
            &[("x-tier", "a"), ("cookie", "1")],
            AcceptEncoding::Verbatim,
        );
        let other = key(
            &[("cookie", "2"), ("x-tier", "a")],
            AcceptEncoding::Verbatim,
        );
        assert_eq!(one, other);
    }

    /// TRAPS row 11.
    #[test]
    fn different_fields_never_make_the_same_key() {
        let requests: [&[(&str, &str)]; 7] = [
            &[],
            &[("x-tier", "")],
            &[("x-tier", "a")],
            &[("x-tier", "a"), ("x-tier", "b")],
            &[("x-tier", "a,b")],
            &[("accept-encoding", "a")],
            &[("accept-encoding", "a"), ("x-tier", "a")],
        ];
        let mut keys: Vec<_> = requests
            .iter()
            .map(|request| key(request, AcceptEncoding::Verbatim))
            .collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), requests.len());
    }

    #[test]
    fn spellings_that_the_origin_never_sees_do_not_count() {
        let keys = ["gzip, br", "br,gzip;q=1.0"]
            .map(|value| key(&[("accept-encoding", value)], AcceptEncoding::Reduced));
        assert_eq!(keys[0], keys[1]);
    }
}
