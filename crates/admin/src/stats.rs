//! What the cache is doing, as the admin listener tells it.

use serde::Serialize;
use telemetry::{CacheAnswers, CacheFigures};

/// The answer of `/cache/stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct CacheStats {
    /// Responses held.
    pub entries: u64,
    /// Memory they use, in bytes.
    pub bytes: u64,
    /// Memory they may use, in bytes.
    pub limit_bytes: u64,
    /// Memory that responses on their way in use, in bytes.
    pub fill_bytes: u64,
    /// Requests answered from the cache.
    pub hits: u64,
    /// Requests it had nothing for.
    pub misses: u64,
    /// Requests it had something stale for that the origin confirmed.
    pub revalidations: u64,
    /// Requests it had something stale for that the origin replaced.
    pub stale: u64,
    /// Requests that passed it by.
    pub bypasses: u64,
    /// Hits and revalidations among all that asked; `None` before the first.
    pub hit_ratio: Option<f64>,
    /// What has left it.
    pub evictions: Evictions,
}

/// What has left the cache, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evictions {
    /// It had expired.
    pub expired: u64,
    /// Somebody said so.
    pub explicit: u64,
    /// A newer response took its place.
    pub replaced: u64,
    /// There was no room.
    pub size: u64,
}

// === impl CacheStats ===

impl CacheStats {
    /// Put together from what the store and the metrics tell.
    pub fn new(figures: CacheFigures, answers: CacheAnswers) -> Self {
        let answered = answers.hits + answers.revalidations;
        let asked = answered + answers.misses + answers.stale;
        Self {
            entries: figures.entries,
            bytes: figures.bytes,
            limit_bytes: figures.limit_bytes,
            fill_bytes: figures.fill_bytes,
            hits: answers.hits,
            misses: answers.misses,
            revalidations: answers.revalidations,
            stale: answers.stale,
            bypasses: answers.bypasses,
            hit_ratio: (asked > 0).then(|| answered as f64 / asked as f64),
            evictions: Evictions {
                expired: figures.evicted_expired,
                explicit: figures.evicted_explicit,
                replaced: figures.evicted_replaced,
                size: figures.evicted_size,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_counts_those_who_asked() {
        let answers = CacheAnswers {
            bypasses: 100,
            hits: 2,
            misses: 1,
            revalidations: 1,
            stale: 0,
        };
        let stats = CacheStats::new(CacheFigures::default(), answers);
        assert_eq!(stats.hit_ratio, Some(0.75));
        let quiet = CacheStats::new(CacheFigures::default(), CacheAnswers::default());
        assert_eq!(quiet.hit_ratio, None);
    }
}
