//! A trie of path segments.
//!
//! A lookup goes down the path once, at each node first to the literal child, then to the parameter
//! child, then to the `{*rest}` routes that end there, and comes back when what it found does not
//! fit. Each node has one depth, so it is entered at most once per lookup; the walk is therefore
//! bounded by the configuration, never by what a client sends.

use std::collections::HashMap;

use policy::{PathPattern, PathSegment};

use super::{conditions::Rank, hasher::BuildFieldHasher};

/// The routes of one host, by path.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
}

/// A route at the end of a pattern.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    /// Smaller is tried earlier.
    pub(super) rank: Rank,
    /// Its position in the configuration.
    pub(super) route: usize,
}

#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize, BuildFieldHasher>,
    parameter: Option<usize>,
    /// Routes whose pattern ends here, by rank.
    ends: Vec<Leaf>,
    /// Routes whose pattern takes all the rest from here, by rank.
    rests: Vec<Leaf>,
}

const ROOT: usize = 0;

// === impl Trie ===

impl Default for Trie {
    fn default() -> Self {
        Self {
            nodes: vec![Node::default()],
        }
    }
}

impl Trie {
    /// Adds a route under its pattern.
    pub(super) fn insert(&mut self, pattern: &PathPattern, leaf: Leaf) {
        let mut at = ROOT;
        for segment in &pattern.segments {
            at = match segment {
                PathSegment::Literal(text) => self.literal_child(at, text),
                PathSegment::Parameter(_) => self.parameter_child(at),
                PathSegment::Rest(_) => {
                    keep_sorted(&mut self.nodes[at].rests, leaf);
                    return;
                }
            };
        }
        keep_sorted(&mut self.nodes[at].ends, leaf);
    }

    /// The first answer that `accept` gives for the routes of this path, most specific first.
    ///
    /// `path` has lost its leading slash.
    pub(super) fn find<T>(
        &self,
        path: &str,
        accept: &mut impl FnMut(&Leaf) -> Option<T>,
    ) -> Option<T> {
        self.descend(ROOT, Some(path), accept)
    }

    fn descend<T>(
        &self,
        at: usize,
        left: Option<&str>,
        accept: &mut impl FnMut(&Leaf) -> Option<T>,
    ) -> Option<T> {
        let node = &self.nodes[at];
        let Some(left) = left else {
            return node.ends.iter().chain(&node.rests).find_map(accept);
        };
        let (segment, after) = match left.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (left, None),
        };
        if !node.literals.is_empty()
            && let Some(child) = node.literals.get(segment)
            && let Some(found) = self.descend(*child, after, accept)
        {
            return Some(found);
        }
        if !segment.is_empty()
            && let Some(child) = node.parameter
            && let Some(found) = self.descend(child, after, accept)
        {
            return Some(found);
        }
        node.rests.iter().find_map(accept)
    }

    fn literal_child(&mut self, at: usize, text: &str) -> usize {
        let new = self.nodes.len();
        let child = *self.nodes[at].literals.entry(text.into()).or_insert(new);
        self.grow_to(child);
        child
    }

    fn parameter_child(&mut self, at: usize) -> usize {
        let new = self.nodes.len();
        let child = *self.nodes[at].parameter.get_or_insert(new);
        self.grow_to(child);
        child
    }

    fn grow_to(&mut self, child: usize) {
        if child == self.nodes.len() {
            self.nodes.push(Node::default());
        }
    }
}

fn keep_sorted(leaves: &mut Vec<Leaf>, leaf: Leaf) {
    let place = leaves.partition_point(|other| other.rank <= leaf.rank);
    leaves.insert(place, leaf);
}
