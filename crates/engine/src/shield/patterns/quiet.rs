//! The first look: which texts have nothing in them that a rule could match.
//!
//! It is all that most requests pay for. So each byte is looked at once: a table says in which places
//! it is nothing special, and of which odd pair it may be the one or the other half.

use super::{search::find, text::Bits};

/// What may be odd about a byte, and about it and the next one.
type Class = u32;

/// What all bytes of a text are together, and all neighbours.
struct Seen {
    bytes: Class,
    pairs: Class,
}

const ODD_IN_PATH: Class = 1;
const ODD_IN_QUERY: Class = 1 << 1;
const ODD_IN_VALUE: Class = 1 << 2;
const ODD_IN_HEADER: Class = 1 << 3;
/// What stands between two commands.
const SEPARATOR: Class = 1 << 4;

/// The bytes that begin each odd pair, and those that end it.
const PAIRS: [(&[u8], &[u8]); 7] = [
    (b"/", b"./e"),
    (b"-", b"iI"),
    (b"p", b"-"),
    (b"/", b"eb"),
    (b".", b"."),
    (b"(", b")"),
    (
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        b"(",
    ),
];
/// Those of them that are odd in a path.
const ODD_PAIRS_IN_PATH: Class = 0b000_0111 << SECOND;
/// Those that are odd in a header if there is more to it.
const ODD_PAIRS_IN_HEADER: Class = 0b011_1000 << SECOND;
/// A name and its parameters.
const CALL: Class = 0b100_0000 << SECOND;
/// Where the first halves of pairs have their bits.
const FIRST: u32 = 8;
/// Where the second halves have them.
const SECOND: u32 = 16;

const CLASSES: [Class; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = class(byte as u8);
        byte += 1;
    }
    classes
};

/// Whether a path is quiet.
pub(super) fn path(path: &[u8]) -> bool {
    let seen = Seen::of(path);
    let is_odd = seen.any(ODD_IN_PATH);
    !(is_odd || seen.any_pair(ODD_PAIRS_IN_PATH) && is_suspicious(path))
}

/// A segment that begins as one that nobody asks for does.
fn is_suspicious(path: &[u8]) -> bool {
    [
        b"/.".as_slice(),
        b"//",
        b"/etc/",
        b"-inf/",
        b"-INF/",
        b"/wp-config",
    ]
    .iter()
    .any(|it| find(path, it).is_some())
}

/// Whether a query is quiet.
pub(super) fn query(query: &[u8]) -> bool {
    !Seen::of(query).any(ODD_IN_QUERY)
}

/// Whether a value of a query, or of a form, is quiet.
pub(super) fn value(value: &[u8]) -> bool {
    !Seen::of(value).any(ODD_IN_VALUE)
}

/// Whether a header is quiet: what a name of a browser, a URL or a list of types is made of.
pub(super) fn header(value: &[u8]) -> bool {
    // A number could go on as SQL without any odd character.
    if !value.first().is_none_or(u8::is_ascii_alphabetic) || has_odd_scheme(value) {
        return false;
    }
    let seen = Seen::of(value);
    let is_odd = seen.any(ODD_IN_HEADER)
        || seen.any_pair(CALL)
        || seen.any_pair(ODD_PAIRS_IN_HEADER) && names_a_file(value)
        || seen.any(SEPARATOR) && starts_a_command(value);
    !is_odd
}

/// A URL of another scheme than those of the web.
fn has_odd_scheme(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|it| it.is_ascii_alphanumeric())
        .count();
    value.get(name) == Some(&b':') && !matches!(&value[..name], b"http" | b"https")
}

/// `..`, a function without parameters, and directories of systems.
fn names_a_file(value: &[u8]) -> bool {
    [b"..".as_slice(), b"()", b"/etc/", b"/bin/"]
        .iter()
        .any(|it| find(value, it).is_some())
}

/// A semicolon or an ampersand, and a word in lower case that something follows, or a program's path.
fn starts_a_command(value: &[u8]) -> bool {
    let separator = |it: &u8| matches!(it, b';' | b'&');
    let starts_one = value.split(separator).skip(1).any(|rest| {
        let rest = rest.trim_ascii_start();
        let word = rest.iter().take_while(|it| it.is_ascii_lowercase()).count();
        match rest.get(word) {
            None | Some(b' ' | b'?') => word >= 2,
            // A browser's comment goes on with a name, a robot's with `+http:`.
            Some(end) => word == 0 && !end.is_ascii_alphanumeric() && *end != b'+',
        }
    });
    starts_one || find(value, b"bin/").is_some()
}

/// Whether a string of JSON, or a line of text, is quiet; `bits` are those of all its characters.
pub(super) fn body_text(text: &[u8], bits: Bits) -> bool {
    const LOUD: Bits = Bits::LOUD;
    if bits.any(LOUD) {
        return false;
    }
    let Some(first) = text.first() else {
        return true;
    };
    if bits.any(Bits::SPACE)
        && (first.is_ascii_digit() || matches!(first, b' ' | b'-' | b'+' | b'@'))
    {
        return false;
    }
    if !bits.any(Bits::SLASH) {
        return true;
    }
    if bits.any(Bits::COLON) && !text.starts_with(b"http://") && !text.starts_with(b"https://") {
        return false;
    }
    let etc = text
        .get(..4)
        .is_some_and(|it| it.eq_ignore_ascii_case(b"etc/"));
    let pairs = Seen::of(text);
    let is_file = pairs.any_pair(ODD_PAIRS_IN_HEADER) && names_a_file(text);
    !(*first == b'/' || etc || is_file)
}

const fn class(byte: u8) -> Class {
    let plain = byte.is_ascii_alphanumeric();
    let mut class = 0;
    if !(plain || is_any_of(byte, b",-./_~")) {
        class |= ODD_IN_PATH;
    }
    if !(plain || is_any_of(byte, b"&=-._,~")) {
        class |= ODD_IN_QUERY;
    }
    if !(plain || is_any_of(byte, b"-._,~:")) {
        class |= ODD_IN_VALUE;
    }
    if !(plain || is_any_of(byte, b" /()+,-.:;=?_@&[]")) {
        class |= ODD_IN_HEADER;
    }
    if is_any_of(byte, b";&") {
        class |= SEPARATOR;
    }
    let mut pair = 0;
    while pair < PAIRS.len() {
        let (first, second) = PAIRS[pair];
        class |= (is_any_of(byte, first) as Class) << FIRST << pair;
        class |= (is_any_of(byte, second) as Class) << SECOND << pair;
        pair += 1;
    }
    class
}

const fn is_any_of(byte: u8, among: &[u8]) -> bool {
    let mut at = 0;
    while at < among.len() {
        if among[at] == byte {
            return true;
        }
        at += 1;
    }
    false
}

// === impl Seen ===

impl Seen {
    fn of(text: &[u8]) -> Self {
        let mut seen = Self { bytes: 0, pairs: 0 };
        let mut before = 0;
        for byte in text {
            let class = CLASSES[usize::from(*byte)];
            seen.bytes |= class;
            seen.pairs |= before & class;
            // A first half comes to stand where the second half of its pair does.
            before = class << (SECOND - FIRST);
        }
        seen
    }

    const fn any(&self, of: Class) -> bool {
        self.bytes & of != 0
    }

    const fn any_pair(&self, of: Class) -> bool {
        self.pairs & of != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_sends_is_quiet() {
        assert!(path(b"/api/products/4711/reviews"));
        assert!(path(b"/environment/main.css"));
        assert!(query(b"page=2&sort=-name&fields=a,b_c&v=1.2"));
        assert!(value(b"2026-11-21"));
        for agent in [
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "https://shop.example.com/products?page=2&sort=name",
            "curl/8.5.0",
        ] {
            assert!(header(agent.as_bytes()), "{agent}");
        }
    }

    #[test]
    fn what_could_be_an_attack_is_not() {
        for text in [
            "/a/../b",
            "/.git/config",
            "/a//b",
            "/etc/passwd",
            "/a%2e",
            "/a'b",
            "/WEB-INF/web.xml",
        ] {
            assert!(!path(text.as_bytes()), "{text}");
        }
        for text in ["a=1+or", "a=%27", "a=/etc", "a=b:c(d)"] {
            assert!(!query(text.as_bytes()), "{text}");
        }
        for text in [
            "x; id",
            "x;ls",
            "() { :;}",
            "a/../b",
            "x; cat /etc/passwd",
            "x;/usr/x",
            "x;./y",
            "sleep(5)",
            "<b",
            "${x}",
        ] {
            assert!(!header(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn strings_of_json() {
        for text in [
            "hello world",
            "https://example.com/a/b",
            "text/html",
            "2026-11-21T12:00:00Z",
            "a@b.c",
        ] {
            assert!(
                body_text(text.as_bytes(), Bits::of(text.as_bytes())),
                "{text}"
            );
        }
        for text in [
            "1 or 1",
            "php://input",
            "javascript:alert(1)",
            "/etc/passwd",
            "php://x",
            "http://bin/sh",
            "a/../b",
            "O'Brien",
            "a;b",
        ] {
            assert!(
                !body_text(text.as_bytes(), Bits::of(text.as_bytes())),
                "{text}"
            );
        }
    }
}
