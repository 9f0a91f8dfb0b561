//! The fields of a stored response, in little memory and quickly copied.
//!
//! A `HeaderMap` costs 104 bytes per field, an index, and an allocation per value: more than most
//! small responses say. Here names and constant values are in a [shape](super::shape) that other
//! responses share, and the values of this response in one block, behind a table of where each ends.
//! Making the map for an answer is then a copy of the shape's and one reference to the block per
//! value.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::shape::ShapeRef;

/// One line of a head.
pub(super) type Line<'a> = (&'a HeaderName, &'a HeaderValue);

/// The fields of a stored response: their order, their repetitions, every byte of their values.
#[derive(Clone, Debug)]
pub struct StoredHead {
    shape: ShapeRef,
    /// Where each value of its own ends, four bytes each, and then the values.
    block: Bytes,
}

/// The fields of a head in order.
#[derive(Debug)]
struct Lines<'a, I> {
    fields: I,
    values: Values<'a>,
}

/// Walks the values that a head does not share.
#[derive(Debug)]
struct Values<'a> {
    block: &'a Bytes,
    /// The place of the next value's end in the table.
    entry: usize,
    /// Where the next value begins.
    begin: usize,
}

/// One value: a part of the block, or a constant.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    Constant(&'a HeaderValue),
    Own {
        block: &'a Bytes,
        begin: usize,
        end: usize,
        sensitive: bool,
    },
}

/// The bytes of one entry of the table.
const ENTRY: usize = 4;
/// Marks the end of a value that must never be indexed by HPACK (RFC 7541, section 7.1.3).
const SENSITIVE: u32 = 1 << 31;
/// What `Bytes` allocates besides the block once it is shared.
const SHARED: usize = 32;

// === impl StoredHead ===

impl StoredHead {
    /// Keeps these fields.
    pub fn new(headers: &HeaderMap) -> Self {
        let lines: Vec<_> = headers.iter().collect();
        Self::of(&lines)
    }

    /// Keeps these lines; those of one field stand together.
    pub(super) fn of(lines: &[Line<'_>]) -> Self {
        let shape = ShapeRef::of(lines);
        let block = block(lines, &shape);
        Self { shape, block }
    }

    /// The fields as a map with room in its index for those that every answer adds.
    pub fn to_headers(&self) -> HeaderMap {
        let mut headers = self.shape.shape().template();
        if self.block.is_empty() {
            return headers;
        }
        let mut values = self.values();
        let open = headers.values_mut().filter(|slot| slot.is_empty());
        for slot in open.take(self.shape.shape().open) {
            *slot = values.next().header_value();
        }
        headers
    }

    /// The first value of a field, as bytes.
    pub fn get(&self, name: &HeaderName) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// Every value of a field in order, as bytes.
    pub fn get_all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.named(name).map(Value::bytes)
    }

    /// The first value of a field.
    pub fn value(&self, name: &HeaderName) -> Option<HeaderValue> {
        self.values_of(name).next()
    }

    /// Every value of a field in order.
    pub fn values_of(&self, name: &HeaderName) -> impl Iterator<Item = HeaderValue> {
        self.named(name).map(Value::header_value)
    }

    /// Whether a field is there.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.shape.shape().fields().any(|(known, _)| known == name)
    }

    /// Each field in order, its value as bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.lines().map(|(name, value)| (name, value.bytes()))
    }

    /// How many lines it has, repetitions included.
    pub fn len(&self) -> usize {
        self.shape.shape().len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes it holds in memory for this response alone, beside the struct itself.
    pub fn weight(&self) -> usize {
        let block = match self.block.len() {
            0 => 0,
            length => length + SHARED,
        };
        block + self.shape.weight()
    }

    fn named<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = Value<'a>> {
        self.lines()
            .filter_map(move |(known, value)| (known == name).then_some(value))
    }

    fn lines(&self) -> Lines<'_, impl Iterator<Item = (&HeaderName, &HeaderValue)>> {
        Lines {
            fields: self.shape.shape().fields(),
            values: self.values(),
        }
    }

    fn values(&self) -> Values<'_> {
        Values {
            block: &self.block,
            entry: 0,
            begin: self.shape.shape().open * ENTRY,
        }
    }
}

impl PartialEq for StoredHead {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for StoredHead {}

// === impl Lines ===

impl<'a, I: Iterator<Item = (&'a HeaderName, &'a HeaderValue)>> Iterator for Lines<'a, I> {
    type Item = (&'a HeaderName, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, constant) = self.fields.next()?;
        let value = if constant.is_empty() {
            self.values.next()
        } else {
            Value::Constant(constant)
        };
        Some((name, value))
    }
}

// === impl Values ===

impl<'a> Values<'a> {
    /// The next value; nothing but empty ones after the last.
    fn next(&mut self) -> Value<'a> {
        let begin = self.begin;
        let entry = self.block.get(self.entry..self.entry + ENTRY);
        let entry = entry.and_then(|bytes| bytes.try_into().ok());
        let entry = entry.map_or(begin as u32, u32::from_le_bytes);
        let end = (entry & !SENSITIVE) as usize;
        self.entry += ENTRY;
        self.begin = end;
        Value::Own {
            block: self.block,
            begin,
            end,
            sensitive: entry & SENSITIVE != 0,
        }
    }
}

// === impl Value ===

impl<'a> Value<'a> {
    fn bytes(self) -> &'a [u8] {
        match self {
            Self::Constant(value) => value.as_bytes(),
            Self::Own {
                block, begin, end, ..
            } => &block[begin..end],
        }
    }

    fn header_value(self) -> HeaderValue {
        match self {
            Self::Constant(value) => value.clone(),
            Self::Own {
                block,
                begin,
                end,
                sensitive,
            } => {
                let value = HeaderValue::from_maybe_shared(block.slice(begin..end));
                // The bytes were a value's before, so that they make one again.
                let mut value = value.unwrap_or(const { HeaderValue::from_static("") });
                if sensitive {
                    value.set_sensitive(true);
                }
                value
            }
        }
    }
}

/// The values that the shape leaves open, behind the table of their ends.
fn block(lines: &[Line<'_>], shape: &ShapeRef) -> Bytes {
    let shape = shape.shape();
    let own = || {
        let lines = lines.iter().zip(shape.fields());
        lines.filter_map(|((_, value), (_, constant))| constant.is_empty().then_some(*value))
    };
    let table = shape.open * ENTRY;
    let text: usize = own().map(HeaderValue::len).sum();
    let mut block = Vec::with_capacity(table + text);
    let mut end = table;
    for value in own() {
        end += value.len();
        // Heads are limited to far less than two gigabytes.
        let entry = end as u32 | if value.is_sensitive() { SENSITIVE } else { 0 };
        block.extend_from_slice(&entry.to_le_bytes());
    }
    for value in own() {
        block.extend_from_slice(value.as_bytes());
    }
    block.into()
}

#[cfg(test)]
mod tests;
