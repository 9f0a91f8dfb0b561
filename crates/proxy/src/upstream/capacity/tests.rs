//! Nobody is forgotten and no place is lost, whoever comes and goes.

use engine::attempt::AttemptEnd;
use policy::Classes;
use tokio_test::{assert_pending, assert_ready, task};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn cell(mode: Mode, limit: u32, queue: u32) -> Arc<CapacityCell> {
    let policy = Capacity {
        mode,
        min: limit,
        max: limit,
        initial: limit,
        queue,
        queue_timeout: SECOND,
        classes: None::<Classes>,
    };
    CapacityCell::new(Some(&policy)).expect("it acts")
}

fn claim(class: Priority) -> Claim {
    Claim {
        class,
        purpose: Purpose::Answer,
        deadline: None,
    }
}

fn goes(cell: &Arc<CapacityCell>) -> Permit {
    match cell.enter(claim(Priority::Normal)) {
        Entering::Go(permit, _) => permit,
        other => panic!("{other:?}"),
    }
}

fn waits(cell: &Arc<CapacityCell>, class: Priority) -> Waiting {
    match cell.enter(claim(class)) {
        Entering::Wait(waiting) => waiting,
        other => panic!("{other:?}"),
    }
}

fn refused(cell: &Arc<CapacityCell>, claim: Claim) -> Refused {
    match cell.enter(claim) {
        Entering::Refused(refused) => refused,
        other => panic!("{other:?}"),
    }
}

fn counts(cell: &Arc<CapacityCell>) -> (u32, u32) {
    let figures = cell.figures("any");
    (figures.in_flight, figures.queued)
}

fn shed(cell: &Arc<CapacityCell>, class: Priority, reason: ShedReason) -> u64 {
    cell.figures("any").shed[class as usize][reason as usize]
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_given_back_goes_to_the_most_urgent() {
    let cell = cell(Mode::Enforce, 2, 5);
    let (first, second) = (goes(&cell), goes(&cell));
    let mut low = task::spawn(waits(&cell, Priority::Low).wait());
    let mut high = task::spawn(waits(&cell, Priority::High).wait());
    assert_pending!(low.poll());
    assert_pending!(high.poll());
    assert_eq!(counts(&cell), (2, 2));
    drop(first);
    assert!(high.is_woken() && !low.is_woken());
    let third = assert_ready!(high.poll()).expect("a place");
    assert_eq!(counts(&cell), (2, 1));
    drop((second, third));
    let _fourth = assert_ready!(low.poll()).expect("a place");
    assert_eq!(counts(&cell), (1, 0));
    assert_eq!(cell.figures("any").waited.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_is_told_when_to_come_again() {
    let cell = cell(Mode::Enforce, 1, 5);
    let permit = goes(&cell);
    let began = Instant::now();
    let refused = waits(&cell, Priority::Normal).wait().await.unwrap_err();
    assert_eq!(refused.failure(), Failure::QueueTimedOut);
    assert!(refused.retry_after >= SECOND);
    assert!(began.elapsed_since() >= SECOND);
    // One whose answer is of no use so late leaves as early.
    let began = Instant::now();
    let hurried = Claim {
        deadline: Some(began + SECOND / 4),
        ..claim(Priority::Normal)
    };
    let Entering::Wait(waiting) = cell.enter(hurried) else {
        panic!("he has to wait");
    };
    waiting.wait().await.unwrap_err();
    let waited = began.elapsed_since();
    assert!(waited >= SECOND / 4 && waited < SECOND / 2, "{waited:?}");
    assert_eq!(shed(&cell, Priority::Normal, ShedReason::TimedOut), 2);
    drop(permit);
    assert_eq!(counts(&cell), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_the_urgent_displace() {
    let cell = cell(Mode::Enforce, 1, 1);
    let _permit = goes(&cell);
    let mut low = task::spawn(waits(&cell, Priority::Low).wait());
    assert_pending!(low.poll());
    let full = refused(&cell, claim(Priority::Low));
    assert_eq!(full.failure(), Failure::Shed);
    let _critical = waits(&cell, Priority::Critical);
    let displaced = assert_ready!(low.poll()).unwrap_err();
    assert_eq!(displaced.failure(), Failure::Shed);
    assert_eq!(counts(&cell), (1, 1));
    assert_eq!(shed(&cell, Priority::Low, ShedReason::Full), 1);
    assert_eq!(shed(&cell, Priority::Low, ShedReason::Displaced), 1);
}

#[tokio::test(start_paused = true)]
async fn who_leaves_takes_no_place_along() {
    let cell = cell(Mode::Enforce, 1, 5);
    let permit = goes(&cell);
    let gone = waits(&cell, Priority::Normal);
    let mut asleep = task::spawn(waits(&cell, Priority::Normal).wait());
    assert_pending!(asleep.poll());
    let mut last = task::spawn(waits(&cell, Priority::Normal).wait());
    assert_pending!(last.poll());
    drop(gone);
    assert_eq!(counts(&cell), (1, 2));
    drop(permit);
    // He was given the place, and leaves before he has seen it.
    assert!(asleep.is_woken());
    drop(asleep);
    let kept = assert_ready!(last.poll()).expect("a place");
    assert_eq!(counts(&cell), (1, 0));
    drop(kept);
    assert_eq!(counts(&cell), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_leaves_a_reserve_alone() {
    let cell = cell(Mode::Enforce, 10, 5);
    let background = Claim {
        purpose: Purpose::Background,
        ..claim(Priority::Low)
    };
    let mut held: Vec<Permit> = (0..9).map(|_| goes(&cell)).collect();
    assert!(cell.share() > 0.0 && cell.share() < 1.0);
    let Entering::Go(last, _) = cell.enter(background) else {
        panic!("there is room");
    };
    held.push(last);
    assert_eq!(cell.share(), 0.0);
    refused(&cell, background);
    held.truncate(5);
    // Somebody was refused a moment ago.
    assert_eq!(cell.share(), 0.0);
    tokio::time::advance(2 * SECOND).await;
    assert_eq!(cell.share(), 1.0);
}

#[tokio::test(start_paused = true)]
async fn shadow_mode_counts_and_lets_everybody_through() {
    let cell = cell(Mode::Shadow, 2, 1);
    let outcome = || match cell.enter(claim(Priority::High)) {
        Entering::Go(permit, outcome) => (permit, outcome),
        other => panic!("{other:?}"),
    };
    let held = [outcome(), outcome(), outcome(), outcome()];
    assert_eq!(
        held.each_ref().map(|(_, outcome)| *outcome),
        [
            ProtectOutcome::Go,
            ProtectOutcome::Go,
            ProtectOutcome::Shadow,
            ProtectOutcome::Shadow
        ]
    );
    // One would have waited, and one more would have found no place.
    assert_eq!(shed(&cell, Priority::High, ShedReason::Full), 1);
    assert_eq!(cell.share(), 1.0);
    drop(held);
    assert_eq!(counts(&cell), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_grows_lets_those_in_who_wait() {
    let policy = Capacity {
        mode: Mode::Enforce,
        min: 1,
        max: 100,
        initial: 4,
        queue: 100,
        queue_timeout: 1000 * SECOND,
        classes: None,
    };
    let cell = CapacityCell::new(Some(&policy)).expect("it acts");
    let limit = cell.figures("any").limit;
    let _held: Vec<Permit> = (0..limit).map(|_| goes(&cell)).collect();
    let mut waiting: Vec<_> = (0..100)
        .map(|_| task::spawn(waits(&cell, Priority::Normal).wait()))
        .collect();
    waiting
        .iter_mut()
        .for_each(|one| assert_pending!(one.poll()));
    for _ in 0..60 {
        tokio::time::advance(SECOND / 100).await;
        cell.learn(&Attempt {
            end: AttemptEnd::Answered {
                status: 200,
                retry_after: None,
            },
            took: SECOND / 100,
        });
    }
    let (in_flight, queued) = counts(&cell);
    assert!(in_flight > limit && in_flight <= cell.figures("any").limit.max(in_flight));
    assert_eq!(in_flight - limit, 100 - queued);
    let woken = waiting.iter().filter(|one| one.is_woken()).count();
    assert_eq!(woken, (in_flight - limit) as usize);
}

/// Many threads come, wait, leave in the middle and give back: in the end everything is free, and
/// there were never more in flight than the limit.
#[test]
fn nothing_leaks_under_many_threads() {
    let cell = cell(Mode::Enforce, 4, 8);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let cell = Arc::clone(&cell);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_time()
                    .build()
                    .unwrap();
                runtime.block_on(churn(&cell, thread));
            });
        }
    });
    assert_eq!(counts(&cell), (0, 0));
}

async fn churn(cell: &Arc<CapacityCell>, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..2000 {
        let class = Priority::ALL[rng.usize(0..4)];
        let permit = match cell.enter(claim(class)) {
            Entering::Go(permit, _) => Some(permit),
            Entering::Refused(_) => None,
            Entering::Wait(waiting) if rng.bool() => {
                drop(waiting);
                None
            }
            Entering::Wait(waiting) => {
                tokio::select! {
                    biased;
                    told = waiting.wait() => told.ok(),
                    () = tokio::task::yield_now() => None,
                }
            }
        };
        assert!(counts(cell).0 <= 4);
        if rng.bool() {
            tokio::task::yield_now().await;
        }
        drop(permit);
    }
}

/// How long ago an instant was, by the clock of the test.
trait ElapsedSince {
    fn elapsed_since(self) -> Duration;
}

impl ElapsedSince for Instant {
    fn elapsed_since(self) -> Duration {
        Self::now() - self
    }
}
