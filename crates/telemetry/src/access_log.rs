//! One JSON line per request, written where it cannot slow a request down.
//!
//! **Never wait.** Lines go through a [`LogWriter`], which drops and counts what it cannot take.
//!
//! **Never be fooled.** Everything a client sends is escaped, cut to a bounded length, and stripped
//! of query values that look like secrets.

mod line;

use std::{
    io::Write,
    net::IpAddr,
    sync::{Arc, atomic::AtomicU64},
};

use engine::failure::{Blame, Failure};

use crate::{
    RequestEvent,
    log_writer::{LogWriter, StartError},
};

/// The access log; ends, with everything written, when it is dropped.
#[derive(Debug)]
pub struct AccessLog(LogWriter);

/// What a line tells besides the event: borrowed from the request, so that nothing is copied for a
/// line that is not written.
#[derive(Clone, Copy, Debug)]
pub struct AccessRecord<'a> {
    /// What became of the request.
    pub event: &'a RequestEvent,
    /// The method as the client sent it.
    pub method: &'a str,
    /// The path as the client sent it.
    pub path: &'a str,
    /// The query as the client sent it, without `?`.
    pub query: Option<&'a str>,
    /// The host the client asked for.
    pub host: Option<&'a str>,
    /// The client, as far as trusted proxies tell it.
    pub client: Option<IpAddr>,
    /// `1.0`, `1.1` or `2`.
    pub protocol_version: &'static str,
    /// `User-Agent`, which need not be text.
    pub user_agent: Option<&'a [u8]>,
    /// The id in `X-Request-Id`.
    pub request_id: &'a str,
    /// The trace id of `traceparent`.
    pub trace_id: Option<&'a str>,
    /// The name of the route.
    pub route: Option<&'a str>,
    /// The name of the upstream that was asked.
    pub upstream: Option<&'a str>,
    /// `host:port` of the endpoint that was asked.
    pub endpoint: Option<&'a str>,
}

/// Whether a request gets a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// It does not.
    Skip,
    /// It does.
    Write,
}

// === impl Selection ===

impl Selection {
    /// What the configuration says about a request.
    pub fn of(wanted: policy::AccessLog, event: &RequestEvent) -> Self {
        match wanted {
            policy::AccessLog::All => Self::Write,
            policy::AccessLog::Errors if event.status >= 500 => Self::Write,
            policy::AccessLog::Errors if event.failure.is_some_and(cut_short) => Self::Write,
            policy::AccessLog::Errors | policy::AccessLog::Off => Self::Skip,
        }
    }
}

// === impl AccessLog ===

impl AccessLog {
    /// Starts the writer thread; at most `capacity` lines wait for it.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(writer: impl Write + Send + 'static, capacity: usize) -> Result<Self, StartError> {
        LogWriter::start("access-log", writer, capacity).map(Self)
    }

    /// Writes a line, or drops and counts it when too many wait already.
    pub fn write(&self, record: &AccessRecord<'_>) {
        let _lost_ones_are_counted = self.0.write(|| line::line(record));
    }

    /// How many lines were lost.
    pub fn dropped(&self) -> u64 {
        self.0.dropped()
    }

    pub(crate) fn losses(&self) -> Arc<AtomicU64> {
        self.0.losses()
    }
}

/// Whether a failure means that the client did not get all of an answer.
fn cut_short(failure: Failure) -> bool {
    match failure.blame() {
        Blame::Upstream | Blame::Us => true,
        Blame::Client => matches!(failure, Failure::ClientGone | Failure::ClientStalled),
    }
}

#[cfg(test)]
mod tests;
