//! What a million callers cost: measured on the allocator that Forebay runs with, in a process of its
//! own.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the answer")]

use std::{fs, time::Duration};

use engine::rate_limit::{Ask, Limiter};
use policy::{LimitAlgorithm, LimitPolicy, Rate};
use store::{LimiterCells, hash};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEBIBYTE: u64 = 1024 * 1024;
const SHARE: u64 = 32 * MEBIBYTE;
const CALLERS: u64 = 1_000_000;
const REQUESTS: u64 = 3;

fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.unwrap().parse::<u64>().unwrap() * 1024
}

fn limiter(algorithm: LimitAlgorithm) -> Limiter {
    let rate = Rate::new(60, Duration::from_secs(60)).unwrap();
    Limiter::new(&LimitPolicy {
        algorithm,
        ..LimitPolicy::new("a", rate)
    })
}

/// TRAPS 25: both kinds of limit at once, each caller a few times, and memory stays within the share.
#[test]
fn a_million_callers_stay_within_the_share() {
    let limiters = [
        limiter(LimitAlgorithm::Gcra { burst: 60 }),
        limiter(LimitAlgorithm::SlidingWindow),
    ];
    let before = resident();
    let cells = LimiterCells::new(SHARE);
    let idle = resident().saturating_sub(before);
    for request in 0..REQUESTS * CALLERS {
        let now = Duration::from_secs(1) + Duration::from_micros(5 * request);
        let key = hash(&(request % CALLERS).to_le_bytes());
        for limiter in &limiters {
            cells.decide(key, limiter, &Ask::new(now));
        }
    }
    let taken = resident().saturating_sub(before);
    println!("{taken} bytes of {SHARE} taken, {idle} before the first request");
    println!("{:?}", cells.figures());
    assert!(taken <= SHARE + MEBIBYTE, "{taken}");
    assert!(taken >= SHARE / 2, "it is hardly used: {taken}");
    assert!(idle <= MEBIBYTE, "taken by nobody: {idle}");
}
