//! Fields whose value is a list separated by commas (RFC 9110 5.6.1).

use http::{HeaderMap, HeaderName};

/// Every element of every line, trimmed, empty ones left out.
///
/// Commas inside quoted strings separate too: only fields whose elements are tokens are read so.
pub(crate) fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl DoubleEndedIterator<Item = &'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

/// Whether the list holds this token, in whatever case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    elements(headers, name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// Whether the list holds this directive, with or without a value.
pub(crate) fn has_directive(headers: &HeaderMap, name: &HeaderName, directive: &str) -> bool {
    elements(headers, name).any(|element| {
        let mut parts = element.splitn(2, |byte| *byte == b'=');
        parts
            .next()
            .is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(directive.as_bytes()))
    })
}
