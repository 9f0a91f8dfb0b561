//! What is counted where endpoints come from.

use std::{
    array,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use engine::discovery::Refreshed;

use crate::{catalogue, metrics::export::Sheet, words::Word};

/// Written a few times a minute at most, so that one of each is enough.
#[derive(Debug)]
pub(in crate::metrics) struct Discovery {
    known: AtomicUsize,
    refreshes: [AtomicU64; Refreshed::ALL.len()],
    succeeded_at: AtomicU64, // milliseconds since 1970, 0 for never
}

// === impl Discovery ===

impl Default for Discovery {
    fn default() -> Self {
        Self {
            known: AtomicUsize::new(0),
            refreshes: array::from_fn(|_| AtomicU64::new(0)),
            succeeded_at: AtomicU64::new(0),
        }
    }
}

impl Discovery {
    pub(in crate::metrics) fn known(&self, endpoints: usize) {
        self.known.store(endpoints, Ordering::Relaxed);
    }

    pub(in crate::metrics) fn refreshed(&self, refreshed: Refreshed, at: SystemTime) {
        self.refreshes[refreshed.slot()].fetch_add(1, Ordering::Relaxed);
        if matches!(refreshed, Refreshed::Changed | Refreshed::Unchanged) {
            let since = at
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or(Duration::ZERO);
            let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
            self.succeeded_at.store(millis, Ordering::Relaxed);
        }
    }

    pub(super) fn export(&self, upstream: &str, sheet: &mut Sheet) {
        let known = self.known.load(Ordering::Relaxed) as f64;
        sheet.gauge(&catalogue::UPSTREAM_ENDPOINTS, &[upstream], known);
        for refreshed in Refreshed::ALL {
            let count = self.refreshes[refreshed.slot()].load(Ordering::Relaxed);
            let labels = [upstream, refreshed.word()];
            sheet.counter(&catalogue::DISCOVERY_REFRESHES, &labels, count);
        }
        let succeeded_at = self.succeeded_at.load(Ordering::Relaxed);
        if succeeded_at != 0 {
            let family = &catalogue::DISCOVERY_LAST_SUCCESS_TIMESTAMP;
            sheet.gauge(family, &[upstream], succeeded_at as f64 / 1000.0);
        }
    }
}
