//! `Cache-Control`: more lines never make a response fresher or more widely shared.

use engine::cache::directives::{CacheControl, Reach};
use http::header;

use super::Target;
use crate::{
    input,
    oracle::{DIRECTIVES, is_no_laxer, says},
};

pub(crate) const TARGET: Target = Target {
    name: "cache_control",
    words: DIRECTIVES,
    run,
};

fn run(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let mut all = CacheControl::default();
    for line in &lines {
        let before = all;
        all.absorb(line);
        assert!(is_no_laxer(&all, &before), "a line lifted a restriction");
        if !line.contains(&b'"') {
            assert!(all.no_store || !says(line, &["no-store"]));
            assert!(all.private == Reach::Whole || !says(line, &["private"]));
            assert!(all.no_cache == Reach::Whole || !says(line, &["no-cache"]));
            assert!(all.must_revalidate || !says(line, &["must-revalidate"]));
        }
    }
    assert_eq!(read(lines.iter().copied()), all);
    assert_eq!(read(lines.iter().rev().copied()), all, "the order matters");
    assert_eq!(read(lines.iter().chain(&lines).copied()), all);
    if !data.contains(&b'"') {
        assert_eq!(read([lines.join(&b',').as_slice()].into_iter()), all);
    }
    let fields = input::values("cache-control", data);
    let control = CacheControl::parse(&fields, &header::CACHE_CONTROL);
    let withheld = control.withheld_fields(&fields, &header::CACHE_CONTROL);
    if control.private == Reach::Fields || control.no_cache == Reach::Fields {
        assert!(!withheld.is_empty(), "fields are withheld, and none is");
    }
}

fn read<'a>(lines: impl Iterator<Item = &'a [u8]>) -> CacheControl {
    let mut control = CacheControl::default();
    lines.for_each(|line| control.absorb(line));
    control
}
