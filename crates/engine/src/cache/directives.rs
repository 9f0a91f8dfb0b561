//! `Cache-Control`, read strictly where it restricts and leniently where it does not matter
//! (RFC 9111, section 5.2).
//!
//! The rule behind every choice here: a directive that is damaged must never make a response
//! fresher or more widely shared than the origin may have meant. So a `max-age` that is not a number
//! is 0, of two values the smaller counts, `no-store=anything` is still `no-store`, while
//! `public=anything` is nothing at all. Reading is one pass over the bytes, whatever they are.

use http::{HeaderMap, HeaderName};

use super::seconds::DeltaSeconds;

/// How much of a response a `private` or `no-cache` is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// The directive is not there.
    #[default]
    Nothing,
    /// Only the fields that it names.
    Fields,
    /// The whole response.
    Whole,
}

/// What all lines of a `Cache-Control` field say together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheControl {
    /// `immutable` (RFC 8246).
    pub immutable: bool,
    /// `max-age`, 0 when it is not a number.
    pub max_age: Option<DeltaSeconds>,
    /// `max-stale` of a request, the longest time when it has no value.
    pub max_stale: Option<DeltaSeconds>,
    /// `min-fresh` of a request, the longest time when it is not a number.
    pub min_fresh: Option<DeltaSeconds>,
    /// `must-revalidate`.
    pub must_revalidate: bool,
    /// `must-understand`.
    pub must_understand: bool,
    /// `no-cache`.
    pub no_cache: Reach,
    /// `no-store`.
    pub no_store: bool,
    /// `no-transform`.
    pub no_transform: bool,
    /// `only-if-cached` of a request.
    pub only_if_cached: bool,
    /// `private`.
    pub private: Reach,
    /// `proxy-revalidate`.
    pub proxy_revalidate: bool,
    /// `public`.
    pub public: bool,
    /// `s-maxage`, 0 when it is not a number.
    pub s_maxage: Option<DeltaSeconds>,
    /// `stale-if-error` (RFC 5861), 0 when it is not a number.
    pub stale_if_error: Option<DeltaSeconds>,
    /// `stale-while-revalidate` (RFC 5861), 0 when it is not a number.
    pub stale_while_revalidate: Option<DeltaSeconds>,
}

/// What follows a directive's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument<'a> {
    /// Nothing.
    Absent,
    /// `=text`, as it stands.
    Bare(&'a [u8]),
    /// Something that is neither a token nor a quoted string.
    Damaged,
    /// `="text"`, without the quotes.
    Quoted(&'a [u8]),
}

/// Walks the directives of one line.
struct Directives<'a> {
    rest: &'a [u8],
    /// A quote was opened and never closed: from here on quotes are ordinary bytes, so that what
    /// follows is not swallowed, and not searched again.
    quotes_are_plain: bool,
}

// === impl CacheControl ===

impl CacheControl {
    /// Reads every line of the field `name`.
    pub fn parse(headers: &HeaderMap, name: &HeaderName) -> Self {
        let mut control = Self::default();
        for line in headers.get_all(name) {
            control.absorb(line.as_bytes());
        }
        control
    }

    /// Adds one more line; where two say different things, the stricter one counts.
    pub fn absorb(&mut self, line: &[u8]) {
        for (name, argument) in Directives::of(line) {
            // The longest known name has 22 bytes; a longer one is unknown, and need not be copied.
            let mut lower = [0u8; 24];
            let Some(lower) = lower.get_mut(..name.len()) else {
                continue;
            };
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            self.take(lower, argument);
        }
    }

    /// The names that `private` and `no-cache` withhold, when their reach is
    /// [`Reach::Fields`]; they are not part of what is kept (RFC 9111, sections 5.2.2.4 and 5.2.2.7).
    pub fn withheld_fields(&self, headers: &HeaderMap, name: &HeaderName) -> Vec<HeaderName> {
        if self.private != Reach::Fields && self.no_cache != Reach::Fields {
            return Vec::new();
        }
        let mut fields = Vec::new();
        for line in headers.get_all(name) {
            for (directive, argument) in Directives::of(line.as_bytes()) {
                let withholds = directive.eq_ignore_ascii_case(b"private")
                    || directive.eq_ignore_ascii_case(b"no-cache");
                if let (true, Argument::Bare(list) | Argument::Quoted(list)) = (withholds, argument)
                {
                    fields.extend(field_names(list).flatten());
                }
            }
        }
        fields
    }

    fn take(&mut self, name: &[u8], argument: Argument<'_>) {
        let bare = argument == Argument::Absent;
        match name {
            b"immutable" => self.immutable |= bare,
            b"max-age" => keep_smaller(&mut self.max_age, argument),
            b"max-stale" if bare => {
                self.max_stale = self.max_stale.or(Some(DeltaSeconds::MAX));
            }
            b"max-stale" => keep_smaller(&mut self.max_stale, argument),
            b"min-fresh" => {
                let asked = argument.seconds().unwrap_or(DeltaSeconds::MAX);
                self.min_fresh = self.min_fresh.max(Some(asked));
            }
            b"must-revalidate" => self.must_revalidate = true,
            b"must-understand" => self.must_understand = true,
            b"no-cache" => self.no_cache = self.no_cache.max(argument.reach()),
            b"no-store" => self.no_store = true,
            b"no-transform" => self.no_transform = true,
            b"only-if-cached" => self.only_if_cached = true,
            b"private" => self.private = self.private.max(argument.reach()),
            b"proxy-revalidate" => self.proxy_revalidate = true,
            b"public" => self.public |= bare,
            b"s-maxage" => keep_smaller(&mut self.s_maxage, argument),
            b"stale-if-error" => keep_smaller(&mut self.stale_if_error, argument),
            b"stale-while-revalidate" => keep_smaller(&mut self.stale_while_revalidate, argument),
            _ => {}
        }
    }
}

// === impl Argument ===

impl Argument<'_> {
    fn seconds(self) -> Option<DeltaSeconds> {
        match self {
            Self::Bare(text) | Self::Quoted(text) => DeltaSeconds::parse(text),
            Self::Absent | Self::Damaged => None,
        }
    }

    /// A list that names no field, or something that cannot be one, restricts everything.
    fn reach(self) -> Reach {
        let (Self::Bare(list) | Self::Quoted(list)) = self else {
            return Reach::Whole;
        };
        let mut reach = Reach::Whole;
        for name in field_names(list) {
            match name {
                Some(_) => reach = Reach::Fields,
                None => return Reach::Whole,
            }
        }
        reach
    }
}

// === impl Directives ===

impl<'a> Directives<'a> {
    fn of(line: &'a [u8]) -> Self {
        Self {
            rest: line,
            quotes_are_plain: false,
        }
    }

    /// Reads `"...":` `self.rest` begins behind the opening quote.
    fn quoted(&mut self) -> Option<&'a [u8]> {
        let text = self.rest;
        let mut at = 0;
        while at < text.len() {
            match text[at] {
                b'"' => {
                    self.rest = &text[at + 1..];
                    return Some(&text[..at]);
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.quotes_are_plain = true;
        None
    }

    /// Everything up to the next comma, which is passed over.
    fn plain(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| *byte == b',');
        let (text, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.rest = rest;
        text
    }

    fn argument(&mut self) -> Argument<'a> {
        if !self.quotes_are_plain && self.rest.first() == Some(&b'"') {
            self.rest = &self.rest[1..];
            let quoted = self.quoted();
            let after = self.plain();
            return match quoted {
                Some(text) if after.trim_ascii().is_empty() => Argument::Quoted(text),
                _ => Argument::Damaged,
            };
        }
        match self.plain().trim_ascii_end() {
            [] | [b' ' | b'\t', ..] => Argument::Damaged,
            text => Argument::Bare(text),
        }
    }
}

impl<'a> Iterator for Directives<'a> {
    type Item = (&'a [u8], Argument<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let end = self
                .rest
                .iter()
                .position(|byte| matches!(byte, b'=' | b','));
            let end = end.unwrap_or(self.rest.len());
            let raw = &self.rest[..end];
            let assigned = self.rest.get(end) == Some(&b'=');
            self.rest = self.rest.get(end + 1..).unwrap_or(&[]);
            let name = raw.trim_ascii();
            let argument = if assigned {
                let argument = self.argument();
                // `max-age =10`: the space is as wrong in front of the sign as behind it.
                let spaced = raw.trim_ascii_end().len() != raw.len();
                if spaced { Argument::Damaged } else { argument }
            } else {
                Argument::Absent
            };
            if !name.is_empty() {
                return Some((name, argument));
            }
        }
    }
}

fn keep_smaller(held: &mut Option<DeltaSeconds>, argument: Argument<'_>) {
    let said = argument.seconds().unwrap_or(DeltaSeconds::ZERO);
    *held = Some(held.map_or(said, |held| held.min(said)));
}

/// The members of a list of field names; `None` for one that cannot be a field name.
pub(super) fn field_names(list: &[u8]) -> impl Iterator<Item = Option<HeaderName>> {
    list.split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
        .map(|name| HeaderName::from_bytes(name).ok())
}

#[cfg(test)]
mod tests;
