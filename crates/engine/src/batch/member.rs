//! One request that is to be part of a batch.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header, uri::PathAndQuery};

use super::{
    alike::{self, Key, Kind},
    json::{self, Shape},
    outcome::Unfit,
    plan::{Ids, Items, Plan, Way},
};
use crate::{
    negotiation::{Wish, identity_wish},
    path::{self, NormalPath},
    percent,
};

/// What requests must agree in is limited, like everything that is kept while they wait.
const MAX_KEY: usize = 16 * 1024;
/// The bytes of one id, decoded.
const MAX_ID: usize = 256;

/// A request as it would go upstream.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path, normal, and query.
    pub target: &'a PathAndQuery,
    /// The value of `Host`.
    pub host: &'a [u8],
    /// Its other fields.
    pub headers: &'a HeaderMap,
    /// Its body, whole; `None` when it has none.
    pub body: Option<&'a Bytes>,
}

/// A request that may be part of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub(super) key: Box<[u8]>,
    pub(super) target: PathAndQuery,
    pub(super) part: Part,
    pub(super) credentials: Credentials,
}

/// Its own part in the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The part of its path, decoded, and as it goes into the batch request.
    Id { text: String, encoded: String },
    /// What its body asks for.
    Items {
        body: Bytes,
        /// Where the value or the array stands in the body.
        place: Range<usize>,
        /// How many it asks for; at least one.
        count: usize,
    },
}

/// Whether a request says who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    Given,
    None,
}

/// Fields that are about one representation (RFC 9110, sections 13.1 and 14.2).
pub const CONDITIONS: [HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
];

// === impl Member ===

impl Member {
    /// What it must agree in with the others of a batch: compared as a whole, never by a hash alone.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// How much longer it makes the batch request, in bytes.
    pub fn weight(&self) -> usize {
        match &self.part {
            Part::Id { encoded, .. } => encoded.len() + 1,
            Part::Items { place, .. } => place.len() + 1,
        }
    }
}

// === impl Plan ===

impl Plan {
    /// Reads a request; `Err` says why it can only be sent as it is.
    ///
    /// # Errors
    /// When it is not such a request, or it cannot be told apart from others for certain.
    pub fn member(&self, ask: &Ask<'_>) -> Result<Member, Unfit> {
        if CONDITIONS.iter().any(|name| ask.headers.contains_key(name)) {
            return Err(Unfit::Conditional);
        }
        if identity_wish(ask.headers) == Wish::Refused {
            return Err(Unfit::Coding);
        }
        let NormalPath::Clean(path) = path::normalize(ask.target.path()) else {
            return Err(Unfit::Path);
        };
        let mut key = Key::default();
        key.put(Kind::Host, ask.host);
        let part = match &self.way {
            Way::Ids(ids) => by_path(ids, ask, path, &mut key)?,
            Way::Items(items) => by_body(items, ask, path, &mut key)?,
        };
        if let Some(query) = ask.target.query() {
            key.put(Kind::Query, query.as_bytes());
        }
        key.put_fields(ask.headers);
        if key.len() > MAX_KEY {
            return Err(Unfit::TooLarge);
        }
        let credentials = if alike::has_credentials(ask.headers) {
            Credentials::Given
        } else {
            Credentials::None
        };
        Ok(Member {
            key: key.into_bytes(),
            target: ask.target.clone(),
            part,
            credentials,
        })
    }
}

fn by_path(ids: &Ids, ask: &Ask<'_>, path: &str, key: &mut Key) -> Result<Part, Unfit> {
    if ask.method != Method::GET {
        return Err(Unfit::Method);
    }
    if ask.body.is_some_and(|body| !body.is_empty()) {
        return Err(Unfit::Body);
    }
    let place = segment(path, ids.segment).ok_or(Unfit::Path)?;
    let text = decoded(&path[place.clone()]).ok_or(Unfit::Value)?;
    if text.len() > MAX_ID {
        return Err(Unfit::TooLarge);
    }
    if text.is_empty() || ids.separators.iter().any(|one| is_torn_by(&text, one)) {
        return Err(Unfit::Value);
    }
    if let Some(query) = ask.target.query()
        && names(query).any(|name| ids.own_names.contains(&name))
    {
        return Err(Unfit::Query);
    }
    key.put(Kind::Before, &path.as_bytes()[..place.start]);
    key.put(Kind::After, &path.as_bytes()[place.end..]);
    let encoded = encoded(&text);
    Ok(Part::Id { text, encoded })
}

fn by_body(items: &Items, ask: &Ask<'_>, path: &str, key: &mut Key) -> Result<Part, Unfit> {
    if ask.method != Method::POST {
        return Err(Unfit::Method);
    }
    if !is_json(ask.headers) || ask.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Unfit::Body);
    }
    let body = ask.body.ok_or(Unfit::Body)?;
    let document = std::str::from_utf8(body).map_err(|_| Unfit::Body)?;
    let asked = items.items.find(document).map_err(|_| Unfit::Body)?;
    let (count, shape) = match json::shape(asked) {
        Shape::Array => {
            let elements = json::elements(asked).map_err(|_| Unfit::Body)?;
            let shapes = elements.iter().map(|element| json::shape(element));
            (elements.len(), one_of_all(shapes).ok_or(Unfit::Body)?)
        }
        single => (1, single),
    };
    let place = json::span(document, asked);
    key.put(Kind::Before, path.as_bytes());
    key.put(Kind::Before, &document.as_bytes()[..place.start]);
    key.put(Kind::After, &document.as_bytes()[place.end..]);
    // An array of strings and one of numbers may mean different things to the origin.
    key.put(Kind::Shape, &[shape as u8]);
    Ok(Part::Items {
        body: body.clone(),
        place,
        count,
    })
}

/// The shape that all have; `None` when they differ, and when there are none.
fn one_of_all(mut shapes: impl Iterator<Item = Shape>) -> Option<Shape> {
    let first = shapes.next()?;
    shapes.all(|shape| shape == first).then_some(first)
}

/// Where a segment of a path stands.
pub(super) fn segment(path: &str, position: usize) -> Option<Range<usize>> {
    let mut start = 1;
    for (at, segment) in path.strip_prefix('/')?.split('/').enumerate() {
        if at == position {
            return (!segment.is_empty()).then_some(start..start + segment.len());
        }
        start += segment.len() + 1;
    }
    None
}

/// Whether a value beside this separator would be cut at another place than its end.
fn is_torn_by(value: &str, separator: &str) -> bool {
    let before = [value, separator].concat();
    let after = [separator, value].concat();
    before.find(separator) != Some(value.len()) || after.rfind(separator) != Some(0)
}

/// The names of a query as a form means them.
pub(super) fn names(query: &str) -> impl Iterator<Item = Vec<u8>> + '_ {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        percent::form_decoded(name).collect()
    })
}

/// A path segment without its percent-encoding, in which `+` stands for itself.
fn decoded(segment: &str) -> Option<String> {
    let bytes = segment.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let pair = percent::pair(bytes, at).filter(|_| byte == b'%');
        out.push(pair.unwrap_or(byte));
        at += if pair.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).ok()
}

/// Every byte but the unreserved ones percent-encoded (RFC 3986, section 2.3): then it means the same
/// in a path and in a query.
fn encoded(text: &str) -> String {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

/// `application/json` or something `+json` (RFC 6839, section 3.1).
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return false;
    };
    let kind = value.as_bytes().split(|byte| *byte == b';').next();
    let kind = kind.unwrap_or_default().trim_ascii();
    let ending = kind.len().checked_sub(5).map(|at| &kind[at..]);
    kind.eq_ignore_ascii_case(b"application/json")
        || ending.is_some_and(|ending| ending.eq_ignore_ascii_case(b"+json"))
}
