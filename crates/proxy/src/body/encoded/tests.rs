use std::{io::Read, sync::Arc};

use engine::{
    coding::Padding,
    compression::{
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
