use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Poll,
};

use super::*;
use crate::unabandoned::Unabandoned;

const ANN: u128 = 7;
const BOB: u128 = 8;
const LONG: Duration = Duration::from_secs(60);

fn go(entering: Entering) -> Option<Place> {
    match entering {
        Entering::Full | Entering::Wait(_) => None,
        Entering::Go(place) => Some(place),
    }
}

fn wait(entering: Entering) -> Waiting {
    match entering {
        Entering::Wait(waiting) => waiting,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_in_flight_is_told_for_all_callers_together() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let ann = go(enter(&cells, ANN, 1, &tally));
    assert!(go(enter(&cells, ANN, 1, &tally)).is_none());
    let bob = go(enter(&cells, BOB, 1, &tally));
    assert_eq!(tally.in_flight(), 2);
    drop((ann, bob));
    assert_eq!((tally.in_flight(), cells.len()), (0, 0));
}

#[test]
fn a_panic_gives_the_place_back() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _place = go(enter(&cells, ANN, 1, &tally));
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!((tally.in_flight(), cells.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_place_that_comes_free() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let held = go(queue(&cells, ANN, 1, &tally));
    let waiting = wait(queue(&cells, ANN, 1, &tally));
    let waited = tokio::spawn(waiting.wait(LONG));
    drop(held);
    let place = waited.await.unwrap();
    assert!(place.is_some());
    assert_eq!(tally.in_flight(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_or_leaves_keeps_nothing() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let held = go(enter(&cells, ANN, 1, &tally));
    let late = wait(queue(&cells, ANN, 1, &tally));
    assert!(late.wait(LONG).await.is_none());
    let gone = wait(queue(&cells, ANN, 1, &tally));
    let sent = wait(queue(&cells, ANN, 1, &tally));
    drop(gone);
    // The place is sent to one who does not take it any more.
    drop(held);
    drop(sent);
    assert_eq!((tally.in_flight(), cells.in_flight(ANN)), (0, 0));
}

#[test]
fn shared_places_are_given_back_by_the_last_who_works() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let both = [ANN, BOB].map(|caller| go(enter(&cells, caller, 1, &tally)).unwrap());
    let exchange = Places::new(both.into());
    let fetch = exchange.clone();
    drop(exchange);
    assert_eq!((tally.in_flight(), cells.in_flight(ANN)), (2, 1));
    drop(fetch);
    assert_eq!((tally.in_flight(), cells.len()), (0, 0));
}

/// What panics is a fetch that goes on when its client has left.
#[tokio::test]
async fn a_panic_of_work_that_goes_on_gives_them_back() {
    let (cells, tally) = (Arc::default(), Arc::default());
    let place = go(enter(&cells, ANN, 1, &tally)).unwrap();
    let exchange = Places::new(vec![place]);
    let fetch = exchange.clone();
    let (go_on, went) = tokio::sync::oneshot::channel::<()>();
    let mut work = Box::pin(Unabandoned::new(async move {
        let _fetch = fetch;
        let _told = went.await;
        panic!("on purpose");
    }));
    let begun = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
    assert!(begun.is_pending());
    drop((work, exchange));
    assert_eq!(tally.in_flight(), 1);
    go_on.send(()).unwrap();
    while tally.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(cells.is_empty());
}
