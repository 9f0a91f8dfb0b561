//! `No-Vary-Search`: which query parameters a response does not depend on
//! (draft-ietf-httpbis-no-vary-search).
//!
//! Only a response can say so, and a key is made before there is one: the caller remembers what the
//! last response for a path said, and narrows the keys of later requests by it.
//!
//! **Conservative.** The field narrows nothing at all when any of it cannot be read or contradicts
//! itself. Names are compared decoded, as the draft says; values, and the names of parameters that
//! take part, are compared as they are spelled, which may cost a miss and never a wrong answer.

use http::HeaderMap;
use sfv::{BareItem, Dictionary, InnerList, ListEntry, Parser};

use crate::percent::form_decoded;

/// The parameters that a response depends on, when not on all of them in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchVariance {
    order: Order,
    parameters: Parameters,
}

/// What the order of the parameters means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Ignored,
    Matters,
}

/// Names, decoded and sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Parameters {
    /// All but these count.
    AllBut(Vec<Vec<u8>>),
    /// These count.
    Only(Vec<Vec<u8>>),
}

/// More names than this are absurd, and would be compared with every parameter of every request.
const MAX_NAMES: usize = 64;

// === impl SearchVariance ===

impl SearchVariance {
    /// What a response says, `None` when it depends on the whole query as it stands.
    pub fn of(response: &HeaderMap) -> Option<Self> {
        let mut lines = response.get_all("no-vary-search").iter();
        let first = lines.next()?.as_bytes();
        let mut field = first.to_vec();
        for line in lines {
            field.extend_from_slice(b", ");
            field.extend_from_slice(line.as_bytes());
        }
        Self::parse(&field)
    }

    /// Reads the value of the field, `None` when it narrows nothing or cannot be understood.
    pub fn parse(field: &[u8]) -> Option<Self> {
        let said: Dictionary = Parser::new(field).parse().ok()?;
        let order = match said.get("key-order").map(boolean) {
            None | Some(Some(false)) => Order::Matters,
            Some(Some(true)) => Order::Ignored,
            Some(None) => return None,
        };
        let parameters = match (said.get("params"), said.get("except")) {
            (None, None) => Parameters::AllBut(Vec::new()),
            // An exception from nothing.
            (None, Some(_)) => return None,
            (Some(list @ ListEntry::InnerList(_)), None) => Parameters::AllBut(names(list)?),
            (Some(entry), except) => match (boolean(entry)?, except) {
                (true, Some(except)) => Parameters::Only(names(except)?),
                (true, None) => Parameters::Only(Vec::new()),
                (false, None) => Parameters::AllBut(Vec::new()),
                (false, Some(_)) => return None,
            },
        };
        let read = Self { order, parameters };
        (read != Self::DEFAULT).then_some(read)
    }

    const DEFAULT: Self = Self {
        order: Order::Matters,
        parameters: Parameters::AllBut(Vec::new()),
    };

    /// Whether `a=1&b=2` and `b=2&a=1` are the same.
    pub(super) fn ignores_order(&self) -> bool {
        self.order == Order::Ignored
    }

    /// Whether a parameter of this name, as it is spelled in the query, counts.
    pub(super) fn varies_by(&self, name: &str) -> bool {
        let is_in = |names: &[Vec<u8>]| {
            names
                .iter()
                .any(|it| form_decoded(name).eq(it.iter().copied()))
        };
        match &self.parameters {
            Parameters::AllBut(names) => !is_in(names),
            Parameters::Only(names) => is_in(names),
        }
    }

    /// About how many bytes it holds.
    pub fn weight(&self) -> usize {
        let (Parameters::AllBut(names) | Parameters::Only(names)) = &self.parameters;
        let each = |name: &Vec<u8>| size_of::<Vec<u8>>() + name.len();
        size_of::<Self>() + names.iter().map(each).sum::<usize>()
    }
}

fn boolean(entry: &ListEntry) -> Option<bool> {
    match entry {
        ListEntry::Item(item) => item.bare_item.as_boolean(),
        ListEntry::InnerList(_) => None,
    }
}

/// The names in a list of strings; they are spelled as in a query.
fn names(entry: &ListEntry) -> Option<Vec<Vec<u8>>> {
    let ListEntry::InnerList(InnerList { items, .. }) = entry else {
        return None;
    };
    if items.len() > MAX_NAMES {
        return None;
    }
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let BareItem::String(name) = &item.bare_item else {
            return None;
        };
        names.push(form_decoded(name.as_str()).collect());
    }
    names.sort_unstable();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests;
