use std::sync::Arc;

use engine::mirror::CopyOutcome;
use parking_lot::Mutex;

use super::*;
use crate::body::Awaiting;

/// What was copied, each time it was.
#[derive(Clone, Debug, Default)]
struct Copies(Arc<Mutex<Vec<Result<Bytes, CopyOutcome>>>>);

impl Awaiting for Copies {
    fn complete(self: Box<Self>, content: Bytes) {
        self.0.lock().push(Ok(content));
    }

    fn give_up(self: Box<Self>, why: CopyOutcome) {
        self.0.lock().push(Err(why));
    }
}

fn frames(pieces: &[&'static str]) -> RequestBody {
    let frames = pieces.iter().map(|piece| Frame::data(Bytes::from(*piece)));
    RequestBody::Resumed(Box::new(ResumedBody::of(frames)))
}

fn kept(text: &'static str) -> RequestBody {
    RequestBody::Kept(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_body_up_to_the_limit_is_read_whole() {
    let Ok(Gathered::Whole(bytes)) = gather(kept("12345"), 5).await else {
        panic!("it fits");
    };
    assert_eq!(bytes, "12345");
    let Ok(Gathered::Whole(bytes)) = gather(RequestBody::Empty, 5).await else {
        panic!("nothing fits");
    };
    assert!(bytes.is_empty());
}

#[tokio::test]
async fn a_longer_body_goes_on_complete() {
    let Ok(Gathered::TooMuch(body)) = gather(kept("123456"), 5).await else {
        panic!("it is too long");
    };
    assert_eq!(body.collect().await.unwrap().to_bytes(), "123456");
}

#[tokio::test]
async fn a_short_body_is_whole_once_it_was_looked_at() {
    let Ok(Peeked::Whole(body)) = peek(kept("12345"), 5, Some(5)).await else {
        panic!("there is no more");
    };
    // It can be sent again.
    assert!(matches!(body, RequestBody::Kept(_)));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "12345");
}

#[tokio::test]
async fn a_body_without_a_length_stays_without() {
    let Ok(Peeked::Whole(body)) = peek(kept("12345"), 10, None).await else {
        panic!("there is no more");
    };
    assert_eq!(body.size_hint().exact(), None);
    assert!(!body.is_end_stream());
    assert_eq!(body.collect().await.unwrap().to_bytes(), "12345");
    let Ok(Peeked::Whole(nothing)) = peek(RequestBody::Empty, 10, None).await else {
        panic!("there is nothing");
    };
    assert!(nothing.is_end_stream());
}

#[tokio::test]
async fn trailers_that_were_read_go_on() {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("7"));
    let frames = [
        Frame::data(Bytes::from_static(b"12")),
        Frame::trailers(trailers.clone()),
    ];
    let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
    let Ok(Peeked::Whole(body)) = peek(source, 10, None).await else {
        panic!("there is no more");
    };
    let collected = body.collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "12");
}

#[tokio::test]
async fn of_a_longer_body_only_the_beginning_is_awaited() {
    let frames = ["123", "456", "789"].map(|piece| Frame::data(Bytes::from(piece)));
    let source = RequestBody::Resumed(Box::new(ResumedBody::of(frames)));
    let Ok(Peeked::More(body)) = peek(source, 4, Some(9)).await else {
        panic!("there is more");
    };
    assert_eq!(body.collect().await.unwrap().to_bytes(), "123456789");
}

/// Memory is counted by the bytes, so it must not be taken by the piece.
#[tokio::test]
async fn what_comes_byte_by_byte_is_kept_together() {
    let drip = || frames(&["x"; 10_000]);
    let Ok(Peeked::More(RequestBody::Resumed(peeked))) = peek(drip(), 9_999, None).await else {
        panic!("there is more");
    };
    assert_eq!(peeked.read.count(), 1);
    let Ok(Gathered::TooMuch(RequestBody::Resumed(gathered))) = gather(drip(), 9_998).await else {
        panic!("it is too long");
    };
    assert_eq!(gathered.read.count(), 1);
    for body in [peeked, gathered] {
        let body = RequestBody::Resumed(body);
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 10_000);
    }
}

#[tokio::test]
async fn a_body_in_one_piece_is_not_copied() {
    let only = Bytes::from("all of it");
    let Ok(Peeked::Whole(RequestBody::Kept(kept))) =
        peek(RequestBody::Kept(only.clone()), 100, Some(9)).await
    else {
        panic!("it is here");
    };
    assert_eq!(kept.as_ptr(), only.as_ptr());
    let Ok(Gathered::Whole(kept)) = gather(RequestBody::Kept(kept), 100).await else {
        panic!("it fits");
    };
    assert_eq!(kept.as_ptr(), only.as_ptr());
}

/// A body may be looked at, and then be read for a key, before it is copied.
#[tokio::test]
async fn a_copy_has_what_was_read_before_it_was_asked_for() {
    let Ok(Peeked::More(peeked)) = peek(frames(&["123", "456", "789", "0"]), 4, None).await else {
        panic!("there is more");
    };
    let Ok(Gathered::TooMuch(mut body)) = gather(peeked, 6).await else {
        panic!("it is too long");
    };
    let copies = Copies::default();
    body.tap(Box::new(copies.clone()), 100);
    assert_eq!(copies.0.lock()[..], [Ok(Bytes::from("1234567890"))]);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "1234567890");
}

#[tokio::test]
async fn a_body_without_a_length_that_was_read_whole_is_copied() {
    let Ok(Peeked::Whole(mut body)) = peek(frames(&["12", "34"]), 10, None).await else {
        panic!("there is no more");
    };
    let copies = Copies::default();
    body.tap(Box::new(copies.clone()), 4);
    assert_eq!(copies.0.lock()[..], [Ok(Bytes::from("1234"))]);
    let copies = Copies::default();
    body.tap(Box::new(copies.clone()), 3);
    assert_eq!(copies.0.lock()[..], [Err(CopyOutcome::SkippedBody)]);
}
