//! A WebSocket handshake and the tunnel after it.
//!
//! Bytes flow freely only after the upstream's 101 (TRAPS 4); until then it is a request like any
//! other, with its route, its limits and its record. An upstream that declines answers like any
//! other, too.

use std::sync::Arc;

use engine::{attempt::AttemptEnd, failure::Failure, forwarding, rate_limit::retry_after};
use http::{
    Request, Response, StatusCode,
    header::{HOST, RETRY_AFTER, SET_COOKIE},
};
use hyper::{body::Incoming, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::{
    batch::Whose,
    body::{RequestBody, ResponseBody, UpstreamBody},
    clock,
    errand::Errand,
    exchange::Exchange,
    patience::Patience,
    recording::RecordedBody,
    steps::{
        answer::{self, Refusal},
        fetch::{Delivery, Origin},
        keep::{Audience, Kept},
        limit::{self, Reaching},
    },
    upstream::{
        self, BreakerCell, Due, EndpointState, FetchError, Fetched, Http1Sender, InFlight, Lease,
        Passing, WatchedTry,
    },
};

/// An answer to a handshake, the connection it came on, and whose it is.
type Opened = (Response<Incoming>, Lease, Arc<EndpointState>);

/// Carries a handshake to the upstream and, when it agrees, connects the two sides.
pub(crate) async fn open(
    mut exchange: Exchange,
    mut errand: Box<Errand>,
    client: OnUpgrade,
) -> Response<RecordedBody> {
    match limit::reach(&mut exchange, &mut errand) {
        Reaching::Denied(refusal) => return answer::refuse(exchange, refusal),
        Reaching::Go => {}
        Reaching::Wait(delay) => {
            if let Err(refusal) = limit::sit_out(&mut exchange, &errand, delay).await {
                return answer::refuse(exchange, refusal);
            }
        }
    }
    let sent_at = clock::monotonic();
    if let Some(charges) = &mut errand.charges {
        charges.begin(sent_at);
    }
    let connected = connect(&errand).await;
    let upstream_index = u16::try_from(errand.route().upstream).ok();
    exchange.event().upstream = upstream_index;
    let (mut response, lease, endpoint) = match connected {
        Ok(connected) => connected,
        Err(error) => {
            let mut refusal = Refusal::from(error.failure);
            let wait = error.retry_after.map(retry_after);
            refusal.fields.extend(wait.map(|wait| (RETRY_AFTER, wait)));
            return answer::refuse(exchange, refusal);
        }
    };
    let time = clock::monotonic().saturating_sub(sent_at);
    if let Some(charges) = &mut errand.charges {
        charges.spent(time);
        charges.settle(response.headers());
    }
    if let Some(cookie) = errand.upstream().binding(&errand, &endpoint) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let event = exchange.event();
        event.endpoint = Some(endpoint.slot);
        event.upstream_status = Some(101);
        event.upstream_time = Some(time);
        event.upstream_tries = 1;
        return switch(exchange, client, response, lease);
    }
    let (head, incoming) = response.into_parts();
    let timeouts = errand.upstream().policy.timeouts;
    let origin = Some(Origin {
        upstream: endpoint.upstream,
        endpoint: endpoint.slot,
        status: head.status,
        time,
        whose: Whose::Own,
        tries: 1,
    });
    let body = UpstreamBody::new(incoming, lease, Patience::new(timeouts.idle), None);
    let fetched = Fetched {
        head,
        body,
        endpoint,
    };
    let delivery = Delivery::new(errand, Kept::Direct(Box::new(fetched)), origin);
    answer::from_origin(exchange, delivery)
}

/// Asks the breakers, and tells them how the handshake went: a tunnel is let through, and says how its
/// endpoint does, as any other request.
async fn connect(errand: &Errand) -> Result<Opened, FetchError> {
    let passings = passings(errand)?;
    let opened = try_each(errand).await;
    let end = match &opened {
        Ok((response, ..)) => ended(response),
        Err(error) => AttemptEnd::Failed(error.failure),
    };
    for passing in passings.into_iter().flatten() {
        passing.ended(end.symptom());
    }
    opened
}

/// What the breakers of the route and of the upstream say.
fn passings(errand: &Errand) -> Result<[Option<Passing<'_>>; 2], FetchError> {
    Ok([
        pass(errand.route_breaker())?,
        pass(errand.upstream().breaker.as_ref())?,
    ])
}

fn pass(cell: Option<&BreakerCell>) -> Result<Option<Passing<'_>>, FetchError> {
    let passing = cell.map(BreakerCell::ask).transpose();
    passing.map_err(|stopped| FetchError {
        retry_after: Some(stopped.retry_after),
        ..FetchError::nowhere(Failure::BreakerOpen)
    })
}

/// Sends the handshake on a connection of its own, trying one endpoint after the other until one
/// connects; none is begun with after the time in which an answer has to come.
async fn try_each(errand: &Errand) -> Result<Opened, FetchError> {
    let upstream = errand.upstream();
    let due = Due::of(errand, Audience::One);
    let latest = Instant::now() + upstream.policy.timeouts.first_byte;
    let (mut tried, mut failed) = (Vec::new(), None);
    while Instant::now() < latest {
        let (endpoint, passage) = match upstream::pick(upstream, errand, tried.clone()) {
            Ok(picked) => picked,
            Err(nobody_left) => return Err(failed.unwrap_or(nobody_left)),
        };
        let watched = WatchedTry::begin(upstream, &endpoint, passage);
        let in_flight = InFlight::begin(&endpoint);
        let dialer = upstream.dialer(&endpoint, errand.line(), due.map(|due| due.at));
        let failure = match upstream::connect_http1(dialer).await {
            Ok(sender) => {
                let answered = greet(errand, &endpoint, sender, in_flight, due).await;
                watched.ended(match &answered {
                    Ok((response, _)) => ended(response),
                    Err(failure) => AttemptEnd::Failed(*failure),
                });
                return answered
                    .map(|(response, lease)| (response, lease, endpoint))
                    .map_err(FetchError::nowhere);
            }
            Err(failure) => failure,
        };
        watched.ended(AttemptEnd::Failed(failure));
        if failure == Failure::TotalTimedOut {
            return Err(FetchError::nowhere(failure));
        }
        failed = Some(FetchError::nowhere(failure));
        tried.push(endpoint.id);
    }
    Err(failed.unwrap_or(FetchError::nowhere(Failure::ConnectTimedOut)))
}

/// Sends the handshake to one endpoint, and waits for the head of its answer.
async fn greet(
    errand: &Errand,
    endpoint: &EndpointState,
    mut sender: Http1Sender,
    in_flight: InFlight,
    due: Option<Due>,
) -> Result<(Response<Incoming>, Lease), Failure> {
    let request = handshake(errand, endpoint)?;
    let first_byte = errand.upstream().policy.timeouts.first_byte;
    let (limit, late) = match due.map(Due::left) {
        Some(left) if left < first_byte => (left, Failure::TotalTimedOut),
        _ => (first_byte, Failure::FirstByteTimedOut),
    };
    match tokio::time::timeout(limit, sender.requests.send_request(request)).await {
        Ok(Ok(response)) => Ok((response, Lease::single_use(sender, in_flight))),
        Ok(Err(error)) => {
            tracing::debug!(endpoint = %endpoint.authority, %error, "no handshake");
            Err(upstream::classify(&error, None))
        }
        Err(_elapsed) => Err(late),
    }
}

fn ended(response: &Response<Incoming>) -> AttemptEnd {
    AttemptEnd::answered(response.status(), response.headers(), clock::now().wall)
}

fn handshake(errand: &Errand, endpoint: &EndpointState) -> Result<Request<RequestBody>, Failure> {
    let (order, _) = errand.order();
    let host = errand.upstream().host(endpoint, order.host);
    let mut request = Request::new(RequestBody::Empty);
    *request.method_mut() = order.method;
    *request.uri_mut() = order.target.into_uri()?;
    *request.headers_mut() = order.headers;
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

/// Answers the client's handshake and lets the bytes flow once both sides have switched.
fn switch(
    mut exchange: Exchange,
    client: OnUpgrade,
    mut response: Response<Incoming>,
    lease: Lease,
) -> Response<RecordedBody> {
    let upstream = hyper::upgrade::on(&mut response);
    let connection = Arc::clone(&exchange.recording.connection);
    let in_flight = exchange.sidecar().health.enter();
    let limit = exchange.snapshot().policies.clients.max_connections;
    // The connection that asked for it is still counted, so this is refused only in a race.
    let Some(counted) = exchange.sidecar().admit_connection(limit.saturating_add(1)) else {
        return answer::refuse(exchange, Failure::Internal.into());
    };
    // The tunnel is what its caller has in flight from now on.
    let places = std::mem::take(&mut exchange.recording.places);
    tokio::spawn(async move {
        let (client, upstream) = match tokio::try_join!(client, upstream) {
            Ok(sides) => sides,
            Err(error) => {
                tracing::debug!(%error, "a tunnel did not open");
                return;
            }
        };
        connection.upgraded();
        let (mut client, mut upstream) = (TokioIo::new(client), TokioIo::new(upstream));
        if let Err(error) = tokio::io::copy_bidirectional(&mut client, &mut upstream).await {
            tracing::debug!(%error, "a tunnel ended with an error");
        }
        drop((lease, in_flight, counted, places));
    });
    let (mut head, _) = response.into_parts();
    forwarding::prepare_switching(&mut head.headers);
    let response = Response::from_parts(head, ResponseBody::Empty);
    exchange.finish(response)
}
