//! Is a body in the coding that it says it is in?
//!
//! What is in a coding is opaque: who looks for words in it finds none. But a client may say
//! `Content-Encoding: gzip` of a plain body, and an origin that takes no notice of the field reads what
//! nobody has looked at. So what a body says is held against how it begins.
//!
//! # What tells
//! Most codings begin with bytes of their own (RFC 1952, section 2.3.1; RFC 1950, section 2.2; RFC 8878,
//! section 3.1; RFC 9842, sections 4 and 5). Brotli does not: what has no character in its beginning
//! that no text has is taken for text.

use http::{HeaderMap, header::CONTENT_ENCODING};

use crate::field_list;

/// So many bytes tell whether a body is text; coded ones have less than one chance in a thousand.
pub const TELLING: usize = 64;

/// What a body says of itself: its outermost coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim(Coding);

/// What a body is, judged by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guise {
    /// What it says.
    Coded,
    /// In no coding, whatever it says.
    Plain,
    /// More of it has to be seen.
    Unknown,
}

/// The content codings there are (RFC 9110, section 8.4.1, and the registry of IANA).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Compress,
    Dcb,
    Dcz,
    Deflate,
    Gzip,
    /// One that may begin with anything.
    Other,
    Zstd,
}

const CODINGS: [(&str, Coding); 11] = [
    ("aes128gcm", Coding::Other),
    ("br", Coding::Other),
    ("compress", Coding::Compress),
    ("dcb", Coding::Dcb),
    ("dcz", Coding::Dcz),
    ("deflate", Coding::Deflate),
    ("exi", Coding::Other),
    ("gzip", Coding::Gzip),
    ("x-compress", Coding::Compress),
    ("x-gzip", Coding::Gzip),
    ("zstd", Coding::Zstd),
];

// === impl Claim ===

impl Claim {
    /// The coding that a body says it is in, if it says so.
    ///
    /// What nobody knows as a coding is none: an origin would pass it over.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let codings = field_list::elements(headers, &CONTENT_ENCODING);
        let mut known = codings.filter_map(|said| {
            (CODINGS.iter())
                .find(|(name, _)| said.eq_ignore_ascii_case(name.as_bytes()))
                .map(|(_, coding)| Self(*coding))
        });
        known.next_back()
    }

    /// Holds it against the first bytes of the body, of which [`TELLING`] always tell.
    pub fn judge(self, beginning: &[u8]) -> Guise {
        let begins = |with: &[u8]| match beginning.len() < with.len() {
            true if with.starts_with(beginning) => Guise::Unknown,
            true => Guise::Plain,
            false if beginning.starts_with(with) => Guise::Coded,
            false => Guise::Plain,
        };
        match self.0 {
            Coding::Compress => begins(&[0x1f, 0x9d]),
            Coding::Dcb => begins(&[0xff, 0x44, 0x43, 0x42]),
            Coding::Dcz => begins(&[0x5e, 0x2a, 0x4d, 0x18]),
            // Some send it without the frame that it should have.
            Coding::Deflate => match beginning {
                [first, second, ..] if is_zlib(*first, *second) => Guise::Coded,
                _ => by_text(beginning),
            },
            Coding::Gzip => begins(&[0x1f, 0x8b]),
            Coding::Other => by_text(beginning),
            Coding::Zstd => match beginning {
                // A frame that is to be skipped.
                [first, rest @ ..] if first & 0xf0 == 0x50 => {
                    let skipped = [0x2a, 0x4d, 0x18];
                    match rest.len().min(skipped.len()) {
                        3 if rest.starts_with(&skipped) => Guise::Coded,
                        seen if seen < 3 && skipped.starts_with(rest) => Guise::Unknown,
                        _ => Guise::Plain,
                    }
                }
                _ => begins(&[0x28, 0xb5, 0x2f, 0xfd]),
            },
        }
    }

    /// The same of a body that ends there.
    pub fn judge_whole(self, body: &[u8]) -> Guise {
        match self.judge(body) {
            // Shorter than anything in a coding.
            Guise::Unknown => Guise::Plain,
            guise => guise,
        }
    }
}

/// Whether a stream of zlib begins so.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && u16::from_be_bytes([first, second]).is_multiple_of(31)
}

fn by_text(beginning: &[u8]) -> Guise {
    let is_odd = |it: &u8| it.is_ascii_control() && !it.is_ascii_whitespace();
    let seen = &beginning[..beginning.len().min(TELLING)];
    match seen.iter().any(is_odd) {
        true => Guise::Coded,
        false if seen.len() < TELLING => Guise::Unknown,
        false => Guise::Plain,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn claim(codings: &[&'static str]) -> Option<Claim> {
        let mut headers = HeaderMap::new();
        for coding in codings {
            let name = HeaderName::from_static("content-encoding");
            headers.append(name, HeaderValue::from_static(coding));
        }
        Claim::of(&headers)
    }

    fn judged(coding: &'static str, body: &[u8]) -> Guise {
        claim(&[coding]).unwrap().judge(body)
    }

    #[test]
    fn the_outermost_coding_that_there_is_counts() {
        assert_eq!(claim(&[]), None);
        assert_eq!(claim(&["identity"]), None);
        // No coding that anybody knows: an origin would read it as it is.
        assert_eq!(claim(&["x, y"]), None);
        assert_eq!(claim(&["x, GZIP, identity"]), Some(Claim(Coding::Gzip)));
        assert_eq!(claim(&["gzip", "zstd"]), Some(Claim(Coding::Zstd)));
    }

    #[test]
    fn what_begins_as_its_coding_does_is_in_it() {
        for (coding, body) in [
            ("gzip", &[0x1f, 0x8b][..]),
            ("x-gzip", &[0x1f, 0x8b, 8, 0]),
            ("compress", &[0x1f, 0x9d]),
            ("deflate", &[0x78, 0x9c]),
            ("deflate", &[0x68, 0xde]),
            ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
            ("zstd", &[0x5f, 0x2a, 0x4d, 0x18]),
            ("dcz", &[0x5e, 0x2a, 0x4d, 0x18]),
            ("dcb", &[0xff, 0x44, 0x43, 0x42]),
            ("br", &[0x0b, 0x02, 0x80]),
        ] {
            assert_eq!(judged(coding, body), Guise::Coded, "{coding} {body:?}");
        }
    }

    #[test]
    fn plain_text_is_plain_whatever_it_says() {
        let text = br#"{"name": "1' union select password from users--", "and": "so on"}"#;
        let form = b"user=admin'+or+'1'='1&password=0123456789012345678901234567890123";
        for coding in CODINGS.map(|(name, _)| name) {
            for body in [&text[..], form, &[b'['; 100], "é".repeat(50).as_bytes()] {
                assert_eq!(judged(coding, body), Guise::Plain, "{coding}");
                let short = &body[..20];
                let whole = claim(&[coding]).unwrap().judge_whole(short);
                assert_eq!(whole, Guise::Plain, "{coding}");
            }
        }
    }

    #[test]
    fn what_may_still_be_either_is_not_judged() {
        for (coding, body) in [
            ("gzip", &b""[..]),
            ("gzip", &[0x1f]),
            ("zstd", &[0x28, 0xb5, 0x2f]),
            ("zstd", &[0x50, 0x2a]),
            ("br", b"{\"a\""),
        ] {
            assert_eq!(judged(coding, body), Guise::Unknown, "{coding} {body:?}");
            assert_eq!(claim(&[coding]).unwrap().judge_whole(body), Guise::Plain);
        }
    }
}
