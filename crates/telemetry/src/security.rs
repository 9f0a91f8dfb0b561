//! Security events: what happened, to whom, and on what evidence.
//!
//! One stream for all of them, so that an operator watches one place. Metrics count every event by
//! kind; the log has a line for each, as many a second as the configuration allows.
//!
//! **The many do not hide the few.** Half of the rate is shared out among the kinds, so that a flood
//! of one leaves room for the first lines of each other. What was not written is counted, and told in
//! the next line of its kind.
//!
//! **Nothing of a client's is believed.** What it sent is stripped of what looks like a secret,
//! escaped and cut, as in the access log; and no line waits for its reader.

mod line;
mod pace;

use std::{
    io::Write,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use engine::{
    security::{SecurityAction, SecurityKind},
    time::Now,
};
use policy::Rate;

use crate::{
    Metrics,
    log_writer::{LogWriter, StartError, Taken},
    words::Word as _,
};

use self::pace::{Pace, Paced};

/// One event, borrowed from the request it is about.
#[derive(Clone, Copy, Debug)]
pub struct SecurityEvent<'a> {
    /// When.
    pub at: Now,
    /// What happened.
    pub kind: SecurityKind,
    /// What was done about it.
    pub action: SecurityAction,
    /// The client, as far as trusted proxies tell it.
    pub client: Option<IpAddr>,
    /// The name of the route.
    pub route: Option<&'a str>,
    /// The name of the limit, box or rule that decided.
    pub policy: Option<&'a str>,
    /// What it was decided on, in words of ours; anything of the client's in it is cut and escaped
    /// when it is written.
    pub evidence: &'a str,
    /// The id in `X-Request-Id`.
    pub request_id: Option<&'a str>,
}

/// The lines of security events; ends, with everything written, when it is dropped.
#[derive(Debug)]
pub struct SecurityLog {
    writer: LogWriter,
    pace: Pace,
    /// By kind: lines that were not written since the last one that was.
    untold: [AtomicU64; SecurityKind::ALL.len()],
    /// All that were too many for the rate.
    suppressed: Arc<AtomicU64>,
}

/// Where security events go: to the metrics, and to the log if there is one.
#[derive(Debug, Default)]
pub struct SecurityEvents {
    log: Option<SecurityLog>,
}

// === impl SecurityLog ===

impl SecurityLog {
    /// Starts the writer thread; at most `capacity` lines wait for it, and it is given at most `rate`.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        writer: impl Write + Send + 'static,
        capacity: usize,
        rate: Rate,
    ) -> Result<Self, StartError> {
        Ok(Self {
            writer: LogWriter::start("security-log", writer, capacity)?,
            pace: Pace::new(rate),
            untold: Default::default(),
            suppressed: Arc::default(),
        })
    }

    /// How many lines were lost because their reader was too slow or gone.
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    /// How many lines were too many for the rate.
    pub fn suppressed(&self) -> u64 {
        self.suppressed.load(Ordering::Relaxed)
    }

    /// The counters of lines that are missing: too many, and not read.
    pub(crate) fn missing(&self) -> (Arc<AtomicU64>, Arc<AtomicU64>) {
        (Arc::clone(&self.suppressed), self.writer.losses())
    }

    fn write(&self, event: &SecurityEvent<'_>) {
        let untold = &self.untold[event.kind.slot()];
        if self.pace.ask(event.kind, event.at.monotonic) == Paced::TooMany {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            untold.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = untold.swap(0, Ordering::Relaxed);
        if self.writer.write(|| line::line(event, before)) == Taken::Lost {
            untold.fetch_add(before + 1, Ordering::Relaxed);
        }
    }
}

// === impl SecurityEvents ===

impl SecurityEvents {
    /// Events are counted, and written to `log` if there is one.
    pub const fn new(log: Option<SecurityLog>) -> Self {
        Self { log }
    }

    /// Counts an event in `metrics`, and writes its line.
    pub fn tell(&self, metrics: &Metrics, event: &SecurityEvent<'_>) {
        metrics.security_event(event.kind, event.action);
        if let Some(log) = &self.log {
            log.write(event);
        }
    }
}

#[cfg(test)]
mod tests;
