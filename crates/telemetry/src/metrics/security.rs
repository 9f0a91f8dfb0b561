//! What is counted of security events.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use engine::security::{SecurityAction, SecurityKind};

use super::{
    Metrics,
    cells::{Counter, Shard, Sharded},
    export::Sheet,
};
use crate::{SecurityLog, catalogue, words::Word as _};

/// The events of the process, by kind and action.
#[derive(Debug, Default)]
pub(super) struct SecuritySeries {
    events: Sharded<Events>,
    missing: OnceLock<Missing>,
}

#[derive(Debug, Default)]
struct Events([[Counter; SecurityAction::ALL.len()]; SecurityKind::ALL.len()]);

/// Lines that were not written.
#[derive(Debug)]
struct Missing {
    suppressed: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
}

// === impl Metrics ===

impl Metrics {
    /// Counts a security event.
    pub(crate) fn security_event(&self, kind: SecurityKind, action: SecurityAction) {
        self.series
            .process
            .security
            .event(Shard::mine(), kind, action);
    }

    /// Which log of security events to report the losses of; the first one stays.
    pub fn watch_security_log(&self, log: &SecurityLog) {
        let (suppressed, dropped) = log.missing();
        let missing = Missing {
            suppressed,
            dropped,
        };
        let _only_the_first_counts = self.series.process.security.missing.set(missing);
    }
}

// === impl SecuritySeries ===

impl SecuritySeries {
    fn event(&self, shard: Shard, kind: SecurityKind, action: SecurityAction) {
        let cells = self.events.get_or_init(shard, Events::default);
        cells.0[kind.slot()][action.slot()].add(shard, 1);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        for kind in SecurityKind::ALL {
            for action in SecurityAction::ALL {
                let count = self
                    .events
                    .sum(|cells| &cells.0[kind.slot()][action.slot()]);
                let labels = [kind.as_str(), action.as_str()];
                sheet.counter(&catalogue::SECURITY_EVENTS, &labels, count);
            }
        }
        let read = |counter: Option<&Arc<AtomicU64>>| {
            counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
        };
        let missing = self.missing.get();
        for (reason, lines) in [
            ("rate", read(missing.map(|missing| &missing.suppressed))),
            ("reader", read(missing.map(|missing| &missing.dropped))),
        ] {
            sheet.counter_or_zero(&catalogue::SECURITY_LOG_DROPPED, &[reason], lines);
        }
    }
}
