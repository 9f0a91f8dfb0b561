//! Which bodies are taken, by what they say they are.

use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use policy::MediaTypePattern;

use super::Shielded;
use crate::{compression::media_type, failure::ShieldRefusal};

/// The types of bodies that are taken; all when there are none.
#[derive(Clone, Debug)]
pub(super) struct ContentTypes(Vec<MediaTypePattern>);

/// What can be told of a body by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON.
    Json,
    /// Something else.
    Other,
    /// Nobody says what it is, so that an origin may take it for JSON where it looks like it.
    Unsaid,
}

/// What can be told of a body by the fields that go with it, once it is in no coding.
pub fn body_kind(headers: &HeaderMap) -> BodyKind {
    let kind = |value| match essence(value).to_ascii_lowercase() {
        essence if essence.contains("json") => BodyKind::Json,
        essence if essence.is_empty() => BodyKind::Unsaid,
        _ => BodyKind::Other,
    };
    let kinds: Vec<_> = headers.get_all(CONTENT_TYPE).iter().map(kind).collect();
    // Of several types, JSON is what it may be taken for.
    if kinds.contains(&BodyKind::Json) {
        BodyKind::Json
    } else if kinds.is_empty() || kinds.contains(&BodyKind::Unsaid) {
        BodyKind::Unsaid
    } else {
        BodyKind::Other
    }
}

fn essence(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or_default();
    text.split_once(';').map_or(text, |(type_, _)| type_).trim()
}

// === impl ContentTypes ===

impl ContentTypes {
    pub(super) fn new(types: &[MediaTypePattern]) -> Self {
        Self(types.to_vec())
    }

    /// A body without a type, or with two, is not of one that is taken.
    pub(super) fn judge(&self, headers: &HeaderMap) -> Result<(), Shielded> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let evidence = match (types.next(), types.next()) {
            (None, _) => "no type",
            (Some(_), Some(_)) => "several types",
            (Some(one), None) => {
                let essence = essence(one);
                if (self.0.iter()).any(|pattern| media_type::matches(pattern, essence)) {
                    return Ok(());
                }
                essence
            }
        };
        Err(Shielded::new(ShieldRefusal::ContentType, evidence))
    }
}
