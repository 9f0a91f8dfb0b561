use engine::rate_limit::{Gcra, Verdict};
use policy::Rate;
use proptest::prelude::*;

use super::*;

fn gcra() -> Gcra {
    Gcra::new(Rate::new(1, Duration::from_secs(1)).unwrap(), 2)
}

fn ask(cells: &LimiterCells, key: u128, now: Duration) -> Verdict {
    cells.update(key, now, |cell| gcra().decide(cell, now))
}

fn allowed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Allow { .. })
}

/// A key of the first shard.
fn in_first_shard(number: u128) -> u128 {
    (number * SHARDS as u128) | (number << 64)
}

#[test]
fn callers_do_not_share_an_allowance() {
    let cells = LimiterCells::new(1024 * 1024);
    let now = Duration::from_secs(1);
    for key in [in_first_shard(1), in_first_shard(2)] {
        assert!(allowed(ask(&cells, key, now)));
        assert!(allowed(ask(&cells, key, now)));
        assert!(!allowed(ask(&cells, key, now)));
    }
    assert_eq!(cells.len(), 2);
}

#[test]
fn a_full_shard_forgets_only_callers_whose_time_has_passed() {
    let cells = LimiterCells::new(0);
    let now = Duration::from_secs(1);
    for number in 0..LEAST_CELLS as u128 {
        ask(&cells, in_first_shard(number), now);
    }
    assert_eq!(cells.len(), LEAST_CELLS);
    let later = now + Duration::from_secs(5);
    ask(&cells, in_first_shard(1_000), later);
    assert_eq!(cells.len(), 1);
}

/// TRAPS 25: rotating keys under pressure neither evicts a caller's debt nor buys a fresh bucket.
#[test]
fn key_pressure_never_hands_out_fresh_buckets() {
    let cells = LimiterCells::new(0);
    let now = Duration::from_secs(1);
    let abuser = in_first_shard(0);
    while allowed(ask(&cells, abuser, now)) {}
    let crowd = 100_000;
    let let_through = (1..=crowd)
        .filter(|number| allowed(ask(&cells, in_first_shard(*number), now)))
        .count();
    assert!(!allowed(ask(&cells, abuser, now)));
    // One or two requests per own cell, two per overflow cell, and not one more.
    let most = LEAST_CELLS + 2 * (LEAST_CELLS / 4);
    assert!(
        let_through <= most,
        "{let_through} of {crowd} new callers let through"
    );
    assert!(cells.len() <= LEAST_CELLS);
}

proptest! {
    #[test]
    fn memory_stays_within_the_share(keys in prop::collection::vec(any::<u128>(), 0..4_000)) {
        let cells = LimiterCells::new(64 * 1024);
        for key in keys {
            ask(&cells, key, Duration::from_secs(1));
        }
        let bytes = cells.len() as u64 * BYTES_PER_CELL;
        prop_assert!(bytes <= (64 * 1024).max(SHARDS as u64 * LEAST_CELLS as u64 * BYTES_PER_CELL));
    }
}
