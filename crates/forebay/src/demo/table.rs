//! Before and after, side by side.

use std::time::Duration;

use super::load::Outcome;
use crate::output::{Ink, Tone};

/// The figures, ready to be printed.
#[derive(Debug)]
pub(super) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: &'static str,
    before: String,
    after: String,
    /// What has changed, where a ratio says something.
    change: String,
}

// === impl Table ===

impl Table {
    pub(super) fn new(before: &Outcome, after: &Outcome) -> Self {
        let row = |name, before: String, after: String, change: Option<String>| Row {
            name,
            before,
            after,
            change: change.unwrap_or_default(),
        };
        let latency = |name, thousandths| {
            let (old, new) = (
                before.percentile(thousandths),
                after.percentile(thousandths),
            );
            row(name, millis(old), millis(new), faster(old, new))
        };
        let count =
            |name, old: u64, new: u64| row(name, grouped(old), grouped(new), less(old, new));
        Self(vec![
            latency("half of the answers within (p50)", 500),
            latency("99 of 100 answers within (p99)", 990),
            count(
                "requests that reached the API",
                before.origin_requests,
                after.origin_requests,
            ),
            row(
                "sent to clients",
                mebibytes(before.bytes),
                mebibytes(after.bytes),
                less(before.bytes, after.bytes),
            ),
            row(
                "answered from the cache",
                "-".to_owned(),
                percent(after.hits, after.answered()),
                None,
            ),
            row(
                "refused with 429 (one client hammers)",
                grouped(before.limited),
                grouped(after.limited),
                None,
            ),
            row(
                "all of it took",
                seconds(before.took),
                seconds(after.took),
                faster(before.took, after.took),
            ),
        ])
    }

    /// Columns as wide as what is in them; numbers at the right.
    pub(super) fn to_text(&self, ink: Ink) -> String {
        let width = |of: fn(&Row) -> &str, heading: &str| {
            let longest = self.0.iter().map(|row| of(row).chars().count()).max();
            longest.unwrap_or(0).max(heading.chars().count())
        };
        let (old, new) = ("directly", "through Forebay");
        let names = width(|row| row.name, "");
        let (before, after) = (width(|row| &row.before, old), width(|row| &row.after, new));
        let heading = format!("{:names$}  {old:>before$}  {new:>after$}", "");
        let mut text = format!("\n{}\n", ink.paint(Tone::Strong, heading));
        for row in &self.0 {
            let change = ink.paint(Tone::Good, &row.change);
            let line = format!(
                "{:names$}  {:>before$}  {:>after$}  {change}",
                row.name, row.before, row.after
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

fn percent(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_owned(),
        _ => format!("{:.0} %", 100.0 * part as f64 / whole as f64),
    }
}

/// Thousands apart from each other.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// How many times as fast, when it is faster by a tenth or more.
fn faster(old: Duration, new: Duration) -> Option<String> {
    let times = old.as_secs_f64() / new.as_secs_f64();
    (times.is_finite() && times >= 1.1).then(|| match times {
        10.0.. => format!("{times:.0} times as fast"),
        _ => format!("{times:.1} times as fast"),
    })
}

/// How much less, when it is at least a hundredth.
fn less(old: u64, new: u64) -> Option<String> {
    let saved = old.checked_sub(new)?;
    let percent = (100.0 * saved as f64 / old as f64).floor();
    (percent >= 1.0).then(|| format!("{percent:.0} % less"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_better_stands_beside_what_was() {
        let before = Outcome {
            latencies: vec![Duration::from_millis(90); 100],
            origin_requests: 2000,
            bytes: 20 << 20,
            took: Duration::from_secs(8),
            ..Outcome::default()
        };
        let after = Outcome {
            latencies: vec![Duration::from_micros(600); 100],
            origin_requests: 500,
            bytes: 4 << 20,
            hits: 70,
            limited: 1234,
            took: Duration::from_secs(2),
            ..Outcome::default()
        };
        let text = Table::new(&before, &after).to_text(Ink::Plain);
        let expected = "
                                       directly  through Forebay
half of the answers within (p50)        90.0 ms           0.6 ms  150 times as fast
99 of 100 answers within (p99)          90.0 ms           0.6 ms  150 times as fast
requests that reached the API             2 000              500  75 % less
sent to clients                        20.0 MiB          4.0 MiB  80 % less
answered from the cache                       -             70 %
refused with 429 (one client hammers)         0            1 234
all of it took                            8.0 s            2.0 s  4.0 times as fast
";
        assert_eq!(text, expected);
    }

    #[test]
    fn nothing_is_praised_that_is_no_better() {
        let second = Duration::from_secs(1);
        assert_eq!(faster(second, second), None);
        assert_eq!(faster(second, Duration::ZERO), None);
        assert_eq!(less(10, 10), None);
        assert_eq!(less(10, 11), None);
        assert_eq!(less(0, 0), None);
        assert_eq!(percent(0, 0), "-");
        assert_eq!(grouped(1_234_567), "1 234 567");
    }
}
