//! What a response is about, so that all responses about one thing can be purged together.
//!
//! Tags come from the origin (`Surrogate-Key`, separated by spaces, and `Cache-Tag`, by commas) and
//! from the operator, who can make them from the path. Both are names of one space, whoever gave
//! them. `Cache-Groups` (RFC 9875) are another: a group belongs to its origin, so that one origin
//! cannot empty the cache of another.
//!
//! **Bounded.** Every tag costs memory for as long as its response is stored. Beyond [`MAX_TAGS`] of
//! at most [`MAX_TAG`] bytes the rest are left out and counted; a purge by one of those does not hit.

use http::{HeaderMap, Method};
use policy::{PathPattern, PathSegment};
use sfv::{BareItem, List, ListEntry, Parser};

use super::{
    label::{Label, Origin},
    purge::Target,
};

/// The labels of one response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// What it can be purged by, besides its URL; in no order, each once.
    pub labels: Vec<Label>,
    /// How many more there were than a response may have, or too long ones.
    pub ignored: usize,
}

/// The most tags a response has.
pub const MAX_TAGS: usize = 64;

/// The longest tag, in bytes.
pub const MAX_TAG: usize = 256;

/// The operator's tags of a route, ready to be filled in.
#[derive(Clone, Copy, Debug)]
pub struct OwnTags<'a> {
    /// What they look like; `{name}` stands for a parameter of the path.
    pub patterns: &'a [String],
    /// The path of the route.
    pub route: &'a PathPattern,
    /// The normalised path of the request. Nothing in it is decoded.
    pub path: &'a str,
}

// === impl Tags ===

impl Tags {
    /// Everything that a response of `origin` says about itself, and the operator about its route.
    pub fn of(response: &HeaderMap, origin: &Origin, own: OwnTags<'_>) -> Self {
        let mut tags = Self::default();
        own.fill(|tag| tags.add(tag, Label::tag));
        for tag in listed(response) {
            tags.add(tag, Label::tag);
        }
        for group in groups(response, "cache-groups") {
            tags.add(group.as_bytes(), |_| Label::group(origin, &group));
        }
        tags
    }

    fn add(&mut self, name: &[u8], label: impl FnOnce(&[u8]) -> Label) {
        if name.len() > MAX_TAG {
            self.ignored += 1;
            return;
        }
        let label = label(name);
        if self.labels.contains(&label) {
            return;
        }
        if self.labels.len() == MAX_TAGS {
            self.ignored += 1;
        } else {
            self.labels.push(label);
        }
    }
}

// === impl OwnTags ===

impl OwnTags<'_> {
    /// Gives each pattern, filled in; one that names what the path has not is left out.
    fn fill(&self, mut each: impl FnMut(&[u8])) {
        for pattern in self.patterns {
            if let Some(tag) = fill(pattern, |name| capture(self.route, self.path, name)) {
                each(tag.as_bytes());
            }
        }
    }
}

/// What a parameter of a route's path stands for in this path, as it is spelled there.
///
/// `None` when the route has no such parameter, or the path is not one of its paths.
pub fn capture<'a>(route: &PathPattern, path: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = Some(path.strip_prefix('/')?);
    let mut found = None;
    for segment in &route.segments {
        if let PathSegment::Rest(it) = segment {
            let rest = rest.take().unwrap_or_default();
            return if it == name { Some(rest) } else { found };
        }
        let text = rest?;
        let (here, after) = match text.split_once('/') {
            Some((here, after)) => (here, Some(after)),
            None => (text, None),
        };
        match segment {
            PathSegment::Literal(literal) if literal == here => {}
            PathSegment::Parameter(it) if !here.is_empty() => {
                if it == name {
                    found = Some(here);
                }
            }
            _ => return None,
        }
        rest = after;
    }
    if rest.is_none() { found } else { None }
}

/// The groups that a response to a write says are obsolete (RFC 9875, section 3), to be purged.
///
/// They are those of the origin that answered: it speaks for no other. A response to a safe method
/// says nothing.
pub fn obsolete_groups(method: &Method, origin: &Origin, response: &HeaderMap) -> Vec<Target> {
    if method.is_safe() {
        return Vec::new();
    }
    groups(response, "cache-group-invalidation")
        .into_iter()
        .filter(|group| group.len() <= MAX_TAG)
        .take(MAX_TAGS)
        .map(|group| Target::Group {
            origin: origin.clone(),
            group,
        })
        .collect()
}

/// The tags in `Surrogate-Key` and `Cache-Tag`, those of a response or of a request to purge.
pub(super) fn listed(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let split = |name: &'static str, is_border: fn(&u8) -> bool| {
        let lines = headers.get_all(name).iter();
        lines.flat_map(move |line| line.as_bytes().split(is_border))
    };
    let spaced = split("surrogate-key", |byte| matches!(byte, b' ' | b'\t'));
    let commas = split("cache-tag", |byte| *byte == b',');
    spaced
        .chain(commas)
        .map(<[u8]>::trim_ascii)
        .filter(|tag| !tag.is_empty())
}

/// The strings of a list; none at all when it cannot be read, as structured fields demand.
fn groups(headers: &HeaderMap, name: &str) -> Vec<String> {
    let mut field = Vec::new();
    for line in headers.get_all(name) {
        if !field.is_empty() {
            field.extend_from_slice(b", ");
        }
        field.extend_from_slice(line.as_bytes());
    }
    let list: List = Parser::new(&field).parse().unwrap_or_default();
    let mut groups = Vec::with_capacity(list.len());
    for entry in list {
        match entry {
            ListEntry::Item(item) => match item.bare_item {
                BareItem::String(group) => groups.push(group.into()),
                _ => return Vec::new(),
            },
            ListEntry::InnerList(_) => return Vec::new(),
        }
    }
    groups
}

/// Replaces each `{name}`; a brace without its partner stands for itself.
fn fill<'a>(pattern: &str, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        out.push_str(before);
        out.push_str(value(name)?);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests;
