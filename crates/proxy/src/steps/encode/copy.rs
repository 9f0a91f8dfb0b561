//! Keeping a coding of a stored response beside it, so that it is made once and served many times.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use engine::cache::stored::StoredHead;
use http::{HeaderMap, HeaderValue, header::CONTENT_LENGTH};
use policy::Coding;
use store::{Encoding, FillReservation, StoredResponse};

use crate::sidecar::Sidecar;

/// Where a stored response is kept.
pub(crate) struct Place<'a> {
    pub(crate) sidecar: &'a Arc<Sidecar>,
    pub(crate) key: &'a [u8],
    pub(crate) stored: &'a Arc<StoredResponse>,
}

/// A coding that is collected while it is sent.
#[derive(Debug)]
pub(crate) struct EncodingCopy {
    sidecar: Arc<Sidecar>,
    key: Box<[u8]>,
    stored: Arc<StoredResponse>,
    coding: Coding,
    head: HeaderMap,
    collected: BytesMut,
    reservation: FillReservation,
}

// === impl Place ===

impl Place<'_> {
    /// Keeps a coding that is here as a whole; `head` are the fields as they go with it.
    pub(super) fn keep(&self, coding: Coding, head: &HeaderMap, body: Bytes) {
        let encoding = Encoding {
            coding,
            head: StoredHead::new(head),
            body,
        };
        let both = Arc::new(self.stored.with_encoding(encoding));
        self.sidecar.responses.renew(self.key, self.stored, both);
    }

    /// Begins to collect a coding, if there is memory for it.
    pub(super) fn copy(&self, coding: Coding, head: &HeaderMap) -> Option<EncodingCopy> {
        let reservation = self.sidecar.fills.reserve(0)?;
        Some(EncodingCopy {
            sidecar: Arc::clone(self.sidecar),
            key: self.key.into(),
            stored: Arc::clone(self.stored),
            coding,
            head: head.clone(),
            collected: BytesMut::new(),
            reservation,
        })
    }
}

// === impl EncodingCopy ===

impl EncodingCopy {
    /// Takes the next piece; gone when there is no memory for it.
    pub(crate) fn with(mut self: Box<Self>, piece: &Bytes) -> Option<Box<Self>> {
        let total = (self.collected.len() + piece.len()) as u64;
        if !self.reservation.grow_to(total) {
            return None;
        }
        self.collected.extend_from_slice(piece);
        Some(self)
    }

    /// The last piece has been taken.
    pub(crate) fn finish(mut self) {
        let length = HeaderValue::from(self.collected.len());
        self.head.insert(CONTENT_LENGTH, length);
        let place = Place {
            sidecar: &self.sidecar,
            key: &self.key,
            stored: &self.stored,
        };
        // In memory of its own size.
        let body = Bytes::copy_from_slice(&self.collected);
        place.keep(self.coding, &self.head, body);
    }
}
