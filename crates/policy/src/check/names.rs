//! Names: they become metric labels, so they are short, plain and bounded in number.

use std::collections::HashMap;

use crate::{diagnostic::Code, tree::NodeId};

use super::findings::Findings;

const LONGEST: usize = 64;

/// Labels that metrics use themselves.
const RESERVED: [&str; 2] = ["none", "other"];

/// Whether a name is the key of its mapping or the value of a `name` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameIs {
    Key,
    Value,
}

/// Names that were seen, to tell when one comes again.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<String, usize>);

/// Reports a name that could not be a metric label; `shown` is what may be shown of it.
pub(super) fn check_name(
    findings: &mut Findings<'_>,
    node: NodeId,
    name: &str,
    name_is: NameIs,
    shown: &str,
) {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let (message, help) = if RESERVED.contains(&name) {
        (
            format!("the name `{shown}` is reserved"),
            "metrics use `none` and `other` themselves; choose another",
        )
    } else if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
        (
            format!("`{shown}` cannot be a name"),
            "names have 1 to 64 letters, digits, `_`, `.` or `-`",
        )
    } else {
        return;
    };
    match name_is {
        NameIs::Key => findings.key_error(node, Code::BadName, message, help),
        NameIs::Value => findings.error(node, Code::BadName, message, help),
    }
}

// === impl Seen ===

impl Seen {
    /// Remembers a name, and reports it if it was there before.
    pub(super) fn add(
        &mut self,
        findings: &mut Findings<'_>,
        node: NodeId,
        name: &str,
        what: &str,
        shown: &str,
    ) {
        let line = findings.line(node);
        match self.0.get(name) {
            Some(first) => {
                let message = format!("the {what} `{shown}` is already given in line {first}");
                findings.error(node, Code::DuplicateName, message, "choose another name");
            }
            None => {
                self.0.insert(name.to_owned(), line);
            }
        }
    }
}
