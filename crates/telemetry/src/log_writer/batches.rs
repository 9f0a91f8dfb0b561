//! The thread that writes.

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::Receiver,
    },
};

/// A batch is written at this size, in bytes, or when no line is waiting.
const BATCH: usize = 64 * 1024;

/// Writes lines in batches, so that a busy log costs few system calls and a quiet one is prompt.
pub(super) struct Writer<W> {
    output: W,
    batch: Vec<u8>,
    lines: u64,
    /// The last write failed, perhaps in the middle of a line.
    torn: bool,
    waiting: Arc<AtomicUsize>,
    losses: Arc<AtomicU64>,
}

// === impl Writer ===

impl<W: Write> Writer<W> {
    pub(super) fn new(output: W, waiting: Arc<AtomicUsize>, losses: Arc<AtomicU64>) -> Self {
        Self {
            output,
            batch: Vec::with_capacity(BATCH),
            lines: 0,
            torn: false,
            waiting,
            losses,
        }
    }

    /// Until the other side hangs up.
    pub(super) fn run(&mut self, lines: &Receiver<Vec<u8>>) {
        while let Ok(line) = lines.recv() {
            self.take(&line);
            while self.batch.len() < BATCH {
                match lines.try_recv() {
                    Ok(line) => self.take(&line),
                    Err(_) => break,
                }
            }
            self.write_batch();
        }
    }

    fn take(&mut self, line: &[u8]) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        if self.torn && self.batch.is_empty() {
            self.batch.push(b'\n'); // or this line would continue half of another
        }
        self.batch.extend_from_slice(line);
        self.lines += 1;
    }

    fn write_batch(&mut self) {
        let written = self
            .output
            .write_all(&self.batch)
            .and_then(|()| self.output.flush());
        self.torn = written.is_err();
        if self.torn {
            self.losses.fetch_add(self.lines, Ordering::Relaxed);
        }
        self.batch.clear();
        self.lines = 0;
    }
}
