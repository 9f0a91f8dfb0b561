//! What is told of the keys that tokens are verified with.

use std::sync::atomic::{AtomicU64, Ordering};

use engine::identity::KeysRefreshed;

use super::{
    Metrics,
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{catalogue, words::Word as _};

/// The keys of the process.
#[derive(Debug, Default)]
pub(super) struct IdentitySeries {
    /// One more than there are; 0 where nobody looks at tokens.
    keys: AtomicU64,
    refreshes: Sharded<Refreshes>,
}

#[derive(Debug, Default)]
struct Refreshes([Counter; KeysRefreshed::ALL.len()]);

// === impl Metrics ===

impl Metrics {
    /// How many keys there are for tokens.
    pub fn identity_keys(&self, usable: usize) {
        let keys = &self.series.process.identity.keys;
        keys.store(usable as u64 + 1, Ordering::Relaxed);
    }

    /// Counts a look at where the keys for tokens are.
    pub fn identity_refreshed(&self, refreshed: KeysRefreshed) {
        let shard = Shard::mine();
        let refreshes = &self.series.process.identity.refreshes;
        let cells = refreshes.get_or_init(shard, Refreshes::default);
        cells.0[refreshed.slot()].add(shard, 1);
    }
}

// === impl IdentitySeries ===

impl IdentitySeries {
    pub(super) fn export(&self, sheet: &mut Sheet) {
        if let Some(keys) = self.keys.load(Ordering::Relaxed).checked_sub(1) {
            sheet.gauge(&catalogue::IDENTITY_KEYS, &[], keys as f64);
        }
        for refreshed in KeysRefreshed::ALL {
            let count = self.refreshes.sum(|cells| &cells.0[refreshed.slot()]);
            let labels = [refreshed.word()];
            sheet.counter(&catalogue::IDENTITY_REFRESHES, &labels, count);
        }
    }
}
