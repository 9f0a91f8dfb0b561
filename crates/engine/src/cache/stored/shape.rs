//! What the heads of many responses have in common, kept once.
//!
//! The responses of an API carry the same fields in the same order, and most of those say the same
//! each time: `Content-Type`, `Cache-Control`, `Server`. Such a *shape* is found again by all of
//! them, so that a small entry holds little more than its own dates and tags.
//!
//! **For the process's life.** A shared shape is never freed, which is why handing it out costs
//! nothing: its texts are `'static`, no counter is touched, and workers on several cores do not wait
//! for each other's cache lines. In return it must be bounded: [`MOST_BYTES`] for all together.
//!
//! **Only what comes again.** A shape is shared when it is seen for the second time, so that an
//! origin that invents fields, or a nonce in each `Content-Security-Policy`, does not fill the
//! table. When the constant values keep it from being found, the names alone are tried. What is
//! found neither way owns its shape, and is weighed with it.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::head::Line;

/// The memory that all shared shapes may take together, in bytes.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// A head with more text than this in its names and constant values is too unusual to be shared.
const LONGEST_SIGNATURE: usize = 4 * 1024;
/// A value longer than this is not taken for a constant.
const LONGEST_CONSTANT: usize = 512;
/// How many shapes seen once are remembered.
const SEEN: usize = 1024;
/// A bucket of a header map and its place in the index.
const BYTES_PER_FIELD: usize = 104 + 8;

/// Names, in order and with repetitions, and the values that do not differ between responses.
#[derive(Debug)]
pub(super) struct Shape {
    /// Each field; the value of one that differs from response to response is empty.
    template: HeaderMap,
    /// How many of them are empty.
    pub(super) open: usize,
}

/// A shape, shared if others have the same.
#[derive(Clone, Debug)]
pub(super) enum ShapeRef {
    Own(Arc<Shape>),
    Shared(&'static Shape),
}

/// Which values a shape holds besides the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Detail {
    Constants,
    Names,
}

/// The most detailed signature under which a head's shape may be found.
#[derive(Debug)]
struct Wanted {
    detail: Detail,
    signature: Vec<u8>,
}

/// The shared shapes.
#[derive(Debug)]
struct Table {
    hasher: RandomState,
    shapes: HashMap<Box<[u8]>, &'static Shape>,
    /// The hashes of signatures seen before, each where its low bits say.
    seen: Box<[u64]>,
    bytes: usize,
}

static TABLE: LazyLock<RwLock<Table>> = LazyLock::new(RwLock::default);

// === impl Shape ===

impl Shape {
    /// Each field with its constant value; an empty one stands for the response's own.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.template.iter()
    }

    /// The fields with their constant values, and empty ones to be filled in.
    pub(super) fn template(&self) -> HeaderMap {
        self.template.clone()
    }

    pub(super) fn len(&self) -> usize {
        self.template.len()
    }

    fn own(lines: &[Line<'_>]) -> Self {
        // Values that are not shared gain nothing from being in the shape.
        Self::of(lines, Detail::Names, HeaderName::clone, HeaderValue::clone)
    }

    fn leaked(lines: &[Line<'_>], detail: Detail) -> &'static Self {
        let name = |name: &HeaderName| HeaderName::from_static(leak(name.as_str()));
        // A constant is visible ASCII, so that nothing is lost here.
        let value = |value: &HeaderValue| {
            HeaderValue::from_static(leak(value.to_str().unwrap_or_default()))
        };
        Box::leak(Box::new(Self::of(lines, detail, name, value)))
    }

    fn of(
        lines: &[Line<'_>],
        detail: Detail,
        name_of: impl Fn(&HeaderName) -> HeaderName,
        value_of: impl Fn(&HeaderValue) -> HeaderValue,
    ) -> Self {
        let mut template = HeaderMap::with_capacity(lines.len() + super::ADDED_LATER);
        let mut open = 0;
        for (name, value) in lines {
            let value = if detail.includes(name, value) {
                value_of(value)
            } else {
                open += 1;
                HeaderValue::from_static("")
            };
            template.append(name_of(name), value);
        }
        Self {
            // The copy keeps the wide index and drops the spare room for fields.
            template: template.clone(),
            open,
        }
    }

    fn bytes(&self) -> usize {
        let text: usize = self
            .fields()
            .map(|(name, value)| name.as_str().len() + value.len() + BYTES_PER_FIELD)
            .sum();
        size_of::<Self>() + text
    }
}

// === impl ShapeRef ===

impl ShapeRef {
    /// The shape of a head, shared if it has been seen before.
    pub(super) fn of(lines: &[Line<'_>]) -> Self {
        let shared = Self::shared(lines);
        shared.map_or_else(|| Self::Own(Arc::new(Shape::own(lines))), Self::Shared)
    }

    fn shared(lines: &[Line<'_>]) -> Option<&'static Shape> {
        let wanted = Wanted::of(lines)?;
        // What a panic elsewhere may have left is still a table: shapes are only ever added whole.
        let table = TABLE.read().unwrap_or_else(PoisonError::into_inner);
        let known = table.find(&wanted);
        drop(table);
        known.or_else(|| {
            let mut table = TABLE.write().unwrap_or_else(PoisonError::into_inner);
            table.admit(lines, &wanted)
        })
    }

    pub(super) fn shape(&self) -> &Shape {
        match self {
            Self::Own(shape) => shape,
            Self::Shared(shape) => shape,
        }
    }

    /// The bytes it holds for this response alone.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Own(shape) => shape.bytes(),
            Self::Shared(_) => 0,
        }
    }
}

// === impl Detail ===

impl Detail {
    fn includes(self, name: &HeaderName, value: &HeaderValue) -> bool {
        self == Self::Constants && is_constant(name.as_str(), value)
    }

    /// What two heads of the same shape have in common, as bytes.
    fn signature(self, lines: &[Line<'_>]) -> Vec<u8> {
        let mut signature = Vec::with_capacity(512);
        for (name, value) in lines {
            signature.extend_from_slice(name.as_str().as_bytes());
            // Neither byte can stand in a name or in a constant.
            if self.includes(name, value) {
                signature.push(b':');
                signature.extend_from_slice(value.as_bytes());
            }
            signature.push(b'\n');
        }
        signature
    }
}

// === impl Wanted ===

impl Wanted {
    /// `None` when even the names alone are too much text.
    fn of(lines: &[Line<'_>]) -> Option<Self> {
        let each = [Detail::Constants, Detail::Names].into_iter();
        let mut each = each.map(|detail| Self {
            detail,
            signature: detail.signature(lines),
        });
        each.find(|wanted| wanted.signature.len() <= LONGEST_SIGNATURE)
    }

    /// What to look for when nothing is found under this one; not if it would say the same.
    fn less(&self, lines: &[Line<'_>]) -> Option<Self> {
        if self.detail == Detail::Names {
            return None;
        }
        let signature = Detail::Names.signature(lines);
        (signature != self.signature).then_some(Self {
            detail: Detail::Names,
            signature,
        })
    }
}

// === impl Table ===

impl Default for Table {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            shapes: HashMap::new(),
            seen: vec![0; SEEN].into(),
            bytes: 0,
        }
    }
}

impl Table {
    /// The shape with everything that is wanted, else none, so that [`Table::admit`] can still take
    /// it in.
    fn find(&self, wanted: &Wanted) -> Option<&'static Shape> {
        self.shapes.get(wanted.signature.as_slice()).copied()
    }

    /// The best that can be had: takes a shape in if it comes for the second time and there is room.
    fn admit(&mut self, lines: &[Line<'_>], wanted: &Wanted) -> Option<&'static Shape> {
        self.shape(lines, wanted)
            .or_else(|| self.shape(lines, &wanted.less(lines)?))
    }

    fn shape(&mut self, lines: &[Line<'_>], wanted: &Wanted) -> Option<&'static Shape> {
        if let Some(known) = self.find(wanted) {
            return Some(known);
        }
        let signature = &wanted.signature;
        let hash = self.hasher.hash_one(signature);
        let seen = &mut self.seen[hash as usize % SEEN];
        if *seen != hash {
            *seen = hash;
            return None;
        }
        let bytes = 2 * signature.len() + lines.len() * BYTES_PER_FIELD + size_of::<Shape>();
        if self.bytes + bytes > MOST_BYTES {
            return None;
        }
        self.bytes += bytes;
        let shape = Shape::leaked(lines, wanted.detail);
        self.shapes.insert(signature.as_slice().into(), shape);
        Some(shape)
    }
}

fn leak(text: &str) -> &'static str {
    Box::leak(Box::from(text))
}

/// Whether a field says the same in most responses of its kind.
fn is_constant(name: &str, value: &HeaderValue) -> bool {
    let usual = name.starts_with("access-control-")
        || name.starts_with("cross-origin-")
        || matches!(
            name,
            "accept-ranges"
                | "alt-svc"
                | "cache-control"
                | "cdn-cache-control"
                | "content-encoding"
                | "content-language"
                | "content-security-policy"
                | "content-type"
                | "nel"
                | "permissions-policy"
                | "pragma"
                | "referrer-policy"
                | "report-to"
                | "server"
                | "strict-transport-security"
                | "surrogate-control"
                | "timing-allow-origin"
                | "vary"
                | "via"
                | "x-content-type-options"
                | "x-dns-prefetch-control"
                | "x-frame-options"
                | "x-powered-by"
                | "x-xss-protection"
        );
    usual
        && !value.is_sensitive()
        && (1..=LONGEST_CONSTANT).contains(&value.len())
        && value.to_str().is_ok()
}

#[cfg(test)]
mod tests;
