//! Looking for what a request has chosen, in a body that passes piece by piece.
//!
//! **Between two pieces.** A value may begin in one piece and end in the next. So what could be the
//! beginning of one is not cleared until what follows is here: it is shown again then. Fewer bytes than
//! guess anything are not held back for that, but remembered, so that the value is found all the same.

use super::SHORTEST;
use crate::percent;

/// More values than this, or pairs of a name and a value, are not told apart.
const MOST_VALUES: usize = 32;
/// So much of a value is looked for, in bytes: what repeats that much of it repeats it.
const LONGEST: usize = 64;

/// The values that a request has chosen, and what of a body has passed.
#[derive(Clone, Debug)]
pub struct Reflections {
    /// Each as it was sent, and as it is meant.
    values: Vec<Box<[u8]>>,
    /// Whether a value begins with this byte.
    begins: [bool; 256],
    /// The last bytes that were cleared.
    behind: Vec<u8>,
}

/// What a query asks to be looked for.
#[derive(Clone, Debug)]
pub enum Chosen {
    /// It has chosen nothing that guesses anything.
    Nothing,
    /// More than can be told apart.
    TooMuch,
    /// These values.
    Values(Box<Reflections>),
}

/// How much of a piece may be compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// So many bytes; those behind them are shown again, with what follows.
    Clear(usize),
    /// So many bytes. There is a value then, and nothing may be compressed from there on.
    Reflected(usize),
}

// === impl Chosen ===

impl Chosen {
    /// Reads the values of a query, without its question mark. Where one is too short to guess anything,
    /// its name may do that, and stands before it wherever the query is repeated: both are looked for.
    pub fn by(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split(['&', ';']);
        let long = pairs.filter(|pair| pair.len() >= SHORTEST);
        let mut wanted: Vec<Box<[u8]>> = Vec::new();
        for (number, pair) in long.enumerate() {
            if number >= MOST_VALUES {
                return Self::TooMuch;
            }
            let value = pair.split_once('=').map_or(pair, |(_, value)| value);
            let [meant, pair_meant] = [value, pair].map(|it| percent::decoded_form(it.as_bytes()));
            for (value, pair) in [
                (value.as_bytes(), pair.as_bytes()),
                (&meant[..], &pair_meant[..]),
            ] {
                let spelled = if value.len() < SHORTEST { pair } else { value };
                let spelled = &spelled[..spelled.len().min(LONGEST)];
                let is_known = wanted.iter().any(|known| **known == *spelled);
                if spelled.len() >= SHORTEST && !is_known {
                    wanted.push(spelled.into());
                }
            }
        }
        if wanted.is_empty() {
            return Self::Nothing;
        }
        let mut begins = [false; 256];
        for value in &wanted {
            begins[usize::from(value[0])] = true;
        }
        Self::Values(Box::new(Reflections {
            values: wanted,
            begins,
            behind: Vec::new(),
        }))
    }
}

// === impl Reflections ===

impl Reflections {
    /// Where the first value stands in `text`, if one does.
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        let is_value = |rest: &[u8]| self.values.iter().any(|value| rest.starts_with(value));
        let mut starts = text.iter().enumerate();
        starts
            .find(|(at, byte)| self.begins[usize::from(**byte)] && is_value(&text[*at..]))
            .map(|(at, _)| at)
    }

    /// How much of `text`, which goes on where the last passage ended, may be compressed.
    pub fn pass(&mut self, text: &[u8]) -> Passage {
        // Whatever begins in what has passed ends within so many bytes.
        let seam = [&self.behind, &text[..text.len().min(LONGEST)]].concat();
        if let Some(at) = self.find(&seam)
            && at < self.behind.len()
        {
            return Passage::Reflected(0);
        }
        if let Some(at) = self.find(text) {
            return Passage::Reflected(at);
        }
        let clear = text.len() - self.begun(text);
        self.behind
            .extend_from_slice(&text[..clear][clear.saturating_sub(LONGEST)..]);
        let old = self.behind.len().saturating_sub(LONGEST);
        self.behind.drain(..old);
        Passage::Clear(clear)
    }

    /// How many bytes at the end of `text` may be the beginning of a value.
    fn begun(&self, text: &[u8]) -> usize {
        let last = &text[text.len().saturating_sub(LONGEST)..];
        let end = [&self.behind, last].concat();
        let begins = |length: &usize| {
            let tail = &end[end.len() - length..];
            let is_begun = |value: &[u8]| value.len() > *length && value.starts_with(tail);
            self.values.iter().any(|value| is_begun(value))
        };
        let longest = end.len().min(LONGEST - 1);
        let begun = (SHORTEST..=longest).rev().find(begins);
        begun.map_or(0, |begun| begun.min(text.len()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(query: &str) -> Reflections {
        match Chosen::by(Some(query)) {
            Chosen::Values(values) => *values,
            other => panic!("{other:?}"),
        }
    }

    /// What is cleared of a body that comes in these pieces, and whether a value was found behind it.
    fn passed(query: &str, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut values = values(query);
        let (mut cleared, mut held) = (Vec::new(), Vec::new());
        for piece in pieces {
            let text = [&held, *piece].concat();
            match values.pass(&text) {
                Passage::Clear(clear) => {
                    cleared.extend_from_slice(&text[..clear]);
                    held = text[clear..].to_vec();
                }
                Passage::Reflected(clear) => {
                    cleared.extend_from_slice(&text[..clear]);
                    return (cleared, true);
                }
            }
        }
        cleared.extend(held);
        (cleared, false)
    }

    #[test]
    fn a_value_is_found_wherever_it_is_cut() {
        let body = b"token=s3cret, you asked for shoelaces";
        let at = body.len() - b"shoelaces".len();
        for cut in 0..body.len() {
            let (cleared, is_found) = passed("q=shoelaces", &[&body[..cut], &body[cut..]]);
            assert!(is_found, "{cut}");
            // No more of it than guesses anything.
            let most = at + SHORTEST - 1;
            assert!(
                (at..=most).contains(&cleared.len()),
                "{cut}: {}",
                cleared.len()
            );
        }
        let bytes: Vec<_> = body.chunks(1).collect();
        assert!(passed("q=shoelaces", &bytes).1);
    }

    #[test]
    fn what_only_begins_like_a_value_goes_on() {
        let (cleared, is_found) = passed("q=shoelaces", &[b"a shoe", b"horse"]);
        assert_eq!((&cleared[..], is_found), (&b"a shoehorse"[..], false));
        let mut values = values("q=shoelaces");
        assert_eq!(values.pass(b"a shoe"), Passage::Clear(2));
        assert_eq!(values.pass(b"shoe"), Passage::Clear(0));
        assert_eq!(values.pass(b"shoes"), Passage::Clear(5));
        // Three bytes are everywhere.
        assert_eq!(values.pass(b"sho"), Passage::Clear(3));
        assert_eq!(values.pass(b"el"), Passage::Clear(0));
        assert_eq!(values.pass(b"elaces"), Passage::Reflected(0));
    }

    #[test]
    fn a_long_value_is_found_by_its_beginning() {
        let long = "ab".repeat(100);
        let body = [b"x", &long.as_bytes()[..LONGEST]].concat();
        assert_eq!(
            passed(&format!("q={long}"), &[&body]),
            (b"x".to_vec(), true)
        );
    }

    proptest! {
        /// Every byte that is cleared is one of the body, in its order, and what holds a value is
        /// never cleared whole, however it is cut.
        #[test]
        fn pieces_do_not_matter(
            body in "[abc]{0,60}",
            value in "[abc]{4,7}",
            cuts in proptest::collection::vec(0_usize..60, 0..6),
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(body.len())).collect();
            cuts.extend([0, body.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &body.as_bytes()[cut[0]..cut[1]]).collect();
            let (cleared, is_found) = passed(&format!("q={value}"), &pieces);
            prop_assert!(body.as_bytes().starts_with(&cleared));
            prop_assert_eq!(is_found, body.contains(&value));
            let cleared = String::from_utf8(cleared).unwrap();
            prop_assert!(!cleared.contains(&value));
            if !is_found {
                prop_assert_eq!(cleared, body);
            }
        }
    }
}
