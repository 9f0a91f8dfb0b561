//! Lines for somebody else to read, written where they cannot slow a request down.
//!
//! **Never wait.** Lines go through a bounded queue to one writer thread. When the reader of the log
//! is slow, or gone, lines are dropped and counted; a request is never held up by its own log line,
//! and a broken pipe never ends the process.

mod batches;

use std::{
    io::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::Duration,
};

/// How long the end of the process waits for a writer that is stuck.
const LAST_FLUSH: Duration = Duration::from_secs(2);

/// A thread that writes lines; ends, with everything written, when it is dropped.
#[derive(Debug)]
pub(crate) struct LogWriter {
    queue: Option<SyncSender<Vec<u8>>>,
    finished: Mutex<Receiver<()>>,
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    losses: Arc<AtomicU64>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Too many wait already.
    Lost,
    /// It waits for the writer.
    Queued,
}

/// The writer thread of a log could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the writer of the {log} cannot start: {source}")]
pub struct StartError {
    log: &'static str,
    source: std::io::Error,
}

// === impl LogWriter ===

impl LogWriter {
    /// Starts the thread, which has the name of the log; at most `capacity` lines wait for it.
    pub(crate) fn start(
        log: &'static str,
        writer: impl Write + Send + 'static,
        capacity: usize,
    ) -> Result<Self, StartError> {
        let capacity = capacity.max(1);
        let (queue, lines) = mpsc::sync_channel(capacity);
        let (done, finished) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let losses = Arc::new(AtomicU64::new(0));
        let mut writer = batches::Writer::new(writer, Arc::clone(&waiting), Arc::clone(&losses));
        thread::Builder::new()
            .name(log.to_owned())
            .spawn(move || {
                writer.run(&lines);
                let _nobody_waits = done.send(());
            })
            .map_err(|source| StartError { log, source })?;
        Ok(Self {
            queue: Some(queue),
            finished: finished.into(),
            waiting,
            capacity,
            losses,
        })
    }

    /// Hands a line on, or drops and counts it when too many wait already.
    pub(crate) fn write(&self, line: impl FnOnce() -> Vec<u8>) -> Taken {
        // Asked before the line is made: an overload must make logging cheaper, not dearer.
        if self.waiting.load(Ordering::Relaxed) >= self.capacity {
            self.losses.fetch_add(1, Ordering::Relaxed);
            return Taken::Lost;
        }
        let line = line();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.as_ref().map(|queue| queue.try_send(line));
        if matches!(sent, Some(Ok(()))) {
            return Taken::Queued;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.losses.fetch_add(1, Ordering::Relaxed);
        Taken::Lost
    }

    /// How many lines were lost.
    pub(crate) fn dropped(&self) -> u64 {
        self.losses.load(Ordering::Relaxed)
    }

    /// The counter behind [`Self::dropped`].
    pub(crate) fn losses(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.losses)
    }
}

impl Drop for LogWriter {
    /// Waits until everything is written, but not for ever: a reader that has stopped reading must
    /// not keep the process from ending.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Ok(finished) = self.finished.get_mut() {
            let _done_or_stuck = finished.recv_timeout(LAST_FLUSH);
        }
    }
}
