//! A response as it is kept, and whatever else of it is served many times.
//!
//! **Immutable.** What is added later, an encoding above all, makes another response that takes the
//! place of this one, so that the store weighs it anew and nobody ever sees half of a change. Only
//! the mark of the last judgement is written in place: see [`StoredResponse::judged`].

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use engine::{
    cache::stored::{StoredHead, StoredMeta},
    compression::Suitability,
};
use policy::Coding;

use crate::allocated::allocated;

/// A response as it is kept: what is known of it, and its body.
#[derive(Debug)]
pub struct StoredResponse {
    /// The head and what is needed to decide about using it.
    pub meta: StoredMeta,
    /// The body as the origin sent it, in memory of its own.
    pub body: Bytes,
    /// What its fields say about compressing it, found out once; `None` when nobody has asked.
    pub suitability: Option<Suitability>,
    encodings: Box<[Encoding]>,
    labels: Box<[u128]>,
    persona: Box<[u8]>,
    judged: AtomicU64,
}

/// A stored response in a coding of ours, ready to be sent.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// The coding.
    pub coding: Coding,
    /// The fields as they go with these bytes, `Content-Length` included.
    pub head: StoredHead,
    /// The encoded body, in memory of its own.
    pub body: Bytes,
}

/// What `Bytes` allocates beside the bytes once they are shared, and what `Arc` counts with.
const SHARED: usize = 32;

// === impl StoredResponse ===

impl StoredResponse {
    /// A response without labels, persona and encodings, never judged.
    pub fn new(meta: StoredMeta, body: Bytes) -> Self {
        Self {
            meta,
            body,
            suitability: None,
            encodings: Box::default(),
            labels: Box::default(),
            persona: Box::default(),
            judged: AtomicU64::new(0),
        }
    }

    /// The same, with what its fields say about compressing it.
    #[must_use]
    pub fn with_suitability(self, suitability: Option<Suitability>) -> Self {
        Self {
            suitability,
            ..self
        }
    }

    /// The same, under these labels, by which it can be invalidated.
    #[must_use]
    pub fn with_labels(self, labels: impl Into<Box<[u128]>>) -> Self {
        Self {
            labels: labels.into(),
            ..self
        }
    }

    /// The same, for requests of this persona only.
    #[must_use]
    pub fn with_persona(self, persona: impl Into<Box<[u8]>>) -> Self {
        Self {
            persona: persona.into(),
            ..self
        }
    }

    /// The same with one encoding more, in the place of one of the same coding; to be given to
    /// [`ResponseStore::renew`](crate::ResponseStore::renew).
    #[must_use]
    pub fn with_encoding(&self, encoding: Encoding) -> Self {
        let others = self.encodings.iter();
        let others = others.filter(|kept| kept.coding != encoding.coding);
        let mut encodings: Vec<_> = others.cloned().collect();
        encodings.push(encoding);
        Self {
            meta: self.meta.clone(),
            body: self.body.clone(),
            suitability: self.suitability,
            encodings: encodings.into(),
            labels: self.labels.clone(),
            persona: self.persona.clone(),
            judged: AtomicU64::new(self.judged()),
        }
    }

    /// The response in a coding, if it is kept.
    pub fn encoding(&self, coding: Coding) -> Option<&Encoding> {
        self.encodings.iter().find(|kept| kept.coding == coding)
    }

    /// Every coding in which it is kept.
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    /// The labels by which it can be invalidated.
    pub fn labels(&self) -> &[u128] {
        &self.labels
    }

    /// Whom it is for; empty when that does not matter.
    pub fn persona(&self) -> &[u8] {
        &self.persona
    }

    /// The epoch of invalidation in which it was last found valid; 0 when it never was.
    pub fn judged(&self) -> u64 {
        self.judged.load(Ordering::Relaxed)
    }

    /// Remembers that it was found valid in this epoch, unless a later one is known.
    pub fn judge(&self, epoch: u64) {
        self.judged.fetch_max(epoch, Ordering::Relaxed);
    }

    /// The bytes it takes up in memory, everything included; at least, when its body is shared with
    /// nobody else.
    pub fn weight(&self) -> usize {
        let encodings: usize = self.encodings.iter().map(Encoding::weight).sum();
        allocated(SHARED + size_of::<Self>()) - size_of::<StoredMeta>()
            + self.meta.weight()
            + weight_of(&self.body)
            + allocated(size_of_val(&*self.encodings))
            + encodings
            + allocated(size_of_val(&*self.labels))
            + allocated(self.persona.len())
    }
}

// === impl Encoding ===

impl Encoding {
    fn weight(&self) -> usize {
        self.head.weight() + weight_of(&self.body)
    }
}

fn weight_of(bytes: &Bytes) -> usize {
    match bytes.len() {
        0 => 0,
        length => allocated(length) + SHARED,
    }
}
