//! What came into the cache between the look into it and the boarding of a flight.

use std::sync::Arc;

use engine::cache::{
    purge::Purged,
    reuse::{self, Moment, Reuse},
};
use policy::Mode;
use store::StoredResponse;

use crate::{clock, errand::Errand};

/// The fresh response that a fetch has left behind since this request looked for one.
///
/// Without this second look, who asked the cache just before a response was stored, and looked for
/// its flight just after that had ended, would fetch it again.
pub(super) fn stored_meanwhile(errand: &Errand) -> Option<Arc<StoredResponse>> {
    let cache = errand.route().cache.as_ref()?;
    if cache.mode != Mode::Enforce {
        return None;
    }
    let known = errand.intent.lookup.as_ref()?;
    let variants = errand.sidecar.responses.get(&errand.intent.key)?;
    let stored = variants
        .select(&errand.head.headers, &errand.intent.persona)
        .ok()?;
    if stored.part.is_some()
        || errand.sidecar.purges.judge(stored, &errand.intent.key) != Purged::No
    {
        return None;
    }
    match reuse::decide(&stored.meta, known, &Moment::plain(clock::now())) {
        Reuse::Fresh { .. } => Some(Arc::clone(stored)),
        Reuse::Gone | Reuse::Stale { .. } | Reuse::Revalidate(_) | Reuse::Unusable(_) => None,
    }
}

/// The same for a renewal: what has come since its client found the response in need of it.
pub(super) fn renewed_meanwhile(errand: &Errand) -> Option<Arc<StoredResponse>> {
    let old = &errand.intent.stale.as_ref()?.stored;
    stored_meanwhile(errand).filter(|stored| !Arc::ptr_eq(stored, old))
}
