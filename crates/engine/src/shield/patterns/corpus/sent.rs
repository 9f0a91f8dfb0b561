//! How a text stands in a request: as an honest client sends it, and as an attacker does.

use fastrand::Rng;
use policy::AttackCategory;

use super::Request;

/// A text as an honest client would send it.
pub(super) fn plain(text: &str, place: &str, rng: &mut Rng) -> Request {
    match place {
        "form" => Request::Form(encoded(text, rng.bool())),
        "header" => Request::Header(text.replace(|it: char| it.is_control() && it != '\t', " ")),
        "json" => Request::Json(quoted(text)),
        "path" => Request::Path(format!("/api/items/{}", encoded(text, false))),
        "query" => Request::Query(encoded(text, rng.bool())),
        "rawpath" => Request::Path(text.replace('\\', "%5C").replace('\0', "%00")),
        "rawquery" => Request::Query(text.to_owned()),
        other => panic!("no such place: {other}"),
    }
}

/// An attack in one of the ways in which it is usually sent.
pub(super) fn disguised(
    text: &str,
    place: &str,
    category: AttackCategory,
    rng: &mut Rng,
) -> Request {
    let mixed = match (category, rng.u8(..4)) {
        (AttackCategory::SqlInjection, 0) => mixed_case(text, rng),
        (AttackCategory::SqlInjection, 1) if !text.contains("--x") => {
            let space = ["/**/", "\t", "\n", "  ", "\u{b}"][rng.usize(..5)];
            text.replace(' ', space)
        }
        (AttackCategory::SqlInjection, 2) => text.to_uppercase(),
        (AttackCategory::Xss, 0) => markup_in_mixed_case(text, rng),
        _ => text.to_owned(),
    };
    match (place, rng.u8(..6)) {
        // Decoded twice on its way to the application.
        ("query", 0) => Request::Query(encoded(&encoded(&mixed, false), false)),
        ("query" | "form", 1) => {
            let all = mixed.bytes().map(|byte| format!("%{byte:02x}")).collect();
            if place == "query" {
                Request::Query(all)
            } else {
                Request::Form(all)
            }
        }
        ("json", 0) => Request::Json(escaped(&mixed)),
        _ => plain(&mixed, place, rng),
    }
}

fn mixed_case(text: &str, rng: &mut Rng) -> String {
    let swap = |it: char| {
        if rng.bool() {
            it.to_ascii_uppercase()
        } else {
            it.to_ascii_lowercase()
        }
    };
    text.chars().map(swap).collect()
}

/// Names of elements in mixed case; scripts stay as they are.
fn markup_in_mixed_case(text: &str, rng: &mut Rng) -> String {
    let mut within = false;
    text.chars()
        .map(|it| {
            within = it == '<' || within && (it.is_ascii_alphabetic() || it == '/');
            if within && rng.bool() {
                it.to_ascii_uppercase()
            } else {
                it
            }
        })
        .collect()
}

/// Percent-encoded as `encodeURIComponent` does it, or as forms do it.
fn encoded(text: &str, form: bool) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' if form => "+".to_owned(),
            b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b'\'' | b'(' | b')' | b'*' | b'!' if !form => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A string of JSON in which everything but letters and digits is escaped.
fn escaped(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    });
    format!("\"{}\"", units.collect::<String>())
}
