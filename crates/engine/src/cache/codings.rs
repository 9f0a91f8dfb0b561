//! `Accept-Encoding`, reduced to the codings that matter (RFC 9110, section 12.5.3).
//!
//! Browsers, libraries and scripts spell this field in hundreds of ways; sent on as it is, a
//! response with `Vary: Accept-Encoding` is stored once per spelling (TRAPS row 17). Two requests
//! that accept the same set of codings may be given the same response.

use http::{HeaderMap, HeaderValue, header};

use crate::negotiation::quality;

/// A set of content codings a client accepts, `identity` included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Codings(u8);

const KNOWN: [(&str, u8); 5] = [
    ("br", Codings::BR),
    ("deflate", Codings::DEFLATE),
    ("gzip", Codings::GZIP),
    ("x-gzip", Codings::GZIP),
    ("zstd", Codings::ZSTD),
];

// === impl Codings ===

impl Codings {
    const BR: u8 = 1;
    const DEFLATE: u8 = 2;
    const GZIP: u8 = 4;
    const IDENTITY: u8 = 8;
    const ZSTD: u8 = 16;

    /// What the client accepts with a weight above zero.
    ///
    /// Without the field anything may be sent; the set is then the one that every client can
    /// read, which is `identity` alone.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let (mut named, mut accepted, mut others) = (0u8, 0u8, None);
        for line in headers.get_all(header::ACCEPT_ENCODING) {
            for member in line.as_bytes().split(|byte| *byte == b',') {
                let mut parts = member.splitn(2, |byte| *byte == b';');
                let coding = parts.next().unwrap_or_default().trim_ascii();
                let wanted = parts.next().is_none_or(weight_is_positive);
                if coding == b"*" {
                    others = Some(wanted);
                    continue;
                }
                let bit = bit_of(coding);
                named |= bit;
                if wanted {
                    accepted |= bit;
                }
            }
        }
        if others == Some(true) {
            accepted |= !named & (Self::BR | Self::DEFLATE | Self::GZIP | Self::ZSTD);
        }
        // Identity is acceptable unless it, or everything not named, is refused.
        if named & Self::IDENTITY == 0 && others != Some(false) {
            accepted |= Self::IDENTITY;
        }
        Self(accepted)
    }

    /// The same set as a field for the origin: sorted, without weights, `identity` when it is all.
    pub fn header_value(self) -> HeaderValue {
        let mut text = String::with_capacity(32);
        for (name, bit) in KNOWN {
            if self.0 & bit != 0 && name != "x-gzip" {
                if !text.is_empty() {
                    text.push_str(", ");
                }
                text.push_str(name);
            }
        }
        if self.0 & Self::IDENTITY == 0 {
            text.push_str(if text.is_empty() {
                "identity;q=0"
            } else {
                ", identity;q=0"
            });
        } else if text.is_empty() {
            text.push_str("identity");
        }
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("identity"))
    }
}

fn bit_of(coding: &[u8]) -> u8 {
    if coding.eq_ignore_ascii_case(b"identity") {
        return Codings::IDENTITY;
    }
    KNOWN
        .iter()
        .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(coding))
        .map_or(0, |(_, bit)| *bit)
}

/// Without a weight it is wanted; a damaged one refuses.
fn weight_is_positive(parameters: &[u8]) -> bool {
    parameters
        .split(|byte| *byte == b';')
        .map(<[u8]>::trim_ascii)
        .find(|parameter| matches!(parameter, [b'q' | b'Q', b'=', ..]))
        .is_none_or(|weight| quality(weight).is_some_and(|weight| weight > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::testing::headers;

    /// TRAPS row 17: spellings of one set are one variant. TRAPS row 18: `identity;q=0` is honoured.
    #[test]
    fn spellings_reduce_to_one_set() {
        for (lines, expected) in [
            (vec!["gzip, br"], "br, gzip"),
            (vec!["br;q=0.1", "GZIP ; q=1.0"], "br, gzip"),
            (vec!["x-gzip, compress, br;q=0.000"], "gzip"),
            (vec!["gzip;q=0"], "identity"),
            (vec!["identity"], "identity"),
            (vec![""], "identity"),
            (vec![], "identity"),
            (vec!["*"], "br, deflate, gzip, zstd"),
            (vec!["*, zstd;q=0"], "br, deflate, gzip"),
            (vec!["gzip, *;q=0"], "gzip, identity;q=0"),
            (vec!["identity;q=0"], "identity;q=0"),
            (vec!["gzip;q=x"], "identity"),
            (vec!["gzip;q=2, br;q=0.0001, zstd;q=-1"], "identity"),
            (vec!["gzip;q=1.000, br;Q=0.001"], "br, gzip"),
            (vec!["gzip;q=0, gzip"], "gzip"),
        ] {
            let fields: Vec<_> = lines
                .iter()
                .map(|line| ("accept-encoding", *line))
                .collect();
            let codings = Codings::accepted(&headers(&fields));
            assert_eq!(codings.header_value(), expected, "{lines:?}");
        }
    }
}
