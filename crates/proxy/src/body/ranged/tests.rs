use std::{collections::VecDeque, sync::Arc, task::Poll};

use bytes::Bytes;
use engine::{
    cache::range::{Boundary, Spans, Wanted},
    failure::Failure,
};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready, task};

use super::*;
use crate::{body::CutShort, fill::Fill};

/// A body of ready-made frames; it ends, or is cut, behind the last one.
struct Frames {
    frames: VecDeque<Frame<Bytes>>,
    cut: Option<Failure>,
}

impl Frames {
    fn of(pieces: &[&'static str]) -> Self {
        let frame = |piece: &&'static str| Frame::data(Bytes::from_static(piece.as_bytes()));
        Self {
            frames: pieces.iter().map(frame).collect(),
            cut: None,
        }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let next = self.frames.pop_front().map(Ok);
        let cut = self.cut;
        Poll::Ready(next.or_else(|| cut.map(|failure| Err(CutShort(failure)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn span(first: u64, last: u64) -> Span {
    Span::new(first, last).unwrap()
}

async fn text<B>(body: B) -> Result<String, &'static str>
where
    B: Body<Data = Bytes, Error = CutShort>,
{
    let whole = body.collect().await.map_err(|cut| cut.0.as_str())?;
    Ok(String::from_utf8(whole.to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn a_span_is_cut_wherever_the_pieces_end() {
    let whole = "0123456789";
    for pieces in [
        &["0123456789"][..],
        &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        &["", "012", "", "3456", "", "789", ""],
        &["01234", "56789"],
    ] {
        for first in 0..10 {
            for last in first..10 {
                let body = SpanBody::new(Frames::of(pieces), span(first, last));
                assert_eq!(body.size_hint().exact(), Some(last - first + 1));
                let expected = &whole[first as usize..=last as usize];
                assert_eq!(text(body).await.unwrap(), expected, "{pieces:?}");
            }
        }
    }
}

/// hyper stops asking when the body says that it has ended, and a client that got all is not one
/// that left.
#[tokio::test]
async fn a_span_ends_with_its_last_byte() {
    let mut body = SpanBody::new(Frames::of(&["01", "23", "45"]), span(1, 2));
    assert!(!body.is_end_stream());
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "1"
    );
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(1));
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "2"
    );
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.frame().await.is_none());
}

/// TRAPS row 22: short is an error, never an end.
#[tokio::test]
async fn a_source_that_ends_short_is_an_error() {
    for (first, last) in [(0, 6), (5, 6), (6, 7), (100, 200)] {
        let mut body = SpanBody::new(Frames::of(&["0123", "45"]), span(first, last));
        let failed = loop {
            match body.frame().await {
                Some(Ok(_)) => {}
                Some(Err(cut)) => break cut.0,
                None => panic!("it seemed to end"),
            }
        };
        assert_eq!(failed, Failure::UpstreamTruncated, "{first}-{last}");
        assert!(!body.is_end_stream());
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn a_cut_source_cuts_the_span_only_before_its_end() {
    let cut = || Frames {
        cut: Some(Failure::UpstreamStalled),
        ..Frames::of(&["0123"])
    };
    let failed = text(SpanBody::new(cut(), span(2, 4))).await;
    assert_eq!(failed, Err(Failure::UpstreamStalled.as_str()));
    let whole = text(SpanBody::new(cut(), span(2, 3))).await;
    assert_eq!(whole.unwrap(), "23");
}

#[tokio::test]
async fn trailers_do_not_belong_to_a_part() {
    let mut source = Frames::of(&["01", "23"]);
    source.frames.push_back(Frame::trailers(HeaderMap::new()));
    let collected = SpanBody::new(source, span(0, 3)).collect().await.unwrap();
    assert!(collected.trailers().is_none());
    assert_eq!(collected.to_bytes(), "0123");
}

#[tokio::test]
async fn a_part_of_a_body_that_is_still_coming_waits_for_it() {
    let fill = Arc::new(Fill::default());
    let source = ResponseBody::Filling(fill.reader(Some(8)).unwrap());
    let mut body = single(source, 0, span(3, 5)).unwrap();
    assert_eq!(body.size_hint().exact(), Some(3));
    let mut frame = task::spawn(body.frame());
    assert_pending!(frame.poll());
    fill.push(Bytes::from_static(b"01"));
    assert!(frame.is_woken());
    assert_pending!(frame.poll());
    fill.push(Bytes::from_static(b"2345"));
    assert!(frame.is_woken());
    let part = assert_ready!(frame.poll()).unwrap().unwrap();
    drop(frame);
    assert_eq!(part.into_data().unwrap(), "345");
    assert!(body.is_end_stream());
}

/// A reader that has what it wants must not hold up those who read on.
#[tokio::test]
async fn the_source_is_let_go_after_the_last_byte() {
    let fill = Arc::new(Fill::default());
    let source = ResponseBody::Filling(fill.reader(None).unwrap());
    let mut body = single(source, 0, span(0, 0)).unwrap();
    fill.push(Bytes::from_static(b"0123"));
    fill.open_window();
    assert_eq!(Arc::strong_count(&fill), 2);
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "0"
    );
    assert_eq!(Arc::strong_count(&fill), 1);
    assert_eq!(fill.room().await, crate::fill::Room::Abandoned);
}

#[tokio::test]
async fn a_part_of_what_is_here_is_the_same_memory() {
    let bytes = Bytes::from(b"0123456789".to_vec());
    let part = single(ResponseBody::Full(bytes.clone()), 0, span(2, 4)).unwrap();
    let ResponseBody::Full(cut) = part else {
        panic!("not here");
    };
    assert_eq!(cut, "234");
    assert_eq!(cut.as_ptr(), bytes[2..].as_ptr());
    let part = single(ResponseBody::Full(bytes.clone()), 100, span(102, 104)).unwrap();
    assert_eq!(text(part).await.unwrap(), "234");
    for (first, last) in [(99, 100), (100, 110), (0, 1)] {
        let kept = single(ResponseBody::Full(bytes.clone()), 100, span(first, last));
        assert_eq!(text(kept.unwrap_err()).await.unwrap(), "0123456789");
    }
}

fn several_of(range: &str, length: u64) -> Spans {
    match Wanted::parse(range.as_bytes(), length) {
        Wanted::Several(spans) => spans,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn several_parts_come_with_their_framing_and_their_length() {
    let bytes = Bytes::from_static(b"0123456789");
    for (first, range) in [(0, "bytes=8-9,0-2"), (100, "bytes=108-109,100-102")] {
        let length = first + 10;
        let multipart = Multipart::new(several_of(range, length), length, None, Boundary::new(7));
        let total = multipart.total();
        let mut body = several(ResponseBody::Full(bytes.clone()), first, multipart).unwrap();
        assert_eq!(body.size_hint().exact(), Some(total));
        let mut sent = Vec::new();
        while !body.is_end_stream() {
            let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
            sent.extend_from_slice(&data);
            assert_eq!(body.size_hint().exact(), Some(total - sent.len() as u64));
        }
        assert!(body.frame().await.is_none());
        let sent = String::from_utf8(sent).unwrap();
        assert_eq!(sent.len() as u64, total);
        assert!(sent.contains("\r\n\r\n89\r\n--"), "{sent}");
        assert!(sent.contains("\r\n\r\n012\r\n--"), "{sent}");
        assert!(sent.ends_with("7--\r\n"), "{sent}");
    }
}

#[tokio::test]
async fn parts_that_are_not_here_are_an_error_and_those_of_a_coming_body_are_not_cut() {
    let spans = several_of("bytes=0-0,20-20", 30);
    let multipart = Multipart::new(spans, 30, None, Boundary::new(7));
    let short = ResponseBody::Full(Bytes::from_static(b"0123456789"));
    let body = several(short, 0, multipart.clone()).unwrap();
    assert_eq!(text(body).await, Err(Failure::Internal.as_str()));
    let fill = Arc::new(Fill::default());
    let coming = || ResponseBody::Filling(fill.reader(None).unwrap());
    assert!(several(coming(), 0, multipart).is_err());
    assert!(single(coming(), 5, span(5, 6)).is_err());
    assert!(single(ResponseBody::Empty, 0, span(0, 0)).is_err());
}
