//! The best of the languages on offer for a client (RFC 9110, section 12.5.4; RFC 4647).
//!
//! There are more values of `Accept-Language` than any cache could keep variants for, so they are
//! reduced to what the site has. A range fits a tag by basic filtering (RFC 4647, section 3.3.1): `de`
//! fits `de-AT`. Where it fits none it is cut from its end, as in lookup (section 3.4): `de-CH` takes
//! `de`, for somebody who asks for Swiss German reads German rather than the first on the list.
//!
//! **Weights.** The longest range that fits a tag gives it its weight, so that `en, en-GB;q=0` leaves
//! British English out. A weight of 0 excludes, also from cutting. Among equal weights the range
//! that stands first wins, and then the site's order. A range or a weight that cannot be read is
//! passed over. Nothing that fits means the first on offer, whatever the client excluded: some answer
//! has to be chosen, and the origin will say the rest.

use http::{HeaderMap, header};

use crate::field_list;

/// One range of the field.
#[derive(Clone, Copy)]
struct Range<'a> {
    tag: &'a [u8],
    /// In thousandths.
    weight: u16,
}

/// How well a range fits a tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// `*`.
    Any,
    /// The beginning of the range does.
    Cut(usize),
    /// All of the range is the tag's beginning.
    Whole(usize),
}

/// How much a client likes a tag.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Liking {
    weight: u16,
    /// Ranges further to the front are liked more.
    earliness: usize,
}

/// More ranges than this are not read: nobody reads so many languages.
const MAX_RANGES: usize = 32;

/// The language among `offered` that suits the request best; the first when none does.
///
/// `None` only when nothing is offered.
pub fn best<'a>(request: &HeaderMap, offered: &'a [String]) -> Option<&'a str> {
    let mut best: Option<(Liking, &str)> = None;
    for tag in offered {
        let Some(liking) = liking(request, tag.as_bytes()) else {
            continue;
        };
        if best.is_none_or(|(so_far, _)| liking > so_far) {
            best = Some((liking, tag));
        }
    }
    best.map(|(_, tag)| tag)
        .or_else(|| offered.first().map(String::as_str))
}

/// What the range that fits `tag` best makes of it, `None` when none does or it is excluded.
fn liking(request: &HeaderMap, tag: &[u8]) -> Option<Liking> {
    let mut best: Option<(Fit, Liking)> = None;
    let ranges = field_list::elements(request, &header::ACCEPT_LANGUAGE).take(MAX_RANGES);
    for (at, range) in ranges.enumerate() {
        let Some(range) = Range::read(range) else {
            continue;
        };
        let Some(fit) = range.fit(tag) else { continue };
        let liking = Liking {
            weight: range.weight,
            earliness: MAX_RANGES - at,
        };
        if best.is_none_or(|(so_far, _)| fit > so_far) {
            best = Some((fit, liking));
        }
    }
    best.map(|(_, liking)| liking)
        .filter(|liking| liking.weight > 0)
}

// === impl Range ===

impl<'a> Range<'a> {
    fn read(element: &'a [u8]) -> Option<Self> {
        let (tag, weight) = match element.iter().position(|byte| *byte == b';') {
            Some(at) => (element[..at].trim_ascii_end(), weight(&element[at + 1..])?),
            None => (element, 1_000),
        };
        let is_subtag = |subtag: &[u8]| {
            (1..=8).contains(&subtag.len()) && subtag.iter().all(u8::is_ascii_alphanumeric)
        };
        let valid = tag == b"*" || tag.split(|byte| *byte == b'-').all(is_subtag);
        valid.then_some(Self { tag, weight })
    }

    fn fit(&self, tag: &[u8]) -> Option<Fit> {
        if self.tag == b"*" {
            return Some(Fit::Any);
        }
        if begins(tag, self.tag) {
            return Some(Fit::Whole(self.tag.len()));
        }
        // An excluded `de-CH` says nothing about `de`.
        (self.weight > 0 && begins(self.tag, tag)).then_some(Fit::Cut(tag.len()))
    }
}

/// Whether the first subtags of `tag` are those of `range`.
fn begins(tag: &[u8], range: &[u8]) -> bool {
    tag.split_at_checked(range.len())
        .is_some_and(|(front, rest)| {
            front.eq_ignore_ascii_case(range) && matches!(rest, [] | [b'-', ..])
        })
}

/// A weight in thousandths (RFC 9110, section 12.4.2).
fn weight(parameter: &[u8]) -> Option<u16> {
    let [b'q' | b'Q', b'=', value @ ..] = parameter.trim_ascii() else {
        return None;
    };
    let (whole, decimals) = match value {
        [whole] => (whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (whole, decimals),
        _ => return None,
    };
    let mut thousandths = match whole {
        b'0' => 0,
        b'1' => 1_000,
        _ => return None,
    };
    let mut place = 100;
    for digit in decimals {
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths += u16::from(digit - b'0') * place;
        place /= 10;
    }
    (thousandths <= 1_000).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cache::testing::headers;

    fn ask(field: &str, offered: &[&str]) -> String {
        let offered: Vec<_> = offered.iter().map(ToString::to_string).collect();
        let fields = headers(&[("accept-language", field)]);
        best(&fields, &offered).unwrap().to_owned()
    }

    #[test]
    fn the_best_is_chosen() {
        let offered = ["en", "de", "fr-CA", "pt"];
        for (field, wanted) in [
            ("de", "de"),
            ("DE", "de"),
            ("de-AT", "de"),
            ("de-AT, fr-CA", "de"),
            ("de;q=0.5, pt", "pt"),
            ("fr", "fr-CA"),
            ("fr-FR", "en"),
            ("xx, de;q=0.1", "de"),
            ("xx", "en"),
            ("", "en"),
            ("*", "en"),
            ("pt;q=0.5, *;q=0.1", "pt"),
            ("en;q=0, *", "de"),
            ("en;q=0", "en"),
            ("en;q=0.8, de;q=0.8", "en"),
            ("de;q=0.8, en;q=0.8", "de"),
            ("de;q=2, pt;q=0.1", "pt"),
            ("de;q=0.1234, pt;q=0.1", "pt"),
            ("de;q=0.9;x=1, pt;q=0.1", "pt"),
            ("d_e, pt;q=0.1", "pt"),
            ("d, pt;q=0.1", "pt"),
        ] {
            assert_eq!(ask(field, &offered), wanted, "{field}");
        }
    }

    #[test]
    fn the_longest_range_speaks_for_a_tag() {
        let offered = ["en-GB", "en-US"];
        assert_eq!(ask("en, en-GB;q=0", &offered), "en-US");
        assert_eq!(ask("en;q=0, en-US;q=0.1", &offered), "en-US");
        assert_eq!(ask("en-GB-oed;q=0, en", &offered), "en-GB");
        assert_eq!(ask("en-US;q=0.2, *;q=0.9", &offered), "en-GB");
    }

    #[test]
    fn nothing_offered_is_nothing() {
        assert_eq!(best(&headers(&[("accept-language", "de")]), &[]), None);
    }

    proptest! {
        /// Whatever comes, one of those on offer is chosen, the same for the same field.
        #[test]
        fn one_of_them(field in "(en|de|fr-CA|pt|\\*|;q=0|;q=0\\.5|-|,| |[!-~]){0,16}") {
            let offered = ["en", "de", "fr-CA"];
            let chosen = ask(&field, &offered);
            prop_assert!(offered.contains(&chosen.as_str()));
            prop_assert_eq!(ask(&field.to_ascii_uppercase(), &offered), chosen);
        }
    }
}
