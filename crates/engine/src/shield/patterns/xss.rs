//! Cross-site scripting: markup that runs a script in somebody else's browser, and ways out of an
//! attribute or of a string of a script.
//!
//! In a path, a query or a header, an element that can run something is enough. In a body people send
//! documents; there, what is run has to look like what attackers run.

use super::{
    rules::{Sign, Signs},
    sql::words_of,
    text::{Bits, Place, Text},
};

/// An element as it stands in a text.
struct Tag<'t> {
    name: &'t [u8],
    /// Its attributes.
    inside: &'t [u8],
    /// What follows its name, the element's content included.
    rest: &'t [u8],
}

/// Bytes of an element's attributes, or of a script, that are looked at.
const WINDOW: usize = 1024;

/// Looks for signs in a text.
pub(super) fn look(text: &Text<'_>, signs: &mut Signs) {
    let bits = text.bits;
    if bits.any(Bits::ANGLE) {
        elements(text, signs);
    }
    if bits.any(Bits::COLON) {
        urls(text, signs);
    }
    if bits.any(Bits::QUOTE | Bits::BACKTICK | Bits::BRACE) || bits.any(Bits::SEMICOLON) {
        ways_out(text, signs);
    }
    if bits.any(Bits::PARENTHESIS) || text.is_strict() {
        words(text, signs);
    }
    if bits.any(Bits::ANGLE) && text.is_severe() {
        signs.add(Sign::XssCharacters);
    }
}

fn elements(text: &Text<'_>, signs: &mut Signs) {
    let quoting = text.is_quoting();
    let mut found = Signs::NONE;
    let mut from = 0;
    while let Some(tag) = Tag::next(text.bytes, &mut from) {
        signs.add(Sign::XssTag);
        element(text, &tag, &mut found);
    }
    if quoting {
        // Code that is shown, not run.
        return;
    }
    signs.merge(found);
}

fn element(text: &Text<'_>, tag: &Tag<'_>, found: &mut Signs) {
    let lenient = text.place == Place::Body || text.is_talk();
    let name = tag.name.rsplit(|it| *it == b':').next().unwrap_or_default();
    if name == b"script" {
        let foreign = tag.has(b"src") || tag.has(b"href");
        let runs = is_payload(tag.rest) || lenient && foreign && is_foreign(tag.inside);
        if runs || !lenient && (foreign || find(tag.rest, b"</script").is_some()) {
            found.add(Sign::XssScript);
        }
        found.add(Sign::XssActive);
    }
    if let Some(value) = handler(tag.inside) {
        if !lenient || is_payload(value) {
            found.add(Sign::XssHandler);
        }
        found.add(Sign::XssActive);
    }
    if has_script_url(tag.inside) {
        found.add(Sign::XssScheme);
    }
    if name == b"style" || tag.has(b"style") {
        style(tag.rest, found);
    }
    let embeds = match name {
        b"iframe" | b"frame" => {
            tag.has(b"srcdoc")
                && (!lenient || is_payload(tag.inside) || find(tag.inside, b"script").is_some())
                || !lenient && tag.has(b"src")
        }
        b"object" => !lenient && tag.has(b"data"),
        b"embed" | b"applet" => !lenient,
        b"base" | b"link" => !lenient && tag.has(b"href"),
        b"meta" => !lenient && find(tag.inside, b"http-equiv").is_some(),
        b"isindex" => true,
        _ => false,
    };
    if embeds {
        found.add(Sign::XssEmbedded);
    }
    if matches!(
        name,
        b"iframe" | b"frame" | b"object" | b"embed" | b"form" | b"base" | b"meta"
    ) {
        found.add(Sign::XssFrame);
    }
}

fn style(rest: &[u8], found: &mut Signs) {
    let rest = &rest[..rest.len().min(WINDOW)];
    let runs = find(rest, b"expression(").is_some()
        || find(rest, b"-moz-binding").is_some()
        || find(rest, b"behavior:url").is_some()
        || find(rest, b"javascript:").is_some();
    if runs {
        found.add(Sign::XssStyle);
    }
}

/// A value that is itself a URL with a script in it.
fn urls(text: &Text<'_>, signs: &mut Signs) {
    if is_script_url(text.bytes) {
        signs.add(Sign::XssScheme);
    }
}

/// Ways out of an attribute or of a string in a script.
fn ways_out(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    if text.is_quoting() {
        return;
    }
    let quote = bytes
        .iter()
        .position(|it| matches!(it, b'\'' | b'"' | b'`'));
    if let Some(at) = quote {
        let behind = &bytes[at + 1..];
        if text.bits.any(Bits::EQUALS)
            && let Some(value) = handler(behind)
            && (is_payload(value) || is_plain_place(text) && bytes[..at].len() <= 32)
        {
            signs.add(Sign::XssAttribute);
        }
        if is_plain(&bytes[..at]) && breaks_into_call(behind, 1) && !text.is_talk() {
            signs.add(Sign::XssStringBreak);
        }
    }
    let value = bytes
        .iter()
        .take_while(|it| it.is_ascii_alphanumeric())
        .count();
    if breaks_into_call(&bytes[value..], 1) && is_alarm_call(&bytes[value..]) {
        signs.add(Sign::XssStringBreak);
    }
    if text.bits.any(Bits::BRACE) {
        templates(text, signs);
    }
}

fn templates(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let opens = find(bytes, b"{{").or_else(|| find(bytes, b"${"));
    let Some(at) = opens else {
        return;
    };
    let inside = &bytes[at + 2..];
    let inside = &inside[..inside.len().min(WINDOW)];
    let inside = &inside[..inside
        .iter()
        .position(|it| *it == b'}')
        .unwrap_or(inside.len())];
    let reaches = find(inside, b"constructor").is_some() && find(inside, b"(").is_some();
    if reaches && !text.is_talk() || breaks_into_call(inside, 0) && !text.is_written() {
        signs.add(Sign::XssTemplate);
    }
}

/// Words that scripts are stolen and hidden with.
fn words(text: &Text<'_>, signs: &mut Signs) {
    let bytes = text.bytes;
    let stealing = find(bytes, b"document.cookie").is_some()
        || find(bytes, b"fromcharcode").is_some()
        || find(bytes, b"eval(atob").is_some()
        || find(bytes, b"document.write(").is_some();
    if stealing && (text.place != Place::Body || text.is_strict()) && !text.is_talk() {
        signs.add(Sign::XssWords);
    }
}

fn is_plain_place(text: &Text<'_>) -> bool {
    text.place != Place::Body && !text.is_talk()
}

/// What stands before a quote when the text is put into a string.
fn is_plain(prefix: &[u8]) -> bool {
    prefix.len() <= 40
        && prefix.iter().all(|it| {
            it.is_ascii_alphanumeric() || matches!(it, b' ' | b'_' | b'.' | b'\\' | b'-' | b'@')
        })
}

/// Whether only punctuation stands between here and a call that attackers make.
fn breaks_into_call(behind: &[u8], least: usize) -> bool {
    let punctuation = |it: &&u8| {
        matches!(
            it,
            b')' | b'}'
                | b']'
                | b';'
                | b','
                | b'+'
                | b'-'
                | b'*'
                | b'/'
                | b'|'
                | b'&'
                | b'^'
                | b' '
                | b'\t'
                | b'\n'
                | b'\r'
                | b'%'
                | b'<'
                | b'>'
                | b'='
                | b'!'
                | b'?'
                | b':'
                | b'('
                | b'~'
                | b'{'
        )
    };
    let skipped = behind.iter().take(24).take_while(punctuation).count();
    let has_operator = behind[..skipped]
        .iter()
        .any(|it| !matches!(it, b' ' | b'\t' | b'\n' | b'\r' | b'('));
    (skipped >= least && has_operator || least == 0) && is_alarm(&behind[skipped..])
}

/// Whether the call behind the punctuation is one of the three that only demonstrate.
fn is_alarm_call(behind: &[u8]) -> bool {
    let word = behind.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
    let rest = &behind[word..];
    [b"alert".as_slice(), b"confirm", b"prompt"]
        .iter()
        .any(|name| rest.starts_with(name))
}

/// A call that attackers make, right here.
fn is_alarm(text: &[u8]) -> bool {
    let end = text
        .iter()
        .position(|it| !it.is_ascii_alphanumeric() && *it != b'_');
    let (word, rest) = text.split_at(end.unwrap_or(text.len()));
    let calls = matches!(rest.first(), Some(b'(' | b'`' | b')' | b'?'));
    match word {
        b"alert" | b"confirm" | b"prompt" | b"eval" | b"settimeout" | b"setinterval" | b"fetch"
        | b"import" | b"atob" => calls,
        b"document" | b"window" | b"top" | b"self" | b"parent" | b"location" | b"this"
        | b"globalthis" | b"frames" | b"function" => {
            matches!(rest.first(), Some(b'.' | b'[' | b'=' | b'(')) && is_payload(text)
        }
        b"new" => is_payload(text),
        _ => false,
    }
}

/// Whether a script does what attackers do.
fn is_payload(script: &[u8]) -> bool {
    let script = &script[..script.len().min(WINDOW)];
    let known = words_of(script).any(|word| {
        matches!(
            word,
            b"alert"
                | b"confirm"
                | b"prompt"
                | b"eval"
                | b"atob"
                | b"fromcharcode"
                | b"xmlhttprequest"
                | b"sendbeacon"
                | b"cookie"
                | b"localstorage"
                | b"constructor"
                | b"execscript"
                | b"importscripts"
        )
    });
    known
        || [
            b"document.domain".as_slice(),
            b"document.location",
            b"document.write",
            b"document.body",
            b"window.location",
            b"window[",
            b"top[",
            b"self[",
            b"this[",
            b"parent[",
            b"frames[",
            b"location=",
            b"location.href=",
            b"location.replace(",
            b"import(",
            b"javascript:",
            b"fetch('//",
            b"fetch(\"//",
            b"fetch(`//",
            b"fetch('http",
            b"fetch(\"http",
            b"fetch(`http",
            b".src=",
            b"$.getscript",
            b"throw",
        ]
        .iter()
        .any(|needle| find(script, needle).is_some())
}

/// A script of another site.
fn is_foreign(inside: &[u8]) -> bool {
    let source = find(inside, b"src").or_else(|| find(inside, b"href"));
    let rest = source.map_or(inside, |at| &inside[at..]);
    let value: &[u8] = match rest.iter().position(|it| *it == b'=') {
        Some(at) => &rest[at + 1..],
        None => return false,
    };
    let skip = value
        .iter()
        .take_while(|it| matches!(it, b' ' | b'\'' | b'"' | b'`'));
    let value = &value[skip.count()..];
    // Sites that serve scripts to everybody name a version and a file; a bare host is another matter.
    let bare = |rest: &[u8]| {
        let end = rest
            .iter()
            .position(|it| matches!(it, b'"' | b'\'' | b'>' | b' '));
        let rest = &rest[..end.unwrap_or(rest.len())];
        rest.iter().filter(|it| **it == b'/').count() <= 1
    };
    value.strip_prefix(b"//").is_some_and(bare)
        || value.strip_prefix(b"http://").is_some_and(bare)
        || value.strip_prefix(b"https://").is_some_and(bare)
        || value.starts_with(b"data:")
}

/// The value of the first event handler among attributes.
fn handler(attributes: &[u8]) -> Option<&[u8]> {
    let attributes = &attributes[..attributes.len().min(WINDOW)];
    let mut before = b' ';
    for (at, byte) in attributes.iter().enumerate() {
        let separated = matches!(before, 0..=b' ' | b'/' | b'"' | b'\'' | b'`' | 0xa0);
        if *byte == b'o' && separated && attributes.get(at + 1) == Some(&b'n') {
            let name = attributes[at + 2..]
                .iter()
                .take_while(|it| it.is_ascii_alphabetic());
            let name = name.count();
            let rest = &attributes[at + 2 + name..];
            let space = rest.iter().take_while(|it| **it <= b' ').count();
            if (3..=28).contains(&name) && rest.get(space) == Some(&b'=') {
                let value = &rest[space + 1..];
                return (!value.is_empty()).then_some(value);
            }
        }
        before = *byte;
    }
    None
}

/// A URL with a script among attributes.
fn has_script_url(attributes: &[u8]) -> bool {
    let mut rest = attributes;
    while let Some(at) = rest.iter().position(|it| *it == b'=') {
        rest = &rest[at + 1..];
        let skip = rest
            .iter()
            .take_while(|it| matches!(it, 0..=b' ' | b'"' | b'\'' | b'`'));
        if is_script_url(&rest[skip.count()..]) {
            return true;
        }
    }
    false
}

/// Whether a URL begins here that is a script: white space and control characters do not count.
fn is_script_url(text: &[u8]) -> bool {
    let mut letters = text
        .iter()
        .take(64)
        .enumerate()
        .filter(|(_, it)| **it > b' ');
    let mut squeezed = [0_u8; 12];
    let (mut length, mut end) = (0, 0);
    while length < squeezed.len()
        && let Some((at, byte)) = letters.next()
    {
        squeezed[length] = *byte;
        length += 1;
        end = at + 1;
        if *byte == b':' {
            break;
        }
    }
    match &squeezed[..length] {
        b"javascript:" | b"vbscript:" | b"livescript:" => is_script(&text[end..]),
        b"data:" => is_document(&text[end..text.len().min(end + WINDOW)]),
        _ => false,
    }
}

/// Whether a `data:` URL is a document that may run a script.
fn is_document(data: &[u8]) -> bool {
    let encoded = find(data, b";base64,");
    let runs = is_payload(data) || find(data, b"<script").is_some() || handler(data).is_some();
    if data.starts_with(b"text/html") {
        return runs || encoded.is_some();
    }
    // In base64, `<svg onl` and `<svg>` with a script in it; pictures have attributes first.
    let drawn = encoded.is_some_and(|at| data[at + 8..].starts_with(b"phn2zybvb"));
    data.starts_with(b"image/svg") && (runs || drawn)
}

/// Code, and not `javascript: the good parts` or what links that do nothing are written with.
fn is_script(code: &[u8]) -> bool {
    let harmless = [
        b"void(0)".as_slice(),
        b"void 0",
        b";",
        b"history.back()",
        b"window.print()",
        b"print()",
    ];
    if code.is_empty() || harmless.iter().any(|it| code.starts_with(it)) {
        return false;
    }
    let word = code
        .iter()
        .take_while(|it| {
            it.is_ascii_alphanumeric() || matches!(it, b'_' | b'.' | b'$' | b'/' | b'*')
        })
        .count();
    code.first() != Some(&b' ')
        && matches!(
            code.get(word),
            Some(
                b'(' | b'='
                    | b'`'
                    | b'['
                    | b'%'
                    | b'"'
                    | b'\''
                    | b'{'
                    | b'+'
                    | b'-'
                    | b'!'
                    | b'\n'
                    | b'\r'
                    | b'\\'
            )
        )
        || is_payload(code) && code.iter().any(|it| matches!(it, b'(' | b'`' | b'='))
}

/// Where a needle in lower case first stands.
pub(super) fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let last = text.len().checked_sub(needle.len())?;
    text[..=last]
        .iter()
        .enumerate()
        .position(|(at, byte)| *byte == first && text[at..].starts_with(needle))
}

// === impl Tag ===

impl<'t> Tag<'t> {
    /// The next element from `from` on, which is moved behind its name.
    fn next(text: &'t [u8], from: &mut usize) -> Option<Self> {
        loop {
            let open = *from + text.get(*from..)?.iter().position(|it| *it == b'<')?;
            let behind = &text[open + 1..];
            let junk = behind
                .iter()
                .take_while(|it| **it == 0 || **it == b'/')
                .count();
            let named = &behind[junk..];
            let length = named
                .iter()
                .take_while(|it| it.is_ascii_alphanumeric() || matches!(it, b':' | b'-' | b'_'))
                .count();
            *from = open + 1 + junk + length;
            if named.first().is_some_and(u8::is_ascii_alphabetic) {
                let rest = &named[length..];
                let rest = &rest[..rest.len().min(WINDOW)];
                return Some(Self {
                    name: &named[..length],
                    inside: &rest[..inside(rest)],
                    rest,
                });
            }
        }
    }

    /// Whether an attribute of this name has a value.
    fn has(&self, name: &[u8]) -> bool {
        let mut rest = self.inside;
        while let Some(at) = find(rest, name) {
            let after = &rest[at + name.len()..];
            let space = after.iter().take_while(|it| **it <= b' ').count();
            let begins = at == 0 || !rest[at - 1].is_ascii_alphanumeric();
            if begins && after.get(space) == Some(&b'=') {
                return true;
            }
            rest = after;
        }
        false
    }
}

/// Where the attributes end: at a `>` outside quotes, or where another element begins.
fn inside(rest: &[u8]) -> usize {
    let mut quote = None;
    let mut unquoted = None;
    let mut before = 0;
    for (at, byte) in rest.iter().enumerate() {
        match (quote, *byte) {
            (None, b'>') => return at,
            (None, b'<') => return at,
            (None, b'"' | b'\'') if before == b'=' => quote = Some(*byte),
            (Some(open), close) if open == close => quote = None,
            (Some(_), b'>') if unquoted.is_none() => unquoted = Some(at),
            _ => {}
        }
        if *byte > b' ' {
            before = *byte;
        }
    }
    // A quote that nothing ends: then it was none.
    if quote.is_some() {
        unquoted.unwrap_or(rest.len())
    } else {
        rest.len()
    }
}
