//! Paths: one reading, which does not change when it is read again.

use engine::{
    path::{NormalPath, normalize, readings},
    shield::Ambiguity,
};

use super::Target;

pub(crate) const TARGET: Target = Target {
    name: "path",
    words: &[
        "/", "/a", "/.", "/..", "//", "%2e", "%2E%2e", "%2f", "%5c", "%25", "%00", ";", "\\",
        "%41", "%", "%4", "25", "%c3%a4", "~",
    ],
    run,
};

fn run(data: &[u8]) {
    let text = format!("/{}", String::from_utf8_lossy(data));
    match normalize(&text) {
        NormalPath::Ambiguous(path) | NormalPath::Clean(path) => assert_eq!(path, text),
        NormalPath::Rewritten(path) => {
            assert_ne!(path, text);
            assert!(path.starts_with('/'));
            assert_eq!(normalize(&path), NormalPath::Clean(&path));
        }
    }
    let dots = |segment: &str| matches!(segment, "." | "..");
    let mut others = readings(&text);
    let as_it_stands = others.next().unwrap();
    for read in others.chain([as_it_stands.clone()]) {
        assert!(read.starts_with('/') && read.is_ascii());
        assert!(!read.split('/').any(dots));
    }
    if let NormalPath::Clean(path) = normalize(&text) {
        assert_eq!(as_it_stands, path);
        assert_eq!(Ambiguity::of(path), None);
        assert!(!path.split('/').any(dots));
        assert!(!path.contains("//") && !path.contains('\\') && path.is_ascii());
    }
}
