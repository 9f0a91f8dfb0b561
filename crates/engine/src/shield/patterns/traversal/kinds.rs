//! What a file is, by the end of its name.

/// Whether a file is one that a server runs.
pub(super) fn is_program(path: &[u8]) -> bool {
    let dot = path.iter().rposition(|it| *it == b'.');
    dot.is_some_and(|at| {
        matches!(
            &path[at + 1..],
            b"php"
                | b"phtml"
                | b"php5"
                | b"phar"
                | b"jsp"
                | b"jspx"
                | b"asp"
                | b"aspx"
                | b"ashx"
                | b"cgi"
                | b"war"
        )
    })
}

/// Whether a value names a picture, a style or a document, which is what relative paths lead to.
pub(super) fn is_harmless(path: &[u8]) -> bool {
    let dot = path.iter().rposition(|it| *it == b'.');
    let plain = path.iter().all(|it| {
        it.is_ascii_alphanumeric()
            || matches!(it, b'/' | b'.' | b'-' | b'_' | b':' | b' ' | b'(' | b')')
            || *it >= 0x80
    });
    plain
        && dot.is_some_and(|at| {
            matches!(
                &path[at + 1..],
                b"png"
                    | b"jpg"
                    | b"jpeg"
                    | b"gif"
                    | b"svg"
                    | b"webp"
                    | b"ico"
                    | b"css"
                    | b"woff"
                    | b"woff2"
                    | b"mp3"
                    | b"mp4"
                    | b"pdf"
                    | b"docx"
            )
        })
}
