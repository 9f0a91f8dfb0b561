//! Media types without their parameters (RFC 9110 8.3.1, RFC 6838 4.2.8).

use http::{HeaderMap, header};
use policy::MediaTypePattern;

/// `type/subtype` of a response, `None` when it has none or cannot be read.
pub(crate) fn essence(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split(';').next()?.trim();
    essence.contains('/').then_some(essence)
}

/// Whether a pattern takes this type, in whatever case.
pub(crate) fn matches(pattern: &MediaTypePattern, essence: &str) -> bool {
    match pattern {
        MediaTypePattern::Exact(wanted) => essence.eq_ignore_ascii_case(wanted),
        MediaTypePattern::Subtypes(kind) => subtype(essence, kind).is_some(),
        MediaTypePattern::Suffix { kind, suffix } => {
            subtype(essence, kind).is_some_and(|subtype| {
                let at = subtype.len().checked_sub(suffix.len());
                at.and_then(|at| subtype.get(at..))
                    .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            })
        }
    }
}

fn subtype<'a>(essence: &'a str, kind: &str) -> Option<&'a str> {
    let (found, subtype) = essence.split_once('/')?;
    found.eq_ignore_ascii_case(kind).then_some(subtype)
}
