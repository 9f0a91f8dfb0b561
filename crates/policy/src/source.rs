//! The one way from bytes to policies.

use std::collections::HashSet;

use crate::{
    Balance, Diagnostic, Diagnostics, Endpoint, Policies, Severity, Span,
    check::{check, check_endpoints},
    deserialize::{Pruned, read_shape},
    diagnostic::Code,
    file::{At, EndpointFile},
    interpolate::interpolate,
    redact::redact,
    tree::{Tree, Value},
    yaml,
};

/// A file that somebody else has read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What to call it in diagnostics, usually its path.
    pub name: &'a str,
    /// What it holds: UTF-8 text, at most 1 MiB.
    pub bytes: &'a [u8],
}

/// Policies that can be used, and what is odd about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The policies.
    pub policies: Policies,
    /// Only warnings; empty when all is well.
    pub warnings: Diagnostics,
}

/// Reads, fills in and checks a file. `env` looks up the variables that `${NAME}` asks for.
///
/// The error holds every mistake that could be found, warnings included.
pub fn parse(
    source: Source<'_>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Checked, Diagnostics> {
    let text = text_of(source)?;
    let all = |list| Diagnostics::new(source.name, text, list);
    let mut tree = yaml::read(text).map_err(|diagnostic| all(vec![diagnostic]))?;
    require_mapping(&mut tree).map_err(|diagnostic| all(vec![diagnostic]))?;
    let mut failed = HashSet::new();
    let mut list = interpolate(&mut tree, env, &mut failed);
    let redacted = redact(&tree.root, &tree.places);
    let mut pruned = Pruned::default();
    for node in failed {
        pruned.add(tree.places.path(node));
        tree.root.prune(node);
    }
    let shape = read_shape(&mut tree, &mut pruned, &mut list);
    let Some(shape) = shape else {
        return Err(all(list));
    };
    let file = At {
        node: tree.root.id,
        value: shape,
    };
    let (policies, found) = check(&file, text, &tree.places, &pruned, redacted);
    list.extend(found);
    let wrong = list
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    let diagnostics = all(list);
    if wrong {
        return Err(diagnostics);
    }
    Ok(Checked {
        policies,
        warnings: diagnostics,
    })
}

/// Reads and checks a list of endpoints that stands in a file of its own, for an upstream of this
/// `balance`: what may stand under `endpoints`, and without variables.
///
/// The error holds every mistake that could be found.
pub fn parse_endpoints(source: Source<'_>, balance: Balance) -> Result<Vec<Endpoint>, Diagnostics> {
    let text = text_of(source)?;
    let all = |list| Diagnostics::new(source.name, text, list);
    let mut tree = yaml::read(text).map_err(|diagnostic| all(vec![diagnostic]))?;
    let mut pruned = Pruned::default();
    let mut list = Vec::new();
    let shape = read_shape::<Vec<At<EndpointFile>>>(&mut tree, &mut pruned, &mut list);
    let Some(shape) = shape else {
        return Err(all(list));
    };
    let (endpoints, found) = check_endpoints(&shape, balance, text, &tree.places, &pruned);
    list.extend(found);
    if list.is_empty() {
        Ok(endpoints)
    } else {
        Err(all(list))
    }
}

fn text_of(source: Source<'_>) -> Result<&str, Diagnostics> {
    let refuse = |code, span: Span, text: &str, message: String, help: &str| {
        let diagnostic = Diagnostic::error(code, span, String::new(), message).with_help(help);
        Diagnostics::new(source.name, text, vec![diagnostic])
    };
    let first = Span {
        line: 1,
        column: 1,
        ..Span::default()
    };
    if source.bytes.len() > yaml::MAX_BYTES {
        let message = "the file has more than 1 MiB".to_owned();
        let help = "a configuration has at most 1 MiB; is this the right file?";
        return Err(refuse(Code::TooLarge, first, "", message, help));
    }
    match str::from_utf8(source.bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let valid = &source.bytes[..error.valid_up_to()];
            let valid = str::from_utf8(valid).unwrap_or_default();
            let span = Span::of(valid, valid.len(), valid.len());
            let message = "the file is not UTF-8 text".to_owned();
            let help = "save it as UTF-8";
            Err(refuse(Code::NotUtf8, span, valid, message, help))
        }
    }
}

/// The root must be a mapping; `x-` keys in it are for anchors and are taken out.
fn require_mapping(tree: &mut Tree) -> Result<(), Diagnostic> {
    let (message, help) = match &mut tree.root.value {
        Value::Mapping(entries) => {
            entries.retain(|entry| !entry.key.starts_with("x-"));
            return Ok(());
        }
        Value::Null => ("the file is empty", "begin with `version: 1`"),
        _ => (
            "the file is not a mapping",
            "begin with `version: 1` and write fields as `name: value`",
        ),
    };
    let span = tree.places.get(tree.root.id).span;
    Err(Diagnostic::error(Code::NotAMapping, span, String::new(), message).with_help(help))
}
