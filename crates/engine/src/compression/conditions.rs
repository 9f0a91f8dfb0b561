//! The client's conditions on their way to an origin whose tags became weak on theirs, and its 304 on
//! the way back.
//!
//! A body that is trimmed or compressed has other bytes than the tag of the origin promises, so a strong
//! `"a"` goes out as `W/"a"` (RFC 9110, section 8.8.1), and comes back so.
//!
//! - `If-None-Match` compares weakly (section 13.1.2), so that `W/"a"` would do; but there are origins
//!   that look for the very text of their tag. They get both.
//! - `If-Match` compares strongly (section 13.1.1), and a weak tag never matches: left as it is, a client
//!   that writes with the tag it was given would get 412 for ever. What it wants to change is what it
//!   has seen, which is what the origin calls `"a"`, and that it was compressed for the way changes
//!   nothing about that: so the origin gets `"a"`. It is no laxer than what the origin said: a tag that
//!   the origin itself made weak is still weak there, and matches nothing.
//! - `If-Range` must not name a weak tag (section 13.1.5), and an origin that matched it all the same
//!   would send a part of its own bytes to somebody who has a part of others. The whole is always right:
//!   such a condition goes, and `Range` with it. A strong tag is for a client with the origin's bytes.
//!   All forms have the same date: one says nothing where this client gets another form than the origin's.
//! - A 304 has the tag and the `Vary` that the 200 would have (section 15.4.5): see [`confirm`].

use http::{HeaderMap, HeaderName, HeaderValue, header};
use policy::{CompressionPolicy, Mode, UpstreamCodings};

use super::{add_vary, dictionary::takes_dcz, is_coded, no_transform, unfit_as_plain, weaken_etag};
use crate::{
    cache::etag::{EntityTag, Member, Members},
    negotiation::{Negotiated, negotiate},
};

/// Which form of a response a client has, by the tags that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The one whose tag was made weak.
    Changed,
    /// The one that the origin sent.
    Original,
    /// It does not name its tag.
    Unnamed,
}

/// Gives the origin its own tags back. `policy` is that of a route that compresses.
pub fn restore(policy: Option<&CompressionPolicy>, request: &mut HeaderMap) {
    let is_changed = || policy.is_some_and(|policy| may_be_changed(policy, request));
    let unsure = |value: &HeaderValue| match value.as_bytes().trim_ascii_start() {
        [b'W', b'/', ..] => true,
        [b'"', ..] => false,
        _ => is_changed(),
    };
    if request.get_all(header::IF_RANGE).iter().any(unsure) {
        request.remove(header::RANGE);
        request.remove(header::IF_RANGE);
    }
    if let Some(both) = rewritten(request, &header::IF_NONE_MATCH, both) {
        request.insert(header::IF_NONE_MATCH, both);
    }
    if let Some(strong) = rewritten(request, &header::IF_MATCH, strong) {
        request.insert(header::IF_MATCH, strong);
    }
}

/// Whether this client may have another form than the origin's.
fn may_be_changed(policy: &CompressionPolicy, request: &HeaderMap) -> bool {
    policy.upstream_codings == UpstreamCodings::Recode
        || matches!(negotiate(request, &policy.encodings), Negotiated::Coding(_))
        || (policy.dictionary.is_some() && takes_dcz(request))
}

/// Whether the client has the representation of this tag with the bytes that the origin gave it: it
/// named the tag without making it weak.
pub fn has_original(request: &HeaderMap, response: &HeaderMap) -> bool {
    held(request, response) == Held::Original
}

/// Makes the fields of an origin's 304 those of the 200 that the client has, or would get.
///
/// A 304 need not say what type it is about. A client that names the tag as we made it has a form that
/// we made, and one that names it as it is has the origin's. For one that names none, who asks decides:
/// a weak tag matches wherever the strong one would, too, but in `If-Range`, where it is safe.
pub fn confirm(policy: &CompressionPolicy, request: &HeaderMap, response: &mut HeaderMap) {
    if policy.mode != Mode::Enforce || is_left_alone(policy, response) {
        return;
    }
    let is_coded_for = || {
        let negotiated = negotiate(request, &policy.encodings);
        matches!(negotiated, Negotiated::Coding(_)) && !no_transform(request)
    };
    match held(request, response) {
        Held::Original => {}
        Held::Unnamed if !is_coded_for() => {}
        Held::Changed | Held::Unnamed => weaken_etag(response),
    }
    add_vary(response);
}

/// Whether the fields of a 304 show that nobody gets anything but what the origin sends.
fn is_left_alone(policy: &CompressionPolicy, response: &HeaderMap) -> bool {
    policy.upstream_codings == UpstreamCodings::Keep
        && (is_coded(response)
            || no_transform(response)
            || (response.contains_key(header::CONTENT_TYPE)
                && unfit_as_plain(policy, response).is_some()))
}

fn held(request: &HeaderMap, response: &HeaderMap) -> Held {
    let Some(tag) = response.get(header::ETAG).and_then(EntityTag::of) else {
        return Held::Unnamed;
    };
    let mut held = Held::Unnamed;
    for line in request.get_all(header::IF_NONE_MATCH) {
        for member in Members::of(line.as_bytes()) {
            match member {
                Member::Tag(theirs) if theirs == tag => return Held::Original,
                Member::Tag(theirs) if theirs.weakly_equals(tag) => held = Held::Changed,
                Member::Any | Member::Invalid | Member::Tag(_) => {}
            }
        }
    }
    held
}

/// The tag that the origin gave a response, if it is a strong one: trimming makes it weak.
pub fn strong_tag(response: &HeaderMap) -> Option<&HeaderValue> {
    let value = response.get(header::ETAG)?;
    EntityTag::of(value).filter(|tag| !tag.weak).map(|_| value)
}

/// The list with every weak tag written anew; `None` when there is none, or something that is no tag.
fn rewritten(
    request: &HeaderMap,
    name: &HeaderName,
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
        restore(None, &mut headers);
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

    /// TRAPS 18: a part of other bytes than the client has is never asked for.
    #[test]
    fn an_unsure_condition_asks_for_no_part() {
        let (weak, strong) = (Some("W/\"a\""), Some("\"a\""));
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let keep = CompressionPolicy::default();
        let recode = CompressionPolicy {
            upstream_codings: UpstreamCodings::Recode,
            ..CompressionPolicy::default()
        };
        let with_dictionary = CompressionPolicy {
            dictionary: Some(policy::Dictionary {
                file: "d".into(),
                path: "/d".to_owned(),
                matches: "/*".to_owned(),
            }),
            ..CompressionPolicy::default()
        };
        for (policy, takes, condition, left) in [
            (Some(&keep), "gzip", weak, 1),
            (Some(&keep), "gzip", strong, 3),
            (Some(&keep), "gzip", date, 1),
            (Some(&keep), "gzip", Some("x"), 1),
            (Some(&keep), "gzip", None, 2),
            (Some(&keep), "identity", weak, 1),
            (Some(&keep), "identity", date, 3),
            (Some(&keep), "dcz", date, 3),
            (Some(&with_dictionary), "dcz", date, 1),
            (Some(&with_dictionary), "identity", date, 3),
            (Some(&recode), "identity", date, 1),
            (Some(&recode), "identity", strong, 3),
            (None, "gzip", weak, 1),
            (None, "gzip", date, 3),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-1"));
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(takes));
            if let Some(condition) = condition {
                headers.insert(header::IF_RANGE, HeaderValue::from_static(condition));
            }
            restore(policy, &mut headers);
            assert_eq!(headers.len(), left, "{takes} {condition:?}");
        }
    }

    /// TRAPS 18: the 304 has the tag and the `Vary` of the 200.
    #[test]
    fn a_304_names_the_form_that_the_client_has() {
        let policy = |upstream_codings| CompressionPolicy {
            upstream_codings,
            types: vec![policy::MediaTypePattern::Subtypes("text".to_owned())],
            ..CompressionPolicy::default()
        };
        let confirmed = |policy: &CompressionPolicy, request: &str, response: &str| {
            let fields = |text: &str| {
                let lines = text.split('\n').filter_map(|line| line.split_once(": "));
                let mut headers = HeaderMap::new();
                for (name, value) in lines {
                    let name: HeaderName = name.parse().unwrap();
                    headers.append(name, value.parse().unwrap());
                }
                headers
            };
            let mut response = fields(response);
            confirm(policy, &fields(request), &mut response);
            let tag = response.get(header::ETAG).map(|tag| tag.to_str().unwrap());
            (
                tag.unwrap_or_default().to_owned(),
                response.contains_key(header::VARY),
            )
        };
        let named = |tag: &str| format!("accept-encoding: gzip\nif-none-match: {tag}");
        let strong = "etag: \"a\"";
        let keep = policy(UpstreamCodings::Keep);
        for (request, response, tag, varies) in [
            (named("W/\"a\""), strong, "W/\"a\"", true),
            (named("\"b\", W/\"a\""), strong, "W/\"a\"", true),
            (named("\"a\""), strong, "\"a\"", true),
            (named("W/\"a\", \"a\""), strong, "\"a\"", true),
            (named("*"), strong, "W/\"a\"", true),
            (named("W/\"a\""), "etag: W/\"a\"", "W/\"a\"", true),
            (named("W/\"a\""), "x: y", "", true),
            ("accept-encoding: gzip".to_owned(), strong, "W/\"a\"", true),
            (
                "accept-encoding: identity".to_owned(),
                strong,
                "\"a\"",
                true,
            ),
            (
                "accept-encoding: gzip\ncache-control: no-transform".to_owned(),
                strong,
                "\"a\"",
                true,
            ),
            (
                named("W/\"a\""),
                "etag: \"a\"\ncontent-type: text/css",
                "W/\"a\"",
                true,
            ),
            (
                named("W/\"a\""),
                "etag: \"a\"\ncontent-type: image/png",
                "\"a\"",
                false,
            ),
            (
                named("W/\"a\""),
                "etag: \"a\"\ncache-control: no-transform",
                "\"a\"",
                false,
            ),
        ] {
            let wanted = (tag.to_owned(), varies);
            assert_eq!(
                confirmed(&keep, &request, response),
                wanted,
                "{request} {response}"
            );
        }
        // What was undone is undone whatever its type.
        let recode = policy(UpstreamCodings::Recode);
        let image = "etag: \"a\"\ncontent-type: image/png";
        assert_eq!(confirmed(&recode, &named("W/\"a\""), image).0, "W/\"a\"");
        let off = CompressionPolicy {
            mode: Mode::Shadow,
            ..keep
        };
        let unchanged = ("\"a\"".to_owned(), false);
        assert_eq!(confirmed(&off, &named("W/\"a\""), strong), unchanged);
    }

    #[test]
    fn a_client_with_the_original_bytes_is_known_by_its_strong_tag() {
        let fields = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(
                HeaderName::from_static(name),
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
