use std::{io::Read, sync::Arc};

use engine::{
    coding::{Decoder, Padding},
    compression::{
        breach::Chosen,
        headroom::Headroom,
        level::{Purpose, effort},
    },
};
use http_body_util::BodyExt;
use policy::{Coding, CompressionLevel};
use tokio_test::{assert_pending, assert_ready, task};

use super::*;
use crate::fill::Fill;

fn decoded(coding: Coding, encoded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        Coding::Br => brotli::Decompressor::new(encoded, 4096)
            .read_to_end(&mut plain)
            .unwrap(),
        Coding::Deflate => flate2::read::ZlibDecoder::new(encoded)
            .read_to_end(&mut plain)
            .unwrap(),
        Coding::Gzip => flate2::read::MultiGzDecoder::new(encoded)
            .read_to_end(&mut plain)
            .unwrap(),
        Coding::Zstd => zstd::stream::read::Decoder::new(encoded)
            .unwrap()
            .read_to_end(&mut plain)
            .unwrap(),
    };
    plain
}

fn encoded(source: ResponseBody, coding: Coding) -> EncodedBody {
    flushed(source, coding, Flushing::Pauses)
}

fn flushed(source: ResponseBody, coding: Coding, flushing: Flushing) -> EncodedBody {
    let wish = CompressionLevel::Adaptive;
    let effort = effort(coding, wish, Purpose::Once, None, Headroom::Ample);
    let encoder = Encoder::new(coding, effort, Padding::default()).unwrap();
    EncodedBody::new(source, encoder, flushing)
}

#[tokio::test]
async fn every_coding_decodes_to_what_went_in() {
    let plain: Vec<u8> = (0..500_000_u32)
        .flat_map(|n| (n % 1_000).to_be_bytes())
        .collect();
    for coding in Coding::ALL {
        let body = encoded(ResponseBody::Full(plain.clone().into()), coding);
        let sent = body.collect().await.unwrap().to_bytes();
        assert!(sent.len() < plain.len() / 4, "{}", coding.as_str());
        assert_eq!(decoded(coding, &sent), plain, "{}", coding.as_str());
    }
}

#[tokio::test]
async fn what_was_put_in_comes_out_when_the_source_pauses() {
    for coding in Coding::ALL {
        let fill = Arc::new(Fill::default());
        let source = ResponseBody::Filling(fill.reader(None).unwrap());
        let mut body = encoded(source, coding);
        fill.push(Bytes::from_static(b"first line\n"));
        let mut received = Vec::new();
        loop {
            let mut frame = task::spawn(body.frame());
            match frame.poll() {
                Poll::Ready(Some(Ok(frame))) => received.extend(frame.into_data().unwrap()),
                Poll::Ready(_) => panic!("the stream has not ended"),
                Poll::Pending => break,
            }
        }
        assert!(!received.is_empty(), "{}", coding.as_str());
        assert_pending!(task::spawn(body.frame()).poll());
        fill.finish(None);
        let last = assert_ready!(task::spawn(body.frame()).poll());
        received.extend(last.unwrap().unwrap().into_data().unwrap());
        assert_eq!(
            decoded(coding, &received),
            b"first line\n",
            "{}",
            coding.as_str()
        );
    }
}

/// Pieces of what is flushed come out one by one, though all of them are here; others wait.
#[tokio::test]
async fn each_piece_that_means_something_by_itself_leaves_by_itself() {
    for coding in Coding::ALL {
        for (flushing, frames) in [(Flushing::EachPiece, 3..=4), (Flushing::Pauses, 1..=2)] {
            let fill = Arc::new(Fill::default());
            let source = ResponseBody::Filling(fill.reader(None).unwrap());
            for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
                fill.push(Bytes::from_static(event.as_bytes()));
            }
            fill.finish(None);
            let mut body = flushed(source, coding, flushing);
            let (mut seen, mut received) = (0, Vec::new());
            while let Some(frame) = body.frame().await {
                seen += 1;
                received.extend(frame.unwrap().into_data().unwrap());
            }
            assert!(frames.contains(&seen), "{coding:?} {flushing:?}: {seen}");
            let plain = decoded(coding, &received);
            assert_eq!(plain, b"data: 1\n\ndata: 2\n\ndata: 3\n\n");
        }
    }
}

fn watched(source: ResponseBody, coding: Coding, query: &str) -> EncodedBody {
    let Chosen::Values(values) = Chosen::by(Some(query)) else {
        panic!("nothing to look for in {query}");
    };
    encoded(source, coding).watched(Some(values))
}

/// What comes until the source pauses or ends.
fn heard(body: &mut EncodedBody) -> Vec<u8> {
    let mut heard = Vec::new();
    loop {
        match task::spawn(body.frame()).poll() {
            Poll::Ready(Some(Ok(frame))) => heard.extend(frame.into_data().unwrap()),
            Poll::Ready(Some(Err(cut))) => panic!("{cut}"),
            Poll::Ready(None) | Poll::Pending => return heard,
        }
    }
}

/// What of a stream that may go on can be decoded.
fn so_far(coding: Coding, coded: &[u8]) -> Vec<u8> {
    let (mut decoder, mut plain) = (Decoder::new(coding).unwrap(), Vec::new());
    let (mut rest, mut out) = (coded, vec![0; 1_000_000]);
    loop {
        let step = decoder.decode(rest, &mut out).unwrap();
        plain.extend_from_slice(&out[..step.given]);
        rest = &rest[step.taken..];
        if step.given == 0 {
            return plain;
        }
    }
}

/// What repeats a value is compressed up to it, wherever the pieces are cut.
#[tokio::test]
async fn nothing_is_compressed_from_what_it_repeats_on() {
    let secret = "token=s3cret, ".repeat(500);
    let plain = [&secret, "you asked for shoelaces, ", &secret].concat();
    let at = secret.len() + "you asked for ".len();
    for coding in Coding::ALL {
        for cut in [0, 1, at - 1, at + 3, at + 5, at + 9, plain.len() - 1] {
            let fill = Arc::new(Fill::default());
            let source = ResponseBody::Filling(fill.reader(None).unwrap());
            let mut body = watched(source, coding, "q=shoelaces");
            fill.push(Bytes::copy_from_slice(&plain.as_bytes()[..cut]));
            fill.push(Bytes::copy_from_slice(&plain.as_bytes()[cut..]));
            fill.finish(None);
            let coded = heard(&mut body);
            assert_eq!(
                decoded(coding, &coded),
                plain.as_bytes(),
                "{coding:?} {cut}"
            );
            assert_eq!(body.guarding(), Guarding::Stopped);
            assert_eq!(body.taken(), plain.len() as u64);
            // All that follows stands there as it is.
            let raw = &plain.as_bytes()[at + 20..];
            let is_there = coded
                .windows(raw.len() - 200)
                .any(|part| raw.starts_with(part));
            assert!(is_there, "{coding:?} {cut}");
            assert!(
                coded.len() < plain.len() - secret.len() / 2,
                "{coding:?} {cut}"
            );
        }
    }
}

/// What may go on as a value is sent when the source pauses, and is not compressed then.
#[tokio::test]
async fn what_is_held_back_does_not_wait_for_a_source_that_pauses() {
    for coding in Coding::ALL {
        for flushing in [Flushing::Pauses, Flushing::EachPiece] {
            let fill = Arc::new(Fill::default());
            let source = ResponseBody::Filling(fill.reader(None).unwrap());
            let mut body = watched(source, coding, "q=shoelaces");
            body.flushing = flushing;
            fill.push(Bytes::from_static(b"you asked for a shoe"));
            let mut coded = heard(&mut body);
            let now = so_far(coding, &coded);
            assert_eq!(now, b"you asked for a shoe", "{coding:?} {flushing:?}");
            assert_eq!(body.guarding(), Guarding::Stopped);
            fill.push(Bytes::from_static(b"horn"));
            coded.extend(heard(&mut body));
            fill.finish(None);
            coded.extend(heard(&mut body));
            assert_eq!(decoded(coding, &coded), b"you asked for a shoehorn");
        }
    }
}

#[tokio::test]
async fn what_only_begins_like_a_value_is_compressed() {
    let plain = "a shoehorn and a shoe".repeat(5_000) + "shoe";
    for coding in Coding::ALL {
        let fill = Arc::new(Fill::default());
        for piece in plain.as_bytes().chunks(777) {
            fill.push(Bytes::copy_from_slice(piece));
        }
        fill.finish(None);
        let source = ResponseBody::Filling(fill.reader(None).unwrap());
        let mut body = watched(source, coding, "q=shoelaces");
        let coded = heard(&mut body);
        assert_eq!(decoded(coding, &coded), plain.as_bytes(), "{coding:?}");
        assert_eq!(body.guarding(), Guarding::Compressing);
        assert!(coded.len() < plain.len() / 10, "{coding:?}");
        let whole = ResponseBody::Full(Bytes::from(plain.clone()));
        let coded = heard(&mut watched(whole, coding, "q=shoelaces"));
        assert_eq!(decoded(coding, &coded), plain.as_bytes(), "{coding:?}");
    }
}

#[tokio::test]
async fn a_cut_source_cuts_the_encoded_body() {
    let fill = Arc::new(Fill::default());
    let body = encoded(
        ResponseBody::Filling(fill.reader(None).unwrap()),
        Coding::Gzip,
    );
    fill.push(Bytes::from_static(b"half"));
    fill.cut(Failure::UpstreamTruncated);
    assert!(body.collect().await.is_err());
}
