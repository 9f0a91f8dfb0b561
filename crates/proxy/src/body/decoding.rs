//! A request body that is decompressed on its way to an origin that expects it plain.
//!
//! **The origin never sees a clean end of a bad body.** Whether a coded body is what it says shows at
//! its end, when most of it has gone on. So its end is handed on when the sum is right and nothing
//! follows; else the request upstream is cut, and the client is told what was wrong.
//!
//! **Bombs.** Each step gives one bounded piece, which is counted before it goes on; the decoders' own
//! memory is bounded by their windows.
//!
//! **Sending again.** What may be kept for a further try is what the upstream was sent, the plain bytes:
//! the replay cap counts those.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use engine::{
    coding::{DecodeError, Excess, Limits, Stack, Tally},
    failure::Failure,
    security::{SecurityAction, SecurityKind},
};
use http_body::{Body, Frame, SizeHint};
use policy::{Coding, Mode};

use super::{CutShort, RequestBody, Upload, tap::Tap, watch::Watch};
use crate::witness::Witness;

/// The most that one step gives, in bytes.
const PIECE: usize = 16 * 1024;

/// How a request's body is decompressed.
#[derive(Debug)]
pub(crate) struct Undoing {
    /// In the order in which they were put on.
    pub(crate) codings: Vec<Coding>,
    pub(crate) limits: Limits,
    /// In shadow mode it goes on as it came, and what would have been refused is told.
    pub(crate) mode: Mode,
    pub(crate) witness: Witness,
}

/// A client's body that passes through decoders.
#[derive(Debug)]
pub(crate) struct DecodingBody {
    source: RequestBody,
    /// How it goes where it is not what the client sends.
    upload: Option<Arc<Upload>>,
    unpacking: Unpacking,
    end: End,
    /// Looks at what passes.
    watch: Option<Box<Watch>>,
    /// Takes a copy of what passes.
    tap: Option<Box<Tap>>,
}

/// The bytes between the two forms of a body.
#[derive(Debug)]
struct Unpacking {
    stack: Result<Stack, DecodeError>,
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

/// How far the body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    /// Nothing is wrong with it; only trailers can follow.
    Known,
    Reached,
}

/// Why a body cannot go on.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    Bomb(Excess),
    Broken(DecodeError),
}

// === impl Undoing ===

impl Undoing {
    /// How long the body is when the head says so: nobody knows what comes out.
    pub(crate) fn length(&self, declared: Option<u64>) -> Option<u64> {
        declared.filter(|_| self.mode != Mode::Enforce)
    }

    /// The body without its codings, and how its upload goes.
    pub(crate) fn undo(
        &self,
        source: RequestBody,
        upload: Option<Arc<Upload>>,
    ) -> (RequestBody, Option<Arc<Upload>>) {
        if !source.is_streamed() {
            return (source, upload);
        }
        // Without memory for it, the body is refused at the first look.
        let Some(stack) = Stack::new(&self.codings).transpose() else {
            return (source, upload);
        };
        let (own, upload) = match self.mode {
            Mode::Enforce => {
                let upload = Some(Arc::new(Upload::decoding(upload)));
                (upload.clone(), upload)
            }
            Mode::Off | Mode::Shadow => (None, upload),
        };
        let body = DecodingBody {
            source,
            upload: own,
            unpacking: Unpacking {
                stack,
                out: vec![0; PIECE].into(),
                rest: Bytes::new(),
                drained: true,
                tally: Tally::default(),
                limits: self.limits,
                mode: self.mode,
                given_up: false,
                witness: self.witness.clone(),
            },
            end: End::Ahead,
            watch: None,
            tap: None,
        };
        (RequestBody::Decoding(Box::new(body)), upload)
    }
}

// === impl DecodingBody ===

impl DecodingBody {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        loop {
            if self.end == End::Reached {
                return Poll::Ready(None);
            }
            match self.unpacking.piece() {
                Ok(None) => {}
                Ok(Some(piece)) => return Poll::Ready(Some(self.hand_on(Frame::data(piece)))),
                Err(failure) => return Poll::Ready(Some(Err(self.fail(failure)))),
            }
            let frame = match Pin::new(&mut self.source).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(frame) => frame,
            };
            match frame.transpose() {
                Err(CutShort(failure)) => return Poll::Ready(Some(Err(self.fail(failure)))),
                Ok(None) => {
                    if let Err(failure) = self.look_at_end() {
                        return Poll::Ready(Some(Err(self.fail(failure))));
                    }
                    self.end = End::Reached;
                    if let Some(upload) = &self.upload {
                        upload.finish();
                    }
                    return Poll::Ready(None);
                }
                Ok(Some(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Some(data) = self.unpacking.put_in(data) {
                            return Poll::Ready(Some(self.hand_on(Frame::data(data))));
                        }
                    }
                    // Trailers are the end of the body, as soon as they are written.
                    Err(trailers) => {
                        let looked = self.look_at_end();
                        if let (Ok(()), Some(upload)) = (looked, &self.upload) {
                            upload.finish();
                        }
                        let frame = looked.map(|()| trailers);
                        return Poll::Ready(Some(frame.map_err(|failure| self.fail(failure))));
                    }
                },
            }
        }
    }

    fn look_at_end(&mut self) -> Result<(), Failure> {
        if self.end == End::Ahead {
            self.unpacking.end()?;
            if let Some(watch) = &mut self.watch {
                watch.end()?;
            }
            self.end = End::Known;
        }
        Ok(())
    }

    fn hand_on(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, CutShort> {
        if let Some(watch) = &mut self.watch
            && let Err(failure) = watch.take(&frame)
        {
            return Err(self.fail(failure));
        }
        if let Some(upload) = &self.upload {
            upload.takes(frame.data_ref().map_or(0, Bytes::len) as u64);
        }
        if let Some(tap) = &mut self.tap {
            tap.take_frame(&frame);
        }
        Ok(frame)
    }

    fn fail(&mut self, failure: Failure) -> CutShort {
        self.end = End::Reached;
        if let Some(upload) = &self.upload {
            upload.fail(failure);
        }
        CutShort(failure)
    }

    /// Lets a shield look at what comes out.
    pub(super) fn watch(&mut self, watch: Watch) {
        match &self.upload {
            Some(_) => self.watch = Some(Box::new(watch)),
            None => self.source.watch(watch),
        }
    }

    /// Copies what comes out.
    pub(super) fn attach(&mut self, mut tap: Box<Tap>) {
        match &self.upload {
            Some(upload) => {
                tap.follow(upload);
                self.tap = Some(tap);
            }
            // It is what goes in.
            None => self.source.attach(tap),
        }
    }

    pub(super) fn is_end_stream(&self) -> bool {
        match self.upload {
            Some(_) => self.end == End::Reached,
            None => self.source.is_end_stream(),
        }
    }

    /// Nobody knows what comes out; in shadow mode it is what comes in.
    pub(super) fn size_hint(&self) -> SizeHint {
        match self.upload {
            Some(_) => SizeHint::default(),
            None => self.source.size_hint(),
        }
    }
}

// === impl Unpacking ===

impl Unpacking {
    /// Takes what has come; in shadow mode it goes on, and is only looked at.
    fn put_in(&mut self, data: Bytes) -> Option<Bytes> {
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
                self.given_up = true;
            }
        }
    }

    /// The next piece of what is here, if there is one.
    fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        if self.drained {
            return Ok(None);
        }
        match self.step() {
            Ok(0) => {
                self.drained = true;
                Ok(None)
            }
            Ok(given) => Ok(Some(Bytes::copy_from_slice(&self.out[..given]))),
            Err(trouble) => Err(self.refuse(trouble)),
        }
    }

    /// Decodes; how many bytes came out.
    fn step(&mut self) -> Result<usize, Trouble> {
        let stack = self
            .stack
            .as_mut()
            .map_err(|error| Trouble::Broken(*error))?;
        let step = stack
            .decode(&self.rest, &mut self.out)
            .map_err(Trouble::Broken)?;
        self.rest.advance(step.taken);
        self.tally
            .count(self.limits, step.taken, step.given)
            .map_err(Trouble::Bomb)?;
        Ok(step.given)
    }

    /// Nothing more comes.
    fn end(&mut self) -> Result<(), Failure> {
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
        }
    }

    fn tell(&self, trouble: Trouble, action: SecurityAction) {
        let (taken, given) = (self.tally.taken(), self.tally.given());
        let (kind, what) = match trouble {
            Trouble::Bomb(excess) => (SecurityKind::BodyBomb, excess.as_str()),
            Trouble::Broken(error) => (SecurityKind::RequestRefused, error.as_str()),
        };
        let evidence = format!("{what}: {given} bytes out of {taken}");
        let policy = Some("compression.requests");
        self.witness.tell(kind, action, policy, &evidence);
    }
}

#[cfg(test)]
mod tests;
