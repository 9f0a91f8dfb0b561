//! `${VAR}` in values, filled in after parsing so that a value can never become YAML.
//!
//! `${VAR}`, `${VAR:-default}` and `${VAR:?message}` as in a shell, where empty counts as unset for
//! the last two; `$${` stands for `${` itself. What came from the environment may be a secret: the
//! node keeps the text as written, and only that is ever shown again.

use std::collections::HashSet;

use crate::{
    diagnostic::{Code, Diagnostic},
    tree::{Node, NodeId, Places, Tree, Value},
};

/// Reads one environment variable.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What a text became.
struct Filled {
    text: String,
    /// Whether a variable took part; `$${` alone reveals nothing.
    from_environment: bool,
}

/// Why a text could not be filled in.
struct Unfilled {
    code: Code,
    message: String,
    help: &'static str,
}

/// Fills in the whole tree; the nodes that could not be are returned with their diagnostics.
pub(crate) fn interpolate(
    tree: &mut Tree,
    env: Environment<'_>,
    failed: &mut HashSet<NodeId>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    walk(
        &mut tree.root,
        &mut tree.places,
        env,
        &mut |places, id, unfilled| {
            failed.insert(id);
            let (span, path) = (places.get(id).span, places.path(id));
            diagnostics.push(
                Diagnostic::error(unfilled.code, span, path, unfilled.message)
                    .with_help(unfilled.help),
            );
        },
    );
    diagnostics
}

fn walk(
    node: &mut Node,
    places: &mut Places,
    env: Environment<'_>,
    fail: &mut dyn FnMut(&Places, NodeId, Unfilled),
) {
    match &mut node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                walk(&mut entry.value, places, env, fail);
            }
        }
        Value::Sequence(items) => {
            for item in items {
                walk(item, places, env, fail);
            }
        }
        Value::Text(text) if text.contains("${") => match fill(text, env) {
            Ok(filled) => {
                let written = std::mem::replace(text, filled.text);
                if filled.from_environment {
                    places.mark_written(node.id, written);
                }
            }
            Err(unfilled) => fail(places, node.id, unfilled),
        },
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => {}
    }
}

fn fill(text: &str, env: Environment<'_>) -> Result<Filled, Unfilled> {
    let mut out = String::with_capacity(text.len());
    let mut from_environment = false;
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let inside = &rest[at + 2..];
        let end = inside.find('}').ok_or_else(|| Unfilled {
            code: Code::BadInterpolation,
            message: "`${` has no closing `}`".to_owned(),
            help: "write `${NAME}`, or `$${` for the characters themselves",
        })?;
        out.push_str(&resolve(&inside[..end], env)?);
        from_environment = true;
        rest = &inside[end + 1..];
    }
    out.push_str(rest);
    Ok(Filled {
        text: out,
        from_environment,
    })
}

fn resolve(expression: &str, env: Environment<'_>) -> Result<String, Unfilled> {
    let name_end = expression
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(expression.len());
    let (name, operation) = expression.split_at(name_end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || operation.contains("${")
    {
        return Err(malformed(expression));
    }
    let value = env(name);
    let filled = value.clone().filter(|value| !value.is_empty());
    if operation.is_empty() {
        return value.ok_or_else(|| Unfilled {
            code: Code::VariableUnset,
            message: format!("the environment variable `{name}` is not set"),
            help: "set it, or give a default: `${NAME:-default}`",
        });
    }
    if let Some(default) = operation.strip_prefix(":-") {
        return Ok(filled.unwrap_or_else(|| default.to_owned()));
    }
    if let Some(message) = operation.strip_prefix(":?") {
        return filled.ok_or_else(|| Unfilled {
            code: Code::VariableUnset,
            message: format!("the environment variable `{name}` is not set: {message}"),
            help: "set it before Forebay starts",
        });
    }
    Err(malformed(expression))
}

fn malformed(expression: &str) -> Unfilled {
    Unfilled {
        code: Code::BadInterpolation,
        message: format!("`${{{expression}}}` is not an environment variable"),
        help: "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`; `$${` is a literal `${`",
    }
}
