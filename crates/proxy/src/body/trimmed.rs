//! JSON that is trimmed while it passes.
//!
//! What is counted is counted when the body is over, however it ends. In shadow mode the bytes pass as
//! they are, and only their count is taken.

use std::{mem, sync::Arc};

use bytes::Bytes;
use engine::{
    failure::Failure,
    transform::{
        LeaveReason, Trimmed,
        json::{Content, Flaw, JsonRules, Reach, Sequence, Trimmer},
    },
};
use policy::{Coding, Mode};
use telemetry::Metrics;

use super::{CutShort, unpacker::Unpacker};

/// One body that is being trimmed.
#[derive(Debug)]
pub(crate) struct Trimming {
    trimmer: Trimmer,
    mode: Mode,
    /// What has come and was not looked at.
    waiting: Bytes,
    unpacker: Option<Unpacker>,
    /// Why nothing more of it can be read.
    stuck: Option<Flaw>,
    /// What comes out, where it goes nowhere.
    aside: Vec<u8>,
    metrics: Arc<Metrics>,
    /// Position in the policies.
    route: usize,
    taken: u64,
    given: u64,
}

/// What one step did.
enum Step {
    /// It needs more input.
    Drained,
    /// It has taken something in.
    Taken,
}

/// Why there is no next step.
enum Trouble {
    Coding(CutShort),
    Flaw(Flaw),
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
            waiting: Bytes::new(),
            unpacker: None,
            stuck: None,
            aside: Vec::new(),
            metrics,
            route,
            taken: 0,
            given: 0,
        }
    }

    /// Takes these codings off first; they are in the order in which they were put on.
    pub(crate) fn unpack(&mut self, codings: &[Coding]) -> Result<(), CutShort> {
        match Unpacker::new(codings) {
            Ok(unpacker) => self.unpacker = unpacker,
            Err(error) => {
                tracing::error!(%error, "no decoder");
                self.stuck = Some(Flaw::Coded);
                if self.mode == Mode::Enforce {
                    return Err(CutShort(Failure::Internal));
                }
            }
        }
        Ok(())
    }

    /// Whether the bytes pass as they are.
    pub(crate) fn is_shadow(&self) -> bool {
        self.mode == Mode::Shadow
    }

    /// Whether more bytes may come out than go in.
    pub(crate) fn unpacks(&self) -> bool {
        self.unpacker.is_some() && !self.is_shadow()
    }

    /// Takes the next piece in, once there is nothing more of the last.
    pub(crate) fn put(&mut self, piece: Bytes) {
        self.waiting = piece;
    }

    /// What becomes of the next bit of what is here; nothing when nothing more of it stays.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, CutShort> {
        if self.mode == Mode::Shadow {
            let piece = mem::take(&mut self.waiting);
            self.look(&piece);
            return Ok((!piece.is_empty()).then_some(piece));
        }
        loop {
            let mut out = Vec::new();
            match self.step(&mut out) {
                Ok(Step::Drained) => return Ok(None),
                Ok(Step::Taken) if out.is_empty() => {}
                Ok(Step::Taken) => return Ok(Some(out.into())),
                Err(Trouble::Flaw(flaw)) => return Err(cut(flaw)),
                Err(Trouble::Coding(cut)) => {
                    self.stuck = Some(Flaw::Coded);
                    return Err(cut);
                }
            }
        }
    }

    /// Looks at a piece that passes as it is; what would have been cut is counted as it was found.
    fn look(&mut self, piece: &Bytes) {
        if self.stuck.is_some() {
            return;
        }
        self.waiting = piece.clone();
        let mut aside = mem::take(&mut self.aside);
        loop {
            aside.clear();
            match self.step(&mut aside) {
                Ok(Step::Taken) => {}
                Ok(Step::Drained) | Err(Trouble::Flaw(_)) => break,
                Err(Trouble::Coding(_)) => {
                    self.stuck = Some(Flaw::Coded);
                    break;
                }
            }
        }
        self.waiting = Bytes::new();
        self.aside = aside;
    }

    /// Trims the next plain bit.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<Step, Trouble> {
        let waiting = mem::take(&mut self.waiting);
        let piece = match &mut self.unpacker {
            None if waiting.is_empty() => return Ok(Step::Drained),
            None => &waiting[..],
            Some(unpacker) => {
                if !waiting.is_empty() {
                    unpacker.put(waiting.clone());
                }
                match unpacker.next().map_err(Trouble::Coding)? {
                    None => return Ok(Step::Drained),
                    Some(piece) => piece,
                }
            }
        };
        self.taken += piece.len() as u64;
        out.reserve(piece.len());
        let pushed = self.trimmer.push(piece, out);
        self.given += out.len() as u64;
        pushed.map(|()| Step::Taken).map_err(Trouble::Flaw)
    }

    /// The body has ended.
    pub(crate) fn finish(mut self) -> Result<(), CutShort> {
        let unpacked = self.unpacker.as_ref().map_or(Ok(()), Unpacker::end);
        if unpacked.is_err() {
            self.stuck = Some(Flaw::Coded);
        }
        let finished = self.trimmer.finish().map_err(cut);
        match self.mode {
            Mode::Shadow => Ok(()),
            Mode::Enforce | Mode::Off => unpacked.and(finished),
        }
    }

    /// A body that is here as a whole. One that is flawed stays as it was, where all fields stay.
    pub(crate) fn whole(mut self, body: &Bytes) -> Result<Bytes, CutShort> {
        self.put(body.clone());
        let trimmed = self.next()?.unwrap_or_default();
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
        let flaw = self.stuck.or(self.trimmer.flaw());
        let (outcome, taken, given) = match (flaw, self.trimmer.content()) {
            (Some(flaw), _) => (Trimmed::Flawed(flaw), self.taken, self.given),
            (None, Content::Other) => (Trimmed::Left(LeaveReason::Type), 0, 0),
            (None, Content::Json) => (Trimmed::Trimmed, self.taken, self.given),
        };
        self.metrics.trimmed(self.route, outcome, taken, given);
    }
}

/// What a body that cannot be trimmed ends with.
const fn cut(flaw: Flaw) -> CutShort {
    CutShort(match flaw {
        Flaw::Unfinished => Failure::UpstreamTruncated,
        Flaw::Coded | Flaw::LongKey | Flaw::NotJson | Flaw::Part | Flaw::TooDeep => {
            Failure::UpstreamNotJson
        }
    })
}
