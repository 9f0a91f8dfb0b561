//! The rules as a page of the reference.

use std::fmt::Write as _;

use policy::AttackCategory;

use super::{RULES, Rule};

/// The reference page, `docs/reference/shield-rules.md`.
pub fn reference_markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    for category in [
        AttackCategory::SqlInjection,
        AttackCategory::Xss,
        AttackCategory::PathTraversal,
        AttackCategory::CommandInjection,
    ] {
        let _ = write!(
            page,
            "\n## `{}`\n\n| rule | paranoia | points | what it finds |\n|---|---|---|---|\n",
            category.as_str()
        );
        for rule in RULES.iter().filter(|rule| rule.category() == category) {
            let Rule {
                number,
                paranoia,
                points,
                reason,
            } = rule;
            let _ = writeln!(page, "| {number} | {paranoia} | {points} | {reason} |");
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Rules of the shield

<!-- Written by `make gen` from crates/engine/src/shield/patterns/rules.rs. -->

What `shield.rules` looks for in paths, query parameters, the headers it is told to look at, and the \
beginning of bodies (forms, JSON, multipart fields, text). A rule counts once for each place in which \
it matches, if `paranoia` is at least its level; the points of all places are added, and a request \
with `threshold` of them is refused. `exclude: [{rule: 1001, in: q}]` takes a rule from a parameter, a \
field or a header.

Each value is read as the application would read it, and again after up to two more rounds of \
decoding. At level 1, rules look at how a value would break out of where it is put, not at words: a \
whole statement, a snippet of HTML in a body or a shell one-liner is no attack there, and neither is \
what follows four words of ordinary text, or stands in a block of code. Level 2 drops that leniency.
";

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    fn page() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/shield-rules.md")
    }

    #[test]
    fn the_page_is_fresh() {
        assert_eq!(
            fs::read_to_string(page()).unwrap_or_default(),
            reference_markdown(),
            "docs/reference/shield-rules.md is stale: make gen"
        );
    }
}
