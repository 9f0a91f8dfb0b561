//! How many requests the store answers, beside a plain LRU of the same capacity:
//! `cargo run --release -p forebay-store --example hit_ratio`.

mod replay;

use replay::{OBJECTS, Trace, replay, scanned, zipf};

const REQUESTS: usize = 400_000;
const SEED: u64 = 7;

fn main() {
    println!("{REQUESTS} requests for {OBJECTS} objects, seed {SEED}\n");
    println!("| trace | room for | LRU | store | difference |");
    println!("|---|---|---|---|---|");
    for s in [0.8, 1.0, 1.2] {
        tell(&format!("Zipf {s:.1}"), &zipf(s, REQUESTS, SEED));
    }
    for s in [0.8, 1.0, 1.2] {
        let name = format!("Zipf {s:.1}, two in five scanned");
        tell(&name, &scanned(s, REQUESTS, SEED));
    }
}

fn tell(name: &str, trace: &Trace) {
    for share in [0.01, 0.05, 0.20] {
        let ratios = replay(trace, share);
        println!(
            "| {name} | {:.0} % | {:.1} % | {:.1} % | {:+.1} |",
            share * 100.0,
            ratios.lru * 100.0,
            ratios.store * 100.0,
            (ratios.store - ratios.lru) * 100.0,
        );
    }
}
