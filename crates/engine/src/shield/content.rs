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
    /// JSON, or of a type that nobody named, so that an origin may take it for JSON.
    Json,
    /// Something else.
    Other,
}

/// What can be told of a body by the fields that go with it, once it is in no coding.
pub fn body_kind(headers: &HeaderMap) -> BodyKind {
    // Of several types, JSON is what it may be taken for.
    let is_json = |value| {
        let essence = essence(value).to_ascii_lowercase();
        essence.is_empty() || essence.contains("json")
    };
    let types = headers.get_all(CONTENT_TYPE);
    match !headers.contains_key(CONTENT_TYPE) || types.iter().any(is_json) {
        true => BodyKind::Json,
        false => BodyKind::Other,
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
