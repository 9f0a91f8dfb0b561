//! Secrets in any text: cut out of queries, fields and bodies, so that nothing says where a value ends.
//!
//! Two looks. The first finds values by the names that stand before them, as queries, header fields,
//! JSON, XML and forms in parts spell names. The second finds what gives itself away: tokens,
//! credentials in URLs, addresses of e-mail, and what is too long and too mixed to be a word. Where a
//! value does not say how long it is, too much is blanked out rather than too little.

use std::borrow::Cow;

use super::{REDACTED, is_secret};

/// A run of letters and digits of this length is a key, a hash or a session.
const KEY_LENGTH: usize = 32;

/// A text with the secrets in it replaced.
pub(crate) fn redact_text(text: &str) -> Cow<'_, str> {
    match replace(text, next_named) {
        Cow::Borrowed(text) => replace(text, next_bare),
        Cow::Owned(named) => Cow::Owned(replace(&named, next_bare).into_owned()),
    }
}

/// Replaces what `next` finds, again and again; it gives the texts before and after.
fn replace(text: &str, next: impl Fn(&str) -> Option<(&str, &str)>) -> Cow<'_, str> {
    let mut redacted = String::new();
    let mut rest = text;
    while let Some((before, after)) = next(rest) {
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

/// The text up to the value of the first secret that has a name, and what comes after the value.
fn next_named(text: &str) -> Option<(&str, &str)> {
    let ends = text.match_indices(['=', ':', '>', '"', '\'']);
    ends.into_iter().find_map(|(at, end)| {
        let (before, value) = text.split_at(at + end.len());
        let name = name_before(&text[..at]);
        let length = match end {
            "=" if is_secret(name) => value_length(value, &['&', ';', '\n', '\r']),
            ":" => field_length(name, value)?,
            // `<password>`, but not `</password>`.
            ">" if text[..at].ends_with(&format!("<{name}")) && is_secret(name) => {
                value.find('<').unwrap_or(value.len())
            }
            // A part of a form: `name="password"`, and then its value, whatever stands between.
            "\"" | "'" if is_secret(name) && names_a_part(&text[..at], name) => value.len(),
            _ => return None,
        };
        let (value, after) = value.split_at(length);
        (!value.trim().is_empty() && value != REDACTED).then_some((before, after))
    })
}

/// The name that ends there.
fn name_before(text: &str) -> &str {
    let text = text.trim_end();
    let is_name = |character: char| !"=:&;,?< {(".contains(character);
    let begins = text.rfind(|character| !is_name(character));
    // All of those are one byte long.
    &text[begins.map_or(0, |at| at + 1)..]
}

/// How long the value after a colon is, if it is a secret: in JSON, where the name is in quotes, up to
/// the end of the value; in a header field up to the end of the line.
fn field_length(name: &str, value: &str) -> Option<usize> {
    let line = value.find(['\n', '\r']).unwrap_or(value.len());
    if name.ends_with(['"', '\'']) {
        return is_secret(name).then(|| value_length(value, &[',', '}', ']', '\n', '\r']));
    }
    // `cookie:theme` is how a cookie is named, and `Cookie: theme=dark` what it holds.
    let is_cookie = name.to_ascii_lowercase().ends_with("cookie");
    let held = &value[..line];
    let secret = match is_cookie {
        true => held.starts_with(' ') || held.contains('='),
        false => is_secret(name),
    };
    secret.then_some(line)
}

/// Whether the quote that ends this text ends the name of a part.
fn names_a_part(text: &str, name: &str) -> bool {
    let text = text.trim_end();
    let before = &text[..text.len() - name.len()];
    name.starts_with(['"', '\'']) && before.to_ascii_lowercase().ends_with("name=")
}

/// How long a value is: up to the quote that it begins with, or to one of these.
fn value_length(value: &str, ends: &[char]) -> usize {
    let begins = value.len() - value.trim_start_matches(' ').len();
    let inner = &value[begins..];
    let Some(quote) = inner.chars().next().filter(|it| matches!(it, '"' | '\'')) else {
        return value.find(ends).unwrap_or(value.len());
    };
    let mut escaped = false;
    for (at, character) in inner.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return begins + at + 1,
            _ => {}
        }
    }
    value.len()
}

/// The text up to the first thing that is a secret by its looks, and what comes after it.
fn next_bare(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    // What a mail address, a token and a key are made of, the scheme of a URL aside.
    let apart = |character: char| " ,;&=?<>()[]{}\"'|\n\r\t/:".contains(character);
    let mut after_scheme = false;
    for piece in text.split_inclusive(apart) {
        let word = piece.trim_end_matches(apart);
        let range = from..from + word.len();
        from += piece.len();
        if word.is_empty() || word == REDACTED {
            continue;
        }
        if is_bare_secret(word) || (after_scheme && word.len() >= 6) {
            return Some((&text[..range.start], &text[range.end..]));
        }
        if let Some(user) = user_of(text, &range) {
            return Some((&text[..range.start], &text[user..]));
        }
        after_scheme = piece.ends_with(' ')
            && ["bearer", "basic", "digest", "negotiate"]
                .iter()
                .any(|scheme| word.eq_ignore_ascii_case(scheme));
    }
    None
}

/// Whether a word gives itself away.
fn is_bare_secret(word: &str) -> bool {
    is_mail(word) || is_token(word) || is_key(word)
}

/// `ann@example.com`, also as a query spells it.
fn is_mail(word: &str) -> bool {
    let split = word.split_once('@').or_else(|| word.split_once("%40"));
    split.is_some_and(|(who, host)| !who.is_empty() && host.contains(|it: char| it != '.'))
}

/// A JSON Web Token (RFC 7519): its first part is JSON, which begins with `{"`.
fn is_token(word: &str) -> bool {
    word.find("eyJ").is_some_and(|at| word[at..].len() >= 16)
}

fn is_key(word: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'+' | b'.');
    let mut runs = word.as_bytes().split(|byte| !is_part(*byte));
    runs.any(|run| {
        run.len() >= KEY_LENGTH
            && run.iter().any(u8::is_ascii_digit)
            && run.iter().any(u8::is_ascii_alphabetic)
    })
}

/// Where the host begins, when this word of the text begins `user:password@host` after the `//` of a
/// URL.
fn user_of(text: &str, word: &std::ops::Range<usize>) -> Option<usize> {
    if !text[..word.start].ends_with("//") {
        return None;
    }
    let authority = &text[word.start..];
    let authority = &authority[..authority
        .find(['/', '?', '#', ' ', '\n'])
        .unwrap_or(authority.len())];
    authority.rfind('@').map(|at| word.start + at)
}

#[cfg(test)]
mod tests;
