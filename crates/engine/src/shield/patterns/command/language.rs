//! Commands in the middle of something else: programming languages, templates, log messages.

use super::{
    super::{
        rules::{Sign, Signs},
        search::{find, words_of},
        text::{Place, Text},
    },
    WINDOW,
    line::{Name, name, program, word},
};

/// Calls in programming languages that start programs.
pub(super) fn calls(text: &Text<'_>, found: &mut Signs) {
    let bytes = text.bytes;
    let telling = [
        b"getruntime().exec".as_slice(),
        b"__import__(",
        b"child_process",
        b"eval(base64_decode",
        b"phpinfo()",
        b"os.system(",
        b"os.popen(",
        b"processbuilder(",
        b"shell_exec(",
        b"passthru(",
        b"subprocess.",
        b"allow_url_include",
        b"@java.lang",
        b"t(java.lang",
        b"freemarker.template",
        b"<?php",
    ];
    if text.place == Place::Body && !text.is_strict() {
        // Programs are posted as text; a value that breaks out is short and begins with it.
        if bytes.len() > 200 || is_program(bytes) {
            return;
        }
    }
    if !words_of(bytes).any(is_of_call) {
        return;
    }
    if telling.iter().any(|it| find(bytes, it).is_some()) {
        found.add(Sign::CommandCode);
        return;
    }
    for call in [b"system(".as_slice(), b"exec(", b"popen(", b"proc_open("] {
        let Some(at) = find(bytes, call) else {
            continue;
        };
        let argument = &bytes[at + call.len()..];
        let skip = argument
            .iter()
            .take_while(|it| matches!(it, b'\'' | b'"' | b' '))
            .count();
        let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'.';
        let (_, command) = program(&argument[skip..]);
        if begins && skip > 0 && name(command) != Name::Unknown {
            found.add(Sign::CommandCode);
        }
    }
}

/// A word of which one is in each of the calls.
fn is_of_call(word: &[u8]) -> bool {
    matches!(
        word,
        b"getruntime"
            | b"__import__"
            | b"child_process"
            | b"eval"
            | b"phpinfo"
            | b"os"
            | b"processbuilder"
            | b"shell_exec"
            | b"passthru"
            | b"subprocess"
            | b"system"
            | b"allow_url_include"
            | b"java"
            | b"freemarker"
            | b"php"
            | b"exec"
            | b"popen"
            | b"proc_open"
    )
}

/// A program that somebody shows: it begins as one.
pub(super) fn is_program(bytes: &[u8]) -> bool {
    matches!(
        word(bytes),
        b"import"
            | b"from"
            | b"const"
            | b"let"
            | b"var"
            | b"def"
            | b"function"
            | b"use"
            | b"public"
            | b"private"
            | b"class"
    )
}

/// `${jndi:`, however it is put together.
pub(super) fn lookups(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let Some(at) = find(bytes, b"${") else {
        return;
    };
    let rest = &bytes[at + 2..];
    let rest = &rest[..rest.len().min(2 * WINDOW)];
    if is_jndi(rest) {
        signs.add(Sign::CommandLookup);
    }
    if text.is_strict() {
        template(rest, signs);
    }
}

/// Takes away what lookups are hidden with (`${lower:j}`, `${::-j}`, `${env:x:-j}`), and looks again.
pub(super) fn is_jndi(rest: &[u8]) -> bool {
    let mut plain = [0_u8; 2 * WINDOW];
    let mut length = 0;
    let mut at = 0;
    while at < rest.len() {
        let left = &rest[at..];
        if left.starts_with(b"${") {
            // Up to the last colon of what is nested: what is behind it is what it becomes.
            let end = left.iter().position(|it| *it == b'}').unwrap_or(left.len());
            let nested = &left[2..end.max(2)];
            let hides = nested.iter().rposition(|it| *it == b':');
            let value = hides.map_or(2, |colon| 2 + colon + 1);
            let dash = left.get(value) == Some(&b'-');
            at += value + usize::from(dash);
            continue;
        }
        if left[0] != b'}' && left[0] > b' ' {
            plain[length] = left[0];
            length += 1;
        }
        at += 1;
    }
    let plain = &plain[..length];
    plain.starts_with(b"jndi:")
        || find(plain, b"jndi:ldap").is_some()
        || find(plain, b"jndi:rmi").is_some()
        || find(plain, b"jndi:dns").is_some()
        || find(plain, b"jndi:iiop").is_some()
}

/// `7*7` and walks through classes inside a template expression.
pub(super) fn template(inside: &[u8], signs: &mut Signs) {
    let inside = &inside[..inside
        .iter()
        .position(|it| *it == b'}')
        .unwrap_or(inside.len())];
    let calculates = inside
        .iter()
        .all(|it| it.is_ascii_digit() || matches!(it, b'*' | b'+' | b'-' | b'\'' | b' '))
        && inside.iter().any(|it| matches!(it, b'*' | b'+'));
    let walks = find(inside, b"__class__").is_some()
        || find(inside, b".getclass(").is_some()
        || find(inside, b"config").is_some() && inside.len() <= 16;
    if calculates || walks {
        signs.add(Sign::CommandTemplate);
    }
}

pub(super) fn is_include(text: &[u8]) -> bool {
    [
        b"exec".as_slice(),
        b"include",
        b"echo",
        b"config",
        b"printenv",
    ]
    .iter()
    .any(|it| text[5..].starts_with(it))
}
