//! A request body that is decompressed on its way to an origin that expects it plain.
//!
//! **The origin never sees a clean end of a bad body.** Whether a coded body is what it says shows at
//! its end, when most of it has gone on. So its end is handed on when the sum is right and nothing
//! follows; else the request upstream is cut, and the client is told what was wrong.
//!
//! **Bombs.** Each step gives one bounded piece, which is counted before it goes on; the decoders' own
//! memory is bounded by their windows, and counts against the memory promise as these fill. A body for
//! which there is no memory is refused.
//!
//! **Sending again.** What may be kept for a further try is what the upstream was sent, the plain bytes:
//! the replay cap counts those.

mod unpacking;

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use engine::{
    coding::{Limits, Stack},
    compression,
    failure::Failure,
};
use http_body::{Body, Frame, SizeHint};
use policy::{Coding, Mode};

use self::unpacking::Unpacking;
use super::{CutShort, RequestBody, Upload, tap::Tap, watch::Watch};
use crate::witness::Witness;

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

/// How far the body has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    /// Nothing is wrong with it; only trailers can follow.
    Known,
    Reached,
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
            unpacking: Unpacking::new(self, stack),
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
                            // Of a body that is known to be over nobody asks for the end.
                            if self.source.is_end_stream()
                                && let Err(failure) = self.look_at_end()
                            {
                                return Poll::Ready(Some(Err(self.fail(failure))));
                            }
                            return Poll::Ready(Some(self.hand_on(Frame::data(data))));
                        }
                    }
                    // Trailers are the end of the body, as soon as they are written.
                    Err(mut trailers) => {
                        let looked = self.look_at_end();
                        if let (Ok(()), Some(upload)) = (looked, &self.upload) {
                            upload.finish();
                            // What they sum up is the coded bytes.
                            if let Some(fields) = trailers.trailers_mut() {
                                compression::fit_trailers(fields);
                            }
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

    pub(super) fn watching(&self) -> Option<&Watch> {
        match &self.upload {
            Some(_) => self.watch.as_deref(),
            None => self.source.watching(),
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

#[cfg(test)]
mod tests;
