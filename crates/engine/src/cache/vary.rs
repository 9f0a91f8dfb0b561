//! Which of several responses under one key a request may have (RFC 9111, section 4.1).
//!
//! The fields that `Vary` names are captured from the request that fetched the response and compared
//! with those of each later request: repeated lines joined, optional white space around commas left
//! out, nothing else, because only the syntax of those two is known for every field. An absent field
//! is not an empty one. Compared without allocating: this runs on every hit.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::codings::Codings;
use crate::compression;

/// What a response's `Vary` lines say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vary {
    /// These request fields selected it, sorted; none when there is no `Vary`.
    Fields(Vec<HeaderName>),
    /// `*`, or something as unknowable: no other request can be told to match.
    Star,
}

/// What the proxy does to `Accept-Encoding` on its way to the origin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AcceptEncoding {
    /// The same for every client, because Forebay compresses itself.
    Fixed,
    /// The same for every client, because Forebay undoes what a client cannot take.
    Recoded,
    /// It is replaced with [`Codings::header_value`].
    Reduced,
    /// It goes on as it came.
    #[default]
    Verbatim,
}

/// The selecting request fields of one stored response, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaryKey {
    fields: Box<[(HeaderName, Selecting)]>,
}

/// Whether a request selects a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Another request field was different then.
    Different,
    /// Every selecting field is the same.
    Same,
}

/// What one selecting field was.
#[derive(Clone, Debug)]
struct Selecting {
    /// The field as it came, if it was one line. Most clients spell it the same way each time,
    /// and comparing bytes is much cheaper than comparing what they mean.
    spelled: Option<Box<[u8]>>,
    meaning: Meaning,
}

/// What a selecting field means, whatever its spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meaning {
    Absent,
    Codings(Codings),
    Text(Box<[u8]>),
}

/// Drops white space next to an unquoted comma or to either end.
struct Normalised<I> {
    bytes: I,
    /// Spaces read and not given out: they count only if something other than a comma follows.
    spaces: usize,
    /// What follows those spaces.
    held: Option<u8>,
    at_start: bool,
    quoted: bool,
    escaped: bool,
}

/// Fields that differ from request to request by the proxy's own doing, so that the client's values
/// of them prove nothing about what the origin was sent.
const OUR_OWN: [&str; 8] = [
    "forwarded",
    "traceparent",
    "tracestate",
    "via",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
];

// === impl Vary ===

impl Vary {
    /// Reads every `Vary` line of a response.
    pub fn of(response: &HeaderMap) -> Self {
        let mut fields = Vec::new();
        for line in response.get_all(header::VARY) {
            for name in line.as_bytes().split(|byte| *byte == b',') {
                let name = name.trim_ascii();
                if name.is_empty() {
                    continue;
                }
                match HeaderName::from_bytes(name) {
                    // `*` is a valid name for a field as far as its bytes go.
                    Ok(name) if name != "*" && !OUR_OWN.contains(&name.as_str()) => {
                        fields.push(name);
                    }
                    _ => return Self::Star,
                }
            }
        }
        fields.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        fields.dedup();
        Self::Fields(fields)
    }
}

// === impl VaryKey ===

impl VaryKey {
    /// The selecting fields of `request` for a response that varies by `names`.
    ///
    /// With [`AcceptEncoding::Fixed`] the origin never saw the client's `Accept-Encoding`, which
    /// then selects nothing, unless the response came encoded nevertheless. With
    /// [`AcceptEncoding::Recoded`] that does not matter either, if the coding can be undone.
    pub fn capture(
        names: &[HeaderName],
        request: &HeaderMap,
        response: &HeaderMap,
        accept_encoding: AcceptEncoding,
    ) -> Self {
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            let reduced = *name == header::ACCEPT_ENCODING;
            let selecting = match accept_encoding {
                AcceptEncoding::Fixed
                    if reduced && !response.contains_key(header::CONTENT_ENCODING) =>
                {
                    continue;
                }
                AcceptEncoding::Recoded if reduced && compression::may_be_undone(response) => {
                    continue;
                }
                AcceptEncoding::Fixed | AcceptEncoding::Recoded | AcceptEncoding::Reduced
                    if reduced =>
                {
                    Selecting::of(name, request, Meaning::of_codings)
                }
                _ => Selecting::of(name, request, Meaning::of_text),
            };
            fields.push((name.clone(), selecting));
        }
        Self {
            fields: fields.into(),
        }
    }

    /// Compares the selecting fields with those of another request.
    pub fn matches(&self, request: &HeaderMap) -> Match {
        let same = |(name, then): &(HeaderName, Selecting)| then.is_same(name, request);
        if self.fields.iter().all(same) {
            Match::Same
        } else {
            Match::Different
        }
    }

    /// The names that select, sorted.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.fields.iter().map(|(name, _)| name)
    }

    /// About how many bytes it holds.
    pub fn weight(&self) -> usize {
        self.fields
            .iter()
            .map(|(name, selecting)| name.as_str().len() + selecting.weight())
            .sum()
    }
}

// === impl Selecting ===

impl PartialEq for Selecting {
    fn eq(&self, other: &Self) -> bool {
        self.meaning == other.meaning
    }
}

impl Eq for Selecting {}

impl Selecting {
    fn of(
        name: &HeaderName,
        request: &HeaderMap,
        meaning: fn(&HeaderName, &HeaderMap) -> Meaning,
    ) -> Self {
        let mut lines = request.get_all(name).iter();
        let spelled = match (lines.next(), lines.next()) {
            (Some(line), None) => Some(line.as_bytes().into()),
            _ => None,
        };
        Self {
            spelled,
            meaning: meaning(name, request),
        }
    }

    fn is_same(&self, name: &HeaderName, request: &HeaderMap) -> bool {
        let mut lines = request.get_all(name).iter();
        let first = lines.next();
        if let (Some(first), Some(spelled)) = (first, &self.spelled)
            && *first.as_bytes() == **spelled
            && lines.next().is_none()
        {
            return true;
        }
        match &self.meaning {
            Meaning::Absent => first.is_none(),
            Meaning::Codings(codings) => *codings == Codings::accepted(request),
            Meaning::Text(text) => {
                first.is_some() && normalised(request.get_all(name).iter()).eq(text.iter().copied())
            }
        }
    }

    fn weight(&self) -> usize {
        let spelled = self.spelled.as_ref().map_or(0, |text| text.len());
        let meaning = match &self.meaning {
            Meaning::Text(text) => text.len(),
            Meaning::Absent | Meaning::Codings(_) => 0,
        };
        size_of::<(HeaderName, Self)>() + spelled + meaning
    }
}

// === impl Meaning ===

impl Meaning {
    fn of_codings(_: &HeaderName, request: &HeaderMap) -> Self {
        Self::Codings(Codings::accepted(request))
    }

    fn of_text(name: &HeaderName, request: &HeaderMap) -> Self {
        if request.contains_key(name) {
            Self::Text(normalised(request.get_all(name).iter()).collect())
        } else {
            Self::Absent
        }
    }
}

// === impl Normalised ===

impl<I: Iterator<Item = u8>> Iterator for Normalised<I> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let Some(byte) = self.held {
            if self.spaces > 0 {
                self.spaces -= 1;
                return Some(b' ');
            }
            self.held = None;
            return Some(byte);
        }
        loop {
            let byte = self.bytes.next()?;
            if self.quoted {
                self.quoted = byte != b'"' || self.escaped;
                self.escaped = byte == b'\\' && !self.escaped;
                return Some(byte);
            }
            if matches!(byte, b' ' | b'\t') {
                if !self.at_start {
                    self.spaces += 1;
                }
                continue;
            }
            self.at_start = byte == b',';
            self.quoted = byte == b'"';
            if self.at_start {
                self.spaces = 0;
            }
            if self.spaces > 0 {
                self.held = Some(byte);
                self.spaces -= 1;
                return Some(b' ');
            }
            return Some(byte);
        }
    }
}

/// The bytes of a field's lines, joined with commas, without white space at either end of a member.
/// What stands between quotes is left alone, across lines too.
fn normalised<'a>(lines: impl Iterator<Item = &'a HeaderValue>) -> impl Iterator<Item = u8> {
    let joined = lines.enumerate().flat_map(|(index, line)| {
        let comma = (index > 0).then_some(b',');
        comma.into_iter().chain(line.as_bytes().iter().copied())
    });
    Normalised {
        bytes: joined,
        spaces: 0,
        held: None,
        at_start: true,
        quoted: false,
        escaped: false,
    }
}

#[cfg(test)]
mod tests;
