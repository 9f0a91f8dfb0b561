//! Fuzzing on a stable toolchain: every reader of what strangers send, with damaged input.
//!
//! A target is a function of bytes that panics when something does not hold; more than "it does not
//! panic", it says what must be true of whatever comes out ([`targets`]). Inputs are the files of
//! `corpus/<target>/` and what the [`mutator`] makes of them, each from the seed and its number
//! alone, so that any of them can be made again. The run is bounded and, unless asked otherwise, the
//! same each time; it is part of `cargo test`, and `make fuzz` is the long way.
//!
//! **Why not a fuzzing library.** One that is guided by coverage needs a nightly compiler, and what
//! those offer on stable is random bytes, which never spell `stale-while-revalidate`. The targets
//! take `&[u8]` and nothing else, so that a guided fuzzer can be put in front of them at any time.

mod arguments;
mod corpus;
mod driver;
mod input;
mod mutator;
mod oracle;
mod targets;

use std::{process::ExitCode, thread};

use arguments::{Arguments, Wanted};
use driver::Campaign;
use targets::{TARGETS, Target};

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(Wanted::Run(arguments)) => arguments,
        Ok(Wanted::List) => {
            for target in TARGETS {
                println!("{}: test", target.name);
            }
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            eprintln!("fuzz: {wrong}");
            return ExitCode::from(2);
        }
    };
    corpus::assert_no_strangers(TARGETS);
    driver::silence_panics();
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| arguments.wants(target.name))
        .collect();
    let campaign = Campaign::new(&chosen, &arguments);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| campaign.work());
        }
    });
    campaign.report(arguments.seed)
}
