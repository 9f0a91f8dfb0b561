//! One mistake of shape, as serde reports it, and the sentence it becomes.
//!
//! Serde likes to quote the offending value. The value may be a secret from the environment, so what
//! was found is always described from the node, as written.

use std::fmt;

use serde::de;

use crate::{
    diagnostic::{Code, Diagnostic},
    planned::{self, Plan},
    suggest::{closest, listed},
    tree::{Node, NodeId, Tree, Value},
};

/// The half of an entry a mistake is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// A mistake, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    at: Option<(NodeId, Part)>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Another kind of value, or text that cannot be read as one.
    Unexpected { expected: String },
    UnknownField {
        field: String,
        known: &'static [&'static str],
    },
    UnknownWord {
        word: String,
        known: &'static [&'static str],
    },
}

// === impl Mistake ===

impl Mistake {
    pub(super) fn unexpected(expected: &str) -> Self {
        Self {
            at: None,
            kind: Kind::Unexpected {
                expected: expected.to_owned(),
            },
        }
    }

    pub(super) fn not_a_word(known: &'static [&'static str]) -> Self {
        Self::unexpected(&listed(known.iter().copied(), "or"))
    }

    /// Says where, unless something further inside already did.
    pub(super) fn at(mut self, node: NodeId, part: Part) -> Self {
        self.at.get_or_insert((node, part));
        self
    }

    pub(super) fn node(&self) -> Option<NodeId> {
        self.at.map(|(node, _)| node)
    }

    /// The field that was probably meant by an unknown one.
    pub(super) fn meant(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::UnknownField { field, known } => closest(field, known.iter().copied()),
            Kind::Unexpected { .. } | Kind::UnknownWord { .. } => None,
        }
    }

    pub(super) fn diagnose(&self, tree: &Tree) -> Diagnostic {
        let (node, part) = self.at.unwrap_or((tree.root.id, Part::Value));
        let place = tree.places.get(node);
        let span = match part {
            Part::Key => place.key_span.unwrap_or(place.span),
            Part::Value => place.span,
        };
        let (code, message, help) = match &self.kind {
            Kind::UnknownField { field, known } => {
                let parent = place.parent.unwrap_or(tree.root.id);
                unknown_field(field, known, &tree.places.kind_of_path(parent))
            }
            Kind::UnknownWord { word, known } => match &place.written {
                Some(written) => unknown_word(written, &[], known),
                None => unknown_word(word, known, known),
            },
            Kind::Unexpected { expected } => {
                let found = find(&tree.root, node);
                let text = match (&place.written, found) {
                    (Some(written), _) => format!("`{written}`"),
                    (None, Some(node)) => describe(node),
                    (None, None) => "something else".to_owned(),
                };
                let quotes = expected.starts_with("text")
                    && found.is_some_and(|node| {
                        matches!(node.value, Value::Bool(_) | Value::Number(_))
                    });
                let help = quotes.then(|| "put it in quotes".to_owned());
                let message = format!("expected {expected}, found {text}");
                (Code::WrongValue, message, help)
            }
        };
        let mut diagnostic = Diagnostic::error(code, span, tree.places.path(node), message);
        diagnostic.help = help;
        diagnostic
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mistake in the file")
    }
}

impl std::error::Error for Mistake {}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Self::unexpected(message.strip_prefix("expected ").unwrap_or(&message))
    }

    fn invalid_type(_found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::unexpected(&in_our_words(&expected.to_string()))
    }

    fn invalid_value(_found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::unexpected(&in_our_words(&expected.to_string()))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self {
            at: None,
            kind: Kind::UnknownField {
                field: field.to_owned(),
                known,
            },
        }
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self {
            at: None,
            kind: Kind::UnknownWord {
                word: word.to_owned(),
                known,
            },
        }
    }
}

fn unknown_field(field: &str, known: &[&str], kind: &str) -> (Code, String, Option<String>) {
    if planned::field(kind, field) == Plan::Planned {
        return not_built(field, "remove it");
    }
    let place = if kind.is_empty() {
        "a file"
    } else {
        "this mapping"
    };
    let known_fields = format!("{place} can hold {}", listed(known.iter().copied(), "and"));
    let help = match closest(field, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {known_fields}"),
        None => known_fields,
    };
    (
        Code::UnknownField,
        format!("there is no field `{field}` here"),
        Some(help),
    )
}

fn unknown_word(word: &str, near: &[&str], known: &[&str]) -> (Code, String, Option<String>) {
    let choices = format!("it is one of {}", listed(known.iter().copied(), "and"));
    let help = match closest(word, near.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {choices}"),
        None => choices,
    };
    let message = format!("`{}` is not a word this field knows", shortened(word));
    (Code::UnknownWord, message, Some(help))
}

fn not_built(name: &str, instead: &str) -> (Code, String, Option<String>) {
    (
        Code::NotBuiltYet,
        format!("`{name}` is not built yet; {instead}"),
        Some("it is planned for a later release and does nothing today".to_owned()),
    )
}

/// The names serde gives to kinds, in the words of the file.
fn in_our_words(expected: &str) -> String {
    match expected {
        "a string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other => other.to_owned(),
    }
}

fn describe(node: &Node) -> String {
    match &node.value {
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::Text(text) => format!("`{}`", shortened(text)),
        Value::Mapping(_) | Value::Null | Value::Sequence(_) => node.kind().to_owned(),
    }
}

/// A value short enough for a sentence.
fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(60).collect();
    if chars.next().is_some() {
        short.push_str("..");
    }
    short
}

fn find(node: &Node, id: NodeId) -> Option<&Node> {
    if node.id == id {
        return Some(node);
    }
    match &node.value {
        Value::Mapping(entries) => entries.iter().find_map(|entry| find(&entry.value, id)),
        Value::Sequence(items) => items.iter().find_map(|item| find(item, id)),
        Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => None,
    }
}
