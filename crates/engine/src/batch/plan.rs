//! A route's batch policy, read once.

use std::num::NonZeroUsize;

use bytes::Bytes;
use http::{HeaderMap, Method, uri::PathAndQuery};
use policy::{BatchKind, BatchPolicy, PathPattern, PathSegment};

use super::{
    json::Pointer,
    member::{Member, Part, is_json, names, segment},
};
use crate::percent;

/// Larger bodies are not for batches, in bytes.
const MAX_MEMBER_BODY: u64 = 64 * 1024;

/// How the requests of a route are put together and their answer is taken apart.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) way: Way,
    pub(super) answers: Pointer,
    /// As many make a batch that is sent at once.
    pub(super) max_size: NonZeroUsize,
}

/// What is put together.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Ids(Ids),
    Items(Items),
}

/// Parts of paths, of which one request for a list is made.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    /// Which segment of the path tells them apart.
    pub(super) segment: usize,
    /// Path and query of the batch request.
    template: Box<[Piece]>,
    separator: String,
    /// The separator in every reading that the origin may have of it.
    pub(super) separators: Vec<String>,
    /// The names in the query of the batch request.
    pub(super) own_names: Vec<Vec<u8>>,
    /// The name in each answer that holds its part of the path.
    pub(super) id: String,
}

/// Values in JSON documents, of which one longer array is made.
#[derive(Clone, Debug)]
pub(super) struct Items {
    pub(super) items: Pointer,
    /// The name in each answer that holds its position.
    pub(super) index: Option<String>,
}

#[derive(Clone, Debug)]
enum Piece {
    /// All ids.
    Ids,
    /// Another segment of the path, in which the members agree.
    Segment(usize),
    Text(String),
}

/// A batch request, as far as it differs from its first member's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// What is asked for.
    pub target: PathAndQuery,
    /// The body; `None` when there is none.
    pub body: Option<Bytes>,
}

/// A policy that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unplannable {
    /// A batch of fewer than two.
    #[error("a batch is made of 2 requests or more")]
    MaxSize,
    /// The pattern has no such parameter of one segment.
    #[error("the path has no parameter {{{0}}} of one segment")]
    Parameter(String),
    /// A text that should be a JSON pointer.
    #[error("{0:?} is no JSON pointer")]
    Pointer(String),
    /// The template is not a path and query with `{ids}` in it, or names what the path has not.
    #[error("{0:?} is no path and query with {{ids}} in it, made of what the route's path has")]
    Template(String),
    /// Requests of this route differ in a part of the path that the batch request leaves out.
    #[error("the batch request leaves {{{0}}} out, in which requests may differ")]
    Unused(String),
}

// === impl Plan ===

impl Plan {
    /// Reads `policy` for a route with this path.
    ///
    /// # Errors
    /// When the policy cannot be carried out on such a path.
    pub fn new(policy: &BatchPolicy, path: &PathPattern) -> Result<Self, Unplannable> {
        let max_size = usize::try_from(policy.max_size).unwrap_or(usize::MAX);
        let max_size = NonZeroUsize::new(max_size).filter(|size| size.get() > 1);
        let (way, answers) = match &policy.kind {
            BatchKind::Body {
                items,
                answers,
                index,
            } => {
                let items = Items {
                    items: pointer(items)?,
                    index: index.clone(),
                };
                (Way::Items(items), answers)
            }
            BatchKind::Path {
                parameter,
                request,
                separator,
                answers,
                id,
            } => {
                let ids = Ids::new(path, parameter, request, separator, id)?;
                (Way::Ids(ids), answers)
            }
        };
        Ok(Self {
            way,
            answers: pointer(answers)?,
            max_size: max_size.ok_or(Unplannable::MaxSize)?,
        })
    }

    /// How much of the body of such a request must be read to know whether it can be in a batch, in
    /// bytes; `None` when its body is not looked at.
    pub fn wants_body(&self, method: &Method, headers: &HeaderMap) -> Option<u64> {
        let suits = self.has_body() && method == Method::POST && is_json(headers);
        suits.then_some(MAX_MEMBER_BODY)
    }

    /// Whether batches have a body.
    pub(super) const fn has_body(&self) -> bool {
        matches!(self.way, Way::Items(_))
    }

    /// The request that asks for all of `members`, which agree in their keys; each thing is asked for
    /// once, however many want it. `None` when it cannot be written, which no member's limits allow.
    pub fn compose(&self, members: &[&Member]) -> Option<Composed> {
        match &self.way {
            Way::Ids(ids) => Some(Composed {
                target: ids.target(members)?,
                body: None,
            }),
            Way::Items(_) => Some(Composed {
                target: members.first()?.target.clone(),
                body: Some(joined(members)?),
            }),
        }
    }
}

// === impl Ids ===

impl Ids {
    fn new(
        path: &PathPattern,
        parameter: &str,
        request: &str,
        separator: &str,
        id: &str,
    ) -> Result<Self, Unplannable> {
        let segment = position(path, parameter)
            .ok_or_else(|| Unplannable::Parameter(parameter.to_owned()))?;
        let no_template = || Unplannable::Template(request.to_owned());
        let template = pieces(request, path, segment).ok_or_else(no_template)?;
        for (at, other) in path.segments.iter().enumerate() {
            let named = template
                .iter()
                .any(|piece| matches!(piece, Piece::Segment(named) if *named == at));
            match other {
                PathSegment::Parameter(name) | PathSegment::Rest(name)
                    if at != segment && !named =>
                {
                    return Err(Unplannable::Unused(name.clone()));
                }
                PathSegment::Literal(_) | PathSegment::Parameter(_) | PathSegment::Rest(_) => {}
            }
        }
        let query = request.split_once('?').map_or("", |(_, query)| query);
        let form = percent::form_decoded(separator).collect();
        let mut separators = vec![separator.to_owned()];
        separators.extend(String::from_utf8(form).ok());
        let ids = Self {
            segment,
            template,
            separator: separator.to_owned(),
            separators,
            own_names: names(query).chain(names(separator)).collect(),
            id: id.to_owned(),
        };
        let sample = ids.written(&["0", "1"], |_| Some("x"), None);
        let is_path = request.starts_with('/') && !separator.is_empty();
        match sample.filter(|_| is_path) {
            Some(_) => Ok(ids),
            None => Err(no_template()),
        }
    }

    fn target(&self, members: &[&Member]) -> Option<PathAndQuery> {
        let first = members.first()?;
        let mut distinct: Vec<&str> = Vec::with_capacity(members.len());
        for member in members {
            if let Part::Id { encoded, .. } = &member.part
                && !distinct.contains(&encoded.as_str())
            {
                distinct.push(encoded);
            }
        }
        let path = first.target.path();
        let other = |position| segment(path, position).map(|place| &path[place]);
        self.written(&distinct, other, first.target.query())
    }

    fn written<'a>(
        &self,
        ids: &[&str],
        segment: impl Fn(usize) -> Option<&'a str>,
        query: Option<&str>,
    ) -> Option<PathAndQuery> {
        let mut text = String::new();
        for piece in &self.template {
            match piece {
                Piece::Ids => text.push_str(&ids.join(&self.separator)),
                Piece::Segment(position) => text.push_str(segment(*position)?),
                Piece::Text(literal) => text.push_str(literal),
            }
        }
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            text.push(if text.contains('?') { '&' } else { '?' });
            text.push_str(query);
        }
        PathAndQuery::try_from(text).ok()
    }
}

/// All that the members' bodies ask for, in the first one's body.
fn joined(members: &[&Member]) -> Option<Bytes> {
    let mut out = Vec::new();
    let mut after: &[u8] = &[];
    for (at, member) in members.iter().enumerate() {
        let Part::Items { body, place, .. } = &member.part else {
            return None;
        };
        if at == 0 {
            out.extend_from_slice(&body[..place.start]);
            out.push(b'[');
            after = &body[place.end..];
        } else {
            out.push(b',');
        }
        out.extend_from_slice(inner(&body[place.clone()]));
    }
    out.push(b']');
    out.extend_from_slice(after);
    Some(out.into())
}

/// A value, or what is between the brackets of an array.
fn inner(value: &[u8]) -> &[u8] {
    match value {
        [b'[', inner @ .., b']'] => inner,
        other => other,
    }
}

fn pointer(text: &str) -> Result<Pointer, Unplannable> {
    Pointer::parse(text).map_err(|_| Unplannable::Pointer(text.to_owned()))
}

/// The position of a parameter of one segment.
fn position(path: &PathPattern, parameter: &str) -> Option<usize> {
    let wanted = |segment: &PathSegment| matches!(segment, PathSegment::Parameter(name) if name == parameter);
    path.segments.iter().position(wanted)
}

/// Reads `/shops/{shop}/users?ids={ids}`; `{ids}` must be there once.
fn pieces(request: &str, path: &PathPattern, told_apart: usize) -> Option<Box<[Piece]>> {
    let (mut pieces, mut rest) = (Vec::new(), request);
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        pieces.push(Piece::Text(text.to_owned()));
        pieces.push(match name {
            "ids" => Piece::Ids,
            other => {
                let agreed = position(path, other).filter(|at| *at != told_apart);
                Piece::Segment(agreed?)
            }
        });
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    let ids = pieces.iter().filter(|piece| matches!(piece, Piece::Ids));
    (ids.count() == 1).then_some(pieces.into())
}
