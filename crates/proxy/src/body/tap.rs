//! What a client uploads, copied while it passes, for a copy of its request.
//!
//! The copy is sent when the original's body has ended cleanly, and not before: half a body must
//! never be taken for a whole one. A body that proves too large takes nothing with it but the copy.

use std::{fmt::Debug, sync::Arc};

use bytes::{Bytes, BytesMut};
use engine::mirror::CopyOutcome;
use http_body::Frame;

use super::Upload;

/// Who waits for the copy of a body.
pub(crate) trait Awaiting: Debug + Send + Sync {
    /// Here is all of it.
    fn complete(self: Box<Self>, content: Bytes);

    /// It will not come.
    fn give_up(self: Box<Self>, why: CopyOutcome);
}

/// Collects a body; what becomes of the copy is decided when it is dropped, together with the body.
#[derive(Debug)]
pub(super) struct Tap {
    /// How the body goes, once that is known.
    upload: Option<Arc<Upload>>,
    copy: Option<Box<dyn Awaiting>>,
    content: BytesMut,
    limit: u64,
}

// === impl Tap ===

impl Tap {
    /// Copies at most `limit` bytes.
    pub(super) fn new(copy: Box<dyn Awaiting>, limit: u64) -> Self {
        Self {
            upload: None,
            copy: Some(copy),
            content: BytesMut::new(),
            limit,
        }
    }

    /// The rest of the body ends as `upload` does.
    pub(super) fn follow(&mut self, upload: &Arc<Upload>) {
        self.upload = Some(Arc::clone(upload));
    }

    /// Takes a copy of data that is handed on.
    pub(super) fn take(&mut self, data: &[u8]) {
        if self.copy.is_none() {
            return;
        }
        if (self.content.len() + data.len()) as u64 > self.limit {
            self.content = BytesMut::new();
            if let Some(copy) = self.copy.take() {
                copy.give_up(CopyOutcome::SkippedBody);
            }
            return;
        }
        self.content.extend_from_slice(data);
    }

    /// Takes a copy of a frame that is handed on.
    pub(super) fn take_frame(&mut self, frame: &Frame<Bytes>) {
        if let Some(data) = frame.data_ref() {
            self.take(data);
        }
    }

    /// That was all of it.
    pub(super) fn complete(mut self) {
        if let Some(copy) = self.copy.take() {
            copy.complete(std::mem::take(&mut self.content).freeze());
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        let Some(copy) = self.copy.take() else {
            return;
        };
        match &self.upload {
            Some(upload) if upload.is_finished() => {
                copy.complete(std::mem::take(&mut self.content).freeze());
            }
            Some(_) | None => copy.give_up(CopyOutcome::SkippedUnfinished),
        }
    }
}

#[cfg(test)]
mod tests {
    use parking_lot::Mutex;

    use super::*;

    type End = Result<Bytes, CopyOutcome>;

    #[derive(Debug)]
    struct Waiting(Arc<Mutex<Vec<End>>>);

    impl Awaiting for Waiting {
        fn complete(self: Box<Self>, content: Bytes) {
            self.0.lock().push(Ok(content));
        }

        fn give_up(self: Box<Self>, why: CopyOutcome) {
            self.0.lock().push(Err(why));
        }
    }

    /// What becomes of the copy of a body with these pieces, of which at most 5 bytes are copied.
    fn tapped(pieces: &[&'static str], end: impl FnOnce(&Upload)) -> Vec<End> {
        let (upload, ends) = (Arc::new(Upload::default()), Arc::default());
        let mut tap = Tap::new(Box::new(Waiting(Arc::clone(&ends))), 5);
        tap.follow(&upload);
        for piece in pieces {
            tap.take(piece.as_bytes());
        }
        end(&upload);
        drop(tap);
        std::mem::take(&mut *ends.lock())
    }

    #[test]
    fn a_body_that_ended_cleanly_is_here_as_a_whole() {
        let whole = Ok(Bytes::from_static(b"12345"));
        assert_eq!(tapped(&["12", "345"], Upload::finish), [whole]);
        assert_eq!(tapped(&[], Upload::finish), [Ok(Bytes::new())]);
    }

    #[test]
    fn a_body_that_ends_early_is_given_up() {
        let unfinished = [Err(CopyOutcome::SkippedUnfinished)];
        assert_eq!(tapped(&["12345"], |_| {}), unfinished);
    }

    #[test]
    fn a_body_that_is_too_large_is_given_up_once() {
        let too_large = [Err(CopyOutcome::SkippedBody)];
        assert_eq!(tapped(&["1234", "56", "7"], Upload::finish), too_large);
    }
}
