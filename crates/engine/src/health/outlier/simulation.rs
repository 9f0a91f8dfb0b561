//! Ten endpoints, one of which fails a share of its requests, for an hour each, from seeds.
//!
//! `cargo test -p forebay-engine outlier::simulation -- --nocapture` prints the table.

use policy::{Percent, SuccessRate};

use super::{comparison::threshold, *};
use crate::attempt::Symptom;

const SEEDS: u64 = 5;
const ENDPOINTS: u64 = 10;
/// Requests a second, for all together.
const RATE: u64 = 100;
const HOUR: u64 = 3600;
const INTERVAL: u64 = 10;
/// What a well endpoint fails, in thousandths.
const NOISE: u64 = 5;
const SICK: u64 = 0;

/// Who compares shares of successes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    None,
    /// Mean less deviations alone.
    Published,
    Ours,
}

/// What many hours have seen.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Seconds until the sick one was first left out, summed.
    first: u64,
    missed: u64,
    /// Seconds in which the sick one was left out.
    sick_out: u64,
    /// How often a well one was.
    wronged: u64,
    /// Requests that failed.
    failed: u64,
    asked: u64,
}

struct Hour {
    detector: Detector,
    tallies: Vec<Tally>,
    comparison: Comparison,
    rule: SuccessRate,
    random: Random,
    seen: Seen,
}

/// Splitmix64: a generator of a few lines whose every number follows from the seed.
struct Random(u64);

// === impl Random ===

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }
}

// === impl Hour ===

impl Hour {
    fn new(comparison: Comparison, consecutive: Option<u32>, seed: u64) -> Self {
        let rule = SuccessRate {
            min_requests: 50,
            min_endpoints: 5,
            deviations: 19,
        };
        let policy = Outliers {
            mode: Mode::Enforce,
            consecutive_failures: consecutive,
            success_rate: Some(rule),
            interval: Duration::from_secs(INTERVAL),
            ejection: Duration::from_secs(30),
            max_ejection: Duration::from_secs(300),
            max_ejected: Percent::of(50),
        };
        let mut detector = Detector::new(&policy);
        detector.adopt(0..ENDPOINTS);
        // The simulation compares by itself, to be able to do it in the published way.
        detector.policy.success_rate = None;
        Self {
            tallies: (0..ENDPOINTS).map(|_| Tally::new(&policy)).collect(),
            detector,
            comparison,
            rule,
            random: Random(seed),
            seen: Seen::default(),
        }
    }

    /// An hour in which endpoint [`SICK`] fails `sickness` thousandths.
    fn run(mut self, sickness: u64) -> Seen {
        let mut first = None;
        for second in 0..HOUR {
            let now = Duration::from_secs(second);
            for id in self.detector.release(now) {
                self.tallies[usize::try_from(id).unwrap()].reset();
            }
            let before = self.wronged();
            if second % INTERVAL == 0 {
                self.compare(now);
            }
            for _ in 0..RATE {
                self.request(sickness, now);
            }
            self.seen.wronged += self.wronged() - before;
            if self.detector.sentence(SICK).is_some() {
                first.get_or_insert(second);
                self.seen.sick_out += 1;
            }
        }
        match first {
            Some(second) => self.seen.first += second,
            None => self.seen.missed += 1,
        }
        self.seen
    }

    fn wronged(&self) -> u64 {
        (0..ENDPOINTS)
            .filter(|id| *id != SICK)
            .map(|id| self.detector.ejections(id))
            .sum()
    }

    fn request(&mut self, sickness: u64, now: Duration) {
        let id = loop {
            let id = self.random.below(ENDPOINTS);
            if self.detector.sentence(id).is_none() {
                break id;
            }
        };
        let failing = if id == SICK { sickness } else { NOISE };
        let symptom = match self.random.below(1000) < failing {
            true => Symptom::Ill,
            false => Symptom::Well,
        };
        self.seen.asked += 1;
        self.seen.failed += u64::from(symptom == Symptom::Ill);
        if self.tallies[usize::try_from(id).unwrap()].record(symptom) == Run::TooLong {
            self.detector.convict(id, Reason::ConsecutiveFailures, now);
        }
    }

    fn compare(&mut self, now: Duration) {
        let counts: Vec<_> = (0..).zip(self.tallies.iter().map(Tally::take)).collect();
        let short = match self.comparison {
            Comparison::None => Vec::new(),
            Comparison::Published => self.published(&counts),
            Comparison::Ours => outliers(self.rule, &counts),
        };
        for id in short {
            self.detector.convict(id, Reason::SuccessRate, now);
        }
        self.detector.compare(&[], now);
    }

    fn published(&self, counts: &[(u64, Counts)]) -> Vec<u64> {
        let compared: Vec<_> = counts
            .iter()
            .filter(|(_, counts)| counts.asked >= self.rule.min_requests)
            .collect();
        let least = threshold(self.rule, compared.iter().map(|(_, seen)| seen.successes()));
        compared
            .into_iter()
            .filter(|(_, counts)| counts.successes() < least)
            .map(|(id, _)| *id)
            .collect()
    }
}

fn hours(comparison: Comparison, consecutive: Option<u32>, sickness: u64) -> Seen {
    let mut all = Seen::default();
    for seed in 0..SEEDS {
        let seen = Hour::new(comparison, consecutive, seed << 32).run(sickness);
        all.first += seen.first;
        all.missed += seen.missed;
        all.sick_out += seen.sick_out;
        all.wronged += seen.wronged;
        all.failed += seen.failed;
        all.asked += seen.asked;
    }
    all
}

fn row(name: &str, sickness: u64, seen: Seen) {
    let found = SEEDS - seen.missed;
    println!(
        "| {name} | {:.1} % | {found}/{SEEDS} | {} | {:.1} % | {:.2} | {:.2} % |",
        sickness as f64 / 10.0,
        seen.first
            .checked_div(found)
            .map_or_else(|| "-".to_owned(), |first| format!("{first} s")),
        seen.sick_out as f64 * 100.0 / (SEEDS * HOUR) as f64,
        seen.wronged as f64 / SEEDS as f64,
        seen.failed as f64 * 100.0 / seen.asked as f64,
    );
}

#[test]
fn a_failing_endpoint_is_left_out_and_well_ones_practically_never() {
    println!(
        "| rule | the tenth fails | found | after | left out | well ones left out an hour | requests failed |"
    );
    println!("|---|---|---|---|---|---|---|");
    for sickness in [NOISE, 50, 300, 1000] {
        for (name, comparison, consecutive) in [
            ("five in a row", Comparison::None, Some(5)),
            ("success rate as published", Comparison::Published, None),
            ("success rate", Comparison::Ours, None),
            ("five in a row, success rate", Comparison::Ours, Some(5)),
        ] {
            let seen = hours(comparison, consecutive, sickness);
            row(name, sickness, seen);
            if comparison == Comparison::Ours {
                // 45 hours of well endpoints, and 360 comparisons in each hour.
                assert!(seen.wronged <= 1, "{name} at {sickness}: {seen:?}");
            }
            if comparison == Comparison::Ours && sickness >= 300 {
                assert_eq!(seen.missed, 0);
                assert!(
                    seen.first <= SEEDS * INTERVAL,
                    "{name} at {sickness}: {seen:?}"
                );
                assert!(seen.sick_out > SEEDS * HOUR * 9 / 10, "{seen:?}");
            }
        }
    }
}
