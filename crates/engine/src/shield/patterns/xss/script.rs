//! Scripts, and URLs that are scripts: does this do what attackers do?

use super::{
    super::search::{find, words_with_rest},
    tag::handler,
};

/// Bytes of an element's attributes, or of a script, that are looked at.
pub(super) const WINDOW: usize = 1024;

/// Whether only punctuation stands between here and a call that attackers make.
pub(super) fn breaks_into_call(behind: &[u8], least: usize) -> bool {
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
    let call = &behind[skipped..];
    // `'in alert(1)in'`: a word may be the operator.
    let worded = call.strip_prefix(b"in ").filter(|_| skipped < 2);
    (skipped >= least && has_operator || least == 0) && is_alarm(call)
        || worded.is_some_and(is_alarm)
}

/// Whether the call behind the punctuation is one of the three that only demonstrate.
pub(super) fn is_alarm_call(behind: &[u8]) -> bool {
    let word = behind.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
    let rest = &behind[word..];
    [b"alert".as_slice(), b"confirm", b"prompt"]
        .iter()
        .any(|name| rest.starts_with(name))
}

/// A call that attackers make, right here.
pub(super) fn is_alarm(text: &[u8]) -> bool {
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
        b"new" | b"throw" => is_payload(text),
        b"onerror" => rest.starts_with(b"=") && is_payload(rest),
        _ => false,
    }
}

/// Whether a script does what attackers do.
pub(super) fn is_payload(script: &[u8]) -> bool {
    let script = &script[..script.len().min(WINDOW)];
    // Names that are put together, and scripts without any letters.
    let hidden = [
        b".src=".as_slice(),
        b"'+'",
        b"\"+\"",
        b"[][",
        b"![]",
        b"=~[]",
    ];
    hidden.iter().any(|it| find(script, it).is_some())
        || words_with_rest(script).any(|(word, behind)| is_payload_word(word, behind))
}

/// Whether a word of a script, and what follows it, are what attackers write.
fn is_payload_word(word: &[u8], behind: &[u8]) -> bool {
    let follows = |any: &[&[u8]]| any.iter().any(|it| behind.starts_with(it));
    match word {
        b"alert" | b"confirm" | b"prompt" | b"eval" | b"atob" | b"fromcharcode" | b"cookie"
        | b"xmlhttprequest" | b"sendbeacon" | b"localstorage" | b"constructor" | b"execscript"
        | b"importscripts" | b"getscript" | b"throw" => true,
        b"document" => follows(&[b".domain", b".location", b".write", b".body"]),
        b"window" | b"top" | b"self" | b"this" | b"parent" | b"frames" => {
            follows(&[b"[", b".location"])
        }
        b"location" => follows(&[
            b"=",
            b".href=",
            b".replace(",
            b".assign(",
            b".hash",
            b".search",
        ]),
        b"import" => follows(&[b"(", b"`"]),
        b"function" => follows(&[b"('", b"(\"", b"(`", b"`"]),
        b"globalthis" => follows(&[b"["]),
        b"javascript" => follows(&[b":"]),
        b"fetch" => match behind {
            [b'(', b'\'' | b'"' | b'`', rest @ ..] => {
                rest.starts_with(b"//") || rest.starts_with(b"http")
            }
            _ => false,
        },
        _ => false,
    }
}

/// A script of another site.
pub(super) fn is_foreign(inside: &[u8]) -> bool {
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
            .position(|it| matches!(it, b'"' | b'\'' | b'>' | b' ' | b'<' | b'?'));
        let rest = &rest[..end.unwrap_or(rest.len())];
        rest.iter().filter(|it| **it == b'/').count() <= 1
    };
    value.strip_prefix(b"//").is_some_and(bare)
        || value.strip_prefix(b"http://").is_some_and(bare)
        || value.strip_prefix(b"https://").is_some_and(bare)
        || value.starts_with(b"data:")
}

/// Whether a URL begins here that is a script: white space and control characters do not count.
pub(super) fn is_script_url(text: &[u8]) -> bool {
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
pub(super) fn is_document(data: &[u8]) -> bool {
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
pub(super) fn is_script(code: &[u8]) -> bool {
    let harmless = [
        b"void(0)".as_slice(),
        b"void 0",
        b";",
        b"history.back()",
        b"window.print()",
        b"print()",
    ];
    if code.is_empty() {
        return false;
    }
    if let Some(harmless) = harmless.iter().find(|it| code.starts_with(it)) {
        // `void(0);` and what goes on from there.
        let behind = &code[harmless.len()..];
        let goes_on = behind.strip_prefix(b";").unwrap_or_default();
        let end = goes_on
            .iter()
            .position(|it| matches!(it, b'"' | b'\'' | b'>'));
        return is_payload(&goes_on[..end.unwrap_or(goes_on.len())]);
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
