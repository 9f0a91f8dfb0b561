//! Secrets in queries and in evidence: blanked out before they reach a disk.
//!
//! Applications put tokens, signatures and passwords into query strings, and logs are read by more
//! people than requests are. The parameter's name is kept, so that the line still tells what was
//! asked. Names are judged after percent-decoding, because `%74oken` is `token` to the application.

mod text;

use std::borrow::Cow;

pub(crate) use self::text::redact_text;

const REDACTED: &str = "REDACTED";

/// Names that contain one of these hold a secret.
const ANYWHERE: [&str; 12] = [
    "authentic",
    "authoriz",
    "cookie",
    "credential",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

/// Names that end with one of these do: `api_key` and `apikey` do, `keyword` does not, and neither
/// does `author`.
const AT_END: [&str; 8] = ["auth", "csrf", "key", "pass", "pwd", "sid", "sig", "xsrf"];

/// These names do, and no others that contain them: the codes and states of OAuth (RFC 6749, section
/// 4.1), and what people type. A `zipcode` is none.
const WHOLE: [&str; 8] = ["code", "cvc", "cvv", "nonce", "otp", "pin", "ssn", "state"];

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
    let name = name.trim_matches(|end: char| !end.is_ascii_alphanumeric());
    ANYWHERE.iter().any(|part| name.contains(part))
        || AT_END.iter().any(|end| name.ends_with(end))
        || WHOLE.contains(&name)
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
}
