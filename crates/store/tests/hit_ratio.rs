//! The store answers more requests than a plain LRU of the same capacity (decision 0007).

#[path = "../examples/hit_ratio/replay.rs"]
mod replay;

use replay::{replay, scanned, zipf};

const REQUESTS: usize = 60_000;

#[test]
fn popular_objects_stay() {
    for s in [0.8, 1.0, 1.2] {
        let ratios = replay(&zipf(s, REQUESTS, 7), 0.05);
        assert!(ratios.store > ratios.lru, "Zipf {s}: {ratios:?}");
    }
}

#[test]
fn a_scan_does_not_wash_them_out() {
    for s in [0.8, 1.0, 1.2] {
        let ratios = replay(&scanned(s, REQUESTS, 7), 0.05);
        assert!(ratios.store > ratios.lru, "Zipf {s}: {ratios:?}");
    }
}
