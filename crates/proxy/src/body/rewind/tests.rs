use http_body_util::BodyExt;
use store::FillBudget;

use super::*;
use crate::body::gathered::ResumedBody;

const PIECES: [&str; 3] = ["first ", "second ", "third"];

/// A body in three pieces, kept up to `limit`.
fn kept(limit: u64) -> (RequestBody, Arc<Upload>, Spare) {
    let held = Arc::new(FillBudget::new(1000)).reserve(limit).unwrap();
    let frames = PIECES.map(|piece| Frame::data(Bytes::from_static(piece.as_bytes())));
    let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
    let (body, upload) = Rewind::keep(source, None, limit, held);
    let spare = Spare::of(&body);
    (body, upload, spare)
}

async fn piece(body: &mut RequestBody) -> Option<Result<Bytes, Failure>> {
    let frame = body.frame().await?;
    Some(
        frame
            .map(|frame| frame.into_data().unwrap())
            .map_err(|CutShort(failure)| failure),
    )
}

async fn whole(body: RequestBody) -> Bytes {
    body.collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn what_was_sent_is_sent_again_and_then_the_rest() {
    let (mut first, first_upload, spare) = kept(100);
    assert_eq!(piece(&mut first).await.unwrap().unwrap(), PIECES[0]);
    assert_eq!(spare.replay(), Replay::Here);
    let (mut second, _) = spare.body().unwrap();
    assert_eq!(piece(&mut second).await.unwrap().unwrap(), PIECES[0]);
    assert_eq!(piece(&mut second).await.unwrap().unwrap(), PIECES[1]);
    let (third, upload) = spare.body().unwrap();
    let upload = upload.unwrap();
    assert!(!upload.is_finished());
    assert_eq!(third.size_hint().exact(), Some(18));
    assert_eq!(whole(third).await, PIECES.concat());
    assert!(upload.is_finished());
    assert_eq!(upload.moved(), PIECES.concat().len() as u64);
    assert!(!first_upload.is_finished(), "it never was sent");
}

#[tokio::test]
async fn a_try_whose_turn_is_over_takes_nothing_and_fails() {
    let (mut first, upload, spare) = kept(100);
    piece(&mut first).await.unwrap().unwrap();
    let (second, _) = spare.body().unwrap();
    assert!(!first.is_end_stream());
    assert!(piece(&mut first).await.unwrap().is_err());
    assert_eq!(whole(second).await, PIECES.concat());
    assert!(!first.is_end_stream() && !upload.is_finished());
    assert!(piece(&mut first).await.unwrap().is_err());
}

#[tokio::test]
async fn what_is_too_large_is_sent_once() {
    let (mut first, upload, spare) = kept(8);
    piece(&mut first).await.unwrap().unwrap();
    assert_eq!(spare.replay(), Replay::Here);
    assert_eq!(piece(&mut first).await.unwrap().unwrap(), PIECES[1]);
    assert_eq!(spare.replay(), Replay::Gone);
    assert!(spare.body().is_none());
    assert_eq!(whole(first).await, PIECES[2]);
    assert!(upload.is_finished());
}

/// Memory is counted by the bytes, so it must not be taken by the piece.
#[tokio::test]
async fn what_comes_byte_by_byte_is_kept_together() {
    let held = Arc::new(FillBudget::new(1000)).reserve(1000).unwrap();
    let frames = ["x"; 1000].map(|piece| Frame::data(Bytes::from(piece)));
    let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
    let (mut first, _) = Rewind::keep(source, None, 1000, held);
    let spare = Spare::of(&first);
    for _ in 0..400 {
        assert_eq!(piece(&mut first).await.unwrap().unwrap(), "x");
    }
    let (mut second, _) = spare.body().unwrap();
    assert_eq!(piece(&mut second).await.unwrap().unwrap(), "x".repeat(400));
    for _ in 0..400 {
        assert_eq!(piece(&mut second).await.unwrap().unwrap(), "x");
    }
    assert_eq!(second.size_hint().exact(), Some(200));
    let (third, upload) = spare.body().unwrap();
    assert_eq!(third.size_hint().exact(), Some(1000));
    assert_eq!(whole(third).await, "x".repeat(1000));
    assert!(upload.unwrap().is_finished());
}

#[tokio::test]
async fn memory_is_free_when_it_is_too_much_or_over() {
    let budget = Arc::new(FillBudget::new(1000));
    let keep = |limit| {
        let source = RequestBody::Kept(Bytes::from_static(b"a body"));
        Rewind::keep(source, None, limit, budget.reserve(limit).unwrap()).0
    };
    let mut small = keep(5);
    let large = keep(100);
    assert_eq!(budget.used(), 105);
    piece(&mut small).await.unwrap().unwrap();
    assert_eq!(budget.used(), 100);
    drop(large);
    assert_eq!(budget.used(), 0);
}

#[test]
fn what_is_here_as_a_whole_needs_no_rewinding() {
    let body = RequestBody::Kept(Bytes::from_static(b"here"));
    assert_eq!(Spare::of(&body).replay(), Replay::Here);
    assert_eq!(Spare::of(&RequestBody::Empty).replay(), Replay::Here);
    let frames = [Frame::data(Bytes::from_static(b"half"))];
    let resumed = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
    assert_eq!(Spare::of(&resumed).replay(), Replay::Gone);
}
