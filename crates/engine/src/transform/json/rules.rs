//! The list of fields that stay, as a tree of names that is walked down with the document.

use policy::JsonTrim;

/// What is done to the documents of one route, made once from its policy.
#[derive(Clone, Debug)]
pub struct JsonRules {
    /// The first is where a document begins; empty when every field stays.
    nodes: Vec<Node>,
}

/// How much of a document stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All but the white space between tokens.
    Minify,
    /// Some fields only.
    Select,
}

/// A place in the tree.
pub(super) type NodeId = u32;

/// The root of the tree.
pub(super) const ROOT: NodeId = 0;

#[derive(Clone, Debug, Default)]
struct Node {
    /// By name, in order.
    named: Vec<(Box<[u8]>, NodeId)>,
    /// Whatever the name is.
    any: Option<NodeId>,
    /// Everything from here on stays.
    is_whole: bool,
}

/// What a field's name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Led {
    /// Nowhere: the field goes.
    Nowhere,
    /// To something of which a part stays: the places that were added are where.
    OnTheWay,
    /// To something that stays as it is.
    Whole,
}

// === impl JsonRules ===

impl JsonRules {
    /// The rules of this policy.
    pub fn new(trim: &JsonTrim) -> Self {
        let mut rules = Self { nodes: Vec::new() };
        if trim.fields.is_empty() {
            return rules;
        }
        rules.nodes.push(Node::default());
        for path in &trim.fields {
            let mut at = ROOT;
            for name in &path.names {
                at = rules.below(at, name);
            }
            rules.nodes[at as usize].is_whole = true;
        }
        rules
    }

    /// How much of a document stays.
    pub const fn reach(&self) -> Reach {
        if self.nodes.is_empty() {
            Reach::Minify
        } else {
            Reach::Select
        }
    }

    /// The place below `at` with this name, made where there is none yet.
    fn below(&mut self, at: NodeId, name: &str) -> NodeId {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a configuration is far smaller than 4 GiB"
        )]
        let next = self.nodes.len() as NodeId;
        let node = &mut self.nodes[at as usize];
        if name == "*" {
            if let Some(known) = node.any {
                return known;
            }
            node.any = Some(next);
        } else {
            match find(&node.named, name.as_bytes()) {
                Ok(known) => return node.named[known].1,
                Err(place) => node.named.insert(place, (name.as_bytes().into(), next)),
            }
        }
        self.nodes.push(Node::default());
        next
    }

    /// Where `name` leads from all of `places[from..to]`; the new places are put at the end.
    pub(super) fn follow(&self, places: &mut Vec<NodeId>, from: usize, name: &[u8]) -> Led {
        let to = places.len();
        for at in from..to {
            let node = &self.nodes[places[at] as usize];
            let named = find(&node.named, name)
                .ok()
                .map(|found| node.named[found].1);
            for next in named.into_iter().chain(node.any) {
                if self.nodes[next as usize].is_whole {
                    places.truncate(to);
                    return Led::Whole;
                }
                places.push(next);
            }
        }
        if places.len() > to {
            Led::OnTheWay
        } else {
            Led::Nowhere
        }
    }

    /// Where the elements of an array at `places[from..]` are: there as well, because arrays need not be
    /// named, and where a star leads to; the new places are put at the end.
    pub(super) fn enter_array(&self, places: &mut Vec<NodeId>, from: usize) -> Led {
        let to = places.len();
        for at in from..to {
            let Some(next) = self.nodes[places[at] as usize].any else {
                continue;
            };
            if self.nodes[next as usize].is_whole {
                places.truncate(to);
                return Led::Whole;
            }
            // An array in an array leads to the same places.
            if !places[from..].contains(&next) {
                places.push(next);
            }
        }
        Led::OnTheWay
    }
}

fn find(named: &[(Box<[u8]>, NodeId)], name: &[u8]) -> Result<usize, usize> {
    named.binary_search_by(|(known, _)| (**known).cmp(name))
}
