//! The lines whose values depend on the exchange.

use std::borrow::Cow;

use http::{StatusCode, header};

use super::{Facts, Line, Place};

/// Query parameters that tell where a visitor came from, or only keep caches away.
const VISITORS: [&str; 10] = [
    "_",
    "_ga",
    "cachebuster",
    "dclid",
    "fbclid",
    "gclid",
    "mc_cid",
    "mc_eid",
    "msclkid",
    "nocache",
];

/// The beginning of a whole family of them.
const CAMPAIGN: &str = "utm_";

/// A lifetime to begin with: an hour for what is published as a file, a minute for the rest.
pub(super) fn lifetime(facts: &Facts<'_>) -> &'static str {
    match facts.content_type() {
        Some(kind) if is_file(kind) => "cache: {ttl: 1h}",
        _ => "cache: {ttl: 60s}",
    }
}

fn is_file(kind: &str) -> bool {
    ["image/", "font/", "audio/", "video/"]
        .iter()
        .any(|family| kind.starts_with(family))
        || matches!(
            kind,
            "application/javascript" | "application/wasm" | "text/css" | "text/javascript"
        )
}

/// A lifetime for an error: what is not there may stay away for a while, what is broken must be
/// found repaired soon.
pub(super) fn negative(status: StatusCode) -> Line {
    let (seconds, risk) = match status.as_u16() {
        404 | 405 | 410 | 414 | 501 => (10, "what appears in the meantime is seen that much later"),
        500.. => (1, "a repaired origin is noticed that much later"),
        _ => (
            5,
            "only if the error is the same for everybody, whoever asks",
        ),
    };
    Line {
        place: Place::Route,
        yaml: format!(
            "cache: {{negative_ttl: {{{}: {seconds}s}}}}",
            status.as_u16()
        )
        .into(),
        risk: Some(risk),
    }
}

/// Leaves out those of the query's parameters that are known to tell visitors apart.
pub(super) fn parameters(facts: &Facts<'_>) -> Option<Cow<'static, str>> {
    let mut ignored: Vec<&str> = Vec::new();
    for name in facts.parameters() {
        let pattern = match VISITORS.iter().find(|visitor| **visitor == name) {
            Some(visitor) => visitor,
            None if name.starts_with(CAMPAIGN) => "utm_*",
            None => continue,
        };
        if !ignored.contains(&pattern) {
            ignored.push(pattern);
        }
    }
    if ignored.is_empty() {
        return None;
    }
    let ignored: Vec<String> = ignored.iter().map(|name| format!("\"{name}\"")).collect();
    let ignored = ignored.join(", ");
    Some(format!("cache: {{key: {{query: {{ignore: [{ignored}]}}}}}}").into())
}

/// Room for a body of this size, in whole mebibytes that are a power of two.
pub(super) fn room(facts: &Facts<'_>) -> Line {
    let mebibytes = facts.length().unwrap_or_default().div_ceil(1 << 20);
    let mebibytes = mebibytes.max(16).next_power_of_two();
    Line {
        place: Place::Route,
        yaml: format!("cache: {{max_object: {mebibytes}MiB}}").into(),
        risk: Some(
            "large bodies push many small ones out; memory.limit must have room for several",
        ),
    }
}

/// Fewer different requests where the field can be told in a few classes, more variants elsewhere.
pub(super) fn variants(facts: &Facts<'_>) -> Line {
    let (yaml, risk) = if facts.vary().contains(&header::ACCEPT_LANGUAGE) {
        (
            "cache: {key: {language: [en, de]}}",
            "the list must be the languages that the origin has",
        )
    } else if facts.vary().contains(&header::USER_AGENT) {
        (
            "cache: {key: {device: true}}",
            "only if the origin tells nothing finer apart than desktop, mobile, tablet and bot",
        )
    } else {
        (
            "cache: {max_variants: 64}",
            "each variant takes memory of its own",
        )
    };
    Line {
        place: Place::Route,
        yaml: yaml.into(),
        risk: Some(risk),
    }
}
