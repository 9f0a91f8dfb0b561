//! The purges, for every worker.
//!
//! What a purge hits is decided in [`engine::cache::purge`]; here is the one log of the process, and
//! the number that a hit compares: while nothing was purged since a response was last judged, that is
//! all it costs.

use std::sync::atomic::{AtomicU64, Ordering};

use engine::cache::{
    key::KeyParts,
    purge::{Epoch, Purge, PurgeLog, Purged},
};
use parking_lot::RwLock;

use crate::StoredResponse;

/// Everything that was purged.
#[derive(Debug, Default)]
pub struct Purges {
    log: RwLock<PurgeLog>,
    latest: AtomicU64,
}

// === impl Purges ===

impl Purges {
    /// The epoch that is now; take it before a request is sent, for [`StoredResponse::since`].
    pub fn now(&self) -> Epoch {
        Epoch::from_u64(self.latest.load(Ordering::Acquire))
    }

    /// Takes note of a purge: from now on nothing it is about is used as it was before.
    pub fn record(&self, purge: &Purge) -> Epoch {
        let mut log = self.log.write();
        let epoch = log.record(purge);
        self.latest.store(epoch.as_u64(), Ordering::Release);
        epoch
    }

    /// Whether a response that is stored under `key` was purged.
    pub fn judge(&self, stored: &StoredResponse, key: &[u8]) -> Purged {
        let (since, before) = stored.judged();
        if since >= self.now() || before == Purged::Hard {
            return before;
        }
        let Some(url) = KeyParts::of(key) else {
            // A key that cannot be read is none of ours.
            return Purged::Hard;
        };
        let judgement = self.log.read().judge(stored.labels(), &url, since);
        let purged = before.max(judgement.purged);
        stored.judge(judgement.checked, purged);
        purged
    }
}

#[cfg(test)]
mod tests {
    use engine::cache::{
        label::Label,
        purge::{Manner, Target},
    };

    use super::*;
    use crate::response_store::tests::{any_response, key};

    fn tag(name: &str, manner: Manner) -> Purge {
        Purge {
            what: Target::Tag(name.to_owned()),
            manner,
        }
    }

    #[test]
    fn a_purge_is_remembered_by_what_it_hit() {
        let purges = Purges::default();
        let labels = [Label::tag(b"red")];
        let stored = any_response().with_labels(labels).since(purges.now());
        assert_eq!(purges.judge(&stored, &key()), Purged::No);
        purges.record(&tag("blue", Manner::Hard));
        assert_eq!(purges.judge(&stored, &key()), Purged::No);
        purges.record(&tag("red", Manner::Soft));
        assert_eq!(purges.judge(&stored, &key()), Purged::Soft);
        purges.record(&tag("blue", Manner::Soft));
        assert_eq!(purges.judge(&stored, &key()), Purged::Soft);
        purges.record(&tag("red", Manner::Hard));
        assert_eq!(purges.judge(&stored, &key()), Purged::Hard);
        assert_eq!(purges.judge(&stored, &key()), Purged::Hard);
    }

    #[test]
    fn what_was_asked_for_before_a_purge_is_hit_by_it() {
        let purges = Purges::default();
        let before = purges.now();
        purges.record(&tag("red", Manner::Soft));
        let labels = [Label::tag(b"red")];
        let late = any_response().with_labels(labels).since(before);
        assert_eq!(purges.judge(&late, &key()), Purged::Soft);
        let later = any_response().with_labels(labels).since(purges.now());
        assert_eq!(purges.judge(&later, &key()), Purged::No);
    }
}
