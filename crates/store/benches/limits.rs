//! The price of remembering callers: of a decision with its cell, under its lock.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use engine::rate_limit::{Ask, Limiter};
use policy::{LimitAlgorithm, LimitPolicy, Rate};
use store::{InFlightCells, LimiterCells, hash};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// So many callers take turns, more than the processor's cache holds.
const CALLERS: usize = 50_000;
const MEBIBYTE: u64 = 1024 * 1024;

fn limiter(algorithm: LimitAlgorithm) -> Limiter {
    let rate = Rate::new(60, Duration::from_secs(60)).expect("a rate");
    let policy = LimitPolicy {
        algorithm,
        ..LimitPolicy::new("a", rate)
    };
    Limiter::new(&policy)
}

fn deciding(criterion: &mut Criterion) {
    let keys: Vec<u128> = (0..CALLERS).map(|n| hash(&n.to_le_bytes())).collect();
    let gcra = limiter(LimitAlgorithm::Gcra { burst: 60 });
    let window = limiter(LimitAlgorithm::SlidingWindow);
    let mut group = criterion.benchmark_group("cells");
    for (name, limiter, bytes, callers) in [
        ("gcra_one_caller", gcra, 8 * MEBIBYTE, 1),
        ("gcra", gcra, 8 * MEBIBYTE, CALLERS),
        ("gcra_sketch", gcra, 0, CALLERS),
        ("sliding_window_one_caller", window, 128 * MEBIBYTE, 1),
        ("sliding_window", window, 128 * MEBIBYTE, CALLERS),
        ("sliding_window_sketch", window, 0, CALLERS),
    ] {
        let cells = LimiterCells::new(bytes);
        let (mut next, mut now) = (0, 0);
        group.bench_function(name, |b| {
            b.iter(|| {
                next = (next + 1) % callers;
                now += 20_000;
                cells.decide(keys[next], &limiter, &Ask::new(Duration::from_nanos(now)))
            });
        });
        println!("{name}: {:?}", cells.figures());
    }
    group.finish();
}

fn in_flight(criterion: &mut Criterion) {
    let cells = Arc::new(InFlightCells::default());
    criterion.bench_function("in_flight", |b| {
        b.iter(|| drop(cells.acquire(black_box(1 << 77), 10)));
    });
}

criterion_group!(benches, deciding, in_flight);
criterion_main!(benches);
