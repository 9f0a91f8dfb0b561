//! The way of a request whose body is part of the key: the body is read, then the cache is asked.

use http::{Response, request};
use hyper::body::Incoming;

use super::{
    admit, answer,
    examine::{Examined, examine},
    join::{self, Content},
    lookup::{self, Intent, Looked},
    renew::{self, Renewal},
};
use crate::{
    body::{CutShort, Gathered, gather},
    errand::Errand,
    exchange::Exchange,
    recording::RecordedBody,
};
use engine::{
    admit::DeclaredBody,
    failure::Failure,
    outcome::{BypassReason, CacheOutcome},
};

/// What is known of such a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gathering {
    pub(crate) route: usize,
    /// The bytes that may be part of a key.
    pub(crate) most: u64,
}

/// Reads the body and answers.
pub(crate) async fn serve(
    mut exchange: Exchange,
    mut head: request::Parts,
    body: Incoming,
    gathering: Gathering,
) -> Response<RecordedBody> {
    match answered(&mut exchange, &mut head, body, gathering).await {
        Ok(Answer::Origin(delivery)) => answer::from_origin(exchange, delivery),
        Ok(Answer::Store(found)) => answer::from_store(exchange, &head, &found),
        Err(refusal) => answer::refuse(exchange, refusal),
    }
}

enum Answer {
    Origin(super::fetch::Delivery),
    Store(answer::FromStore),
}

async fn answered(
    exchange: &mut Exchange,
    head: &mut request::Parts,
    body: Incoming,
    Gathering { route, most }: Gathering,
) -> Result<Answer, answer::Refusal> {
    // Looked at once before, and found in order.
    let declared = admit::admit(exchange, head, &body)?.declared;
    let Examined {
        body,
        upload,
        held: _held_meanwhile,
    } = examine(exchange, body, declared).await?;
    // Bodies that are being read count against the memory promise, like those on their way in.
    let length = match declared {
        DeclaredBody::Length(length) => Some(length),
        DeclaredBody::Chunked | DeclaredBody::Unsaid => None,
    };
    // What is kept is what comes out of its codings, of which nobody knows how long it is.
    let length = match &exchange.decoding {
        Some(undoing) => undoing.length(length),
        None => length,
    };
    let needed = length.map_or(most, |length| length.min(most));
    let Some(_held) = exchange.sidecar().fills.reserve(needed) else {
        let admitted = admit::again(exchange, head)?;
        exchange.event().cache = CacheOutcome::Bypass(BypassReason::BodyTooLarge);
        let facts = admitted.facts();
        let errand = Errand::new(exchange, route, facts, Intent::bypass(), head);
        let content = Content::Opened(body, upload);
        let delivery = join::join(exchange, Box::new(errand), content).await?;
        return Ok(Answer::Origin(delivery));
    };
    let gathered = gather(body, most)
        .await
        .map_err(|CutShort(failure)| failure)?;
    if let Some(upload) = &upload {
        exchange.event().request_bytes = upload.received();
    }
    let admitted = admit::again(exchange, head)?;
    let content = match gathered {
        Gathered::Whole(content) => content,
        Gathered::TooMuch(body) => {
            exchange.event().cache = CacheOutcome::Bypass(BypassReason::BodyTooLarge);
            let facts = admitted.facts();
            let errand = Errand::new(exchange, route, facts, Intent::bypass(), head);
            let content = Content::Opened(body, upload);
            let delivery = join::join(exchange, Box::new(errand), content).await?;
            return Ok(Answer::Origin(delivery));
        }
    };
    match lookup::lookup(exchange, route, head, &admitted, Some(&content)) {
        Looked::Answer(mut found) => {
            if let Some(intent) = found.renewal.take() {
                let renewal = Renewal {
                    route,
                    facts: admitted.facts(),
                    intent: *intent,
                    head,
                    content: Some(&content),
                };
                renew::begin(exchange, renewal);
            }
            Ok(Answer::Store(found))
        }
        Looked::Ask(intent) => {
            let mut errand = Errand::new(exchange, route, admitted.facts(), intent, head);
            errand.content = Some(content);
            let delivery = join::join(exchange, Box::new(errand), Content::Read).await?;
            Ok(Answer::Origin(delivery))
        }
        Looked::NotCached => Err(Failure::NotCached.into()),
        // The body is here: nothing more can be read.
        Looked::Gather(_) => Err(Failure::Internal.into()),
    }
}
