//! How much processor time is left over, from what was used.
//!
//! **Of the share that Forebay may use and of the whole machine**, whichever is scarcer: a sidecar
//! shares its processors with the application, and what it burns there the application lacks.
//!
//! **Hysteresis.** A step down is taken at once when the average crosses a line; the way back leads
//! through a lower line, so that a load at the line does not make every response another.

/// How much processor time there is to spare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Headroom {
    /// None: whatever is spent here is missing elsewhere.
    Exhausted,
    /// Some.
    Scarce,
    /// As much as anybody needs; also before anything was measured.
    #[default]
    Ample,
}

/// Processor time used since some moment in the past, all in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuReading {
    /// By this process.
    pub own: u64,
    /// By everybody, on all processors of the machine.
    pub busy: u64,
    /// That there was, on all processors of the machine together.
    pub total: u64,
}

/// What of the machine this process may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuShare {
    /// Processors of the machine.
    pub machine: f64,
    /// Of which it may use so many, in part perhaps.
    pub own: f64,
}

/// The average of what was read, and what it means.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gauge {
    before: Option<CpuReading>,
    average: f64,
    headroom: Headroom,
}

/// The weight of the newest reading in the average.
const NEWEST: f64 = 0.5;
/// Above this share nothing is to spare, and below the second there is again.
const EXHAUSTED: (f64, f64) = (0.90, 0.80);
/// Above this share little is to spare, and below the second there is enough again.
const SCARCE: (f64, f64) = (0.70, 0.60);

// === impl Headroom ===

impl Headroom {
    /// Every one, the least first.
    pub const ALL: [Self; 3] = [Self::Exhausted, Self::Scarce, Self::Ample];

    /// The word for it in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ample => "ample",
            Self::Exhausted => "exhausted",
            Self::Scarce => "scarce",
        }
    }
}

// === impl CpuReading ===

impl CpuReading {
    /// The share that was used since `before`, of what may be used; nothing when no time has passed,
    /// or the numbers went backwards.
    fn used_since(self, before: Self, share: CpuShare) -> Option<f64> {
        let total = self.total.checked_sub(before.total).filter(|it| *it > 0)? as f64;
        let busy = self.busy.checked_sub(before.busy)? as f64;
        let own = self.own.checked_sub(before.own)? as f64;
        let may = total / share.machine.max(1.0) * share.own;
        if may <= 0.0 {
            return None;
        }
        Some((busy / total).max(own / may).min(1.0))
    }
}

// === impl Gauge ===

impl Gauge {
    /// Takes a further reading.
    pub fn read(&mut self, reading: CpuReading, share: CpuShare) -> Headroom {
        let before = self.before.replace(reading);
        let used = before.and_then(|before| reading.used_since(before, share));
        if let Some(used) = used {
            self.average += (used - self.average) * NEWEST;
            self.headroom = next(self.headroom, self.average);
        }
        self.headroom
    }
}

fn next(now: Headroom, average: f64) -> Headroom {
    let is_over = |(above, below): (f64, f64), already: bool| {
        average >= above || (already && average >= below)
    };
    if is_over(EXHAUSTED, now == Headroom::Exhausted) {
        Headroom::Exhausted
    } else if is_over(SCARCE, now <= Headroom::Scarce) {
        Headroom::Scarce
    } else {
        Headroom::Ample
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four processors, of which two may be used.
    const SHARE: CpuShare = CpuShare {
        machine: 4.0,
        own: 2.0,
    };

    /// What is said after each stretch of 100 ticks per processor, of which this process used and
    /// others used so many.
    fn said(stretches: &[(u64, u64)]) -> Vec<Headroom> {
        let mut gauge = Gauge::default();
        let mut reading = CpuReading {
            own: 7,
            busy: 70,
            total: 700,
        };
        gauge.read(reading, SHARE);
        stretches
            .iter()
            .map(|(own, others)| {
                reading.own += own;
                reading.busy += own + others;
                reading.total += 400;
                gauge.read(reading, SHARE)
            })
            .collect()
    }

    #[test]
    fn what_may_be_used_counts_and_not_the_machine_alone() {
        use Headroom::{Ample, Exhausted, Scarce};
        // Half of the machine is all of its own share.
        assert_eq!(said(&[(200, 0); 4]), [Ample, Scarce, Scarce, Exhausted]);
        // The application uses the rest.
        assert_eq!(said(&[(4, 396); 4]), [Ample, Scarce, Scarce, Exhausted]);
        assert_eq!(said(&[(100, 100); 6]), [Ample; 6]);
    }

    #[test]
    fn a_load_at_a_line_does_not_flap() {
        let mut load = vec![(200, 0); 8];
        // 85 percent, and then 75 percent of its share.
        load.extend([(170, 0); 8]);
        assert_eq!(said(&load)[15], Headroom::Exhausted);
        load.extend([(150, 0); 8]);
        assert_eq!(said(&load)[23], Headroom::Scarce);
        load.extend([(130, 0); 8]);
        assert_eq!(said(&load)[31], Headroom::Scarce);
        load.extend([(100, 0); 8]);
        assert_eq!(said(&load)[39], Headroom::Ample);
        // The same 65 percent on the way up are enough.
        assert_eq!(said(&[(130, 0); 16]), [Headroom::Ample; 16]);
    }

    #[test]
    fn numbers_that_mean_nothing_change_nothing() {
        let mut gauge = Gauge::default();
        let reading = CpuReading {
            own: 100,
            busy: 100,
            total: 100,
        };
        let earlier = CpuReading {
            own: 1,
            busy: 1,
            total: 1,
        };
        for reading in [reading, reading, earlier, earlier] {
            assert_eq!(gauge.read(reading, SHARE), Headroom::Ample);
        }
        let none = CpuShare {
            machine: 0.0,
            own: 0.0,
        };
        assert_eq!(gauge.read(reading, none), Headroom::Ample);
    }
}
