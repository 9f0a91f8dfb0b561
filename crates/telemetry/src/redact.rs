//! Secrets in queries and in evidence: blanked out before they reach a disk.
//!
//! Applications put tokens, signatures and passwords into query strings, and logs are read by more
//! people than requests are. The parameter's name is kept, so that the line still tells what was
//! asked. Names are judged after percent-decoding, because `%74oken` is `token` to the application.

use std::borrow::Cow;

const REDACTED: &str = "REDACTED";

/// Names that contain one of these hold a secret.
const ANYWHERE: [&str; 10] = [
    "authentic",
    "authoriz",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "signature",
    "token",
];

/// Names that end with one of these do: `api_key` and `apikey` do, `keyword` does not, and neither
/// does `author`.
const AT_END: [&str; 6] = ["auth", "key", "pass", "pwd", "session", "sig"];

/// The query with the values of parameters that look secret replaced.
pub(crate) fn redact(query: &str) -> Cow<'_, str> {
    if !query.split(is_separator).any(holds_secret) {
        return Cow::Borrowed(query);
    }
    let mut redacted = String::with_capacity(query.len());
    for parameter in query.split_inclusive(is_separator) {
        let (bare, separator) = match parameter.strip_suffix(is_separator) {
            Some(bare) => (bare, &parameter[bare.len()..]),
            None => (parameter, ""),
        };
        match bare.split_once('=') {
            Some((name, _)) if holds_secret(bare) => {
                redacted.push_str(name);
                redacted.push('=');
                redacted.push_str(REDACTED);
            }
            _ => redacted.push_str(bare),
        }
        redacted.push_str(separator);
    }
    Cow::Owned(redacted)
}

/// A text with what follows a secret's name replaced: `name=value`, `name: value`, `"name": "value"`.
///
/// Evidence is cut out of queries, fields and bodies, so that nothing says where a value ends. It
/// is taken to end with its line or at the next `&`, `;` or `,`: too much is blanked out rather than
/// too little.
pub(crate) fn redact_text(text: &str) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some((before, after)) = next_secret(rest) {
        redacted.push_str(before);
        redacted.push_str(REDACTED);
        rest = after;
    }
    if redacted.is_empty() {
        return Cow::Borrowed(text);
    }
    redacted.push_str(rest);
    Cow::Owned(redacted)
}

/// The text up to the value of the first secret, and what comes after the value.
fn next_secret(text: &str) -> Option<(&str, &str)> {
    let is_name = |character: char| !matches!(character, '=' | ':' | '&' | ';' | ',' | '?' | ' ');
    for (position, _) in text.match_indices(['=', ':']) {
        let name = text[..position].trim_end();
        let begins = name.rfind(|character| !is_name(character));
        let name = &name[begins.map_or(0, |at| at + 1)..];
        let (before, value) = text.split_at(position + 1);
        let ends = value.find(['&', ';', ',', '\n', '\r']);
        let (value, after) = value.split_at(ends.unwrap_or(value.len()));
        if is_secret(name) && !value.trim().is_empty() && value != REDACTED {
            return Some((before, after));
        }
    }
    None
}

/// Some applications read `;` as `&`.
fn is_separator(character: char) -> bool {
    matches!(character, '&' | ';')
}

fn holds_secret(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    if value.is_empty() {
        return false;
    }
    is_secret(name)
}

fn is_secret(name: &str) -> bool {
    let name = decoded(name);
    // `token[]` and `user[password]` are names of lists and fields.
    let name = name.trim_end_matches(|end: char| !end.is_ascii_alphanumeric());
    ANYWHERE.iter().any(|part| name.contains(part)) || AT_END.iter().any(|end| name.ends_with(end))
}

/// Percent-decoded and in lower case; bytes that are not ASCII do not matter here.
fn decoded(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut decoded = String::with_capacity(name.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        let escape = (byte == b'%')
            .then(|| name.get(position + 1..position + 3))
            .flatten();
        let value = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(char::from(value.unwrap_or(byte)).to_ascii_lowercase());
        position += if value.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (query, expected) in [
            ("a=1&b=2", "a=1&b=2"),
            ("token=abc&a=1", "token=REDACTED&a=1"),
            ("a=1&access_token=abc", "a=1&access_token=REDACTED"),
            ("API_KEY=abc;b=2", "API_KEY=REDACTED;b=2"),
            ("apikey=abc=def&x", "apikey=REDACTED&x"),
            ("%74oken=abc", "%74oken=REDACTED"),
            ("user[password]=x&page=2", "user[password]=REDACTED&page=2"),
            (
                "X-Amz-Signature=ff&X-Amz-Date=1",
                "X-Amz-Signature=REDACTED&X-Amz-Date=1",
            ),
            (
                "sig=1&auth=2&key=3",
                "sig=REDACTED&auth=REDACTED&key=REDACTED",
            ),
            (
                "keyword=shoes&author=poe&design=x",
                "keyword=shoes&author=poe&design=x",
            ),
            ("token", "token"),
            ("token=", "token="),
            ("", ""),
            ("&&=;%", "&&=;%"),
            ("%zztoken=1&%", "%zztoken=REDACTED&%"),
        ] {
            assert_eq!(redact(query), expected, "{query}");
        }
    }
    #[test]
    fn secrets_go_from_any_text() {
        for (text, expected) in [
            ("nothing here", "nothing here"),
            ("q=1 password=hunter2 x", "q=1 password=REDACTED"),
            ("Authorization: Bearer abc", "Authorization:REDACTED"),
            (
                r#"{"user":"ann","password":"hunter2","page":1}"#,
                r#"{"user":"ann","password":REDACTED,"page":1}"#,
            ),
            (
                "https://h/?a=b&%74oken=abc&c=token",
                "https://h/?a=b&%74oken=REDACTED&c=token",
            ),
            ("the token has expired", "the token has expired"),
            ("token rejected: expired", "token rejected: expired"),
            ("token=", "token="),
            ("token=REDACTED", "token=REDACTED"),
            ("sig=a;auth=b", "sig=REDACTED;auth=REDACTED"),
            ("é=1&pass=é", "é=1&pass=REDACTED"),
        ] {
            assert_eq!(redact_text(text), expected, "{text}");
        }
    }
}
