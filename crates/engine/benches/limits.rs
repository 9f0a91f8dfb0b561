//! The price of a limit's decision, however callers are counted.

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use engine::{
    rate_limit::{Ask, Cell, Factor, Gcra, History, LimitHeaders, Limiter, SlidingWindow},
    throttle::{Steering, Throttle, Usage},
};
use policy::{Percent, Rate};

fn rate(events: u32, seconds: u64) -> Rate {
    Rate::new(events, Duration::from_secs(seconds)).expect("a rate")
}

/// Each time a little later, so that some are allowed and some are not.
fn ask(now: &mut u64) -> Ask {
    *now += 5_000_000;
    Ask::new(Duration::from_nanos(*now))
}

fn deciding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limits");
    group.bench_function("gcra", |b| {
        let limit = Gcra::new(rate(100, 1), 200);
        let (mut cell, mut now) = (Cell::default(), 0);
        b.iter(|| {
            let (verdict, next) = limit.decide(cell, &ask(&mut now));
            cell = next;
            verdict
        });
    });
    group.bench_function("gcra_tightened", |b| {
        let limit = Gcra::new(rate(100, 1), 200);
        let (mut cell, mut now) = (Cell::default(), 0);
        let factor = Factor::new(0.7);
        b.iter(|| {
            let ask = Ask {
                factor,
                ..ask(&mut now)
            };
            let (verdict, next) = limit.decide(cell, &ask);
            cell = next;
            verdict
        });
    });
    for (name, quota) in [("sliding_window_5", 5), ("sliding_window_1000", 1_000)] {
        let limit = SlidingWindow::new(rate(quota, 1), Duration::ZERO);
        group.bench_function(name, |b| {
            let (mut history, mut now) = (History::default(), 0);
            b.iter(|| limit.decide(&mut history, limit.marks(), &ask(&mut now)));
        });
    }
    group.finish();
}

fn telling(criterion: &mut Criterion) {
    let gcra = Gcra::new(rate(100, 1), 200);
    let headers = LimitHeaders::new("per_client", &Limiter::Gcra(gcra));
    let (verdict, _) = gcra.decide(Cell::default(), &Ask::new(Duration::from_secs(5)));
    let mut group = criterion.benchmark_group("limits_telling");
    group.bench_function("draft", |b| b.iter(|| headers.limit(black_box(verdict))));
    group.bench_function("legacy", |b| b.iter(|| headers.legacy(black_box(verdict))));
    group.finish();
}

/// Sixty-four tenants, each with eight callers, all of which are heavy.
fn throttling(criterion: &mut Criterion) {
    let hash = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let usage = |number: u64| Usage {
        tenant: hash(number % 64),
        caller: hash(number),
        units: 1,
        cost: (number + 1) as f64,
    };
    let mut throttle = Throttle::new(rate(100, 1), Percent::of(10));
    let mut now = Duration::from_secs(1);
    let idle = throttle.factors().clone();
    for tick in 0..50 {
        for number in 0..512 {
            throttle.record(&usage(number));
        }
        now += Duration::from_millis(100 * tick);
        if let Steering::Changed(factors) = throttle.steer(0.0, now) {
            black_box(factors);
        }
    }
    let factors = throttle.factors().clone();
    println!("{} callers are tightened", factors.callers());
    let mut group = criterion.benchmark_group("throttle");
    group.bench_function("factor_idle", |b| {
        b.iter(|| idle.factor(black_box(7), black_box(9)))
    });
    group.bench_function("factor_tightened", |b| {
        b.iter(|| factors.factor(black_box(hash(7)), black_box(hash(7))));
    });
    let mut number = 0;
    group.bench_function("record", |b| {
        b.iter(|| {
            number = (number + 1) % 512;
            throttle.record(&usage(number));
        });
    });
    group.bench_function("steer_a_tick", |b| {
        b.iter(|| {
            now += Duration::from_millis(100);
            for number in 0..512 {
                throttle.record(&usage(number));
            }
            throttle.steer(0.0, now)
        });
    });
    group.finish();
}

criterion_group!(benches, deciding, telling, throttling);
criterion_main!(benches);
