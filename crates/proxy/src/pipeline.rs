//! The way of a request, step by step. This is the only place that orders the steps.
//!
//! | step | asks | answers |
//! |---|---|---|
//! | admit | well-formed, not a loop, one host, one path? | [`admit::Admitted`] or a [`Failure`] |
//! | route | which rules govern it? | a route or a [`answer::Refusal`] |
//! | guard | is its caller not shut out, and is it a request that the route takes? | [`guard::Permission`] |
//! | limit | may this caller go on, perhaps after a while? | [`limit::Permission`] |
//! | decode | is its body in a coding that the origin is spared? | nothing, or a refusal |
//! | lookup | do we hold it, how fresh? | [`Looked`] |
//! | join | is someone already fetching it? | [`join::Part`] |
//! | protect | has the upstream room for it? before each try, within fetch | [`engine::outcome::ProtectOutcome`] |
//! | fetch | which endpoint, and what does it say? | [`crate::upstream::fetch`] |
//! | keep | may we store it, may others have it? | [`keep::Kept`] |
//! | encode | does this client want it smaller? | [`engine::outcome::EncodeOutcome`] |
//! | answer | headers, 304, or the one table from failure to HTTP | a response |
//! | record | what is told about it | [`crate::recording`] |
//!
//! The steps up to lookup never wait: a request that the cache answers is answered at once, without a
//! future of its own. Only a body that is part of the key is read first, and a caller that may wait for
//! its turn under a limit does so.
//!
//! [`guard::Permission`]: crate::steps::guard::Permission
//! [`keep::Kept`]: crate::steps::keep::Kept

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use engine::{admit::UpgradeIntent, failure::Failure};
use http::{Request, Response, request};
use hyper::{body::Incoming, upgrade::OnUpgrade};

use crate::{
    body::drain,
    connection::ConnectionState,
    errand::Errand,
    exchange::Exchange,
    recording::RecordedBody,
    sidecar::Sidecar,
    steps::{
        admit, answer, decode, dictionary, examine,
        fetch::Delivery,
        gather::{self, Gathering},
        guard,
        join::{self, Content},
        limit,
        lookup::{self, Looked},
        purge,
        renew::{self, Renewal},
        route,
    },
    sticky, tunnel,
};

/// A response that is here, or on its way.
pub(crate) enum Answering {
    Here(Option<Response<RecordedBody>>),
    OnItsWay(Pin<Box<dyn Future<Output = Response<RecordedBody>> + Send>>),
}

/// What the steps that never wait have decided.
enum Course {
    /// Everything is here.
    Answer(answer::FromStore),
    /// It asks for the dictionary of its route.
    Dictionary,
    /// The upstream must be asked.
    Ask(Box<Errand>),
    /// The body is part of the key: it is read first, up to so many bytes.
    Gather(usize, u64),
    /// It was an order, and so many purges were recorded.
    Purged(usize),
    /// It is refused.
    Refuse(answer::Refusal),
    /// It wants to become something else than HTTP.
    Tunnel(Box<Errand>, OnUpgrade),
    /// It may go on when its turn has come.
    Wait(usize, limit::Turn),
}

/// Where the way begins.
#[derive(Clone, Copy, Debug)]
enum Beginning {
    /// With the head of a request that has just come.
    Head,
    /// With this route, whose limits have been asked: the caller's turn has come.
    Turn(usize),
}

/// Carries one request through the steps.
pub(crate) fn serve(
    sidecar: &Arc<Sidecar>,
    connection: &Arc<ConnectionState>,
    request: Request<Incoming>,
) -> Answering {
    let (mut head, body) = request.into_parts();
    let mut exchange = Exchange::begin(sidecar, connection, &head);
    sticky::take(&mut exchange, &mut head);
    let course = set_course(&mut exchange, &mut head, &body, Beginning::Head);
    follow(exchange, head, body, course)
}

/// Does what the steps have decided.
fn follow(
    mut exchange: Exchange,
    head: request::Parts,
    body: Incoming,
    course: Course,
) -> Answering {
    match course {
        Course::Answer(from_store) => {
            drain(body);
            Answering::here(answer::from_store(exchange, &head, &from_store))
        }
        Course::Dictionary => {
            drain(body);
            Answering::here(dictionary::answer(exchange, &head))
        }
        Course::Purged(purges) => {
            drain(body);
            Answering::here(purge::answer(exchange, purges))
        }
        Course::Refuse(refusal) => {
            drain(body);
            Answering::here(answer::refuse(exchange, refusal))
        }
        Course::Ask(errand) => {
            let answered = async move {
                let answered = match exchange.examination {
                    None => join::join(&mut exchange, errand, Content::Unread(body)).await,
                    Some(_) => examined(&mut exchange, errand, body).await,
                };
                match answered {
                    Ok(delivery) => answer::from_origin(exchange, delivery),
                    Err(refusal) => answer::refuse(exchange, refusal),
                }
            };
            Answering::OnItsWay(Box::pin(answered))
        }
        Course::Gather(route, most) => {
            let answered = gather::serve(exchange, head, body, Gathering { route, most });
            Answering::OnItsWay(Box::pin(answered))
        }
        Course::Tunnel(errand, upgrade) => {
            Answering::OnItsWay(Box::pin(tunnel::open(exchange, errand, upgrade)))
        }
        Course::Wait(route, turn) => {
            Answering::OnItsWay(Box::pin(wait(exchange, head, body, route, turn)))
        }
    }
}

/// Asks the upstream once the shield has seen what it wants to see of the body.
async fn examined(
    exchange: &mut Exchange,
    errand: Box<Errand>,
    body: Incoming,
) -> Result<Delivery, answer::Refusal> {
    let seen = examine::examine(exchange, body, errand.facts.declared).await?;
    // Until the answer is here, what was read of it takes its memory.
    let _held = seen.held;
    join::join(exchange, errand, Content::Opened(seen.body, seen.upload)).await
}

/// Goes on when the caller's turn has come.
async fn wait(
    mut exchange: Exchange,
    mut head: request::Parts,
    body: Incoming,
    route: usize,
    turn: limit::Turn,
) -> Response<RecordedBody> {
    let arrival = turn.await;
    let course = match limit::arrive(&mut exchange, &head, arrival) {
        Err(refusal) => Course::Refuse(refusal),
        Ok(()) => set_course(&mut exchange, &mut head, &body, Beginning::Turn(route)),
    };
    match follow(exchange, head, body, course).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Steps 1 to 4.
fn set_course(
    exchange: &mut Exchange,
    head: &mut request::Parts,
    body: &Incoming,
    beginning: Beginning,
) -> Course {
    let upgrade = head.extensions.remove::<OnUpgrade>();
    let admitted = match admit::admit(exchange, head, body) {
        Ok(admitted) => admitted,
        Err(failure) => return Course::Refuse(failure.into()),
    };
    let permitted = match beginning {
        Beginning::Head => permit(exchange, head, &admitted),
        Beginning::Turn(route) => {
            guard::again(exchange, route, &head.headers, admitted.path.as_str())
                .map(|()| route)
                .map_err(Course::Refuse)
        }
    };
    let route = match permitted {
        Ok(route) => route,
        Err(course) => {
            if let (Course::Wait(..), Some(upgrade)) = (&course, upgrade) {
                head.extensions.insert(upgrade);
            }
            return course;
        }
    };
    if dictionary::wanted(exchange, head, &admitted).is_some() {
        return Course::Dictionary;
    }
    if let Err(refusal) = decode::decode(exchange, route, &head.headers, admitted.has_body) {
        return Course::Refuse(refusal);
    }
    if let (UpgradeIntent::WebSocket, Some(upgrade)) = (admitted.upgrade, upgrade) {
        let intent = lookup::Intent::bypass();
        let errand = Errand::new(exchange, route, admitted.facts(), intent, head);
        return Course::Tunnel(Box::new(errand), upgrade);
    }
    match lookup::lookup(exchange, route, head, &admitted, None) {
        Looked::Answer(mut from_store) => {
            if let Some(intent) = from_store.renewal.take() {
                let renewal = Renewal {
                    route,
                    facts: admitted.facts(),
                    intent: *intent,
                    head,
                    content: None,
                };
                renew::begin(exchange, renewal);
            }
            Course::Answer(from_store)
        }
        Looked::Gather(most) => Course::Gather(route, most),
        Looked::Ask(intent) => {
            let errand = Errand::new(exchange, route, admitted.facts(), intent, head);
            Course::Ask(Box::new(errand))
        }
        Looked::NotCached => Course::Refuse(Failure::NotCached.into()),
    }
}

/// The route of a request whose caller may go on at once, or what else becomes of it.
fn permit(
    exchange: &mut Exchange,
    head: &request::Parts,
    admitted: &admit::Admitted<'_>,
) -> Result<usize, Course> {
    match purge::purge(exchange, head, admitted) {
        None => {}
        Some(Ok(purges)) => return Err(Course::Purged(purges)),
        Some(Err(refusal)) => return Err(Course::Refuse(refusal)),
    }
    let route = match dictionary::wanted(exchange, head, admitted) {
        Some(route) => route,
        None => route::route(exchange, head, admitted).map_err(Course::Refuse)?,
    };
    if let guard::Permission::Deny(refusal) = guard::guard(exchange, route, head, admitted) {
        return Err(Course::Refuse(refusal));
    }
    match limit::limit(exchange, route, head, admitted) {
        limit::Permission::Allow => Ok(route),
        limit::Permission::Deny(refusal) => Err(Course::Refuse(refusal)),
        limit::Permission::Wait(turn) => Err(Course::Wait(route, turn)),
    }
}

// === impl Answering ===

impl Answering {
    fn here(response: Response<RecordedBody>) -> Self {
        Self::Here(Some(response))
    }
}

impl Future for Answering {
    type Output = Result<Response<RecordedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Here(response) => match response.take() {
                Some(response) => Poll::Ready(Ok(response)),
                // Polled again after it was ready, which no caller does.
                None => Poll::Pending,
            },
            Self::OnItsWay(answered) => answered.as_mut().poll(cx).map(Ok),
        }
    }
}
