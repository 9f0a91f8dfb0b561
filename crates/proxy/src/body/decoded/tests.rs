use std::{io::Write, sync::Arc};

use engine::failure::Failure;
use http_body_util::BodyExt;

use super::*;
use crate::{body::unpacker::PIECE, fill::Fill};

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap().into()
}

/// A gzip body in these pieces, decoded.
fn of(pieces: &[Bytes]) -> DecodedBody {
    with_trailers(pieces, None)
}

/// The same, with what follows it.
fn with_trailers(pieces: &[Bytes], trailers: Option<HeaderMap>) -> DecodedBody {
    let fill = Arc::new(Fill::default());
    let source = ResponseBody::Filling(fill.reader(None).unwrap());
    for piece in pieces {
        fill.push(piece.clone());
    }
    fill.finish(trailers);
    DecodedBody::new(source, Coding::Gzip).unwrap()
}

#[tokio::test]
async fn what_comes_in_pieces_is_decoded_in_pieces() {
    let plain = b"word after word ".repeat(50_000);
    let coded = gzip(&plain);
    let halves = [coded.slice(..100), coded.slice(100..)];
    let mut body = of(&halves);
    let mut got = Vec::new();
    while let Some(frame) = body.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        assert!(data.len() <= PIECE);
        got.extend(data);
    }
    assert!(got == plain);
    assert!(body.is_end_stream());
}

/// What is broken is cut, and never ends cleanly.
#[tokio::test]
async fn what_is_broken_is_cut() {
    let coded = gzip(b"a body");
    let mut damaged = coded.to_vec();
    damaged[12] ^= 0xff;
    let long = [&coded[..], b"and more"].concat();
    for (bytes, wanted) in [
        (coded.slice(..coded.len() - 1), Failure::UpstreamTruncated),
        (Bytes::new(), Failure::UpstreamTruncated),
        (damaged.into(), Failure::UpstreamGarbage),
        (long.into(), Failure::UpstreamGarbage),
    ] {
        let pieces = if bytes.is_empty() {
            vec![]
        } else {
            vec![bytes]
        };
        let CutShort(failure) = of(&pieces).collect().await.unwrap_err();
        assert_eq!(failure, wanted);
    }
}

/// Trailers come when the body has ended well, and not before.
#[tokio::test]
async fn trailers_do_not_end_a_body_that_is_broken() {
    let coded = gzip(b"a body");
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", http::HeaderValue::from_static("7"));
    let whole = with_trailers(std::slice::from_ref(&coded), Some(trailers.clone()));
    let collected = whole.collect().await.unwrap();
    assert_eq!(collected.trailers(), Some(&trailers));
    assert_eq!(collected.to_bytes(), "a body");
    let half = with_trailers(&[coded.slice(..coded.len() - 1)], Some(trailers));
    let CutShort(failure) = half.collect().await.unwrap_err();
    assert_eq!(failure, Failure::UpstreamTruncated);
}

#[tokio::test]
async fn a_bomb_is_cut() {
    // Empty blocks of brotli's 16 MiB of one letter each would do; zstd's are easier to make.
    let coded = zstd::bulk::compress(&vec![0; 300_000_000], 1).unwrap();
    assert!(coded.len() < 60_000, "{}", coded.len());
    let source = ResponseBody::Full(coded.into());
    let mut body = DecodedBody::new(source, Coding::Zstd).unwrap();
    let end = loop {
        match body.frame().await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(end, Some(Err(CutShort(Failure::UpstreamGarbage)))));
}
