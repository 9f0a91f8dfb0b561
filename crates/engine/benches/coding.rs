//! What a body's way through an encoder costs beside the bare library at the same level: 1 MiB of JSON
//! that comes in pieces of 16 KiB.
//!
//! The two take turns, so that what else the machine does meets both alike; the ratio that is printed
//! is the median of the rounds' ratios.

use std::{hint::black_box, io::Write as _, time::Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use engine::{
    coding::{Encoder, Padding},
    compression::{
        headroom::Headroom,
        level::{Effort, Purpose, effort},
    },
};
use policy::{Coding, CompressionLevel};

const SIZE: usize = 1 << 20;
const PIECE: usize = 16 << 10;
const ROUNDS: usize = 41;

/// Records as an API answers with them: names that repeat, and values that do not.
fn json() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(5);
    let mut body = String::from("[");
    while body.len() < SIZE {
        let id = random.u32(..);
        let price = f64::from(random.u32(100..100_000)) / 100.0;
        let name: String = std::iter::repeat_with(|| random.lowercase())
            .take(12)
            .collect();
        body += &format!(
            "{{\"id\":{id},\"name\":\"{name}\",\"price\":{price},\"currency\":\"EUR\",\
             \"tags\":[\"new\",\"sale\"],\"in_stock\":{},\"rating\":{}}},",
            random.bool(),
            random.u8(1..=5),
        );
    }
    body.truncate(SIZE);
    body.into_bytes()
}

fn middle(coding: Coding) -> Effort {
    let wish = CompressionLevel::Adaptive;
    effort(coding, wish, Purpose::Once, None, Headroom::Ample)
}

/// Through the encoder, as a body goes.
fn ours(coding: Coding, body: &[u8]) -> usize {
    let mut encoder = Encoder::new(coding, middle(coding), Padding::default()).expect("memory");
    let mut size = 0;
    for piece in body.chunks(PIECE) {
        size += encoder.write(piece).expect("goes on").len();
    }
    size + encoder.finish().expect("ends").len()
}

/// Into one buffer that grows, with the library's own writer.
fn bare(coding: Coding, body: &[u8]) -> usize {
    let level = middle(coding).level;
    let out = Vec::with_capacity(SIZE / 2);
    macro_rules! through {
        ($encoder:expr) => {{
            let mut encoder = $encoder;
            for piece in body.chunks(PIECE) {
                encoder.write_all(piece).expect("goes on");
            }
            encoder
        }};
    }
    match coding {
        Coding::Br => {
            let window = middle(coding).window_bits;
            let writer = brotli::CompressorWriter::new(out, 64 << 10, level.unsigned_abs(), window);
            through!(writer).into_inner().len()
        }
        Coding::Deflate => {
            let level = flate2::Compression::new(level.unsigned_abs());
            let encoder = through!(flate2::write::ZlibEncoder::new(out, level));
            encoder.finish().expect("ends").len()
        }
        Coding::Gzip => {
            let level = flate2::Compression::new(level.unsigned_abs());
            let encoder = through!(flate2::write::GzEncoder::new(out, level));
            encoder.finish().expect("ends").len()
        }
        Coding::Zstd => {
            let encoder = zstd::stream::write::Encoder::new(out, level).expect("memory");
            through!(encoder).finish().expect("ends").len()
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn seconds(run: impl FnOnce() -> usize) -> f64 {
    let began = Instant::now();
    black_box(run());
    (Instant::now() - began).as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn ratios(body: &[u8]) {
    for coding in Coding::ALL {
        let (mut own, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let (one, other) = if round % 2 == 0 {
                let one = seconds(|| ours(coding, body));
                (one, seconds(|| bare(coding, body)))
            } else {
                let other = seconds(|| bare(coding, body));
                (seconds(|| ours(coding, body)), other)
            };
            own.push(one);
            theirs.push(other);
            ratios.push(one / other);
        }
        let rate = |seconds| SIZE as f64 / seconds / 1e6;
        println!(
            "{:8} level {}: {:6.1} MB/s, bare {:6.1} MB/s, time {:.3} of bare, {} and {} bytes",
            coding.as_str(),
            middle(coding).level,
            rate(median(own)),
            rate(median(theirs)),
            median(ratios),
            ours(coding, body),
            bare(coding, body),
        );
    }
}

fn codings(criterion: &mut Criterion) {
    let body = json();
    ratios(&body);
    let mut group = criterion.benchmark_group("coding");
    group
        .throughput(Throughput::Bytes(SIZE as u64))
        .sample_size(20);
    for coding in Coding::ALL {
        group.bench_function(format!("{}/ours", coding.as_str()), |bencher| {
            bencher.iter(|| ours(coding, &body));
        });
        group.bench_function(format!("{}/bare", coding.as_str()), |bencher| {
            bencher.iter(|| bare(coding, &body));
        });
    }
    group.finish();
}

criterion_group!(benches, codings);
criterion_main!(benches);
