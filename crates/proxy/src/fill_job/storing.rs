//! Putting a body that has come whole into the store.

use std::sync::Arc;

use bytes::Bytes;
use engine::cache::{
    partial::{self, Combined, Fields, Known, Merged, Part},
    range::Extent,
    stored::StoredMeta,
};
use store::{Amendment, StoredResponse, Variants, Written};

use super::Keeping;
use crate::steps::encode;

/// Stores the whole, unless something overtook it; a copy of its body, in memory of its own.
pub(crate) fn store(mut keeping: Keeping, meta: StoredMeta, body: &[u8]) -> Arc<StoredResponse> {
    let overtaken = overtaken(&keeping);
    keep(&mut keeping, meta, Bytes::copy_from_slice(body), overtaken)
}

/// Stores what a [`Fill`](crate::fill::Fill) held; what was stored, if it was the whole and nothing
/// overtook it.
pub(super) fn store_filled(
    keeping: &mut Keeping,
    head: &StoredResponse,
    body: Bytes,
) -> Option<Arc<StoredResponse>> {
    if overtaken(keeping) == Written::Perhaps {
        return None;
    }
    if let Some(part) = keeping.part.take() {
        store_part(keeping, &part, &body);
        return None;
    }
    Some(keep(keeping, head.meta.clone(), body, Written::NotSince))
}

/// Whether what is stored there was written to since it was asked for.
fn overtaken(keeping: &Keeping) -> Written {
    let hash = store::hash(&keeping.key);
    keeping.sidecar.writes.since(hash, keeping.sent.writes)
}

/// The response as it is kept; it is put into the store if nothing was written.
fn keep(
    keeping: &mut Keeping,
    meta: StoredMeta,
    body: Bytes,
    written: Written,
) -> Arc<StoredResponse> {
    let snapshot = Arc::clone(&keeping.snapshot);
    let route = &snapshot.policies.routes[keeping.route];
    let most = route.cache.as_ref().map_or(1, |cache| cache.max_variants);
    let stored = encode::prepared(route, meta, body, None)
        .with_persona(std::mem::take(&mut keeping.persona))
        .with_labels(std::mem::take(&mut keeping.labels))
        .since(keeping.sent.purges);
    let stored = Arc::new(stored);
    if written == Written::NotSince {
        let responses = &keeping.sidecar.responses;
        responses.put(&keeping.key, Arc::clone(&stored), most.into());
    }
    stored
}

/// Joins a part with what is stored of the same representation.
fn store_part(keeping: &Keeping, part: &Part, body: &Bytes) {
    if body.len() as u64 != part.extent.span().len() {
        return;
    }
    let route = &keeping.snapshot.policies.routes[keeping.route];
    let Some(cache) = &route.cache else { return };
    let max_object = cache.max_object.bytes();
    let most = usize::from(cache.max_variants);
    let responses = &keeping.sidecar.responses;
    responses.amend(&keeping.key, most, |present| {
        let known = present.and_then(|variants| same(variants, keeping, part));
        let Some(stored) = known else {
            return match part.fields {
                Fields::Complete => put(keeping, part, body),
                Fields::Lean => Amendment::Nothing,
            };
        };
        let whole = Extent::whole(stored.body.len() as u64);
        let Some(extent) = stored.part.or(whole) else {
            return Amendment::Nothing;
        };
        let meta = &stored.meta;
        match partial::combine(Known { meta, extent }, part, max_object) {
            Combined::Longer(merged) | Combined::Whole(merged) => {
                joined(keeping, *merged, stored, body)
            }
            Combined::Obsolete => Amendment::Forget(Arc::clone(stored)),
            Combined::Replaced => put(keeping, part, body),
            Combined::Unrelated => Amendment::Nothing,
        }
    });
}

/// The stored response that the same requests select.
fn same<'a>(
    variants: &'a Variants,
    keeping: &Keeping,
    part: &Part,
) -> Option<&'a Arc<StoredResponse>> {
    variants
        .iter()
        .find(|kept| *kept.persona() == *keeping.persona && kept.meta.vary == part.meta.vary)
}

fn put(keeping: &Keeping, part: &Part, body: &Bytes) -> Amendment {
    let stored = StoredResponse::new(part.meta.clone(), body.clone());
    Amendment::Put(Arc::new(framed(keeping, stored, Some(part.extent))))
}

fn joined(keeping: &Keeping, merged: Merged, stored: &StoredResponse, body: &Bytes) -> Amendment {
    let Some(bytes) = merged.layout.assemble(&stored.body, body) else {
        return Amendment::Nothing;
    };
    let is_whole = merged.extent.span().len() == merged.extent.length();
    let part = (!is_whole).then_some(merged.extent);
    let route = &keeping.snapshot.policies.routes[keeping.route];
    let joined = encode::prepared(route, merged.meta, bytes, part);
    Amendment::Put(Arc::new(framed(keeping, joined, part)))
}

fn framed(keeping: &Keeping, stored: StoredResponse, part: Option<Extent>) -> StoredResponse {
    stored
        .with_part(part)
        .with_persona(keeping.persona.clone())
        .with_labels(keeping.labels.clone())
        .since(keeping.sent.purges)
}
