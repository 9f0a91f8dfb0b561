//! YAML text to [`Tree`]; the only module that knows the YAML parser.
//!
//! A configuration may come from a mounted volume that somebody else writes, so the parser works on
//! a budget: a file can be wrong, deep, huge or a bomb of aliases, and the answer is one diagnostic.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Error as YamlError, Location, Options, Spanned};

use crate::{
    diagnostic::{Code, Diagnostic},
    tree::{Entry, Node, NodeId, Place, Places, Segment, Span, Tree, Value, boundary},
};

/// Larger files are refused unread.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// Lists and mappings inside each other.
const MAX_DEPTH: usize = 64;
/// Values in the text, and again in everything that aliases repeat.
const MAX_NODES: usize = 50_000;
/// Anchors, and aliases.
const MAX_ANCHORS: usize = 1_000;

thread_local! {
    /// How deep the value being read is. Aliases repeat what they name, so the parser's own limit,
    /// which looks at the text, does not bound the tree; and a `Deserialize` has nowhere to keep it.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// A value as the parser delivers it.
enum Raw {
    Bool(bool),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
    Null,
    Number(serde_json::Number),
    Sequence(Vec<Spanned<Raw>>),
    Text(String),
}

/// One level deeper while it lives.
struct Deeper;

struct RawVisitor;

/// Reads one YAML document.
pub(crate) fn read(text: &str) -> Result<Tree, Diagnostic> {
    DEPTH.set(0);
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options()) {
        Ok(raw) => {
            let mut places = Places::default();
            let id = places.add(Place {
                parent: None,
                segment: Segment::Root,
                key_span: None,
                span: span(text, raw.defined),
                written: None,
            });
            let value = convert(text, raw.value, id, &mut places);
            Ok(Tree {
                root: Node { id, value },
                places,
            })
        }
        Err(error) => Err(diagnose(text, &error)),
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_aliases: MAX_ANCHORS,
            max_anchors: MAX_ANCHORS,
            max_merge_keys: MAX_ANCHORS,
            max_documents: 2,
            // The limits above already bound what aliases can do; many routes may share one anchor.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_NODES,
            max_replay_stack_depth: 8,
        },
    }
}

fn convert(text: &str, raw: Raw, parent: NodeId, places: &mut Places) -> Value {
    match raw {
        Raw::Bool(value) => Value::Bool(value),
        Raw::Null => Value::Null,
        Raw::Number(number) => Value::Number(number),
        Raw::Text(value) => Value::Text(value),
        Raw::Sequence(items) => Value::Sequence(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| {
                    let place = Place {
                        parent: Some(parent),
                        segment: Segment::Index(index),
                        key_span: None,
                        span: span(text, item.defined),
                        written: None,
                    };
                    let id = places.add(place);
                    let value = convert(text, item.value, id, places);
                    Node { id, value }
                })
                .collect(),
        ),
        Raw::Mapping(entries) => Value::Mapping(
            entries
                .into_iter()
                .map(|(key, item)| {
                    let place = Place {
                        parent: Some(parent),
                        segment: Segment::Key(key.value.clone()),
                        key_span: Some(span(text, key.defined)),
                        span: span(text, item.defined),
                        written: None,
                    };
                    let id = places.add(place);
                    let value = convert(text, item.value, id, places);
                    Entry {
                        key: key.value,
                        value: Node { id, value },
                    }
                })
                .collect(),
        ),
    }
}

/// The parser's location as ours. Errors of the scanner come without a byte offset.
fn span(text: &str, location: Location) -> Span {
    let bytes = location.span();
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let start = match bytes.byte_offset().map(usize::try_from) {
        Some(Ok(start)) => boundary(text, start),
        _ => byte_at(text, line, column),
    };
    let len = usize::try_from(bytes.byte_len().unwrap_or(0)).unwrap_or(0);
    let end = boundary(text, start.saturating_add(len));
    let written = text[start..end].trim_end();
    Span {
        start,
        end: start + written.len(),
        line,
        column,
    }
}

fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let mut lines = text.split_inclusive('\n');
    let start: usize = lines.by_ref().take(line - 1).map(str::len).sum();
    let inside = lines.next().unwrap_or_default().char_indices();
    let inside = inside.map(|(at, _)| at).nth(column - 1);
    start + inside.unwrap_or(0)
}

fn diagnose(text: &str, error: &YamlError) -> Diagnostic {
    let error = error.without_snippet();
    let cause = match error {
        YamlError::AliasError { error, .. } => error.without_snippet(),
        other => other,
    };
    let (code, message, help) = match cause {
        YamlError::DuplicateMappingKey { key, .. } => (
            Code::DuplicateKey,
            match key {
                Some(key) => format!("the key `{key}` is given twice in one mapping"),
                None => "a key is given twice in one mapping".to_owned(),
            },
            Some("keep one of them".to_owned()),
        ),
        YamlError::MultipleDocuments { .. } => (
            Code::SeveralDocuments,
            "the file holds more than one YAML document".to_owned(),
            Some("keep one document per file and remove the `---` between them".to_owned()),
        ),
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasReplayCounterOverflow { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. }
        | YamlError::RecursiveReferencesRequireWeakTypes { .. } => over_budget(),
        other if LIMITS.iter().any(|limit| other.to_string().contains(limit)) => over_budget(),
        other => (
            Code::Syntax,
            syntax_message(other),
            syntax_help(text, other),
        ),
    };
    let span = error
        .location()
        .map_or_else(|| Span::of(text, 0, 0), |location| span(text, location));
    let mut diagnostic = Diagnostic::error(code, span, String::new(), message);
    diagnostic.help = help;
    diagnostic
}

/// What our own depth check says to the parser, to be recognised in [`diagnose`].
const TOO_DEEP: &str = "nested too deeply";

/// How the scanner and [`TOO_DEEP`] say that a limit was reached; both arrive as text.
const LIMITS: [&str; 2] = [TOO_DEEP, "recursion limit exceeded"];

fn over_budget() -> (Code, String, Option<String>) {
    (
        Code::OverBudget,
        "the file is nested too deeply, or too large once its aliases are followed".to_owned(),
        Some(format!(
            "at most {MAX_DEPTH} levels, {MAX_NODES} values and {MAX_ANCHORS} anchors or aliases"
        )),
    )
}

fn syntax_message(error: &YamlError) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    // The place is told separately.
    let line = line.split(" at line ").next().unwrap_or(line);
    format!("this is not valid YAML: {line}")
}

fn syntax_help(text: &str, error: &YamlError) -> Option<String> {
    let line = usize::try_from(error.location()?.line()).ok()?;
    let near = text.lines().skip(line.saturating_sub(2)).take(2);
    let mut help = None;
    for line in near {
        let indent = line.len() - line.trim_start().len();
        if line[..indent].contains('\t') {
            help = Some("YAML is indented with spaces; replace the tab".to_owned());
        } else if help.is_none() && line.contains("${") {
            help = Some("inside `{ }` and `[ ]`, put `${..}` in quotes".to_owned());
        }
    }
    help
}

// === impl Deeper ===

impl Deeper {
    fn enter<E: de::Error>() -> Result<Self, E> {
        let depth = DEPTH.get();
        if depth >= MAX_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        DEPTH.set(depth + 1);
        Ok(Self)
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
    }
}

// === impl Raw ===

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

// === impl RawVisitor ===

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        serde_json::Number::from_f64(value)
            .map(Raw::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let _deeper = Deeper::enter()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let _deeper = Deeper::enter()?;
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Mapping(entries))
    }
}
