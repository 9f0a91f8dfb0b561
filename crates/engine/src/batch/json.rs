//! Places in a JSON document, as slices of its text (RFC 8259, RFC 6901).
//!
//! Nothing is turned into values and written again: what is cut out is what was sent. A name that an
//! object has twice is no place at all, because readers disagree about which of the two counts
//! (RFC 8259, section 4).

use std::{fmt, ops::Range};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON pointer (RFC 6901), taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer(Box<[String]>);

/// A text that is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoPointer;

/// Why there is nothing at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// The document has no such place, or something else than what was looked for.
    Absent,
    /// A name on the way is there twice.
    Ambiguous,
    /// It is not JSON.
    NotJson,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Array,
    /// A boolean or `null`.
    Literal,
    Number,
    Object,
    String,
}

/// Looks for one member of an object.
struct Find<'n>(&'n str);

// === impl Pointer ===

impl Pointer {
    pub(super) fn parse(text: &str) -> Result<Self, NoPointer> {
        if text.is_empty() {
            return Ok(Self(Box::default()));
        }
        let tokens = text.strip_prefix('/').ok_or(NoPointer)?.split('/');
        let tokens = tokens.map(|token| token.replace("~1", "/").replace("~0", "~"));
        Ok(Self(tokens.collect()))
    }

    /// The value it points to, without white space around it.
    pub(super) fn find<'d>(&self, document: &'d str) -> Result<&'d str, Lost> {
        let root: &RawValue = serde_json::from_str(document).map_err(|_| Lost::NotJson)?;
        let mut at = root.get();
        for token in &self.0 {
            at = match shape(at) {
                Shape::Object => member(at, token)?,
                Shape::Array => element(at, token)?,
                Shape::Literal | Shape::Number | Shape::String => return Err(Lost::Absent),
            };
        }
        Ok(at)
    }
}

/// What a value is, by its first character.
pub(super) fn shape(value: &str) -> Shape {
    match value.as_bytes().first() {
        Some(b'[') => Shape::Array,
        Some(b'{') => Shape::Object,
        Some(b'"') => Shape::String,
        Some(b't' | b'f' | b'n') | None => Shape::Literal,
        Some(_) => Shape::Number,
    }
}

/// The elements of an array, each as it stands there.
pub(super) fn elements(array: &str) -> Result<Vec<&str>, Lost> {
    if shape(array) != Shape::Array {
        return Err(Lost::Absent);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(array).map_err(|_| Lost::NotJson)?;
    Ok(elements.into_iter().map(RawValue::get).collect())
}

/// The member of an object with this name.
pub(super) fn member<'d>(object: &'d str, name: &str) -> Result<&'d str, Lost> {
    if shape(object) != Shape::Object {
        return Err(Lost::Absent);
    }
    let mut reader = serde_json::Deserializer::from_str(object);
    let found = reader
        .deserialize_map(Find(name))
        .map_err(|_| Lost::NotJson)?;
    found.map(RawValue::get)
}

/// What a string or a number says; `None` for everything else.
pub(super) fn text(value: &str) -> Option<String> {
    match shape(value) {
        Shape::String => serde_json::from_str(value).ok(),
        Shape::Number => Some(value.to_owned()),
        Shape::Array | Shape::Literal | Shape::Object => None,
    }
}

/// Where `part`, a slice of `document`, stands in it.
pub(super) fn span(document: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - document.as_ptr() as usize;
    start..start + part.len()
}

fn element<'d>(array: &'d str, token: &str) -> Result<&'d str, Lost> {
    let digits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = token.len() > 1 && token.starts_with('0');
    if !digits || leading_zero {
        return Err(Lost::Absent);
    }
    let position: usize = token.parse().map_err(|_| Lost::Absent)?;
    elements(array)?.get(position).copied().ok_or(Lost::Absent)
}

// === impl Find ===

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Result<&'de RawValue, Lost>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Err(Lost::Absent);
        while let Some(name) = map.next_key::<String>()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value()?;
            found = match found {
                Err(Lost::Absent) => Ok(value),
                Ok(_) | Err(_) => Err(Lost::Ambiguous),
            };
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'d>(pointer: &str, document: &'d str) -> Result<&'d str, Lost> {
        Pointer::parse(pointer).unwrap().find(document)
    }

    #[test]
    fn places_are_found_as_they_stand_there() {
        let document = r#" {"a": {"b/c": [1.50, {"x~": 1e400}]}, "ü": "\u00fc", "": 12345678901234567890123} "#;
        for (pointer, wanted) in [
            ("/a/b~1c/0", "1.50"),
            ("/a/b~1c/1/x~0", "1e400"),
            ("/ü", r#""\u00fc""#),
            ("/", "12345678901234567890123"),
            ("", document.trim()),
        ] {
            assert_eq!(find(pointer, document), Ok(wanted), "{pointer}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_made_up() {
        let document = r#"{"a": [1, 2], "b": 1, "c": 1, "c": 2, "d": {"c": 1}}"#;
        for (pointer, wanted) in [
            ("/x", Lost::Absent),
            ("/a/2", Lost::Absent),
            ("/a/-", Lost::Absent),
            ("/a/00", Lost::Absent),
            ("/a/", Lost::Absent),
            ("/b/x", Lost::Absent),
            ("/c", Lost::Ambiguous),
        ] {
            assert_eq!(find(pointer, document), Err(wanted), "{pointer}");
        }
        assert_eq!(find("/d/c", document), Ok("1"));
        for broken in ["", "{", "{\"a\": 1} x", "{\"a\": 01}"] {
            assert_eq!(find("/a", broken), Err(Lost::NotJson), "{broken}");
        }
    }

    #[test]
    fn pointers_begin_with_a_slash() {
        assert_eq!(Pointer::parse("data"), Err(NoPointer));
        assert_eq!(find("/~01", r#"{"~1": 7}"#), Ok("7"));
    }

    #[test]
    fn ids_are_strings_and_numbers() {
        assert_eq!(text("7").as_deref(), Some("7"));
        assert_eq!(text("7.0").as_deref(), Some("7.0"));
        assert_eq!(text(r#""7""#).as_deref(), Some("7"));
        assert_eq!(text(r#""\u0037""#).as_deref(), Some("7"));
        for other in ["null", "true", "[7]", "{}"] {
            assert_eq!(text(other), None, "{other}");
        }
    }
}
