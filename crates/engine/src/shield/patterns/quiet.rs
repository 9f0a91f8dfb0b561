//! The first look: which texts have nothing in them that a rule could match.
//!
//! It is all that most requests pay for. Each question is asked of sixteen bytes at a time where the
//! processor can, so these are plain comparisons without a branch.

use super::text::Bits;

/// Whether a path is quiet.
pub(super) fn path(path: &[u8]) -> bool {
    let plain = |it| is_alphanumeric(it) | is_in(it, b',', b'/') | (it == b'_') | (it == b'~');
    let odd = |it, next| {
        let hidden = (it == b'/') & ((next == b'.') | (next == b'/') | (next == b'e'));
        hidden | (it == b'-') & (next | 0x20 == b'i') | (it == b'p') & (next == b'-')
    };
    is_all(path, plain) && !(is_any_pair(path, odd) && is_suspicious(path))
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
    .any(|it| super::search::find(path, it).is_some())
}

/// Whether a query is quiet.
pub(super) fn query(query: &[u8]) -> bool {
    is_all(query, |it| {
        is_alphanumeric(it)
            | (it == b'&')
            | (it == b'=')
            | (it == b'-')
            | (it == b'.')
            | (it == b'_')
            | (it == b',')
            | (it == b'~')
    })
}

/// Whether a value of a query, or of a form, is quiet.
pub(super) fn value(value: &[u8]) -> bool {
    is_all(value, |it| {
        is_alphanumeric(it)
            | (it == b'-')
            | (it == b'.')
            | (it == b'_')
            | (it == b',')
            | (it == b'~')
            | (it == b':')
    })
}

/// Whether a header is quiet: what a name of a browser, a URL or a list of types is made of.
pub(super) fn header(value: &[u8]) -> bool {
    // A number could go on as SQL without any odd character.
    value.first().is_none_or(u8::is_ascii_alphabetic)
        && !has_odd_scheme(value)
        && is_all(value, |it| {
            is_alphanumeric(it)
                | (it == b' ')
                | (it == b'/')
                | is_in(it, b'(', b'.') & (it != b'*')
                | (it == b':')
                | (it == b';')
                | (it == b'=')
                | (it == b'?')
                | (it == b'_')
                | (it == b'@')
                | (it == b'&')
                | (it == b'[')
                | (it == b']')
        })
        && !starts_a_command(value)
}

/// A URL of another scheme than those of the web.
fn has_odd_scheme(value: &[u8]) -> bool {
    let name = value
        .iter()
        .take_while(|it| it.is_ascii_alphanumeric())
        .count();
    value.get(name) == Some(&b':') && !matches!(&value[..name], b"http" | b"https")
}

/// A semicolon or an ampersand, and a word in lower case that something follows; `..` and `/etc/`.
fn starts_a_command(value: &[u8]) -> bool {
    let odd = |it, next| {
        let path = (it == b'/') & ((next == b'e') | (next == b'b'));
        path | (it == b'.') & (next == b'.') | (it == b'(') & (next == b')')
    };
    let separator = |it: &u8| matches!(it, b';' | b'&');
    is_any_pair(value, odd)
        && [b"..".as_slice(), b"()", b"/etc/", b"/bin/"]
            .iter()
            .any(|it| super::search::find(value, it).is_some())
        || value.split(separator).skip(1).any(|rest| {
            let rest = rest.trim_ascii_start();
            let word = rest.iter().take_while(|it| it.is_ascii_lowercase()).count();
            match rest.get(word) {
                None | Some(b' ') => word >= 2,
                Some(end) => *end == b'/' && word == 0,
            }
        })
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
    *first != b'/' && !etc && !is_any_pair(text, |it, next| (it == b'.') & (next == b'.'))
}

fn is_alphanumeric(it: u8) -> bool {
    // Small letters and capitals differ in one bit.
    is_in(it | 0x20, b'a', b'z') | is_in(it, b'0', b'9')
}

/// A subtraction and a comparison, which a processor does for many bytes at once.
fn is_in(it: u8, first: u8, last: u8) -> bool {
    it.wrapping_sub(first) <= last - first
}

/// Whether any two neighbours are as wanted, in the same way.
fn is_any_pair(text: &[u8], wanted: impl Fn(u8, u8) -> bool) -> bool {
    let Some(next) = text.get(1..) else {
        return false;
    };
    text.chunks(64).zip(next.chunks(64)).any(|(these, those)| {
        let pairs = these.iter().zip(those);
        pairs.fold(false, |any, (it, next)| any | wanted(*it, *next))
    })
}

/// Whether all bytes are as wanted, without stopping early: that is what makes it fast.
fn is_all(text: &[u8], wanted: impl Fn(u8) -> bool) -> bool {
    text.chunks(64)
        .all(|chunk| chunk.iter().fold(true, |all, byte| all & wanted(*byte)))
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
