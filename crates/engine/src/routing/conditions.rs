//! What a route asks besides host and path.

use std::cmp::Reverse;

use http::{HeaderName, Method};
use policy::{FieldMatch, RouteMatch, TextMatch};

use super::RouteQuery;
use crate::percent::form_decoded;

/// The method, header and query conditions of one route.
#[derive(Debug)]
pub(super) struct Conditions {
    methods: Box<[Method]>,
    headers: Box<[FieldMatch<HeaderName>]>,
    query: Box<[FieldMatch<String>]>,
}

/// Where a route stands among those with the same host and path pattern; smaller is more specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    any_method: bool,
    conditions: Reverse<usize>,
    position: usize,
}

/// How a request meets the conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// All hold.
    Fits,
    /// All but the method.
    OtherMethod,
    /// Not.
    Unfit,
}

// === impl Conditions ===

impl Conditions {
    pub(super) fn new(matches: &RouteMatch) -> Self {
        Self {
            methods: matches.methods.clone().into(),
            headers: matches.headers.clone().into(),
            query: matches.query.clone().into(),
        }
    }

    pub(super) fn rank(&self, position: usize) -> Rank {
        Rank {
            any_method: self.methods.is_empty(),
            conditions: Reverse(self.headers.len() + self.query.len()),
            position,
        }
    }

    pub(super) fn methods(&self) -> &[Method] {
        &self.methods
    }

    pub(super) fn fit(&self, query: &RouteQuery<'_>) -> Fit {
        let fields = self.headers.iter().all(|wanted| header(wanted, query))
            && self.query.iter().all(|wanted| parameter(wanted, query));
        match (fields, self.takes(query.method)) {
            (false, _) => Fit::Unfit,
            (true, false) => Fit::OtherMethod,
            (true, true) => Fit::Fits,
        }
    }

    /// Whoever takes GET takes HEAD (RFC 9110 9.3.2).
    fn takes(&self, method: &Method) -> bool {
        self.methods.is_empty()
            || self.methods.contains(method)
            || (method == Method::HEAD && self.methods.contains(&Method::GET))
    }
}

/// A field with several lines meets a condition when one of them does.
fn header(wanted: &FieldMatch<HeaderName>, query: &RouteQuery<'_>) -> bool {
    let mut lines = query.headers.get_all(&wanted.name).iter();
    match &wanted.value {
        TextMatch::Absent => lines.next().is_none(),
        TextMatch::Exact(text) => lines.any(|line| line.as_bytes() == text.as_bytes()),
        TextMatch::Prefix(text) => lines.any(|line| line.as_bytes().starts_with(text.as_bytes())),
        TextMatch::Present => lines.next().is_some(),
    }
}

/// A parameter that comes several times meets a condition when one of its values does.
fn parameter(wanted: &FieldMatch<String>, query: &RouteQuery<'_>) -> bool {
    let mut values = query
        .query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, _)| form_decoded(name).eq(wanted.name.bytes()))
        .map(|(_, value)| value);
    match &wanted.value {
        TextMatch::Absent => values.next().is_none(),
        TextMatch::Exact(text) => values.any(|value| form_decoded(value).eq(text.bytes())),
        TextMatch::Prefix(text) => {
            values.any(|value| form_decoded(value).take(text.len()).eq(text.bytes()))
        }
        TextMatch::Present => values.next().is_some(),
    }
}
