use std::io::Write;

use engine::trace;
use http::HeaderMap;
use http_body_util::BodyExt;
use telemetry::{Health, Metrics};

use super::*;
use crate::{body::gathered::ResumedBody, sidecar::Sidecar};

const LIMITS: Limits = Limits {
    max_size: 1_000_000,
    max_ratio: 100,
};

fn witness() -> Witness {
    let text = b"version: 1\nlisteners: [{address: \"127.0.0.1:0\"}]\nupstreams: {app: \
                 {endpoints: [\"http://a:1\"]}}\nroutes: [{name: all, upstream: app}]\n";
    let source = policy::Source {
        name: "test",
        bytes: text,
    };
    let policies = policy::parse(source, &|_| None).unwrap().policies;
    let health = Health::new();
    let metrics = Metrics::new(&policies, &health).unwrap();
    let sidecar = Arc::new(Sidecar::new(policies, "test", metrics, None, health).unwrap());
    Witness {
        snapshot: sidecar.snapshot.load_full(),
        sidecar,
        route: 0,
        client: [127, 0, 0, 1].into(),
        request_id: trace::request_id(&HeaderMap::new(), 1),
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn source(frames: impl IntoIterator<Item = Frame<Bytes>>) -> RequestBody {
    RequestBody::Resumed(Box::new(ResumedBody::of(frames)))
}

/// A body in pieces of so many bytes.
fn pieces(coded: &[u8], size: usize) -> RequestBody {
    let frames = coded
        .chunks(size)
        .map(|piece| Frame::data(Bytes::copy_from_slice(piece)));
    source(frames.collect::<Vec<_>>())
}

fn undone(source: RequestBody, codings: &[Coding], mode: Mode) -> (RequestBody, Arc<Upload>) {
    let undoing = Undoing {
        codings: codings.to_vec(),
        limits: LIMITS,
        mode,
        witness: witness(),
    };
    let client = Arc::new(Upload::default());
    let (body, upload) = undoing.undo(source, Some(client));
    (body, upload.unwrap())
}

async fn end(mut body: RequestBody) -> (Vec<u8>, Option<Failure>) {
    let mut got = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => got.extend(frame.into_data().unwrap_or_default()),
            Err(CutShort(failure)) => return (got, Some(failure)),
        }
    }
    (got, None)
}

#[tokio::test]
async fn a_body_goes_on_without_its_codings() {
    let plain = b"one line and another\n".repeat(2_000);
    for (codings, coded) in [
        (&[Coding::Gzip][..], gzip(&plain)),
        (&[Coding::Gzip, Coding::Gzip], gzip(&gzip(&plain))),
    ] {
        for size in [1, 1000, usize::MAX] {
            let (body, upload) = undone(pieces(&coded, size), codings, Mode::Enforce);
            assert_eq!(body.size_hint().exact(), None);
            assert_eq!(end(body).await, (plain.clone(), None));
            assert!(upload.is_finished() && upload.failure().is_none());
            assert_eq!(upload.moved(), plain.len() as u64);
        }
    }
}

/// An upstream never sees the clean end of a body that is not what it says.
#[tokio::test]
async fn what_is_broken_never_ends_cleanly() {
    let coded = gzip(b"a body");
    let mut damaged = coded.clone();
    damaged[12] ^= 0xff;
    for bytes in [
        &coded[..coded.len() - 1],
        &damaged,
        &[&coded[..], b"and more"].concat(),
        b"plain",
    ] {
        let (body, upload) = undone(pieces(bytes, 5), &[Coding::Gzip], Mode::Enforce);
        let (_, failure) = end(body).await;
        assert_eq!(failure, Some(Failure::Undecodable));
        assert_eq!(upload.failure(), failure);
        assert!(!upload.is_finished());
    }
}

#[tokio::test]
async fn trailers_do_not_end_a_body_that_is_broken() {
    let coded = gzip(b"a body");
    for (bytes, wanted) in [
        (&coded[..], None),
        (&coded[..coded.len() - 1], Some(Failure::Undecodable)),
    ] {
        let frames = [
            Frame::data(Bytes::copy_from_slice(bytes)),
            Frame::trailers(HeaderMap::new()),
        ];
        let (body, upload) = undone(source(frames), &[Coding::Gzip], Mode::Enforce);
        assert_eq!(end(body).await.1, wanted);
        assert_eq!(upload.is_finished(), wanted.is_none());
    }
}

/// RFC 9530, section 2: a digest in a trailer is one of the coded bytes, as one in the head is.
#[tokio::test]
async fn trailers_say_nothing_about_bytes_that_are_gone() {
    let digests = ["content-digest", "content-md5", "digest", "repr-digest"];
    for (mode, wanted) in [
        (Mode::Enforce, &["x-sum"][..]),
        (
            Mode::Shadow,
            &[
                "content-digest",
                "content-md5",
                "digest",
                "repr-digest",
                "x-sum",
            ],
        ),
    ] {
        let mut trailers = HeaderMap::new();
        for name in digests.into_iter().chain(["x-sum"]) {
            trailers.insert(name, http::HeaderValue::from_static("1"));
        }
        let frames = [
            Frame::data(Bytes::from(gzip(b"a body"))),
            Frame::trailers(trailers),
        ];
        let (body, _) = undone(source(frames), &[Coding::Gzip], mode);
        let got = body.collect().await.unwrap();
        let mut names: Vec<_> = got
            .trailers()
            .unwrap()
            .keys()
            .map(|it| it.as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(names, wanted, "{mode:?}");
    }
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_goes_off() {
    let ratio = gzip(&vec![0; 900_000]);
    let size = gzip(&noise(1_500_000));
    for (bytes, most) in [(ratio, 200_000), (size, 1_100_000)] {
        let (body, upload) = undone(pieces(&bytes, usize::MAX), &[Coding::Gzip], Mode::Enforce);
        let (got, failure) = end(body).await;
        assert_eq!(failure, Some(Failure::DecodedTooLarge));
        assert_eq!(upload.failure(), failure);
        assert!(got.len() < most, "{}", got.len());
    }
}

/// Shadow mode changes nothing, whatever comes.
#[tokio::test]
async fn in_shadow_mode_it_goes_on_as_it_came() {
    for bytes in [
        gzip(&vec![0; 5_000_000]),
        b"plain".to_vec(),
        gzip(b"in order"),
    ] {
        let (body, _) = undone(pieces(&bytes, 1000), &[Coding::Gzip], Mode::Shadow);
        assert_eq!(body.size_hint().exact(), Some(bytes.len() as u64));
        assert_eq!(end(body).await, (bytes, None));
    }
}

/// What is sent again is what was sent: the plain bytes.
#[tokio::test]
async fn it_can_be_sent_again() {
    let plain = b"again and again ".repeat(10);
    let (body, upload) = undone(pieces(&gzip(&plain), 10), &[Coding::Gzip], Mode::Enforce);
    let budget = Arc::new(store::FillBudget::new(10_000));
    let held = budget.reserve(1000).unwrap();
    let (first, _) = crate::body::Rewind::keep(body, Some(upload), 1000, held);
    let spare = crate::body::Spare::of(&first);
    assert_eq!(end(first).await.0, plain);
    let (second, upload) = spare.body().unwrap();
    assert_eq!(end(second).await, (plain, None));
    assert!(upload.unwrap().is_finished());
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(1);
    std::iter::repeat_with(|| random.u8(b'a'..b'q'))
        .take(bytes)
        .collect()
}

#[derive(Debug)]
struct Copies(Arc<parking_lot::Mutex<Vec<Option<Bytes>>>>);

impl crate::body::Awaiting for Copies {
    fn complete(self: Box<Self>, content: Bytes) {
        self.0.lock().push(Some(content));
    }

    fn give_up(self: Box<Self>, _: engine::mirror::CopyOutcome) {
        self.0.lock().push(None);
    }
}

/// A copy is of what the origin gets, from its first byte on, whoever has read some of it before.
#[tokio::test]
async fn a_copy_is_what_the_origin_gets() {
    let plain = noise(50_000);
    let coded = gzip(&plain);
    for (mode, wanted) in [(Mode::Enforce, &plain), (Mode::Shadow, &coded)] {
        let (body, _) = undone(pieces(&coded, 1000), &[Coding::Gzip], mode);
        let Ok(crate::body::Peeked::More(body)) = crate::body::peek(body, 5000, None).await else {
            panic!("there is more");
        };
        let Ok(crate::body::Gathered::TooMuch(mut body)) = crate::body::gather(body, 8000).await
        else {
            panic!("it is too long");
        };
        let copies = Arc::default();
        body.tap(Box::new(Copies(Arc::clone(&copies))), 100_000);
        assert_eq!(end(body).await, (wanted.clone(), None));
        assert_eq!(copies.lock()[..], [Some(Bytes::from(wanted.clone()))]);
    }
}

/// What decoders hold counts against the memory promise; without memory a body is refused.
#[tokio::test]
async fn a_body_that_there_is_no_room_to_decode_is_refused() {
    let (plain, witness) = (noise(300_000), witness());
    let coded = zstd::bulk::compress(&plain, 3).unwrap();
    let fills = Arc::clone(&witness.sidecar.fills);
    let undone = |mode| {
        let undoing = Undoing {
            codings: vec![Coding::Zstd],
            limits: LIMITS,
            mode,
            witness: witness.clone(),
        };
        undoing.undo(pieces(&coded, 10_000), None)
    };
    let (mut body, _) = undone(Mode::Enforce);
    assert_eq!(fills.used(), 0);
    body.frame().await.unwrap().unwrap();
    assert!(fills.used() > 100_000, "{}", fills.used());
    assert_eq!(end(body).await.1, None);
    assert_eq!(fills.used(), 0);

    // Room for the tables, but not for all of the window.
    let mut taken = fills.reserve(0).unwrap();
    let mut more = 1 << 40;
    while more > 0 {
        if !taken.grow_to(fills.used() + more) {
            more /= 2;
        }
    }
    let all = fills.used();
    drop(taken);
    let _taken = fills.reserve(all - 600_000).unwrap();
    let used = fills.used();
    let (body, upload) = undone(Mode::Enforce);
    let (got, failure) = end(body).await;
    assert_eq!(failure, Some(Failure::NoRoomToDecode));
    assert_eq!(upload.unwrap().failure(), failure);
    assert!(got.len() < plain.len());
    let (body, _) = undone(Mode::Shadow);
    assert_eq!(end(body).await, (coded.clone(), None));
    assert_eq!(fills.used(), used);
}
