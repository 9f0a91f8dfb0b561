//! The bytes between the two forms of a body.

use bytes::{Buf, Bytes};
use engine::{
    coding::{DecodeError, Excess, Limits, Stack, Tally},
    failure::Failure,
    security::{SecurityAction, SecurityKind},
};
use policy::Mode;
use store::FillReservation;

use super::Undoing;
use crate::witness::Witness;

/// The most that one step gives, in bytes.
const PIECE: usize = 16 * 1024;

/// Decodes what comes, and counts it.
#[derive(Debug)]
pub(super) struct Unpacking {
    stack: Result<Stack, DecodeError>,
    /// What the decoders hold.
    held: Option<FillReservation>,
    out: Box<[u8]>,
    rest: Bytes,
    /// Whether the decoders have nothing more to give without more input.
    drained: bool,
    tally: Tally,
    limits: Limits,
    mode: Mode,
    /// Nothing is unpacked any more that only shadow mode wanted to know about.
    given_up: bool,
    witness: Witness,
}

/// Why a body cannot go on.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Bomb(Excess),
    Broken(DecodeError),
    NoRoom,
}

// === impl Unpacking ===

impl Unpacking {
    /// For a body that has not begun, and that `stack` decodes.
    pub(super) fn new(undoing: &Undoing, stack: Result<Stack, DecodeError>) -> Self {
        Self {
            stack,
            held: undoing.witness.sidecar.fills.reserve(0),
            out: vec![0; PIECE].into(),
            rest: Bytes::new(),
            drained: true,
            tally: Tally::default(),
            limits: undoing.limits,
            mode: undoing.mode,
            given_up: false,
            witness: undoing.witness.clone(),
        }
    }

    /// Takes what has come; in shadow mode it goes on, and is only looked at.
    pub(super) fn put_in(&mut self, data: Bytes) -> Option<Bytes> {
        self.rest = data;
        self.drained = false;
        if self.mode == Mode::Enforce {
            return None;
        }
        let on = self.rest.clone();
        while !self.given_up && !self.drained {
            self.look();
        }
        self.rest = Bytes::new();
        self.drained = true;
        Some(on)
    }

    /// A step whose outcome nobody gets.
    fn look(&mut self) {
        match self.step() {
            Ok(0) => self.drained = true,
            Ok(_) => {}
            Err(trouble) => {
                self.tell(trouble, SecurityAction::Shadowed);
                self.let_go(trouble);
                self.given_up = true;
            }
        }
    }

    /// The next piece of what is here, if there is one.
    pub(super) fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.drained {
            return Ok(None);
        }
        match self.step() {
            Ok(0) => {
                self.drained = true;
                Ok(None)
            }
            Ok(given) => Ok(Some(Bytes::copy_from_slice(&self.out[..given]))),
            Err(trouble) => {
                self.let_go(trouble);
                Err(self.refuse(trouble))
            }
        }
    }

    /// Needs its memory no longer: nothing more is decoded.
    fn let_go(&mut self, trouble: Trouble) {
        self.stack = Err(match trouble {
            Trouble::Broken(error) => error,
            Trouble::Bomb(_) | Trouble::NoRoom => DecodeError::Invalid,
        });
        self.held = None;
    }

    /// Decodes; how many bytes came out.
    fn step(&mut self) -> Result<usize, Trouble> {
        let stack = self
            .stack
            .as_mut()
            .map_err(|error| Trouble::Broken(*error))?;
        hold(&mut self.held, stack)?;
        let step = stack
            .decode(&self.rest, &mut self.out)
            .map_err(Trouble::Broken)?;
        hold(&mut self.held, stack)?;
        self.rest.advance(step.taken);
        self.tally
            .count(self.limits, step.taken, step.given)
            .map_err(Trouble::Bomb)?;
        Ok(step.given)
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        let end = match &self.stack {
            Ok(stack) => stack.end().map_err(Trouble::Broken),
            Err(error) => Err(Trouble::Broken(*error)),
        };
        match (end, self.mode) {
            (Ok(()), mode) => {
                if mode == Mode::Enforce {
                    let witness = &self.witness;
                    let metrics = &witness.snapshot.metrics;
                    metrics.request_decoded(witness.route, self.tally.taken(), self.tally.given());
                }
                Ok(())
            }
            (Err(trouble), Mode::Enforce) => Err(self.refuse(trouble)),
            (Err(trouble), Mode::Off | Mode::Shadow) => {
                if !self.given_up {
                    self.tell(trouble, SecurityAction::Shadowed);
                }
                Ok(())
            }
        }
    }

    fn refuse(&self, trouble: Trouble) -> Failure {
        self.tell(trouble, SecurityAction::Blocked);
        match trouble {
            Trouble::Bomb(_) => Failure::DecodedTooLarge,
            Trouble::Broken(_) => Failure::Undecodable,
            Trouble::NoRoom => Failure::NoRoomToDecode,
        }
    }

    fn tell(&self, trouble: Trouble, action: SecurityAction) {
        let (taken, given) = (self.tally.taken(), self.tally.given());
        let (kind, what) = match trouble {
            Trouble::Bomb(excess) => (SecurityKind::BodyBomb, excess.as_str()),
            Trouble::Broken(error) => (SecurityKind::RequestRefused, error.as_str()),
            // It is nothing that the client did.
            Trouble::NoRoom => return,
        };
        let evidence = format!("{what}: {given} bytes out of {taken}");
        let policy = Some("compression.requests");
        self.witness.tell(kind, action, policy, &evidence);
    }
}

/// Counts what the decoders hold.
fn hold(held: &mut Option<FillReservation>, stack: &Stack) -> Result<(), Trouble> {
    match held
        .as_mut()
        .is_some_and(|held| held.grow_to(stack.memory()))
    {
        true => Ok(()),
        false => Err(Trouble::NoRoom),
    }
}
