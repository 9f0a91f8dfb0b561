//! How much processor time is left over, looked at a few times a second by one task.
//!
//! Whoever compresses reads one byte. The numbers come from Linux's `/proc`, where the process and the
//! machine are counted in the same ticks, so that no clock is needed; elsewhere nothing is measured, and
//! there is ample headroom for all that is known.

use std::{
    fmt, fs,
    num::NonZeroUsize,
    sync::atomic::{AtomicU8, Ordering},
    thread,
};

use engine::compression::headroom::{CpuReading, CpuShare, Gauge, Headroom};
use parking_lot::Mutex;

/// Processor time of every kind, for the machine and for each of its processors.
const MACHINE: &str = "/proc/stat";
/// What this process has used.
const OWN: &str = "/proc/self/stat";
/// The quota of this container (cgroup v2).
const QUOTA: &str = "/sys/fs/cgroup/cpu.max";

type Source = Box<dyn FnMut() -> Option<(CpuReading, CpuShare)> + Send>;

/// The headroom as it was last seen.
pub(crate) struct HeadroomWatch {
    seen: AtomicU8,
    gauge: Mutex<(Gauge, Source)>,
}

// === impl HeadroomWatch ===

impl HeadroomWatch {
    /// Watches the processors that this process may use.
    pub(crate) fn of_machine() -> Self {
        let quota = fs::read_to_string(QUOTA).ok().as_deref().and_then(quota);
        let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get) as f64;
        let own = quota.map_or(cpus, |quota| quota.min(cpus));
        Self::new(move || {
            let machine = fs::read_to_string(MACHINE).ok()?;
            let process = fs::read_to_string(OWN).ok()?;
            reading(&machine, &process, own)
        })
    }

    /// Watches what `source` says.
    pub(crate) fn new(
        source: impl FnMut() -> Option<(CpuReading, CpuShare)> + Send + 'static,
    ) -> Self {
        Self {
            seen: AtomicU8::new(Headroom::default() as u8),
            gauge: Mutex::new((Gauge::default(), Box::new(source))),
        }
    }

    /// Looks again.
    pub(crate) fn look(&self) {
        let (gauge, source) = &mut *self.gauge.lock();
        if let Some((reading, share)) = source() {
            let headroom = gauge.read(reading, share);
            self.seen.store(headroom as u8, Ordering::Relaxed);
        }
    }

    /// What was last seen.
    pub(crate) fn now(&self) -> Headroom {
        let seen = self.seen.load(Ordering::Relaxed);
        let mut all = Headroom::ALL.into_iter();
        all.find(|headroom| *headroom as u8 == seen)
            .unwrap_or_default()
    }
}

impl fmt::Debug for HeadroomWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeadroomWatch").field(&self.now()).finish()
    }
}

/// What the two files say (proc(5)).
fn reading(machine: &str, process: &str, own: f64) -> Option<(CpuReading, CpuShare)> {
    let all = machine.lines().find_map(|line| line.strip_prefix("cpu "))?;
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in user already.
    let ticks: Vec<u64> = all
        .split_whitespace()
        .take(8)
        .map_while(|number| number.parse().ok())
        .collect();
    let total: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4).unwrap_or(&0);
    let cpus = machine.lines().filter(|line| {
        let rest = line.strip_prefix("cpu").unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_digit())
    });
    // Behind the name, which may hold anything: the state is field 3, user and system time 14 and 15.
    let (_, after_name) = process.rsplit_once(')')?;
    let mut times = after_name.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    let reading = CpuReading {
        own: user + system,
        busy: total - idle,
        total,
    };
    let machine = cpus.count().max(1) as f64;
    Some((reading, CpuShare { machine, own }))
}

/// The quota in processors, if there is one: `max 100000`, or `150000 100000`.
fn quota(text: &str) -> Option<f64> {
    let mut numbers = text.split_whitespace();
    let quota: f64 = numbers.next()?.parse().ok()?;
    let period: f64 = numbers.next()?.parse().ok()?;
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "cpu  10 20 30 100 5 1 2 3 7 7\ncpu0 5 10 15 50 2 1 1 1 0 0\n\
                        cpu1 5 10 15 50 3 0 1 2 0 0\nintr 1 2 3\nctxt 9\n";

    #[test]
    fn the_files_are_read() {
        let process = "42 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 110 22 3 4 20 0";
        let (said, share) = reading(STAT, process, 1.5).unwrap();
        let wanted = CpuReading {
            own: 132,
            busy: 66,
            total: 171,
        };
        assert_eq!(said, wanted);
        assert_eq!(
            share,
            CpuShare {
                machine: 2.0,
                own: 1.5
            }
        );
        for (machine, process) in [
            ("", process),
            (STAT, ""),
            (STAT, "42 (x) S 1"),
            ("cpu x", process),
        ] {
            assert!(reading(machine, process, 1.0).is_none());
        }
    }

    #[test]
    fn a_quota_is_a_share_of_a_period() {
        for (text, wanted) in [
            ("max 100000\n", None),
            ("50000 100000\n", Some(0.5)),
            ("0 0", None),
            ("", None),
        ] {
            assert_eq!(quota(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_was_seen_stays_until_the_next_look() {
        let mut ticks = 0;
        let watch = HeadroomWatch::new(move || {
            ticks += 100;
            let reading = CpuReading {
                own: ticks,
                busy: ticks,
                total: ticks,
            };
            let share = CpuShare {
                machine: 1.0,
                own: 1.0,
            };
            (ticks <= 1000).then_some((reading, share))
        });
        assert_eq!(watch.now(), Headroom::Ample);
        for _ in 0..20 {
            watch.look();
        }
        assert_eq!(watch.now(), Headroom::Exhausted);
    }

    /// On the machine that this runs on.
    #[test]
    fn this_machine_can_be_watched() {
        let watch = HeadroomWatch::of_machine();
        if fs::exists(MACHINE).unwrap() {
            let (_, source) = &mut *watch.gauge.lock();
            assert!(source().is_some());
        }
    }
}
