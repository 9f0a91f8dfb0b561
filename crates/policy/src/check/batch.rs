//! A `batch` block by itself, wherever it stands. Whether it fits its route shows in the merge.

use std::time::Duration;

use http::uri::PathAndQuery;

use crate::{
    ByteSize,
    diagnostic::Code,
    file::{At, BatchFile},
};

use super::findings::Findings;

const LARGEST_ANSWER: ByteSize = ByteSize::from_bytes(64 << 20);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_NAME: usize = 128;
const LONGEST_SEPARATOR: usize = 32;

pub(super) fn check_batch(findings: &mut Findings<'_>, batch: &BatchFile) {
    findings.count(batch.max_size.as_ref(), 20_u32, (2, 1_000));
    let bounds = (Duration::from_millis(1), LONGEST_WAIT);
    findings.time(batch.max_wait.as_ref(), bounds.0, bounds);
    let bounds = (ByteSize::from_bytes(1), LARGEST_ANSWER);
    findings.size(batch.max_answer.as_ref(), LARGEST_ANSWER, bounds);
    if let Some(path) = &batch.path {
        let path = &path.value;
        let help = "the name in braces of the route's path, without braces: `id`";
        name(findings, path.parameter.as_ref(), help);
        name(
            findings,
            path.id.as_ref(),
            "such as `id`, at most 128 bytes",
        );
        pointer(findings, path.answers.as_ref());
        if let Some(request) = &path.request {
            check_request(findings, request);
        }
        if let Some(separator) = &path.separator {
            check_separator(findings, separator);
        }
    }
    if let Some(body) = &batch.body {
        let body = &body.value;
        pointer(findings, body.items.as_ref());
        pointer(findings, body.answers.as_ref());
        let help = "such as `index`, at most 128 bytes";
        name(findings, body.index.as_ref(), help);
    }
}

fn name(findings: &mut Findings<'_>, name: Option<&At<String>>, help: &str) {
    let Some(at) = name else { return };
    let text = &at.value;
    if text.is_empty() || text.len() > LONGEST_NAME || text.contains(['{', '}']) {
        let message = format!("`{}` cannot be a name here", findings.show(at));
        findings.error(at.node, Code::BadBatch, message, help);
    }
}

/// A JSON pointer (RFC 6901, section 3): `~` only as `~0` and `~1`.
fn pointer(findings: &mut Findings<'_>, pointer: Option<&At<String>>) {
    let Some(at) = pointer else { return };
    let text = &at.value;
    let escaped = |part: &str| part.starts_with(['0', '1']);
    let well = text.split('~').skip(1).all(escaped) && (text.is_empty() || text.starts_with('/'));
    if !well {
        let message = format!("`{}` is not a JSON pointer", findings.show(at));
        let help =
            "write `/data/items`, or `\"\"` for the whole; `~1` is a `/` in a name, `~0` a `~`";
        findings.error(at.node, Code::BadBatch, message, help);
    }
}

fn check_request(findings: &mut Findings<'_>, request: &At<String>) {
    let text = &request.value;
    let filled = filled_in(text);
    let why = if text.matches("{ids}").count() != 1 {
        "`{ids}` stands in it exactly once"
    } else if !text.starts_with('/') || text.starts_with("//") {
        "it begins with one `/`"
    } else if filled.contains(['{', '}', '#']) || filled.parse::<PathAndQuery>().is_err() {
        "it is a path and a query, with names in braces to be filled in"
    } else {
        return;
    };
    let message = format!("`{}` cannot be asked: {why}", findings.show(request));
    let help = "such as `/users?ids={ids}`";
    findings.error(request.node, Code::BadBatch, message, help);
}

/// As it might look with something for each name in braces.
fn filled_in(request: &str) -> String {
    let (mut filled, mut rest) = (String::new(), request);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        filled.push('x');
        rest = after;
    }
    filled + rest
}

/// It is written into a URL as it is.
fn check_separator(findings: &mut Findings<'_>, separator: &At<String>) {
    let text = &separator.value;
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"#\"<>\\^`{|}".contains(&byte);
    if text.is_empty() || text.len() > LONGEST_SEPARATOR || !text.bytes().all(plain) {
        let message = format!("`{}` cannot stand in a URL", findings.show(separator));
        let help = "such as `,`, `%20` or `&ids=`, at most 32 bytes";
        findings.error(separator.node, Code::BadBatch, message, help);
    }
}
