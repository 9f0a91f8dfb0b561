use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready, task};

use super::*;

fn piece(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn text(reader: FillReader) -> String {
    let whole = reader.collect().await.unwrap().to_bytes();
    String::from_utf8(whole.to_vec()).unwrap()
}

#[tokio::test]
async fn a_late_reader_begins_at_the_beginning() {
    let fill = Arc::new(Fill::default());
    let early = fill.reader(None).unwrap();
    fill.push(piece("one "));
    let late = fill.reader(None).unwrap();
    fill.push(piece("two"));
    fill.finish(None);
    assert_eq!(text(early).await, "one two");
    assert_eq!(text(late).await, "one two");
    assert_eq!(fill.collect(), "one two");
}

/// hyper stops asking at the declared length; that is an end, not a client that left.
#[tokio::test]
async fn a_body_of_known_length_ends_with_its_last_byte() {
    let fill = Arc::new(Fill::default());
    let mut reader = fill.reader(Some(3)).unwrap();
    fill.push(piece("abc"));
    assert!(!reader.is_end_stream());
    reader.frame().await;
    assert!(reader.is_end_stream());
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_the_next_piece_and_by_the_end() {
    let fill = Arc::new(Fill::default());
    let mut reader = fill.reader(None).unwrap();
    let mut frame = task::spawn(reader.frame());
    assert_pending!(frame.poll());
    fill.push(piece("x"));
    assert!(frame.is_woken());
    assert!(assert_ready!(frame.poll()).unwrap().unwrap().is_data());
    drop(frame);
    let mut frame = task::spawn(reader.frame());
    assert_pending!(frame.poll());
    fill.finish(None);
    assert!(frame.is_woken());
    assert!(assert_ready!(frame.poll()).is_none());
}

#[tokio::test]
async fn a_cut_body_is_an_error_for_everybody() {
    let fill = Arc::new(Fill::default());
    let reader = fill.reader(None).unwrap();
    fill.push(piece("half"));
    fill.cut(Failure::UpstreamTruncated);
    let error = reader.collect().await.unwrap_err();
    assert_eq!(error.0, Failure::UpstreamTruncated);
    assert!(fill.reader(None).is_none(), "nobody begins a broken body");
}

#[tokio::test]
async fn a_body_ends_once() {
    let fill = Arc::new(Fill::default());
    let reader = fill.reader(None).unwrap();
    fill.push(piece("whole"));
    fill.finish(None);
    fill.cut(Failure::Internal);
    assert_eq!(text(reader).await, "whole");
}

/// However quickly the beginning passes: who waited for the head gets all of the body.
#[tokio::test]
async fn a_promised_place_is_kept_when_the_window_opens() {
    let fill = Arc::new(Fill::default());
    let early = fill.reader(None).unwrap();
    fill.promise(2);
    fill.push(piece("one "));
    fill.open_window();
    fill.push(piece("two"));
    assert!(fill.reader(None).is_none());
    let promised = fill.promised(None).unwrap();
    fill.renounce();
    fill.finish(None);
    assert!(fill.promised(None).is_none(), "both promises are used up");
    assert_eq!(text(promised).await, "one two");
    assert_eq!(text(early).await, "one two");
    assert_eq!(fill.state.lock().places.held(), 0);
}

#[tokio::test]
async fn who_does_not_come_for_a_promised_place_is_not_waited_for() {
    let fill = Arc::new(Fill::default());
    let mut quick = fill.reader(None).unwrap();
    fill.promise(1);
    fill.open_window();
    fill.push(Bytes::from(vec![0; WINDOW]));
    quick.frame().await;
    let mut room = task::spawn(fill.room());
    assert_pending!(room.poll());
    fill.renounce();
    assert_eq!(assert_ready!(room.poll()), Room::More);

    fill.push(Bytes::from(vec![0; WINDOW]));
    drop(quick);
    assert_eq!(
        assert_ready!(task::spawn(fill.room()).poll()),
        Room::Abandoned
    );
}

/// What is read after its end is in nobody's books but the fill's own.
#[tokio::test]
async fn the_memory_of_a_body_is_given_back_with_its_last_reader() {
    let budget = Arc::new(store::FillBudget::new(100));
    let fill = Arc::new(Fill::default());
    let reader = fill.reader(None).unwrap();
    fill.push(piece("x"));
    fill.finish(None);
    fill.hold(budget.reserve(100).unwrap());
    drop(fill);
    assert_eq!(budget.used(), 100);
    drop(reader);
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn one_who_was_cut_off_holds_nobody_back_any_more() {
    let fill = Arc::new(Fill::default());
    let mut quick = fill.reader(None).unwrap();
    let _stuck = fill.reader(None).unwrap();
    fill.open_window();
    fill.push(Bytes::from(vec![0; WINDOW]));
    quick.frame().await;
    fill.cut_off_slow();
    for _ in 0..3 {
        fill.push(Bytes::from(vec![0; WINDOW]));
        quick.frame().await;
        assert_eq!(assert_ready!(task::spawn(fill.room()).poll()), Room::More);
    }
}

#[tokio::test]
async fn once_only_a_window_is_kept_nobody_new_may_join() {
    let fill = Arc::new(Fill::default());
    let early = fill.reader(None).unwrap();
    fill.push(piece("one "));
    fill.open_window();
    assert!(fill.reader(None).is_none());
    fill.push(piece("two"));
    fill.finish(None);
    assert_eq!(text(early).await, "one two");
}

#[tokio::test]
async fn the_slowest_reader_of_a_window_holds_the_upstream_back() {
    let fill = Arc::new(Fill::default());
    let mut quick = fill.reader(None).unwrap();
    let mut slow = fill.reader(None).unwrap();
    fill.open_window();
    fill.push(Bytes::from(vec![0; WINDOW]));
    quick.frame().await;
    let mut room = task::spawn(fill.room());
    assert_pending!(room.poll());
    slow.frame().await;
    assert!(room.is_woken());
    assert_eq!(assert_ready!(room.poll()), Room::More);
}

#[tokio::test]
async fn a_window_nobody_reads_is_abandoned() {
    let fill = Arc::new(Fill::default());
    let reader = fill.reader(None).unwrap();
    fill.open_window();
    fill.push(Bytes::from(vec![0; WINDOW]));
    let mut room = task::spawn(fill.room());
    assert_pending!(room.poll());
    drop(reader);
    assert!(room.is_woken());
    assert_eq!(assert_ready!(room.poll()), Room::Abandoned);
}

/// A slow follower slows nobody, and one alone is waited for like any client.
#[tokio::test]
async fn who_holds_others_back_is_cut_off_and_who_is_alone_is_not() {
    let fill = Arc::new(Fill::default());
    let mut quick = fill.reader(None).unwrap();
    let mut slow = fill.reader(None).unwrap();
    fill.open_window();
    fill.push(Bytes::from(vec![0; WINDOW]));
    fill.cut_off_slow();
    assert!(
        slow.frame().await.unwrap().is_ok(),
        "nobody was waiting for it"
    );
    quick.frame().await;
    fill.push(Bytes::from(vec![0; WINDOW]));
    quick.frame().await;
    fill.cut_off_slow();
    assert_eq!(
        slow.frame().await.unwrap().unwrap_err().0,
        Failure::ClientStalled
    );
    fill.push(piece("rest"));
    assert!(quick.frame().await.unwrap().is_ok());
}
