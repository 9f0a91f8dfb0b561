use std::io::{Read, Write};

use policy::CompressionLevel;
use proptest::prelude::*;

use super::*;
use crate::compression::{
    headroom::Headroom,
    level::{Effort, Purpose, effort},
};

const WISHES: [CompressionLevel; 3] = [
    CompressionLevel::Adaptive,
    CompressionLevel::Best,
    CompressionLevel::Fastest,
];

fn middle(coding: Coding) -> Effort {
    let wish = CompressionLevel::Adaptive;
    effort(coding, wish, Purpose::Once, None, Headroom::Ample)
}

fn encoder(coding: Coding) -> Encoder {
    Encoder::new(coding, middle(coding), Padding::default()).unwrap()
}

fn encoded(coding: Coding, plain: &[u8]) -> Vec<u8> {
    encoder(coding).whole(plain).unwrap().to_vec()
}

fn padded(coding: Coding, plain: &[u8], bytes: u8) -> Vec<u8> {
    let encoder = Encoder::new(coding, middle(coding), Padding::of(bytes)).unwrap();
    encoder.whole(plain).unwrap().to_vec()
}

/// What the libraries' own readers make of it, which are what clients use.
fn foreign(coding: Coding, coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match coding {
        Coding::Br => ::brotli::Decompressor::new(coded, 4096).read_to_end(&mut plain),
        Coding::Deflate => flate2::read::ZlibDecoder::new(coded).read_to_end(&mut plain),
        Coding::Gzip => flate2::read::GzDecoder::new(coded).read_to_end(&mut plain),
        Coding::Zstd => ::zstd::Decoder::new(coded).unwrap().read_to_end(&mut plain),
    }
    .unwrap();
    plain
}

/// Decodes in pieces of so many bytes, with so much room.
fn decoded(
    codings: &[Coding],
    coded: &[u8],
    piece: usize,
    room: usize,
) -> Result<Vec<u8>, DecodeError> {
    let mut stack = Stack::new(codings)?.unwrap();
    let (mut plain, mut out) = (Vec::new(), vec![0; room]);
    for piece in coded.chunks(piece) {
        let mut rest = piece;
        loop {
            let step = stack.decode(rest, &mut out)?;
            plain.extend_from_slice(&out[..step.given]);
            rest = &rest[step.taken..];
            if step.given == 0 {
                assert!(rest.is_empty(), "what is not taken is not decoded");
                break;
            }
        }
    }
    stack.end().map(|()| plain)
}

fn text(bytes: usize) -> Vec<u8> {
    let words = b"what is said again and again can be said in fewer words. ";
    words.iter().copied().cycle().take(bytes).collect()
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..))
        .take(bytes)
        .collect()
}

#[test]
fn every_coding_at_every_level_is_what_others_decode() {
    for plain in [text(300_000), noise(100_000), Vec::new(), b"x".to_vec()] {
        for coding in Coding::ALL {
            for wish in WISHES {
                for purpose in [Purpose::Kept, Purpose::Once] {
                    for size in [Some(plain.len() as u64), None] {
                        let effort = effort(coding, wish, purpose, size, Headroom::Ample);
                        let encoder = Encoder::new(coding, effort, Padding::default()).unwrap();
                        let coded = encoder.whole(&plain).unwrap();
                        assert_eq!(foreign(coding, &coded), plain, "{effort:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_flushed_can_be_decoded_before_the_end() {
    for coding in Coding::ALL {
        let mut encoder = encoder(coding);
        let mut decoder = Decoder::new(coding).unwrap();
        let mut out = [0; 256];
        for number in 0..100 {
            let event = format!("data: event {number}\n\n");
            let coded = encoder.write_through(event.as_bytes()).unwrap();
            let step = decoder.decode(&coded, &mut out).unwrap();
            let said = &out[..step.given];
            assert_eq!(said, event.as_bytes(), "{} {number}", coding.as_str());
        }
        decoder
            .decode(&encoder.finish().unwrap(), &mut out)
            .unwrap();
        assert_eq!(decoder.end(), Ok(()), "{}", coding.as_str());
    }
}

/// A BREACH guard's padding: the same bytes for whoever decodes them, in a form of another length.
#[test]
fn padding_changes_the_length_and_nothing_else() {
    let plain = text(5_000);
    for coding in Coding::ALL {
        let bare = padded(coding, &plain, 0).len();
        let mut lengths = std::collections::BTreeSet::new();
        for bytes in 0..=u8::MAX {
            let coded = padded(coding, &plain, bytes);
            assert_eq!(
                foreign(coding, &coded),
                plain,
                "{} {bytes}",
                coding.as_str()
            );
            let own = decoded(&[coding], &coded, 7, 100).unwrap();
            assert_eq!(own, plain, "{} {bytes}", coding.as_str());
            assert!(coded.len() >= bare + usize::from(bytes));
            assert!(coded.len() <= bare + usize::from(bytes) + 16);
            lengths.insert(coded.len());
        }
        assert!(lengths.len() > 50, "{}: {}", coding.as_str(), lengths.len());
    }
}

/// What is compressed no more is part of the same stream, and as long as it is.
#[test]
fn from_some_place_on_a_stream_is_plain() {
    let bytes = text(200_000);
    for coding in Coding::ALL {
        for cut in [0, 1, 1_000, 100_000, bytes.len()] {
            let mut encoder = encoder(coding);
            let mut coded = encoder.write(&bytes[..cut]).unwrap().to_vec();
            let (mut encoder, flushed) = encoder.plainly().unwrap();
            coded.extend(flushed);
            let before = coded.len();
            for piece in bytes[cut..].chunks(70_000) {
                let out = encoder.write_through(piece).unwrap();
                assert!(out.len() > piece.len(), "{coding:?}");
                coded.extend(out);
            }
            let (encoder, nothing) = encoder.plainly().unwrap();
            assert!(nothing.is_empty());
            coded.extend(encoder.finish().unwrap());
            let most = (bytes.len() - cut) + 60;
            assert!((coded.len() - before) < most, "{coding:?} {cut}");
            assert!(foreign(coding, &coded) == bytes, "{coding:?} {cut}");
            let ours = decoded(&[coding], &coded, 1_000, 1_000).unwrap();
            assert!(ours == bytes, "{coding:?} {cut}");
        }
    }
}

#[test]
fn what_ends_early_or_goes_on_is_no_body() {
    let plain = text(10_000);
    for coding in Coding::ALL {
        let coded = encoded(coding, &plain);
        assert_eq!(decoded(&[coding], &coded, 1000, 1000), Ok(plain.clone()));
        for cut in [0, 1, 5, coded.len() / 2, coded.len() - 1] {
            let early = decoded(&[coding], &coded[..cut], 1000, 1000);
            assert_eq!(
                early,
                Err(DecodeError::Truncated),
                "{} {cut}",
                coding.as_str()
            );
        }
        for tail in [&b"more of it"[..], b"\0\0\0\0\0\0\0\0\0\0"] {
            for piece in [1, 1000, usize::MAX] {
                let on = decoded(&[coding], &[&coded, tail].concat(), piece, 1000);
                assert_eq!(
                    on,
                    Err(DecodeError::Garbage),
                    "{} {tail:?}",
                    coding.as_str()
                );
            }
        }
        let damaged = noise(1000);
        assert_eq!(
            decoded(&[coding], &damaged, 1000, 1000),
            Err(DecodeError::Invalid)
        );
    }
}

/// What a decoder says that it holds is what counts against the memory promise.
#[test]
fn what_a_decoder_holds_is_bounded_and_grows_with_what_comes_out() {
    const MIB: u64 = 1 << 20;
    for (coding, most) in [
        (Coding::Br, 20 * MIB),
        (Coding::Deflate, 64 * 1024),
        (Coding::Gzip, 64 * 1024),
        (Coding::Zstd, 8 * MIB + 512 * 1024),
    ] {
        let large = encoded(coding, &noise(9_000_000));
        for (coded, most, least) in [
            (&encoded(coding, &text(1000)), MIB, 0),
            (&large, most, (9 * MIB / 4).min(most)),
        ] {
            let mut decoder = Decoder::new(coding).unwrap();
            let (mut rest, mut out) = (&coded[..], vec![0; 100_000]);
            let mut held = decoder.memory();
            assert!(held <= 512 * 1024, "{}: {held}", coding.as_str());
            loop {
                let step = decoder.decode(rest, &mut out).unwrap();
                rest = &rest[step.taken..];
                held = held.max(decoder.memory());
                if step.given == 0 {
                    break;
                }
            }
            assert!(
                (least..=most).contains(&held),
                "{}: {held}",
                coding.as_str()
            );
        }
    }
}

#[test]
fn sums_are_compared() {
    for coding in [Coding::Gzip, Coding::Deflate] {
        let mut coded = encoded(coding, &text(1000));
        let last = coded.len() - 1;
        coded[last] ^= 1;
        let read = decoded(&[coding], &coded, 1000, 1000);
        assert_eq!(read, Err(DecodeError::Invalid), "{}", coding.as_str());
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    for coding in [Coding::Gzip, Coding::Zstd] {
        let both = [encoded(coding, b"one, "), encoded(coding, b"two")].concat();
        for piece in [1, 1000] {
            assert_eq!(decoded(&[coding], &both, piece, 100).unwrap(), b"one, two");
        }
    }
}

#[test]
fn a_header_of_gzip_may_have_every_field() {
    let mut coded = Vec::new();
    let mut builder = flate2::GzBuilder::new()
        .filename("a name")
        .comment("a comment")
        .extra(vec![0; 300])
        .write(&mut coded, flate2::Compression::fast());
    builder.write_all(b"content").unwrap();
    builder.finish().unwrap();
    for piece in [1, 1000] {
        assert_eq!(
            decoded(&[Coding::Gzip], &coded, piece, 9).unwrap(),
            b"content"
        );
    }
    // A sum of the header, which is passed over.
    let mut summed = encoded(Coding::Gzip, b"content");
    summed[3] = 2;
    summed.splice(10..10, *b"xx");
    assert_eq!(decoded(&[Coding::Gzip], &summed, 3, 9).unwrap(), b"content");
    let mut reserved = encoded(Coding::Gzip, b"content");
    reserved[3] = 0x20;
    let read = decoded(&[Coding::Gzip], &reserved, 3, 9);
    assert_eq!(read, Err(DecodeError::Invalid));
    let mut endless = encoded(Coding::Gzip, b"content");
    endless[3] = 8;
    endless.splice(10..10, vec![b'n'; 200_000]);
    let read = decoded(&[Coding::Gzip], &endless, 999, 9);
    assert_eq!(read, Err(DecodeError::Invalid));
}

#[test]
fn windows_are_bounded() {
    // Long enough to need its window, so that the frame says it.
    let mut wide = ::zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    wide.window_log(24).unwrap();
    wide.write_all(&noise(100_000)).unwrap();
    let wide = wide.finish().unwrap();
    let read = decoded(&[Coding::Zstd], &wide, 1000, 1000);
    assert_eq!(read, Err(DecodeError::Invalid));
    let mut large = Vec::new();
    let parameters = ::brotli::enc::BrotliEncoderParams {
        quality: 3,
        large_window: true,
        lgwin: 26,
        ..Default::default()
    };
    ::brotli::BrotliCompress(&mut &noise(100_000)[..], &mut large, &parameters).unwrap();
    let read = decoded(&[Coding::Br], &large, 1000, 1000);
    assert_eq!(read, Err(DecodeError::Invalid));
}

#[test]
fn a_stack_is_undone_from_the_outside() {
    let plain = text(200_000);
    for inner in Coding::ALL {
        for outer in Coding::ALL {
            let coded = encoded(outer, &encoded(inner, &plain));
            for (piece, room) in [(1, 1000), (1000, 7), (usize::MAX, 50_000)] {
                let read = decoded(&[inner, outer], &coded, piece, room);
                assert!(read.as_ref() == Ok(&plain), "{inner:?} in {outer:?}");
            }
            let cut = decoded(&[inner, outer], &coded[..coded.len() - 1], 1000, 1000);
            assert_eq!(cut, Err(DecodeError::Truncated), "{inner:?} in {outer:?}");
        }
    }
}

/// What comes out of the outer coding and means nothing to the inner one is work without an end.
#[test]
fn members_without_content_are_not_read_for_ever() {
    let nothing = encoded(Coding::Gzip, b"");
    let many = nothing.repeat((4 << 20) / nothing.len());
    let coded = encoded(Coding::Br, &many);
    let read = decoded(&[Coding::Gzip, Coding::Br], &coded, usize::MAX, 1000);
    assert_eq!(read, Err(DecodeError::Idle));
}

#[test]
fn codings_of_a_message() {
    use Coding::{Br, Gzip};
    for (lines, wanted) in [
        (&[][..], Ok(vec![])),
        (&["identity"], Ok(vec![])),
        (&["GZIP"], Ok(vec![Gzip])),
        (&["x-gzip"], Ok(vec![Gzip])),
        (&["gzip, identity, br"], Ok(vec![Gzip, Br])),
        (&["gzip", "br"], Ok(vec![Gzip, Br])),
        (&["gzip, br, gzip"], Err(Unread::TooMany)),
        (&["compress"], Err(Unread::Unknown)),
        (&["gzip;q=1"], Err(Unread::Unknown)),
    ] {
        let mut headers = http::HeaderMap::new();
        for line in lines {
            headers.append("content-encoding", line.parse().unwrap());
        }
        assert_eq!(stack::codings(&headers), wanted, "{lines:?}");
    }
}

/// However much a few bytes stand for, no step gives more than its room.
#[test]
fn a_bomb_comes_out_in_small_pieces() {
    for coding in Coding::ALL {
        let coded = encoded(coding, &vec![0; 20_000_000]);
        assert!(coded.len() < 50_000, "{}: {}", coding.as_str(), coded.len());
        let mut decoder = Decoder::new(coding).unwrap();
        let mut out = vec![0; 16 * 1024];
        let limits = Limits {
            max_size: 1_000_000,
            max_ratio: u32::MAX,
        };
        let (mut tally, mut rest) = (Tally::default(), &coded[..]);
        let end = loop {
            let step = decoder.decode(rest, &mut out).unwrap();
            rest = &rest[step.taken..];
            if let Err(excess) = tally.count(limits, step.taken, step.given) {
                break excess;
            }
        };
        assert_eq!(end, Excess::Size);
        assert!(tally.given() <= 1_000_000 + 16 * 1024);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a body is cut, what is put on can be taken off.
    #[test]
    fn pieces_do_not_matter(
        plain in proptest::collection::vec(any::<u8>(), 0..5_000),
        cut in 1..400_usize,
        piece in 1..400_usize,
        room in 1..400_usize,
        flushes in any::<u8>(),
        padding in any::<u8>(),
    ) {
        for coding in Coding::ALL {
            let mut encoder = Encoder::new(coding, middle(coding), Padding::of(padding)).unwrap();
            let mut coded = Vec::new();
            for (number, part) in plain.chunks(cut).enumerate() {
                if flushes >> (number % 8) & 1 == 1 {
                    coded.extend(encoder.write_through(part).unwrap());
                } else {
                    coded.extend(encoder.write(part).unwrap());
                }
            }
            coded.extend(encoder.finish().unwrap());
            prop_assert_eq!(&foreign(coding, &coded), &plain);
            prop_assert_eq!(&decoded(&[coding], &coded, piece, room).unwrap(), &plain);
        }
    }

    /// What strangers send never panics and never goes on without an end.
    #[test]
    fn noise_is_no_trouble(bytes in proptest::collection::vec(any::<u8>(), 0..300), flip in any::<usize>()) {
        for coding in Coding::ALL {
            let _ = decoded(&[coding], &bytes, 50, 50);
            let mut coded = encoded(coding, &text(2_000));
            let at = flip % coded.len();
            coded[at] ^= 1 << (flip % 8);
            let _ = decoded(&[coding, coding], &coded, 50, 5_000);
            let _ = decoded(&[coding], &coded, 50, 5_000);
        }
    }
}
