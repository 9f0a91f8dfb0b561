//! A WebSocket handshake and the tunnel after it.
//!
//! Bytes flow freely only after the upstream's 101 (TRAPS 4); until then it is a request like any
//! other, with its route, its limits and its record. An upstream that declines answers like any
//! other, too.

use std::sync::Arc;

use engine::{failure::Failure, forwarding};
use http::{
    Request, Response, StatusCode,
    header::{HOST, SET_COOKIE},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::{
    batch::Whose,
    body::{RequestBody, ResponseBody, UpstreamBody},
    clock,
    errand::Errand,
    exchange::Exchange,
    patience::Patience,
    recording::RecordedBody,
    steps::{
        answer,
        fetch::{Delivery, Origin},
        keep::Kept,
    },
    upstream::{self, EndpointState, Fetched, InFlight, Lease},
};

/// Carries a handshake to the upstream and, when it agrees, connects the two sides.
pub(crate) async fn open(
    mut exchange: Exchange,
    errand: Box<Errand>,
    client: OnUpgrade,
) -> Response<RecordedBody> {
    let sent_at = clock::monotonic();
    let connected = connect(&errand).await;
    let upstream_index = u16::try_from(errand.route().upstream).ok();
    exchange.event().upstream = upstream_index;
    let (mut response, lease, endpoint) = match connected {
        Ok(connected) => connected,
        Err(failure) => return answer::refuse(exchange, failure.into()),
    };
    let time = clock::monotonic().saturating_sub(sent_at);
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

/// Sends the handshake on a connection of its own, trying each endpoint until one connects.
async fn connect(
    errand: &Errand,
) -> Result<(Response<hyper::body::Incoming>, Lease, Arc<EndpointState>), Failure> {
    let upstream = errand.upstream();
    let timeouts = upstream.policy.timeouts;
    let mut tried = Vec::new();
    let mut failure = Failure::ConnectFailed;
    while let Some(endpoint) = upstream.pick(errand, &tried) {
        let in_flight = InFlight::begin(&endpoint);
        let dialer = upstream.dialer(&endpoint, errand.line(), None);
        let mut sender = match upstream::connect_http1(dialer).await {
            Ok(sender) => sender,
            Err(failed) => {
                failure = failed;
                tried.push(endpoint.id);
                continue;
            }
        };
        let request = handshake(errand, &endpoint)?;
        let sent = sender.requests.send_request(request);
        let response = match tokio::time::timeout(timeouts.first_byte, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                tracing::debug!(endpoint = %endpoint.authority, %error, "no handshake");
                return Err(upstream::classify(&error, None));
            }
            Err(_elapsed) => return Err(Failure::FirstByteTimedOut),
        };
        let lease = Lease::single_use(sender, in_flight);
        return Ok((response, lease, endpoint));
    }
    Err(failure)
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
    exchange: Exchange,
    client: OnUpgrade,
    mut response: Response<hyper::body::Incoming>,
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
        drop((lease, in_flight, counted));
    });
    let (mut head, _) = response.into_parts();
    forwarding::prepare_switching(&mut head.headers);
    let response = Response::from_parts(head, ResponseBody::Empty);
    exchange.finish(response)
}
