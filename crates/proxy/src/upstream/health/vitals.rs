//! What requests leave behind at an endpoint, and what is made known about it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use engine::{
    attempt::Symptom,
    health::{
        Standing,
        outlier::{Run, Tally},
    },
};
use parking_lot::Mutex;
use policy::{Mode, Outliers};

use super::HealthReport;

/// The health of one endpoint, as all threads see it.
#[derive(Debug)]
pub(crate) struct Vitals {
    standing: AtomicU8,
    /// There is none where nobody looks at it.
    tally: Option<Tally>,
    /// Too many failures in a row: the watcher should look.
    suspect: AtomicBool,
    report: Mutex<HealthReport>,
}

/// What an attempt calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nudge {
    /// Nothing.
    None,
    /// The watcher should look at the endpoint.
    Look,
}

// === impl Vitals ===

impl Vitals {
    /// Of a new endpoint: it counts as well.
    pub(crate) fn new(outliers: Option<&Outliers>) -> Self {
        let watched = outliers.filter(|outliers| outliers.mode != Mode::Off);
        Self {
            standing: AtomicU8::new(Standing::Well as u8),
            tally: watched.map(Tally::new),
            suspect: AtomicBool::new(false),
            report: Mutex::new(HealthReport::default()),
        }
    }

    /// Whether it should be asked.
    pub(crate) fn standing(&self) -> Standing {
        match self.standing.load(Ordering::Relaxed) {
            standing if standing == Standing::Ejected as u8 => Standing::Ejected,
            standing if standing == Standing::Ill as u8 => Standing::Ill,
            _ => Standing::Well,
        }
    }

    /// Counts an attempt.
    pub(crate) fn attempted(&self, symptom: Symptom) -> Nudge {
        let Some(tally) = &self.tally else {
            return Nudge::None;
        };
        match tally.record(symptom) {
            Run::Short => Nudge::None,
            Run::TooLong => {
                self.suspect.store(true, Ordering::Relaxed);
                Nudge::Look
            }
        }
    }

    /// What an operator is told.
    pub(crate) fn report(&self) -> HealthReport {
        *self.report.lock()
    }

    /// The standing is now this one.
    pub(super) fn becomes(&self, standing: Standing) {
        self.standing.store(standing as u8, Ordering::Relaxed);
    }

    /// What an operator is told from now on.
    pub(super) fn tell(&self, report: HealthReport) {
        *self.report.lock() = report;
    }

    /// What was counted, if anybody counts.
    pub(super) const fn tally(&self) -> Option<&Tally> {
        self.tally.as_ref()
    }

    /// Whether there were too many failures in a row since this was last asked.
    pub(super) fn take_suspicion(&self) -> bool {
        self.suspect.swap(false, Ordering::Relaxed)
    }
}
