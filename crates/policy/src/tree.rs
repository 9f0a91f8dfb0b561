//! The YAML text as a tree that remembers where each value was written.
//!
//! Why a tree of our own: every later question ("which line is this?", "may this value be shown?",
//! "what is this field's path?") is about a *node*, so nodes have a number, and [`Places`] answers by
//! number. Pruning a node never renumbers the others.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// Where something stands in the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// The mappings whose keys are names that the operator chose; `*` is any key.
const NAMED: [&[&str]; 5] = [
    &["upstreams"],
    &["upstreams", "*", "capacity", "classes", "values"],
    &["policies"],
    &["cache", "strategies"],
    &["cache", "personas"],
];

/// The number of a node, valid for one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(pub(crate) usize);

/// A whole file.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: Node,
    pub(crate) places: Places,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    Mapping(Vec<Entry>),
    Null,
    Number(serde_json::Number),
    Sequence(Vec<Node>),
    Text(String),
}

/// One key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Node,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    Index(usize),
    Key(String),
    Root,
}

/// What is known about a node besides its value.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) parent: Option<NodeId>,
    pub(crate) segment: Segment,
    pub(crate) key_span: Option<Span>,
    pub(crate) span: Span,
    /// The text as written, when the value came from the environment and must not be shown.
    pub(crate) written: Option<String>,
}

/// A place for each node.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<Place>);

// === impl Span ===

impl Span {
    /// The span of the bytes `start..end` of `text`, with line and column counted.
    pub(crate) fn of(text: &str, start: usize, end: usize) -> Self {
        let start = boundary(text, start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            start,
            end: boundary(text, end.max(start)),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

// === impl Node ===

impl Node {
    /// Removes the node with this number from below this one.
    pub(crate) fn prune(&mut self, id: NodeId) {
        match &mut self.value {
            Value::Mapping(entries) => {
                entries.retain(|entry| entry.value.id != id);
                entries.iter_mut().for_each(|entry| entry.value.prune(id));
            }
            Value::Sequence(items) => {
                items.retain(|item| item.id != id);
                items.iter_mut().for_each(|item| item.prune(id));
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::Text(_) => {}
        }
    }

    /// What a reader would call it, without its content.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Bool(_) => "a boolean",
            Value::Mapping(_) => "a mapping",
            Value::Null => "nothing",
            Value::Number(_) => "a number",
            Value::Sequence(_) => "a list",
            Value::Text(_) => "text",
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Mapping(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for entry in entries {
                    map.serialize_entry(&entry.key, &entry.value)?;
                }
                map.end()
            }
            Value::Null => serializer.serialize_unit(),
            Value::Number(number) => number.serialize(serializer),
            Value::Sequence(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Value::Text(text) => serializer.serialize_str(text),
        }
    }
}

// === impl Places ===

impl Places {
    pub(crate) fn add(&mut self, place: Place) -> NodeId {
        self.0.push(place);
        NodeId(self.0.len() - 1)
    }

    pub(crate) fn get(&self, id: NodeId) -> &Place {
        &self.0[id.0]
    }

    /// Marks a node as filled in from the environment; `written` is what may be shown.
    pub(crate) fn mark_written(&mut self, id: NodeId, written: String) {
        self.0[id.0].written = Some(written);
    }

    /// Whether a value below this one came from the environment.
    pub(crate) fn any_written_below(&self, id: NodeId) -> bool {
        // Those inside a node are numbered right after it.
        let inside = |mut at: NodeId| {
            while let Some(parent) = self.get(at).parent {
                if parent == id {
                    return true;
                }
                at = parent;
            }
            false
        };
        let later = self.0.iter().enumerate().skip(id.0 + 1);
        let mut below = later.take_while(|(number, _)| inside(NodeId(*number)));
        below.any(|(_, place)| place.written.is_some())
    }

    /// The dotted path, `routes[1].cache.ttl`; empty for the root.
    pub(crate) fn path(&self, id: NodeId) -> String {
        self.fold(id, &|segments| match segments {
            Segment::Index(index) => format!("[{index}]"),
            Segment::Key(key) => key.clone(),
            Segment::Root => String::new(),
        })
    }

    /// The path with list positions and chosen names left out, `upstreams.*.retry`.
    pub(crate) fn kind_of_path(&self, id: NodeId) -> String {
        let mut at = Some(id);
        let mut parts = Vec::new();
        while let Some(here) = at {
            match &self.get(here).segment {
                Segment::Index(_) => parts.push("[]".to_owned()),
                Segment::Key(_) if self.is_named(here) => parts.push("*".to_owned()),
                Segment::Key(key) => parts.push(key.clone()),
                Segment::Root => {}
            }
            at = self.get(here).parent;
        }
        parts.reverse();
        join(&parts)
    }

    /// Whether the key of this node is a name that the operator chose.
    fn is_named(&self, id: NodeId) -> bool {
        let mapping = self.get(id).parent;
        NAMED.iter().any(|path| {
            let mut at = mapping;
            let mut fits = path.iter().rev().all(|key| {
                let here = at.map(|at| self.get(at));
                at = here.and_then(|place| place.parent);
                here.is_some_and(
                    |place| matches!(&place.segment, Segment::Key(k) if k == key || *key == "*"),
                )
            });
            // What is above the first key is the file itself.
            fits &= at.is_some_and(|at| self.get(at).parent.is_none());
            fits
        })
    }

    fn fold(&self, id: NodeId, show: &dyn Fn(&Segment) -> String) -> String {
        let mut at = Some(id);
        let mut parts = Vec::new();
        while let Some(here) = at {
            let place = self.get(here);
            if !matches!(place.segment, Segment::Root) {
                parts.push(show(&place.segment));
            }
            at = place.parent;
        }
        parts.reverse();
        join(&parts)
    }
}

/// The nearest character boundary at or before this byte.
pub(crate) fn boundary(text: &str, byte: usize) -> usize {
    let mut at = byte.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// `a`, `[0]`, `b` as `a[0].b`.
fn join(parts: &[String]) -> String {
    let mut path = String::new();
    for part in parts {
        if !path.is_empty() && !part.starts_with('[') {
            path.push('.');
        }
        path.push_str(part);
    }
    path
}
