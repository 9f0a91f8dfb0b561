//! Entity tags: reading lists of them and comparing them (RFC 9110, sections 8.8.3 and 13.1.2).

use http::HeaderValue;

/// One entity tag, borrowed from a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntityTag<'a> {
    /// It says `W/`.
    pub weak: bool,
    /// What stands between the quotes.
    pub opaque: &'a [u8],
}

/// What a list of entity tags asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member<'a> {
    /// `*`: any representation at all.
    Any,
    /// Something that is not an entity tag; it matches nothing.
    Invalid,
    /// This one.
    Tag(EntityTag<'a>),
}

/// Walks the members of one line of `If-None-Match`.
pub struct Members<'a>(&'a [u8]);

// === impl EntityTag ===

impl<'a> EntityTag<'a> {
    /// Reads the value of an `ETag` field.
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        match split_tag(text.trim_ascii())? {
            (tag, []) => Some(tag),
            _ => None,
        }
    }

    /// Reads the value of an `ETag` field.
    pub fn of(value: &'a HeaderValue) -> Option<Self> {
        Self::parse(value.as_bytes())
    }

    /// Weak comparison: the same opaque text, whatever either says about its strength.
    pub fn weakly_equals(self, other: Self) -> bool {
        self.opaque == other.opaque
    }
}

// === impl Members ===

impl<'a> Members<'a> {
    /// The members of `line`.
    pub const fn of(line: &'a [u8]) -> Self {
        Self(line)
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self
            .0
            .iter()
            .position(|byte| !matches!(byte, b',' | b' ' | b'\t'))?;
        let text = &self.0[start..];
        if let Some((tag, rest)) = split_tag(text)
            && let Some(rest) = at_border(rest)
        {
            self.0 = rest;
            return Some(Member::Tag(tag));
        }
        // Not a tag: the commas say where the next one may begin.
        let end = text.iter().position(|byte| *byte == b',');
        let (member, rest) = text.split_at(end.unwrap_or(text.len()));
        self.0 = rest;
        Some(match member.trim_ascii() {
            b"*" => Member::Any,
            _ => Member::Invalid,
        })
    }
}

/// A tag at the beginning of `text`, and what follows it.
fn split_tag(text: &[u8]) -> Option<(EntityTag<'_>, &[u8])> {
    let (weak, quoted) = match text {
        [b'W', b'/', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let [b'"', inner @ ..] = quoted else {
        return None;
    };
    let end = inner.iter().position(|byte| *byte == b'"')?;
    let tag = EntityTag {
        weak,
        opaque: &inner[..end],
    };
    Some((tag, &inner[end + 1..]))
}

/// `rest` if a list may go on there.
fn at_border(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.trim_ascii_start();
    matches!(rest.first(), None | Some(b',')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(weak: bool, opaque: &str) -> Member<'_> {
        let opaque = opaque.as_bytes();
        Member::Tag(EntityTag { weak, opaque })
    }

    #[test]
    fn lists_are_read_with_commas_in_tags_and_garbage_between() {
        let line = br#" "a" , W/"b,c",, bad, "d"x, *, "", "open"#;
        let members: Vec<_> = Members::of(line).collect();
        let expected = [
            tag(false, "a"),
            tag(true, "b,c"),
            Member::Invalid,
            Member::Invalid,
            Member::Any,
            tag(false, ""),
            Member::Invalid,
        ];
        assert_eq!(members, expected);
    }

    #[test]
    fn single_tags_are_read_whole() {
        assert!(EntityTag::parse(br#" W/"a" "#).is_some_and(|tag| tag.weak));
        for bad in [
            &b"a"[..],
            b"\"a",
            b"w/\"a\"",
            b"\"a\"b",
            b"",
            b"W/",
            b"\"a\", \"b\"",
        ] {
            assert_eq!(EntityTag::parse(bad), None, "{bad:?}");
        }
    }
}
