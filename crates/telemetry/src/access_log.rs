//! One JSON line per request, written where it cannot slow a request down.
//!
//! **Never wait.** Lines go through a bounded queue to one writer thread. When the reader of the log
//! is slow, or gone, lines are dropped and counted; a request is never held up by its own log line,
//! and a broken pipe never ends the process.
//!
//! **Never be fooled.** Everything a client sends is escaped, cut to a bounded length, and stripped
//! of query values that look like secrets.

mod line;
mod redact;
mod writer;

use std::{
    io::Write,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

use engine::failure::{Blame, Failure};

use crate::RequestEvent;

/// How long the end of the process waits for a writer that is stuck.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// The access log; ends, with everything written, when it is dropped.
#[derive(Debug)]
pub struct AccessLog {
    queue: Option<SyncSender<Vec<u8>>>,
    finished: std::sync::Mutex<Receiver<()>>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    losses: Arc<AtomicU64>,
}

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

/// The writer thread could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the access log's writer cannot start: {0}")]
pub struct StartError(#[from] std::io::Error);

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
        let capacity = capacity.max(1);
        let (queue, lines) = mpsc::sync_channel(capacity);
        let (done, finished) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let losses = Arc::new(AtomicU64::new(0));
        let mut writer = writer::Writer::new(writer, Arc::clone(&waiting), Arc::clone(&losses));
        thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                writer.run(&lines);
                let _nobody_waits = done.send(());
            })?;
        Ok(Self {
            queue: Some(queue),
            finished: finished.into(),
            waiting,
            capacity,
            losses,
        })
    }

    /// Writes a line, or drops and counts it when too many wait already.
    pub fn write(&self, record: &AccessRecord<'_>) {
        // Asked before the line is made: an overload must make logging cheaper, not dearer.
        if self.waiting.load(Ordering::Relaxed) >= self.capacity {
            self.losses.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let line = line::line(record);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.as_ref().map(|queue| queue.try_send(line));
        if !matches!(sent, Some(Ok(()))) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.losses.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many lines were lost.
    pub fn dropped(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    pub(crate) fn losses(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.losses)
    }
}

impl Drop for AccessLog {
    /// Waits until everything is written, but not for ever: a reader that has stopped reading must
    /// not keep the process from ending.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Ok(finished) = self.finished.get_mut() {
            let _done_or_stuck = finished.recv_timeout(LAST_FLUSH);
        }
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
