//! Which content coding a client takes (RFC 9110 12.5.3).
//!
//! The client's weights decide; among equal ones the server's order does. A request without
//! `Accept-Encoding` takes anything by the letter of the RFC, but those who leave it out are those
//! who cannot decode, so it gets no coding. An element that cannot be read is passed over: nothing is
//! sent that was not clearly asked for. What is named twice counts as its best word.
//!
//! **Nothing acceptable.** Where `identity` is refused and so is every coding on offer, the response goes
//! out without a coding: RFC 9110 lets a server do so, and an answer that most such clients can read
//! helps them more than 406, which none of them expects. A coding of a request that is not understood
//! is answered with 415 and `Accept-Encoding` (section 15.5.16), where requests are decoded at all.

use std::cell::RefCell;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wishes {
    br: Weight,
    deflate: Weight,
    gzip: Weight,
    zstd: Weight,
    identity: Weight,
    any: Weight,
}

/// A line that was understood before. Nearly all clients send one of a few lines, and reading it anew
/// costs a hit more than all else that its coding needs.
#[derive(Clone, Copy)]
struct KnownLine {
    length: usize,
    line: [u8; LONGEST_KNOWN],
    wishes: Wishes,
}

/// The lines that each thread remembers.
const KNOWN: usize = 32;
/// The longest of them, in bytes.
const LONGEST_KNOWN: usize = 64;

thread_local! {
    static KNOWN_LINES: RefCell<[KnownLine; KNOWN]> = const {
        RefCell::new([KnownLine { length: 0, line: [0; LONGEST_KNOWN], wishes: Wishes::NONE }; KNOWN])
    };
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
    const NONE: Self = Self {
        br: None,
        deflate: None,
        gzip: None,
        zstd: None,
        identity: None,
        any: None,
    };

    fn read(headers: &HeaderMap) -> Self {
        let mut wishes = Self::NONE;
        for line in headers.get_all(header::ACCEPT_ENCODING) {
            wishes.add(&Self::of_line(line.as_bytes()));
        }
        wishes
    }

    /// What one line says, as it was understood the last time if it was said before.
    fn of_line(line: &[u8]) -> Self {
        let Some(middle) = line
            .get(line.len() / 2)
            .filter(|_| line.len() <= LONGEST_KNOWN)
        else {
            return Self::parse(line);
        };
        let place = (usize::from(*middle) + line.len()) % KNOWN;
        KNOWN_LINES.with_borrow_mut(|known| {
            let known = &mut known[place];
            if known.line.get(..known.length) != Some(line) {
                *known = KnownLine {
                    length: line.len(),
                    line: [0; LONGEST_KNOWN],
                    wishes: Self::parse(line),
                };
                known.line[..line.len()].copy_from_slice(line);
            }
            known.wishes
        })
    }

    fn parse(line: &[u8]) -> Self {
        let mut wishes = Self::NONE;
        for element in line.split(|byte| *byte == b',') {
            wishes.note(element.trim_ascii());
        }
        wishes
    }

    /// Where one thing is said twice, the more counts.
    fn add(&mut self, more: &Self) {
        self.br = self.br.max(more.br);
        self.deflate = self.deflate.max(more.deflate);
        self.gzip = self.gzip.max(more.gzip);
        self.zstd = self.zstd.max(more.zstd);
        self.identity = self.identity.max(more.identity);
        self.any = self.any.max(more.any);
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
pub(crate) fn quality(parameter: &[u8]) -> Option<u16> {
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
            ("gzip;q=0, gzip", "gzip"),
            ("gzip;q=0.2, br;q=0.1, x-gzip;q=0.05", "gzip"),
            ("gzip;q=0.1, br;q=0.2, X-GZIP;q=0.3", "gzip"),
            ("identity;q=0, *;q=0", "nothing"),
            ("identity;q=0, *", "zstd"),
            ("gzip;q=0.", "identity"),
            ("gzip;q=.5", "identity"),
            ("gzip;q=1.0000", "identity"),
            ("gzip;q=0.5;q=1", "identity"),
            ("\tgzip\t;\tq=0.5\t", "gzip"),
            ("gzipx, xgzip, g zip", "identity"),
        ] {
            assert_eq!(ask(&[line], &Coding::ALL), wanted, "{line}");
        }
    }

    #[test]
    fn lines_are_one_list_and_silence_is_identity() {
        assert_eq!(ask(&[], &Coding::ALL), "identity");
        assert_eq!(ask(&["gzip;q=0.1", "br;q=0.2"], &Coding::ALL), "br");
    }

    /// However many are named, each is looked at once, and nothing is kept of it.
    #[test]
    fn a_crowd_of_codings() {
        let crowd = "x-other;q=0.9, ".repeat(4_000);
        assert_eq!(ask(&[&crowd, "br;q=0.1"], &Coding::ALL), "br");
        let refused = "gzip;q=0, ".repeat(4_000);
        assert_eq!(ask(&[&refused], &Coding::ALL), "identity");
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
        /// What is remembered of a line is what it says.
        #[test]
        fn a_line_is_understood_alike_again(
            lines in prop::collection::vec("(gzip|br|;q=0|;q=0\\.5|, |\\*|[ -~]){0,24}", 1..40),
        ) {
            for line in lines.iter().chain(&lines) {
                prop_assert_eq!(Wishes::of_line(line.as_bytes()), Wishes::parse(line.as_bytes()));
            }
        }

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
