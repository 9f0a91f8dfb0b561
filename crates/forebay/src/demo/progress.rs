//! How far the traffic is: a bar for a person, one line for a program.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::{Paint, Reader, note};

/// Shown on standard error, so that standard output has the table alone.
#[derive(Clone, Debug)]
pub(super) struct Progress(ProgressBar);

// === impl Progress ===

impl Progress {
    pub(super) fn new(name: &'static str, requests: usize, paint: Paint) -> Self {
        let target = match paint.reader {
            Reader::Person => ProgressDrawTarget::stderr(),
            Reader::Program => {
                note(&format!("{requests} requests {name} ..\n"));
                ProgressDrawTarget::hidden()
            }
        };
        let bar = ProgressBar::with_draw_target(Some(requests as u64), target);
        // A template that is not understood leaves the bar in its own style.
        if let Ok(style) = ProgressStyle::with_template("{msg:16} [{bar:40}] {pos}/{len}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(name);
        Self(bar)
    }

    /// One more request is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// All are.
    pub(super) fn finish(&self) {
        self.0.finish();
    }
}
