//! How many worker threads there is CPU for.
//!
//! The standard library rounds a container's quota down, so that one and a half CPUs would be served
//! by one thread and a third of what is paid for never used. It is rounded up here: the threads wait
//! for each other's turns then, and nothing is left over.

use std::{fs, num::NonZeroUsize, thread};

/// The quota of this container (cgroup v2).
const QUOTA: &str = "/sys/fs/cgroup/cpu.max";

/// One worker per CPU that this process may use; at least one.
pub(super) fn workers() -> usize {
    let cpus = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let quota = fs::read_to_string(QUOTA).ok();
    combined(cpus, quota.as_deref().and_then(millis))
}

/// `cpus` has been cut to the quota already, rounded down; a smaller number means that fewer CPUs
/// are there, or allowed.
fn combined(cpus: usize, millis: Option<u64>) -> usize {
    let Some(quota) = millis else {
        return cpus;
    };
    let whole = usize::try_from(quota / 1000).unwrap_or(usize::MAX).max(1);
    if cpus < whole {
        cpus
    } else {
        usize::try_from(quota.div_ceil(1000)).unwrap_or(cpus).max(1)
    }
}

/// The quota in thousandths of a CPU, if there is one: `max 100000`, or `150000 100000`.
fn millis(text: &str) -> Option<u64> {
    let mut numbers = text.split_whitespace();
    let quota: u64 = numbers.next()?.parse().ok()?;
    let period: u64 = numbers.next().unwrap_or("100000").parse().ok()?;
    quota.checked_mul(1000)?.checked_div(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_rounded_up() {
        for (cpus, quota, workers) in [
            (8, "max 100000\n", 8),
            (1, "150000 100000\n", 2),
            (2, "200000 100000\n", 2),
            (1, "5000 100000\n", 1),
            (2, "400000 100000", 2),
            (4, "350000 50000", 4),
            (3, "nonsense", 3),
            (3, "", 3),
            (3, "100000 0", 3),
        ] {
            assert_eq!(combined(cpus, millis(quota)), workers, "{cpus} {quota}");
        }
    }

    #[test]
    fn there_is_always_one() {
        assert!(workers() >= 1);
    }
}
