//! Commands in the middle of something else: programming languages, templates, log messages.

use super::{
    super::{
        rules::{Sign, Signs},
        search::{find, words_of},
        text::{Place, Text},
    },
    WINDOW,
    line::{program, word},
    names::{Name, name},
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
        b"mainmodule.",
        b"os.execute(",
        b"io.popen(",
        b"java.lang.runtime",
        b"print(md5(",
        b"${@",
        b"registerundefinedfiltercallback",
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
    let lenient = text.place == Place::Body && !text.is_strict();
    let tells = |it: &&[u8]| match *it {
        // In a body, what the program does has to be told as well.
        b"<?php" if lenient => runs_something(bytes),
        b"subprocess." if lenient => false,
        call => find(bytes, call).is_some(),
    };
    if telling
        .iter()
        .any(|it| tells(it) && find(bytes, it).is_some())
        || walks(bytes)
        || evaluates(bytes)
    {
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
        // `x.exec(` may be anything; `".system(` is a string that is put together.
        let joined = bytes[..at].ends_with(b"\".") || bytes[..at].ends_with(b"'.");
        let begins =
            at == 0 || joined || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'.';
        let (_, command) = program(&argument[skip..]);
        if begins && skip > 0 && name(command) != Name::Unknown {
            found.add(Sign::CommandCode);
        }
    }
}

/// Whether a program in PHP starts another, or runs what it is sent.
fn runs_something(bytes: &[u8]) -> bool {
    words_of(bytes).any(|word| {
        matches!(
            word,
            b"system"
                | b"exec"
                | b"shell_exec"
                | b"passthru"
                | b"popen"
                | b"eval"
                | b"assert"
                | b"phpinfo"
                | b"base64_decode"
        )
    })
}

/// Names inside an object of Python from which every module can be reached.
fn walks(bytes: &[u8]) -> bool {
    [
        b"__globals__".as_slice(),
        b"__subclasses__",
        b"__builtins__",
        b"__mro__",
    ]
    .iter()
    .any(|it| find(bytes, it).is_some())
}

/// What a request says is run (`eval($_post[1])`), or a function is called by its name
/// (`call_user_func('system', ..)`).
fn evaluates(bytes: &[u8]) -> bool {
    let taken = find(bytes, b"($_").is_some_and(|at| {
        let before = &bytes[..at];
        [
            b"eval".as_slice(),
            b"assert",
            b"system",
            b"exec",
            b"include",
            b"passthru",
        ]
        .iter()
        .any(|it| before.ends_with(it))
    });
    let callers = [
        b"call_user_func(".as_slice(),
        b"call_user_func_array(",
        b"array_map(",
        b"array_filter(",
        b"create_function(",
        b"usort(",
        b"filter(",
    ];
    let by_name = callers.iter().any(|it| {
        find(bytes, it).is_some_and(|at| match &bytes[at + it.len()..] {
            [b'\'' | b'"', called @ ..] => matches!(
                word(called),
                b"system" | b"exec" | b"shell_exec" | b"passthru" | b"popen"
            ),
            _ => false,
        })
    });
    taken || by_name
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
            | b"pcntl_exec"
            | b"mainmodule"
            | b"io"
            | b"print"
            | b"registerundefinedfiltercallback"
            | b"assert"
            | b"include"
            | b"call_user_func"
            | b"call_user_func_array"
            | b"array_map"
            | b"array_filter"
            | b"filter"
            | b"__globals__"
            | b"__subclasses__"
            | b"__builtins__"
            | b"__mro__"
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
    if is_jndi(rest) || is_lookup(rest, text.place) {
        signs.add(Sign::CommandLookup);
    }
    if text.is_strict() {
        template(rest, signs);
    }
}

/// `${dns:..}`, `${script:..}`, and where nobody writes settings, `${env:..}` as well.
fn is_lookup(rest: &[u8], place: Place) -> bool {
    let name = word(rest);
    if rest.get(name.len()) != Some(&b':') {
        return false;
    }
    match name {
        b"dns" | b"script" | b"url" | b"jndi" => true,
        b"env" | b"sys" | b"java" | b"ctx" | b"lower" | b"upper" | b"bundle" | b"log4j"
        | b"main" => place != Place::Body,
        _ => false,
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
            let default = find(nested, b":-").map(|at| at + 2);
            let hides = nested.iter().rposition(|it| *it == b':').map(|at| at + 1);
            at += 2 + default.or(hides).unwrap_or(0);
            continue;
        }
        if !matches!(left[0], b'}' | b'\'' | 0..=b' ') {
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
