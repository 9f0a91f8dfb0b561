//! JSON that is trimmed while it passes.
//!
//! What is counted is counted when the body is over, however it ends. In shadow mode the bytes pass as
//! they are, and only their count is taken.

use std::sync::Arc;

use bytes::Bytes;
use engine::{
    failure::Failure,
    transform::{
        Trimmed,
        json::{Flaw, JsonRules, Reach, Sequence, Trimmer},
    },
};
use policy::Mode;
use telemetry::Metrics;

use super::CutShort;

/// One body that is being trimmed.
#[derive(Debug)]
pub(crate) struct Trimming {
    trimmer: Trimmer,
    mode: Mode,
    /// What comes out, where it goes nowhere.
    aside: Vec<u8>,
    metrics: Arc<Metrics>,
    /// Position in the policies.
    route: usize,
    taken: u64,
    given: u64,
}

// === impl Trimming ===

impl Trimming {
    /// For a body of the route at this position that has not begun.
    pub(crate) fn new(
        rules: Arc<JsonRules>,
        sequence: Sequence,
        mode: Mode,
        metrics: Arc<Metrics>,
        route: usize,
    ) -> Self {
        Self {
            trimmer: Trimmer::new(rules, sequence),
            mode,
            aside: Vec::new(),
            metrics,
            route,
            taken: 0,
            given: 0,
        }
    }

    /// Whether the bytes pass as they are.
    pub(crate) fn is_shadow(&self) -> bool {
        self.mode == Mode::Shadow
    }

    /// What becomes of the next piece; empty when nothing of it stays.
    pub(crate) fn take(&mut self, piece: Bytes) -> Result<Bytes, CutShort> {
        self.taken += piece.len() as u64;
        if self.mode == Mode::Shadow {
            self.aside.clear();
            // What would have been cut is counted as it was found.
            let _flaw = self.trimmer.push(&piece, &mut self.aside);
            self.given += self.aside.len() as u64;
            return Ok(piece);
        }
        let mut out = Vec::with_capacity(piece.len());
        self.trimmer.push(&piece, &mut out).map_err(cut)?;
        self.given += out.len() as u64;
        Ok(out.into())
    }

    /// The body has ended.
    pub(crate) fn finish(mut self) -> Result<(), CutShort> {
        let finished = self.trimmer.finish();
        match self.mode {
            Mode::Shadow => Ok(()),
            Mode::Enforce | Mode::Off => finished.map_err(cut),
        }
    }

    /// A body that is here as a whole. One that is flawed stays as it was, where all fields stay.
    pub(crate) fn whole(mut self, body: &Bytes) -> Result<Bytes, CutShort> {
        let trimmed = self.take(body.clone())?;
        let flaw = self.trimmer.finish().err().or(self.trimmer.flaw());
        match (flaw, self.mode) {
            (Some(flaw), Mode::Enforce) if self.trimmer.reach() == Reach::Select => Err(cut(flaw)),
            (Some(_), _) => {
                self.given = self.taken;
                Ok(body.clone())
            }
            (None, _) => Ok(trimmed),
        }
    }
}

impl Drop for Trimming {
    fn drop(&mut self) {
        let flaw = self.trimmer.flaw();
        let outcome = flaw.map_or(Trimmed::Trimmed, Trimmed::Flawed);
        self.metrics
            .trimmed(self.route, outcome, self.taken, self.given);
    }
}

/// What a body that cannot be trimmed ends with.
const fn cut(flaw: Flaw) -> CutShort {
    CutShort(match flaw {
        Flaw::Unfinished => Failure::UpstreamTruncated,
        Flaw::LongKey | Flaw::NotJson | Flaw::TooDeep => Failure::UpstreamNotJson,
    })
}
