//! What the shield wants to know of a body before the request goes on.
//!
//! So much of it is read as may hold a pattern. A body that is here as a whole then is sent as such;
//! of a longer one what was read is sent first, and the rest as it comes. There must be memory to read
//! it in: a body that cannot be looked at is refused, because otherwise whoever uses up the memory
//! could send anything.

use std::sync::Arc;

use engine::{admit::DeclaredBody, failure::Failure};
use hyper::body::Incoming;
use policy::Mode;
use store::FillReservation;

use super::answer::Refusal;
use crate::{
    body::{CutShort, Peeked, RequestBody, Upload, Watch, peek},
    exchange::Exchange,
    shield::Examination,
};

/// A body that may go on.
pub(crate) struct Examined {
    pub(crate) body: RequestBody,
    pub(crate) upload: Option<Arc<Upload>>,
    /// The memory for what was read of it.
    pub(crate) held: Option<FillReservation>,
}

/// Reads as much of a body as has to be looked at first; nothing where nobody wants to look.
pub(crate) async fn examine(
    exchange: &mut Exchange,
    incoming: Incoming,
    declared: DeclaredBody,
) -> Result<Examined, Refusal> {
    let clients = &exchange.snapshot().policies.clients;
    let length = match declared {
        DeclaredBody::Length(length) => Some(length),
        DeclaredBody::Chunked | DeclaredBody::Unsaid => None,
    };
    let (body, upload) = RequestBody::new(incoming, length, clients);
    // What is looked at is what the origin gets.
    let (mut body, upload, length) = match &exchange.decoding {
        Some(undoing) => {
            let (body, upload) = undoing.undo(body, upload);
            (body, upload, undoing.length(length))
        }
        None => (body, upload, length),
    };
    let Some(examination) = exchange.examination.take() else {
        return Ok(Examined::unread(body, upload));
    };
    let (wanted, mode) = wanted(&examination, length);
    // What is looked at is copied into one piece, and what was read waits meanwhile.
    let room = || match wanted {
        0 => None,
        wanted => exchange.sidecar().fills.reserve(wanted),
    };
    let (piece, waiting) = match mode {
        Mode::Enforce => (room(), room()),
        Mode::Off | Mode::Shadow => (room(), None),
    };
    if wanted > 0 && mode == Mode::Enforce && (piece.is_none() || waiting.is_none()) {
        return Err(Failure::NoRoomToLook.into());
    }
    if let Some(watch) = Watch::new(*examination, piece) {
        body.watch(watch);
    }
    let Some(held) = waiting else {
        return Ok(Examined::unread(body, upload));
    };
    let peeked = peek(body, wanted, length).await;
    let moved = upload.as_ref().map_or(0, |upload| upload.received());
    exchange.event().request_bytes = moved;
    match peeked.map_err(|CutShort(failure)| failure)? {
        Peeked::More(body) => Ok(Examined {
            body,
            upload,
            held: Some(held),
        }),
        Peeked::Whole(body) => Ok(Examined {
            body,
            upload: None,
            held: Some(held),
        }),
    }
}

/// How many bytes are looked at together, and what that may lead to.
fn wanted(examination: &Examination, length: Option<u64>) -> (u64, Mode) {
    let teller = &examination.teller;
    let shield = teller.witness.snapshot.shields.get(teller.witness.route);
    let most = shield
        .and_then(Option::as_ref)
        .map_or(0, |shield| shield.looks_at(teller.content_type()) as u64);
    let wanted = length.map_or(most, |length| length.min(most));
    (wanted, teller.mode())
}

// === impl Examined ===

impl Examined {
    const fn unread(body: RequestBody, upload: Option<Arc<Upload>>) -> Self {
        Self {
            body,
            upload,
            held: None,
        }
    }
}
