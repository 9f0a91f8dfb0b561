//! The inputs that somebody wrote: `corpus/<target>/*`, and each that once showed a mistake.

use std::{fs, path::PathBuf};

use super::targets::Target;

/// The inputs of a target, in the order of their names.
pub(crate) fn of(target: &Target) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder().join(target.name))
        .unwrap_or_else(|error| panic!("corpus/{}: {error}", target.name))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "corpus/{} is empty", target.name);
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Every folder belongs to a target; one that was renamed leaves nothing behind.
pub(crate) fn assert_no_strangers(targets: &[Target]) {
    for entry in fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name();
        let known = targets.iter().any(|target| name == target.name);
        assert!(known, "corpus/{} belongs to no target", name.display());
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus"))
}
