//! Cross-site scripting: markup that runs a script in somebody else's browser, and ways out of an
//! attribute or of a string of a script.
//!
//! In a path, a query or a header, an element that can run something is enough. In a body people send
//! documents; there, what is run has to look like what attackers run.

mod script;
mod tag;

use self::{
    script::{WINDOW, breaks_into_call, is_alarm_call, is_foreign, is_payload, is_script_url},
    tag::{Tag, handler, has_directive, has_script_url, starts_itself},
};
use super::{
    rules::{Sign, Signs},
    search::find,
    text::{Bits, Place, Text},
};

/// Scripts and styles of one text whose contents are looked at.
const MOST_SCRIPTS: usize = 16;

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
    let (mut from, mut scripts) = (0, 0);
    while let Some(tag) = Tag::next(text.bytes, &mut from) {
        signs.add(Sign::XssTag);
        if matches!(tag.local_name(), b"script" | b"style") {
            scripts += 1;
            if scripts > MOST_SCRIPTS {
                signs.add(Sign::XssActive);
                continue;
            }
        }
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
    let name = tag.local_name();
    if matches!(name, b"script" | b"handler") {
        let foreign = tag.has(b"src") || tag.has(b"href");
        let runs = is_payload(tag.rest) || lenient && foreign && is_foreign(tag.inside);
        if runs || !lenient && (foreign || find(tag.rest, b"</script").is_some()) {
            found.add(Sign::XssScript);
        }
        found.add(Sign::XssActive);
    }
    if let Some(value) = handler(tag.inside) {
        if !lenient || is_payload(value) || starts_itself(name, tag.inside) {
            found.add(Sign::XssHandler);
        }
        found.add(Sign::XssActive);
    }
    if has_directive(tag.inside) {
        found.add(Sign::XssHandler);
    }
    if has_script_url(tag.inside) {
        found.add(Sign::XssScheme);
    }
    if name == b"style" || tag.has(b"style") {
        style(tag.rest, found);
        if !lenient && name == b"style" && find(tag.rest, b"@import").is_some() {
            found.add(Sign::XssEmbedded);
        }
    }
    let embeds = match name {
        b"iframe" | b"frame" => {
            tag.has(b"srcdoc")
                && (!lenient || is_payload(tag.inside) || find(tag.inside, b"script").is_some())
                || !lenient && tag.has(b"src")
        }
        b"portal" | b"frameset" => !lenient && tag.has(b"src"),
        b"form" => !lenient && leads_away(tag.inside),
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

/// Whether a form is sent to another site.
fn leads_away(inside: &[u8]) -> bool {
    let Some(at) = find(inside, b"action") else {
        return false;
    };
    let value = &inside[at + 6..];
    let skip = value
        .iter()
        .take_while(|it| matches!(it, b'=' | b' ' | b'"' | b'\''));
    let value = &value[skip.count()..];
    value.starts_with(b"//") || value.starts_with(b"http")
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
    let bytes = text.bytes;
    if find(bytes, b":expression(").is_some() && !text.is_talk() {
        signs.add(Sign::XssStyle);
    }
    let linked = || {
        let markup = Bits::PARENTHESIS | Bits::EQUALS;
        text.bits.any(markup) && !text.is_talk() && is_linked(bytes)
    };
    if is_script_url(bytes) || linked() {
        signs.add(Sign::XssScheme);
    }
}

/// `[x](javascript:..)` and `[url=javascript:..]`: a link in markup that is no HTML.
fn is_linked(bytes: &[u8]) -> bool {
    let link = [b"](".as_slice(), b"[url=", b"[img="];
    link.iter()
        .any(|it| find(bytes, it).is_some_and(|at| is_script_url(&bytes[at + it.len()..])))
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
        if is_plain(&bytes[..at]) && has_script_url(behind) && !text.is_talk() {
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
    if text.bits.any(Bits::PARENTHESIS)
        && find(bytes, b"constructor.constructor(").is_some()
        && !text.is_talk()
    {
        signs.add(Sign::XssTemplate);
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
