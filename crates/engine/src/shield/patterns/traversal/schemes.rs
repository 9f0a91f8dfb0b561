//! Schemes by which a value asks for something else than a page.

/// Schemes that read local files, talk to services inside, or start programs.
const WRAPPERS: [&[u8]; 20] = [
    b"php://",
    b"php:filter/",
    b"phar:",
    b"expect://",
    b"zip://",
    b"zlib:",
    b"rar://",
    b"ogg://",
    b"compress.",
    b"ssh2.",
    b"glob://",
    b"gopher://",
    b"dict://",
    b"tftp://",
    b"ldap://127.",
    b"ldap://localhost",
    b"netdoc:/",
    b"jar:file:",
    b"jar:http",
    b"data:,<?",
];

/// Whether a value begins with a scheme that reads local files or starts programs.
pub(super) fn is_wrapped(bytes: &[u8]) -> bool {
    let scheme = WRAPPERS.iter().find(|it| bytes.starts_with(it));
    scheme.is_some_and(|it| {
        // `compress.zlib://`, `ssh2.exec://`: what ends in a dot or a colon goes on to two slashes.
        !matches!(it.last(), Some(b'.' | b':'))
            || bytes[it.len()..]
                .iter()
                .take(12)
                .skip_while(|it| it.is_ascii_alphanumeric() || matches!(it, b':' | b'.'))
                .take(2)
                .eq(b"//")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        for text in [
            "php://input",
            "compress.zlib://a",
            "phar:///a",
            "ssh2.exec://a",
        ] {
            assert!(is_wrapped(text.as_bytes()), "{text}");
        }
        for text in ["compress.js", "https://a", "php", "ldap://dc.example"] {
            assert!(!is_wrapped(text.as_bytes()), "{text}");
        }
    }
}
