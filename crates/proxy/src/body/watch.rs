//! What a shield looks at in a body while it passes.
//!
//! The same eyes for bodies that are held back until they were looked at and for those that are not:
//! who holds one back asks for its pieces before it sends them, and gets the failure instead.
//!
//! A body in a coding that nobody takes off is opaque, but only if it is in one: see
//! [`engine::shield::Claim`].

use bytes::{Bytes, BytesMut};
use engine::{
    failure::{Failure, ShieldRefusal},
    shield::{BodyKind, Claim, Guise, JsonDepth, Nesting, Shielded, TELLING},
};
use http_body::Frame;
use policy::Mode;
use store::FillReservation;

use crate::shield::{Examination, Teller};

/// Looks at one body.
#[derive(Debug)]
pub(crate) struct Watch {
    teller: Teller,
    most: Option<u64>,
    /// Whether it is in the coding that it says.
    doubt: Option<Doubt>,
    depth: Option<JsonDepth>,
    beginning: Option<Beginning>,
    received: u64,
    end: End,
}

/// The first bytes of a body, collected to be looked at together.
#[derive(Debug)]
struct Beginning {
    bytes: BytesMut,
    most: usize,
    /// Counts against the memory promise.
    _held: FillReservation,
}

/// A body that says it is in a coding, as far as that has not shown.
#[derive(Debug)]
struct Doubt {
    claim: Claim,
    seen: Vec<u8>,
}

/// Whether the body was seen to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Seen,
    Unseen,
}

// === impl Watch ===

impl Watch {
    /// Looks for what an examination still wants to know; `held` is room for the bytes that are
    /// looked at together, without which none are.
    pub(crate) fn new(examination: Examination, held: Option<FillReservation>) -> Option<Self> {
        let Examination {
            teller,
            kind,
            claim,
        } = examination;
        let snapshot = &teller.witness.snapshot;
        let shield = snapshot.shields.get(teller.witness.route)?.as_ref()?;
        let beginning = held.map(|held| Beginning {
            bytes: BytesMut::new(),
            most: shield.looks_at(teller.content_type()),
            _held: held,
        });
        Some(Self {
            most: shield.max_body,
            doubt: claim.map(|claim| Doubt {
                claim,
                seen: Vec::new(),
            }),
            depth: match kind {
                BodyKind::Json => shield.max_json_depth.map(JsonDepth::new),
                BodyKind::Other => None,
                BodyKind::Unsaid => shield.max_json_depth.map(JsonDepth::unsaid),
            },
            beginning,
            received: 0,
            end: End::Unseen,
            teller,
        })
    }

    /// Whether what comes next is looked at together with what came before.
    pub(crate) const fn is_collecting(&self) -> bool {
        self.beginning.is_some()
    }

    /// Looks at the next piece.
    ///
    /// # Errors
    /// When the body must not go on.
    pub(crate) fn take(&mut self, frame: &Frame<Bytes>) -> Result<(), Failure> {
        let Some(data) = frame.data_ref() else {
            return Ok(());
        };
        self.received += data.len() as u64;
        if self.most.is_some_and(|most| self.received > most) {
            self.most = None;
            self.refused(ShieldRefusal::BodyTooLong, "more than was taken")?;
        }
        match self.doubt.take() {
            None => self.follow(data)?,
            Some(doubt) => self.hold_against(doubt, data)?,
        }
        let Some(beginning) = &mut self.beginning else {
            return Ok(());
        };
        let room = beginning.most - beginning.bytes.len();
        beginning
            .bytes
            .extend_from_slice(&data[..room.min(data.len())]);
        match beginning.bytes.len() < beginning.most {
            true => Ok(()),
            false => self.look(),
        }
    }

    /// The body has ended.
    ///
    /// # Errors
    /// When its request must not go on.
    pub(crate) fn end(&mut self) -> Result<(), Failure> {
        self.end = End::Seen;
        if let Some(Doubt { claim, seen }) = self.doubt.take() {
            self.settle(claim.judge_whole(&seen), &seen)?;
        }
        self.look()
    }

    /// What it says is held against how it begins.
    fn hold_against(&mut self, mut doubt: Doubt, data: &[u8]) -> Result<(), Failure> {
        let before = doubt.seen.len();
        let more = &data[..data.len().min(TELLING - before)];
        doubt.seen.extend_from_slice(more);
        match doubt.claim.judge(&doubt.seen) {
            Guise::Unknown => {
                self.doubt = Some(doubt);
                Ok(())
            }
            guise => {
                self.settle(guise, &doubt.seen[..before])?;
                self.follow(data)
            }
        }
    }

    /// It is known what it is; so much has not been followed yet.
    fn settle(&mut self, guise: Guise, unfollowed: &[u8]) -> Result<(), Failure> {
        match guise {
            Guise::Coded => {
                self.depth = None;
                self.beginning = None;
                Ok(())
            }
            Guise::Plain | Guise::Unknown => self.follow(unfollowed),
        }
    }

    /// Follows the brackets of what may be JSON.
    fn follow(&mut self, data: &[u8]) -> Result<(), Failure> {
        if let Some(depth) = &mut self.depth
            && depth.take(data) == Nesting::TooDeep
        {
            self.depth = None;
            self.refused(ShieldRefusal::JsonTooDeep, "nested too deeply")?;
        }
        Ok(())
    }

    /// Looks at what has been collected.
    fn look(&mut self) -> Result<(), Failure> {
        let Some(beginning) = self.beginning.take() else {
            return Ok(());
        };
        self.teller.look_at_body(&beginning.bytes)
    }

    fn refused(&mut self, why: ShieldRefusal, evidence: &str) -> Result<(), Failure> {
        let evidence = evidence.to_owned();
        self.teller.refused(&Shielded { why, evidence })
    }
}

impl Drop for Watch {
    /// A body whose end nobody waits for, because its length was known, has ended all the same.
    fn drop(&mut self) {
        if self.teller.mode() == Mode::Shadow {
            // In shadow mode there is nobody to tell of a failure.
            let _nobody_is_told = self.look();
        }
        if self.end == End::Seen {
            self.teller.allowed();
        }
    }
}
