//! How a route's responses are trimmed.

use http::{HeaderName, HeaderValue};

use crate::{
    JsonTrim, TransformPolicy,
    check::transform::{
        USUAL_SECURITY_HEADERS, read_headers, read_path, read_value, response_header,
    },
    file::{SecurityHeadersFile, TransformFile},
};

use super::picker::{Picker, Stack, Switched, list, texts};

pub(super) fn merge_transform(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, TransformFile>,
) -> TransformPolicy {
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let json = json(picker, stack);
    let remove_headers = picker.pick(
        stack,
        "remove_headers",
        |block| block.remove_headers.as_ref(),
        texts,
        Vec::new(),
        |names| list(names),
    );
    TransformPolicy {
        mode,
        json,
        // A name that cannot be one has been reported.
        remove_headers: remove_headers
            .iter()
            .filter_map(|name| response_header(name).ok())
            .collect(),
        set_headers: picker.pick(
            stack,
            "set_headers",
            |block| block.set_headers.as_ref(),
            read_headers,
            Vec::new(),
            |headers| show_headers(headers),
        ),
        security_headers: picker.pick(
            stack,
            "security_headers",
            |block| block.security_headers.as_ref(),
            |said| match said {
                SecurityHeadersFile::Own(own) => read_headers(own),
                SecurityHeadersFile::Usual(true) => usual_headers(),
                SecurityHeadersFile::Usual(false) => Vec::new(),
            },
            Vec::new(),
            |headers| match headers.is_empty() {
                true => "false".to_owned(),
                false => show_headers(headers),
            },
        ),
    }
}

fn json(picker: &mut Picker<'_, '_>, stack: &Stack<'_, TransformFile>) -> Option<JsonTrim> {
    let Switched::On(fields) = stack.switched("json", |block| block.json.as_ref()) else {
        picker.off(stack, "json", |block| block.json.as_ref());
        return None;
    };
    let paths = picker.pick(
        &fields,
        "fields",
        |json| json.fields.as_ref(),
        texts,
        Vec::new(),
        |paths| match paths.is_empty() {
            true => "all".to_owned(),
            false => list(paths),
        },
    );
    Some(JsonTrim {
        fields: paths.iter().filter_map(|path| read_path(path)).collect(),
    })
}

fn usual_headers() -> Vec<(HeaderName, HeaderValue)> {
    let usual = USUAL_SECURITY_HEADERS.iter();
    usual
        .filter_map(|(name, value)| Some((response_header(name).ok()?, read_value(value)?)))
        .collect()
}

fn show_headers(headers: &[(HeaderName, HeaderValue)]) -> String {
    let pairs = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: \"{value}\"")
    });
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
}
