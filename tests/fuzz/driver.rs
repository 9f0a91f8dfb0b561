//! Gives inputs to targets, and makes small what shows a mistake.

use std::{
    cell::{Cell, RefCell},
    fs,
    panic::{self, PanicHookInfo},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{arguments::Arguments, corpus, mutator::Mutator, targets::Target};

/// A run of several targets, shared by the threads that work on it.
pub(crate) struct Campaign<'a> {
    entries: Vec<Entry<'a>>,
    next: AtomicU64,
    /// Chunks of inputs per target.
    chunks: u64,
    runs: u64,
    seed: u64,
}

/// A target and what became of it.
struct Entry<'a> {
    target: &'a Target,
    corpus: Vec<Vec<u8>>,
    failed: AtomicBool,
    failure: Mutex<Option<Failure>>,
    ran: AtomicU64,
    nanoseconds: AtomicU64,
}

/// An input that showed a mistake.
struct Failure {
    number: u64,
    message: String,
    smallest: Vec<u8>,
}

/// What a panic said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Panicked {
    place: String,
    message: String,
}

/// Inputs that one thread takes at a time.
const CHUNK: u64 = 500;

/// How often a failing input is tried with less in it.
const MOST_TRIES: usize = 20_000;

thread_local! {
    static TRYING: Cell<bool> = const { Cell::new(false) };
    static PANICKED: RefCell<Panicked> = RefCell::default();
}

/// Lets the panics of targets be remembered rather than told; all others are told as always.
pub(crate) fn silence_panics() {
    let told = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if TRYING.get() {
            PANICKED.set(Panicked::of(info));
        } else {
            told(info);
        }
    }));
}

fn attempt(target: &Target, input: &[u8]) -> Result<(), Panicked> {
    TRYING.set(true);
    let end = panic::catch_unwind(|| (target.run)(input));
    TRYING.set(false);
    end.map_err(|_| PANICKED.take())
}

/// Takes out of `input` whatever is not needed to panic in the same place.
fn minimized(target: &Target, input: &[u8], wanted: &Panicked) -> Vec<u8> {
    let fails =
        |input: &[u8]| attempt(target, input).is_err_and(|panicked| panicked.place == wanted.place);
    let mut smallest = input.to_vec();
    let mut tries = 0;
    let mut length = smallest.len().div_ceil(2);
    while length > 0 {
        let (mut at, before) = (0, smallest.len());
        while at < smallest.len() && tries < MOST_TRIES {
            let mut less = smallest.clone();
            less.drain(at..(at + length).min(smallest.len()));
            tries += 1;
            if fails(&less) {
                smallest = less;
            } else {
                at += length;
            }
        }
        // What was taken out may have made room for more of the same size.
        if smallest.len() == before || tries >= MOST_TRIES {
            length /= 2;
        }
    }
    smallest
}

// === impl Campaign ===

impl<'a> Campaign<'a> {
    /// Prepares it.
    pub(crate) fn new(targets: &[&'a Target], arguments: &Arguments) -> Self {
        let entries: Vec<_> = targets.iter().map(|target| Entry::new(target)).collect();
        let largest = entries.iter().map(|it| it.corpus.len() as u64).max();
        let runs = arguments.runs.max(largest.unwrap_or_default());
        Self {
            entries,
            next: AtomicU64::new(0),
            chunks: runs.div_ceil(CHUNK),
            runs,
            seed: arguments.seed,
        }
    }

    /// Takes chunk after chunk until none is left.
    pub(crate) fn work(&self) {
        loop {
            let chunk = self.next.fetch_add(1, Ordering::Relaxed);
            let target = usize::try_from(chunk / self.chunks).unwrap_or(usize::MAX);
            let Some(entry) = self.entries.get(target) else {
                return;
            };
            let first = chunk % self.chunks * CHUNK;
            entry.run(self.seed, first..(first + CHUNK).min(self.runs));
        }
    }

    /// Tells how it went.
    pub(crate) fn report(&self, seed: u64) -> ExitCode {
        println!("\nfuzzing {} targets, seed {seed}", self.entries.len());
        let mut exit = ExitCode::SUCCESS;
        for entry in &self.entries {
            let name = entry.target.name;
            let ran = entry.ran.load(Ordering::Relaxed);
            let time = Duration::from_nanos(entry.nanoseconds.load(Ordering::Relaxed));
            let each = time.checked_div(u32::try_from(ran).unwrap_or(u32::MAX));
            let each = each.unwrap_or_default();
            match &*entry.failure.lock().unwrap() {
                None => println!("  {name:<17} {ran:>10} inputs, {each:>10.1?} each"),
                Some(failure) => {
                    exit = ExitCode::FAILURE;
                    failure.tell(name, seed);
                }
            }
        }
        exit
    }
}

// === impl Entry ===

impl<'a> Entry<'a> {
    fn new(target: &'a Target) -> Self {
        Self {
            target,
            corpus: corpus::of(target),
            failed: AtomicBool::new(false),
            failure: Mutex::new(None),
            ran: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "how long it took is told to whoever waited, and decides nothing"
    )]
    fn run(&self, seed: u64, numbers: std::ops::Range<u64>) {
        let mutator = Mutator::new(&self.corpus, self.target.words);
        let begun = Instant::now();
        let mut ran = 0;
        for number in numbers {
            if self.failed.load(Ordering::Relaxed) {
                break;
            }
            let input = mutator.input(seed, number);
            ran += 1;
            if let Err(panicked) = attempt(self.target, &input)
                && !self.failed.swap(true, Ordering::Relaxed)
            {
                let smallest = minimized(self.target, &input, &panicked);
                let message = attempt(self.target, &smallest).map_or_else(
                    |panicked| panicked.message,
                    |()| "it fails now and then".to_owned(),
                );
                *self.failure.lock().unwrap() = Some(Failure {
                    number,
                    message,
                    smallest,
                });
            }
        }
        let took = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        self.ran.fetch_add(ran, Ordering::Relaxed);
    }
}

// === impl Failure ===

impl Failure {
    fn tell(&self, name: &str, seed: u64) {
        let kept = format!("{}/fuzz-{name}", env!("CARGO_TARGET_TMPDIR"));
        println!(
            "  {name:<17} FAILED with input {} of seed {seed}",
            self.number
        );
        println!("{}", self.message);
        println!("smallest input: b\"{}\"", self.smallest.escape_ascii());
        if fs::write(&kept, &self.smallest).is_ok() {
            println!("It is in {kept}; with its mistake mended it belongs into");
            println!("tests/fuzz/corpus/{name}, which is tried first each time.");
        }
        let runs = self.number + 1;
        println!("again: make fuzz ARGS=\"--target {name} --seed {seed} --runs {runs}\"");
    }
}

// === impl Panicked ===

impl Panicked {
    fn of(info: &PanicHookInfo<'_>) -> Self {
        Self {
            place: info.location().map(ToString::to_string).unwrap_or_default(),
            message: info.to_string(),
        }
    }
}
