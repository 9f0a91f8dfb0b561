//! A response as it is kept, and whatever else of it is served many times.
//!
//! **Immutable.** What is added later, an encoding above all, makes another response that takes the
//! place of this one, so that the store weighs it anew and nobody ever sees half of a change. Only
//! the mark of the last judgement is written in place: see [`StoredResponse::judged`].

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use engine::{
    cache::{
        label::Label,
        purge::{Epoch, Purged},
        range::Extent,
        stored::{StoredHead, StoredMeta},
    },
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
    /// Which bytes of the whole the body is; `None` when it is the whole.
    pub part: Option<Extent>,
    encodings: Box<[Encoding]>,
    labels: Box<[Label]>,
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

/// How many bits of a mark say what came of the last judgement; the rest is its epoch.
const STATE_BITS: u32 = 2;
const STATE: u64 = (1 << STATE_BITS) - 1;

fn mark(epoch: Epoch, purged: Purged) -> u64 {
    let state = match purged {
        Purged::No => 0,
        Purged::Soft => 1,
        Purged::Hard => 2,
    };
    (epoch.as_u64() << STATE_BITS) | state
}

/// What `Bytes` allocates beside the bytes once they are shared, and what `Arc` counts with.
const SHARED: usize = 32;

// === impl StoredResponse ===

impl StoredResponse {
    /// A whole response without labels, persona and encodings, judged up to the first epoch.
    pub fn new(meta: StoredMeta, body: Bytes) -> Self {
        Self {
            meta,
            body,
            suitability: None,
            part: None,
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

    /// The same, of which the body is only a part.
    #[must_use]
    pub fn with_part(self, part: Option<Extent>) -> Self {
        Self { part, ..self }
    }

    /// The same, asked for in this epoch: what was purged after it may be about this response.
    #[must_use]
    pub fn since(self, epoch: Epoch) -> Self {
        Self {
            judged: AtomicU64::new(mark(epoch, Purged::No)),
            ..self
        }
    }

    /// The same, under these labels, by which it can be purged.
    #[must_use]
    pub fn with_labels(self, labels: impl Into<Box<[Label]>>) -> Self {
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
            part: self.part,
            encodings: encodings.into(),
            labels: self.labels.clone(),
            persona: self.persona.clone(),
            judged: AtomicU64::new(self.judged.load(Ordering::Relaxed)),
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

    /// The labels by which it can be purged.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Whom it is for; empty when that does not matter.
    pub fn persona(&self) -> &[u8] {
        &self.persona
    }

    /// Up to which epoch it was judged, and what came of it.
    pub(crate) fn judged(&self) -> (Epoch, Purged) {
        let mark = self.judged.load(Ordering::Relaxed);
        let purged = match mark & STATE {
            0 => Purged::No,
            1 => Purged::Soft,
            _ => Purged::Hard,
        };
        (Epoch::from_u64(mark >> STATE_BITS), purged)
    }

    /// Remembers a judgement, unless one of a later epoch is known.
    pub(crate) fn judge(&self, epoch: Epoch, purged: Purged) {
        self.judged
            .fetch_max(mark(epoch, purged), Ordering::Relaxed);
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
