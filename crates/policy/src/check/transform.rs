//! How responses are trimmed, each block by itself.

use http::{HeaderName, HeaderValue};

use crate::{
    JsonPath,
    diagnostic::Code,
    file::{JsonFile, Named, SecurityHeadersFile, TransformFile},
    tree::NodeId,
};

use super::{cache::of_one_connection, findings::Findings};

/// Lists beyond these lengths are a mistake rather than a wish.
const MOST_HEADERS: usize = 64;
const MOST_FIELDS: usize = 256;
const MOST_NAMES: usize = 32;

pub(super) fn check_transform(findings: &mut Findings<'_>, transform: &TransformFile) {
    if let Some(json) = transform.json.as_ref().and_then(|at| at.value.on()) {
        check_json(findings, json);
    }
    if let Some(remove) = &transform.remove_headers {
        findings.at_most(remove, MOST_HEADERS, "headers");
        for name in &remove.value {
            let shown = findings.show(name).to_owned();
            if let Err((code, help)) = response_header(&name.value) {
                let message = header_message(code, &shown, "removed");
                findings.error(name.node, code, message, help);
            }
        }
        findings.listed_once(&remove.value, |one, other| one.eq_ignore_ascii_case(other));
    }
    if let Some(set) = &transform.set_headers {
        check_headers(findings, set.node, &set.value);
    }
    if let Some(at) = &transform.security_headers
        && let SecurityHeadersFile::Own(own) = &at.value
    {
        if own.0.is_empty() && !findings.lost_at(at.node) {
            let message = "there is no header to set".to_owned();
            let help = "write `true` for the usual ones, or `false` for none";
            findings.error(at.node, Code::Empty, message, help);
        }
        check_headers(findings, at.node, own);
    }
}

fn check_headers(findings: &mut Findings<'_>, node: NodeId, headers: &Named<String>) {
    if headers.0.len() > MOST_HEADERS {
        let message = format!("these are {} headers", headers.0.len());
        findings.error(node, Code::OutOfBounds, message, "there may be 64");
    }
    for (index, (name, value)) in headers.0.iter().enumerate() {
        if let Err((code, help)) = response_header(name) {
            let message = header_message(code, name, "set");
            findings.key_error(value.node, code, message, help);
        }
        let before = &headers.0[..index];
        if before
            .iter()
            .any(|(other, _)| other.eq_ignore_ascii_case(name))
        {
            let message = format!("`{name}` is listed twice");
            findings.key_error(value.node, Code::ListedTwice, message, "remove one");
        }
        if read_value(&value.value).is_none() {
            // It may hold what would break the report as well.
            let message = "this cannot be the value of a header".to_owned();
            let help = "it is one line of ASCII without spaces around it";
            findings.error(value.node, Code::WrongValue, message, help);
        }
    }
}

fn header_message(code: Code, shown: &str, done: &str) -> String {
    match code {
        Code::ProtectedHeader => format!("`{shown}` cannot be {done}"),
        _ => format!("`{shown}` is not the name of a header"),
    }
}

/// A header of a response that nobody but the operator depends on.
pub(super) fn response_header(name: &str) -> Result<HeaderName, (Code, &'static str)> {
    let header = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| (Code::BadHeaderName, "such as `X-Served-By`"))?;
    let instead = match header.as_str() {
        "content-length" | "content-range" | "content-encoding" => {
            "it tells how the body is to be read, and follows from the body"
        }
        "set-cookie" => "it may come several times; see `cache.set_cookie` for taking it away",
        "age" | "cache-status" | "date" | "etag" | "vary" => {
            "caches depend on it, Forebay's own included"
        }
        _ if of_one_connection(&header) || header.as_str().starts_with("sec-websocket-") => {
            "it is about one connection"
        }
        _ => return Ok(header),
    };
    Err((Code::ProtectedHeader, instead))
}

/// One line of visible ASCII; other bytes mean something else to everybody (RFC 9110, section 5.5).
pub(super) fn read_value(text: &str) -> Option<HeaderValue> {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let value = HeaderValue::from_str(text).ok()?;
    (plain && text.trim() == text).then_some(value)
}

fn check_json(findings: &mut Findings<'_>, json: &JsonFile) {
    let Some(fields) = &json.fields else { return };
    findings.at_most(fields, MOST_FIELDS, "fields");
    for field in &fields.value {
        if read_path(&field.value).is_none() {
            let message = format!("`{}` does not lead to a field", findings.show(field));
            let help = "names with dots between them, at most 32, `*` being any name: \
                        `user.address.city`, `items.*.price`";
            findings.error(field.node, Code::BadJsonPath, message, help);
        }
    }
    findings.listed_once(&fields.value, |one, other| one == other);
}

/// Reads `user.address.city`.
pub(super) fn read_path(text: &str) -> Option<JsonPath> {
    let names: Vec<String> = text.split('.').map(str::to_owned).collect();
    let named = names.iter().all(|name| !name.is_empty());
    (named && names.len() <= MOST_NAMES).then_some(JsonPath { names })
}

/// What `security_headers: true` sets.
pub(super) const USUAL_SECURITY_HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
];

/// Each header that can be one; others have been reported.
pub(super) fn read_headers(headers: &Named<String>) -> Vec<(HeaderName, HeaderValue)> {
    let pairs = headers.0.iter();
    pairs
        .filter_map(|(name, at)| Some((response_header(name).ok()?, read_value(&at.value)?)))
        .collect()
}
