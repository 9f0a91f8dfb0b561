//! Which content coding a client takes (RFC 9110 12.5.3).
//!
//! The client's weights decide; among equal ones the server's order does. A request without
//! `Accept-Encoding` takes anything by the letter of the RFC, but those who leave it out are those
//! who cannot decode, so it gets no coding. An element that cannot be read is passed over: nothing is
//! sent that was not clearly asked for.
//!
//! **Nothing acceptable.** Where `identity` is refused and so is every coding on offer, the response goes
//! out without a coding: RFC 9110 lets a server do so, and an answer that most such clients can read
//! helps them more than 406, which none of them expects. A coding of a request that is not understood
//! is answered with 415 and `Accept-Encoding` (section 15.5.16), where requests are decoded at all.

use http::{HeaderMap, header};
use policy::Coding;

/// What suits the client best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negotiated {
    /// This coding.
    Coding(Coding),
    /// No coding.
    Identity,
    /// No coding is unwelcome, and so is every one on offer.
    Nothing,
}

/// Whether a response in this form is welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is.
    Accepted,
    /// It is not.
    Refused,
}

/// How the client feels about one thing: not mentioned, or a weight in thousandths.
type Weight = Option<u16>;

/// Everything `Accept-Encoding` says that matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Wishes {
    br: Weight,
    deflate: Weight,
    gzip: Weight,
    zstd: Weight,
    identity: Weight,
    any: Weight,
}

/// Chooses among the codings on offer, given in the server's order of preference.
pub fn negotiate(request_headers: &HeaderMap, offered: &[Coding]) -> Negotiated {
    let wishes = Wishes::read(request_headers);
    let mut best: Option<(u16, Coding)> = None;
    for coding in offered {
        let weight = wishes.of(*coding);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, *coding));
        }
    }
    match (best, wishes.identity) {
        (Some((weight, _)), Some(identity)) if identity > weight => Negotiated::Identity,
        (Some((_, coding)), _) => Negotiated::Coding(coding),
        (None, Some(0)) => Negotiated::Nothing,
        (None, None) if wishes.any == Some(0) => Negotiated::Nothing,
        (None, _) => Negotiated::Identity,
    }
}

/// Whether the client takes a response in this coding.
pub fn coding_wish(request_headers: &HeaderMap, coding: Coding) -> Wish {
    match Wishes::read(request_headers).of(coding) {
        0 => Wish::Refused,
        _ => Wish::Accepted,
    }
}

/// Whether the client takes a response without a coding: not with `identity;q=0`, or `*;q=0` alone.
pub fn identity_wish(request_headers: &HeaderMap) -> Wish {
    let wishes = Wishes::read(request_headers);
    match wishes.identity.or(wishes.any.filter(|weight| *weight == 0)) {
        Some(0) => Wish::Refused,
        _ => Wish::Accepted,
    }
}

// === impl Wishes ===

impl Wishes {
    fn read(headers: &HeaderMap) -> Self {
        let mut wishes = Self::default();
        // Each request for something that may be compressed is read so: two plain loops cost half of
        // what [`crate::field_list::elements`] does.
        for line in headers.get_all(header::ACCEPT_ENCODING) {
            for element in line.as_bytes().split(|byte| *byte == b',') {
                wishes.note(element.trim_ascii());
            }
        }
        wishes
    }

    fn note(&mut self, element: &[u8]) {
        let (token, weight) = match element.iter().position(|byte| *byte == b';') {
            None => (element, Some(1000)),
            Some(at) => (element[..at].trim_ascii_end(), quality(&element[at + 1..])),
        };
        if let (Some(place), Some(weight)) = (self.place(token), weight) {
            *place = (*place).max(Some(weight));
        }
    }

    fn place(&mut self, token: &[u8]) -> Option<&mut Weight> {
        let is = |name: &str| token.eq_ignore_ascii_case(name.as_bytes());
        if is("gzip") || is("x-gzip") {
            Some(&mut self.gzip)
        } else if is("br") {
            Some(&mut self.br)
        } else if is("deflate") {
            Some(&mut self.deflate)
        } else if is("zstd") {
            Some(&mut self.zstd)
        } else if is("identity") {
            Some(&mut self.identity)
        } else if token == b"*" {
            Some(&mut self.any)
        } else {
            None
        }
    }

    fn of(&self, coding: Coding) -> u16 {
        let own = match coding {
            Coding::Br => self.br,
            Coding::Deflate => self.deflate,
            Coding::Gzip => self.gzip,
            Coding::Zstd => self.zstd,
        };
        own.or(self.any).unwrap_or(0)
    }
}

/// A weight in thousandths: `q=` and 0 to 1 with up to three decimals (RFC 9110 12.4.2).
fn quality(parameter: &[u8]) -> Option<u16> {
    let parameter = parameter.trim_ascii();
    let (name, value) = parameter.split_at_checked(2)?;
    if !name.eq_ignore_ascii_case(b"q=") {
        return None;
    }
    let (whole, decimals) = match value {
        [whole] | [whole, b'.'] => (*whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let mut thousandths = 0;
    for place in 0..3 {
        let digit = *decimals.get(place).unwrap_or(&b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths = thousandths * 10 + u16::from(digit - b'0');
    }
    match (whole, thousandths) {
        (b'0', below_one) => Some(below_one),
        (b'1', 0) => Some(1000),
        _ => None,
    }
}

// === impl Wish ===

impl Wish {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

// === impl Negotiated ===

impl Negotiated {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coding(coding) => coding.as_str(),
            Self::Identity => "identity",
            Self::Nothing => "nothing",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ask(lines: &[&str], offered: &[Coding]) -> &'static str {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("accept-encoding", line.parse().unwrap());
        }
        negotiate(&headers, offered).as_str()
    }

    /// TRAPS 18: weights are honoured, `identity;q=0` among them.
    #[test]
    fn choices() {
        for (line, wanted) in [
            ("", "identity"),
            ("gzip", "gzip"),
            ("GZip", "gzip"),
            ("x-gzip", "gzip"),
            ("gzip, br, zstd", "zstd"),
            ("gzip, br", "br"),
            ("gzip;q=1.0, br;q=0.9", "gzip"),
            ("gzip ; q=0.5 , br;Q=0.501", "br"),
            ("gzip;q=0", "identity"),
            ("gzip;q=0.0, *", "zstd"),
            ("*", "zstd"),
            ("*;q=0.5, gzip", "gzip"),
            ("zstd;q=0, *;q=0.1", "br"),
            ("identity", "identity"),
            ("identity, gzip;q=0.5", "identity"),
            ("identity;q=0.5, gzip;q=0.5", "gzip"),
            ("identity;q=0", "nothing"),
            ("identity;q=0, deflate", "deflate"),
            ("*;q=0", "nothing"),
            ("*;q=0, identity", "identity"),
            ("*;q=0, gzip", "gzip"),
            ("deflate", "deflate"),
            ("gzip;q=2", "identity"),
            ("gzip;q=", "identity"),
            ("gzip;q=0.1234", "identity"),
            ("gzip;q=-1", "identity"),
            ("gzip;level=9", "identity"),
            ("gzip;q=1.001, br;q=1.", "br"),
            (",,;q=1, =,gzip", "gzip"),
            ("gzip;q=0.001", "gzip"),
        ] {
            assert_eq!(ask(&[line], &Coding::ALL), wanted, "{line}");
        }
    }

    #[test]
    fn lines_are_one_list_and_silence_is_identity() {
        assert_eq!(ask(&[], &Coding::ALL), "identity");
        assert_eq!(ask(&["gzip;q=0.1", "br;q=0.2"], &Coding::ALL), "br");
    }

    #[test]
    fn only_what_is_offered() {
        assert_eq!(ask(&["zstd, gzip"], &[Coding::Gzip]), "gzip");
        assert_eq!(ask(&["zstd"], &[Coding::Gzip]), "identity");
        assert_eq!(ask(&["gzip, br"], &[Coding::Gzip, Coding::Br]), "gzip");
        assert_eq!(ask(&["gzip"], &[]), "identity");
    }

    #[test]
    fn identity() {
        for (line, wanted) in [
            ("gzip", Wish::Accepted),
            ("identity;q=0", Wish::Refused),
            ("*;q=0", Wish::Refused),
            ("*;q=0, identity;q=0.1", Wish::Accepted),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("accept-encoding", line.parse().unwrap());
            assert_eq!(identity_wish(&headers), wanted, "{line}");
        }
    }

    #[test]
    fn one_coding() {
        for (line, coding, wanted) in [
            ("gzip", Coding::Gzip, Wish::Accepted),
            ("x-gzip;q=0.1", Coding::Gzip, Wish::Accepted),
            ("gzip;q=0, *", Coding::Gzip, Wish::Refused),
            ("*", Coding::Br, Wish::Accepted),
            ("gzip", Coding::Br, Wish::Refused),
            ("", Coding::Br, Wish::Refused),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("accept-encoding", line.parse().unwrap());
            assert_eq!(coding_wish(&headers, coding), wanted, "{line}");
        }
    }

    proptest! {
        /// Nothing is chosen that was not named, directly or by `*`.
        #[test]
        fn never_unasked(line in "(gzip|br|deflate|zstd|identity|\\*|;q=0|;q=0\\.5|,|[ -~]){0,12}") {
            let chosen = ask(&[&line], &Coding::ALL);
            if chosen != "identity" && chosen != "nothing" {
                let line = line.to_ascii_lowercase();
                prop_assert!(line.contains(chosen) || line.contains('*'));
            }
        }
    }
}
