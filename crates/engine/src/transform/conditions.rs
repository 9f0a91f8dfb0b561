//! The client's conditions on their way to an origin whose tags became weak on theirs.
//!
//! A body that is trimmed has other bytes than the tag of the origin promises, so a strong `"a"` goes
//! out as `W/"a"` (RFC 9110, section 8.8.1), and comes back so.
//!
//! - `If-None-Match` compares weakly (section 13.1.2), so that `W/"a"` would do; but there are origins
//!   that look for the very text of their tag. They get both.
//! - `If-Match` compares strongly (section 13.1.1), and a weak tag never matches. What the client wants
//!   to change is what it has seen, which is what the origin calls `"a"`: it gets that. A tag that the
//!   origin itself made weak still does not match there.
//! - `Range` asks for a part of bytes that the client does not get, and goes, together with `If-Range`.

use http::{HeaderMap, HeaderValue, header};

use crate::cache::etag::{EntityTag, Member, Members};

/// Gives the origin its own tags back, and asks it for the whole.
pub fn restore(request: &mut HeaderMap) {
    request.remove(header::RANGE);
    request.remove(header::IF_RANGE);
    if let Some(both) = rewritten(request, &header::IF_NONE_MATCH, both) {
        request.insert(header::IF_NONE_MATCH, both);
    }
    if let Some(strong) = rewritten(request, &header::IF_MATCH, strong) {
        request.insert(header::IF_MATCH, strong);
    }
}

/// Whether the client has the representation of this tag with the bytes that the origin gave it: it
/// named the tag without making it weak.
pub fn has_original(request: &HeaderMap, response: &HeaderMap) -> bool {
    let tag = response.get(header::ETAG).and_then(EntityTag::of);
    let Some(tag) = tag else {
        return false;
    };
    let mut lines = request.get_all(header::IF_NONE_MATCH).iter();
    lines.any(|line| {
        Members::of(line.as_bytes())
            .any(|member| matches!(member, Member::Tag(theirs) if theirs == tag))
    })
}

/// The tag that the origin gave a response, if it is a strong one: trimming makes it weak.
pub fn strong_tag(response: &HeaderMap) -> Option<&HeaderValue> {
    let value = response.get(header::ETAG)?;
    EntityTag::of(value).filter(|tag| !tag.weak).map(|_| value)
}

/// The list with every weak tag written anew; `None` when there is none, or something that is no tag.
fn rewritten(
    request: &HeaderMap,
    name: &http::HeaderName,
    write: fn(&[u8], &mut Vec<u8>),
) -> Option<HeaderValue> {
    let mut list = Vec::new();
    let mut weak = 0;
    for line in request.get_all(name) {
        for member in Members::of(line.as_bytes()) {
            let Member::Tag(tag) = member else {
                return None;
            };
            if !list.is_empty() {
                list.extend_from_slice(b", ");
            }
            if tag.weak {
                weak += 1;
                write(tag.opaque, &mut list);
            } else {
                strong(tag.opaque, &mut list);
            }
        }
    }
    (weak > 0)
        .then(|| HeaderValue::from_bytes(&list).ok())
        .flatten()
}

fn strong(opaque: &[u8], list: &mut Vec<u8>) {
    list.push(b'"');
    list.extend_from_slice(opaque);
    list.push(b'"');
}

fn both(opaque: &[u8], list: &mut Vec<u8>) {
    strong(opaque, list);
    list.extend_from_slice(b", W/");
    strong(opaque, list);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restored(name: &'static str, lines: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_static(line));
        }
        restore(&mut headers);
        let lines = headers.get_all(name).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }

    /// TRAPS 18.
    #[test]
    fn the_origin_is_asked_with_the_tag_it_gave() {
        let name = "if-none-match";
        assert_eq!(restored(name, &["W/\"a\""]), ["\"a\", W/\"a\""]);
        assert_eq!(
            restored(name, &["\"s\"", "W/\"a,b\""]),
            ["\"s\", \"a,b\", W/\"a,b\""]
        );
        for same in ["\"a\"", "*", "garbage, W/\"a\"", "\"a\",\"b\""] {
            assert_eq!(restored(name, &[same]), [same]);
        }
        assert_eq!(restored(name, &["\"a\"", "\"b\""]), ["\"a\"", "\"b\""]);
    }

    /// TRAPS 18.
    #[test]
    fn a_write_on_condition_names_what_the_client_has_seen() {
        assert_eq!(restored("if-match", &["W/\"a\", \"b\""]), ["\"a\", \"b\""]);
        assert_eq!(restored("if-match", &["*"]), ["*"]);
    }

    #[test]
    fn no_part_is_asked_for() {
        assert!(restored("range", &["bytes=0-1"]).is_empty());
        assert!(restored("if-range", &["\"a\""]).is_empty());
    }

    #[test]
    fn a_client_with_the_original_bytes_is_known_by_its_strong_tag() {
        let fields = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )])
        };
        let asked = |value| fields("if-none-match", value);
        let tagged = |value| fields("etag", value);
        assert!(has_original(&asked("\"b\", \"a\""), &tagged("\"a\"")));
        assert!(has_original(&asked("W/\"a\""), &tagged("W/\"a\"")));
        assert!(!has_original(&asked("W/\"a\""), &tagged("\"a\"")));
        assert!(!has_original(&asked("\"b\""), &tagged("\"a\"")));
        assert!(!has_original(&asked("\"b\""), &HeaderMap::new()));
        assert_eq!(strong_tag(&tagged("\"a\"")).unwrap(), "\"a\"");
        assert_eq!(strong_tag(&tagged("W/\"a\"")), None);
        assert_eq!(strong_tag(&tagged("a")), None);
    }
}
