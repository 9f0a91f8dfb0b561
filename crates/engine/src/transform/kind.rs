//! Whether a body is JSON, by what its fields say.
//!
//! Where all fields stay, only what is said to be JSON is touched: to pass something by costs a few
//! bytes. Where fields are chosen, to pass JSON by gives away what should stay out; so everything with
//! `json` in its type is read as JSON, whatever the rest of the type means, and what legacy APIs call
//! their JSON is looked at ([`Sequence::Perhaps`]): bodies without a type, text, scripts and unnamed
//! bytes. Not so text in a language of its own (CSS, CSV, Markdown, calendars, events), which may begin with a
//! bracket or a brace, and which nobody calls JSON.

use http::{HeaderMap, HeaderValue, header};

use super::json::{Reach, Sequence};

/// How documents follow each other in a body with these fields; `None` when there are none in it.
pub(super) fn of(headers: &HeaderMap, reach: Reach) -> Option<Sequence> {
    let types = || headers.get_all(header::CONTENT_TYPE).iter().map(essence);
    match reach {
        Reach::Minify => types().next().and_then(|kind| said(&kind)),
        // Of several types, nobody knows which one the client reads.
        Reach::Select => types()
            .find_map(|kind| said(&kind))
            .or_else(|| (types().any(|kind| kind.contains("json"))).then_some(Sequence::Documents))
            .or_else(|| (types().all(|kind| is_vague(&kind))).then_some(Sequence::Perhaps)),
    }
}

/// The type without its parameters; nothing when it cannot be read.
fn essence(value: &HeaderValue) -> String {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split_once(';').map_or(text, |(essence, _)| essence);
    essence.trim().to_ascii_lowercase()
}

/// What surely is JSON (RFC 8259, RFC 6839, RFC 7464 and RFC 8091, and what is in use for lines).
fn said(essence: &str) -> Option<Sequence> {
    let (tree, subtype) = essence.split_once('/')?;
    if subtype.ends_with("+json") {
        return Some(Sequence::Documents);
    }
    if subtype == "json-seq" || subtype.ends_with("+json-seq") {
        return Some(Sequence::Records);
    }
    let subtype = subtype.strip_prefix("x-").unwrap_or(subtype);
    match (tree, subtype) {
        ("application" | "text", "json") => Some(Sequence::Documents),
        ("application" | "text", "jsonl" | "jsonlines" | "ldjson" | "ndjson") => {
            Some(Sequence::Lines)
        }
        _ => None,
    }
}

/// Whether it says too little, or what is said of JSON as well.
fn is_vague(essence: &str) -> bool {
    let Some((tree, subtype)) = essence.split_once('/') else {
        return true;
    };
    match tree {
        "text" => !matches!(
            subtype.strip_prefix("x-").unwrap_or(subtype),
            "calendar" | "css" | "csv" | "event-stream" | "markdown"
        ),
        _ => subtype == "octet-stream" || subtype.ends_with("javascript"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(types: &[&'static str], reach: Reach) -> Option<Sequence> {
        let mut headers = HeaderMap::new();
        for kind in types {
            headers.append(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        of(&headers, reach)
    }

    #[test]
    fn what_is_said_to_be_json_is_read_so() {
        for (kind, sequence) in [
            ("application/json", Sequence::Documents),
            ("Application/JSON; charset=utf-8", Sequence::Documents),
            ("text/json", Sequence::Documents),
            ("text/x-json", Sequence::Documents),
            ("application/vnd.api+json", Sequence::Documents),
            ("image/x+json", Sequence::Documents),
            ("application/x-ndjson", Sequence::Lines),
            ("application/ndjson", Sequence::Lines),
            ("application/jsonl", Sequence::Lines),
            ("application/x-jsonlines", Sequence::Lines),
            ("text/jsonl", Sequence::Lines),
            ("application/json-seq", Sequence::Records),
            ("application/geo+json-seq", Sequence::Records),
        ] {
            for reach in [Reach::Minify, Reach::Select] {
                assert_eq!(read(&[kind], reach), Some(sequence), "{kind}");
            }
        }
    }

    #[test]
    fn what_may_be_json_is_left_alone_or_looked_at() {
        for (types, chosen) in [
            (&["application/json5"][..], Some(Sequence::Documents)),
            (&["application/jsonp"], Some(Sequence::Documents)),
            (&["json"], Some(Sequence::Documents)),
            (&["text/html, application/json"], Some(Sequence::Documents)),
            (&[], Some(Sequence::Perhaps)),
            (&[""], Some(Sequence::Perhaps)),
            (&["text/plain"], Some(Sequence::Perhaps)),
            (&["text/html; charset=utf-8"], Some(Sequence::Perhaps)),
            (&["application/javascript"], Some(Sequence::Perhaps)),
            (&["application/octet-stream"], Some(Sequence::Perhaps)),
            (&["text/event-stream"], None),
            (&["text/css; charset=utf-8"], None),
            (&["text/csv"], None),
            (&["Text/Markdown"], None),
            (&["text/x-markdown"], None),
            (&["text/calendar"], None),
            (&["image/png"], None),
            (&["application/vnd.ms-excel"], None),
        ] {
            assert_eq!(read(types, Reach::Minify), None, "{types:?}");
            assert_eq!(read(types, Reach::Select), chosen, "{types:?}");
        }
    }

    #[test]
    fn of_several_types_json_is_what_it_may_be_taken_for() {
        let types = ["image/png", "application/json"];
        assert_eq!(read(&types, Reach::Minify), None);
        assert_eq!(read(&types, Reach::Select), Some(Sequence::Documents));
        let types = ["image/png", "text/plain"];
        assert_eq!(read(&types, Reach::Select), None);
    }
}
