//! When bodies are made smaller, each block by itself.

use crate::{
    ByteSize,
    diagnostic::Code,
    file::{At, CompressionFile, DictionaryFile, RequestsFile},
};

use super::{
    blocks::check_media_type, findings::Findings, known::Known, listeners::check_file,
    shield::never_reached,
};

const LONGEST_PATH: usize = 1_024;

pub(super) fn check_compression(
    findings: &mut Findings<'_>,
    compression: &CompressionFile,
    memory: ByteSize,
    known: &Known<'_>,
) {
    let min_size = compression.min_size.as_ref();
    findings.size(min_size, memory, (ByteSize::from_bytes(0), memory));
    if let Some(encodings) = &compression.encodings {
        if encodings.value.is_empty() {
            let message = "there is no coding to offer".to_owned();
            let help = "to switch it off, write `mode: off`";
            findings.error(encodings.node, Code::Empty, message, help);
        }
        for (index, encoding) in encodings.value.iter().enumerate() {
            let before = &encodings.value[..index];
            if before.iter().any(|other| other.value == encoding.value) {
                let message = "this coding is listed twice".to_owned();
                findings.error(encoding.node, Code::ListedTwice, message, "remove one");
            }
        }
    }
    if let Some(types) = &compression.types {
        if types.value.is_empty() {
            let message = "there is no type to compress".to_owned();
            let help = "to switch it off, write `mode: off`";
            findings.error(types.node, Code::Empty, message, help);
        }
        for kind in &types.value {
            check_media_type(findings, kind);
        }
    }
    for kind in compression.flush.as_ref().map_or(&[][..], |at| &at.value) {
        check_media_type(findings, kind);
    }
    if let Some(requests) = compression.requests.as_ref().and_then(|at| at.value.on()) {
        check_requests(findings, requests, known);
    }
    if let Some(at) = &compression.dictionary
        && let Some(dictionary) = at.value.on()
    {
        check_dictionary(findings, &at.with(dictionary));
    }
}

fn check_requests(findings: &mut Findings<'_>, requests: &RequestsFile, known: &Known<'_>) {
    findings.count(requests.max_ratio.as_ref(), 100_u32, (2, 10_000));
    if let Some(size) = &requests.max_size {
        if size.value.0 == ByteSize::from_bytes(0) {
            findings.out_of_bounds(size.node, "1B", &known.clients().max_body.to_string());
        }
        never_reached(findings, size, known.clients().max_body, "max_body");
    }
}

fn check_dictionary(findings: &mut Findings<'_>, at: &At<&DictionaryFile>) {
    let shape = at.value;
    match &shape.file {
        None => {
            let help = "name the file with its bytes: `file: /etc/forebay/api.dict`";
            findings.missing(at.node, "file", help);
        }
        Some(file) => {
            check_file(findings, file);
        }
    }
    match &shape.path {
        None => {
            let help = "say where clients get it: `path: /dictionary`";
            findings.missing(at.node, "path", help);
        }
        Some(path) => {
            if !is_path(&path.value) || path.value.contains('*') {
                let message = format!("`{}` is not a path", findings.show(path));
                let help = "it begins with `/` and is written as in a URL: `/dictionary`";
                findings.error(path.node, Code::BadDictionary, message, help);
            }
        }
    }
    match &shape.matches {
        None => {
            let help = "say for which responses it is: `match: /api/*`";
            findings.missing(at.node, "match", help);
        }
        Some(matches) => {
            if !is_path(&matches.value) {
                let message = format!("`{}` is not a pattern of paths", findings.show(matches));
                let help = "it begins with `/`, and `*` is anything: `/api/*`";
                findings.error(matches.node, Code::BadDictionary, message, help);
            }
        }
    }
}

/// A path, perhaps with `*` in it, of which no character means anything else in a URL pattern or in a
/// structured field (RFC 9842, section 2.1.1; RFC 9651, section 3.3.3).
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#(){}:+\\\"".contains(&byte);
    text.starts_with('/') && text.len() <= LONGEST_PATH && text.bytes().all(plain)
}
