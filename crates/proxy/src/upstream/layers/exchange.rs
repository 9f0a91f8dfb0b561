//! One try: picks an endpoint, takes a connection, sends, and waits for the head.
//!
//! **What a kept connection does to a request.** It may have been closed by the other side without
//! our knowing. A request that it gave back unsent is sent on a new connection. One that it
//! swallowed (the endpoint closed it at that very moment) is sent once more on a new connection,
//! but only if it is idempotent and has no body (RFC 9110, section 9.2.2). Neither counts as a
//! retry: the endpoint did not fail, our knowledge of it did (TRAPS 23).

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use engine::{
    attempt::{Attempt, AttemptEnd},
    breaker::Passage,
    failure::Failure,
};
use http::{
    HeaderValue, Request, StatusCode,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use tower::Service;

use crate::{
    body::{RequestBody, Spare, Upload, UpstreamBody},
    clock,
    patience::Patience,
    upstream::{
        Call, CallFuture, EndpointState, FetchError, Fetched, InFlight, Lease, Order,
        UpstreamState,
        call::Asked,
        checkout::{Reused, Wanted, acquire},
        layers::deadline::Limits,
        lease::Next,
        picking::pick_anyone,
        sender::Sender,
    },
};

/// The innermost layer.
#[derive(Clone, Copy, Debug)]
pub(in crate::upstream) struct Exchange<'a> {
    pub(in crate::upstream) upstream: &'a UpstreamState,
}

/// What to do after a request did not get a response.
enum Setback {
    /// It may be sent again on a new connection: a kept one gave it back, or swallowed it.
    Again(Box<Order>),
    /// It may not.
    Final(Failure),
    /// It was provably not processed: whether it is sent again is for others to say.
    Unsent(Failure, Box<Order>),
}

/// A try as those see it who watch over the endpoint; one that is dropped was abandoned.
#[derive(Debug)]
pub(crate) struct WatchedTry<'a> {
    upstream: &'a UpstreamState,
    endpoint: &'a EndpointState,
    passage: Option<Passage>,
    began: Duration,
    upload: Option<Arc<Upload>>,
    end: AttemptEnd,
}

/// One try at one endpoint.
struct Try<'a> {
    upstream: &'a UpstreamState,
    endpoint: &'a Arc<EndpointState>,
    limits: Limits,
}

// === impl Exchange ===

impl<'a> Service<Call<'a>> for Exchange<'a> {
    type Response = Fetched;
    type Error = FetchError;
    type Future = CallFuture<'a>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), FetchError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call<'a>) -> CallFuture<'a> {
        let upstream = self.upstream;
        Box::pin(async move {
            let Call {
                order,
                asked,
                tried,
            } = call;
            let (endpoint, passage) = pick_anyone(upstream, asked.errand, tried)?;
            asked.story.tries_at(endpoint.id);
            let watched = WatchedTry::begin(upstream, &endpoint, passage);
            let watched = watched.uploading(order.upload.clone());
            let attempt = Try {
                upstream,
                endpoint: &endpoint,
                limits: Limits::of_try(upstream, asked.due),
            };
            let fetched = attempt.exchange(order, asked).await;
            watched.ended(match &fetched {
                Ok(fetched) => {
                    let head = &fetched.head;
                    AttemptEnd::answered(head.status, &head.headers, clock::now().wall)
                }
                Err((failure, _)) => asked.failed(*failure),
            });
            fetched.map_err(|(failure, unsent)| FetchError {
                endpoint: Some(Arc::clone(&endpoint)),
                unsent,
                ..FetchError::nowhere(failure)
            })
        })
    }
}

// === impl WatchedTry ===

impl<'a> WatchedTry<'a> {
    /// One that begins now, and that the endpoint's breaker let through.
    pub(crate) fn begin(
        upstream: &'a UpstreamState,
        endpoint: &'a EndpointState,
        passage: Option<Passage>,
    ) -> Self {
        Self {
            upstream,
            endpoint,
            passage,
            began: clock::monotonic(),
            upload: None,
            end: AttemptEnd::Abandoned,
        }
    }

    /// Its client sends a body, which goes like this.
    fn uploading(mut self, upload: Option<Arc<Upload>>) -> Self {
        self.upload = upload;
        self
    }

    /// It ended like this.
    pub(crate) fn ended(mut self, end: AttemptEnd) {
        self.end = end;
    }
}

impl Drop for WatchedTry<'_> {
    fn drop(&mut self) {
        if let (Some(breaker), Some(passage)) = (&self.endpoint.breaker, self.passage.take()) {
            breaker.resumed(passage).ended(self.end.symptom());
        }
        let uploaded = self.upload.as_deref().and_then(Upload::moved_at);
        let took = clock::monotonic().saturating_sub(waited_since(self.began, uploaded));
        let attempt = Attempt {
            end: self.end,
            took,
        };
        self.upstream.attempted(self.endpoint, &attempt);
    }
}

/// Since when the endpoint is waited for: a client that takes its time to send says nothing about it.
fn waited_since(began: Duration, uploaded: Option<Duration>) -> Duration {
    uploaded.map_or(began, |uploaded| uploaded.max(began))
}

// === impl Try ===

impl Try<'_> {
    /// Sends `order`; with a failure comes the order, when nothing of it was sent.
    async fn exchange(
        &self,
        mut order: Order,
        asked: Asked<'_>,
    ) -> Result<Fetched, (Failure, Option<Box<Order>>)> {
        let line = asked.errand.line();
        let (deadline, late) = self.limits.soonest();
        let dialer = self.upstream.dialer(self.endpoint, line, deadline);
        let mut wanted = Wanted::Any;
        loop {
            let in_flight = InFlight::begin(self.endpoint);
            let (sender, reused) = match acquire(&dialer, wanted).await {
                Ok(connection) => connection,
                Err(Failure::TotalTimedOut) => return Err((late, Some(Box::new(order)))),
                Err(failure) => return Err((failure, Some(Box::new(order)))),
            };
            match self.send(order, asked, sender, reused, in_flight).await {
                Ok(fetched) => return Ok(fetched),
                Err(Setback::Again(again)) => order = *again,
                Err(Setback::Final(failure)) => return Err((failure, None)),
                Err(Setback::Unsent(failure, order)) => return Err((failure, Some(order))),
            }
            wanted = Wanted::New;
        }
    }

    async fn send(
        &self,
        order: Order,
        asked: Asked<'_>,
        mut sender: Sender,
        reused: Reused,
        in_flight: InFlight,
    ) -> Result<Fetched, Setback> {
        let timeouts = self.upstream.policy.timeouts;
        let upload = order.upload.clone();
        let harmless = order.is_harmless_twice();
        let spare = Spare::of(&order.body);
        let context = order.context();
        let request = self.request(order, &sender).map_err(Setback::Final)?;
        let answered = match &mut sender {
            Sender::Http1(sender) => {
                let sent = sender.requests.try_send_request(request);
                self.head_in_time(sent, upload.as_deref()).await
            }
            Sender::Http2(sender) => {
                let sent = sender.requests.try_send_request(request);
                self.head_in_time(sent, upload.as_deref()).await
            }
        };
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(mut error)) => {
                let unsent = error.take_message();
                let error = error.into_error();
                tracing::debug!(endpoint = %self.endpoint.authority, %error, "no response");
                let failure = classify(&error, upload.as_deref());
                return Err(match (reused, unsent) {
                    (Reused::Yes, Some(request)) => Setback::Again(context.recover(request)),
                    (Reused::No, Some(request)) => {
                        Setback::Unsent(failure, context.recover(request))
                    }
                    (reused, None) => {
                        let swallowed = harmless && reused == Reused::Yes && was_dropped(&error);
                        let refused = was_refused(&error);
                        let again = (refused || swallowed).then(|| asked.rewrite(&spare));
                        match again.flatten().map(Box::new) {
                            Some(order) if refused => Setback::Unsent(failure, order),
                            Some(order) => Setback::Again(order),
                            None => Setback::Final(failure),
                        }
                    }
                });
            }
            Err(failure) => return Err(Setback::Final(failure)),
        };
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody asked for another protocol: what follows on this connection is not HTTP.
            return Err(Setback::Final(Failure::UpstreamGarbage));
        }
        let (head, incoming) = response.into_parts();
        let lease = Lease {
            sender,
            next: match self.upstream.policy.connections.proxy_protocol {
                Some(_) => Next::End,
                None => Next::Reuse,
            },
            upload,
            in_flight,
        };
        let patience = Patience::new(timeouts.idle);
        Ok(Fetched {
            head,
            body: UpstreamBody::new(incoming, lease, patience, self.limits.total()),
            endpoint: Arc::clone(self.endpoint),
        })
    }

    /// Waits for the head of the response; an upload that moves postpones the end of patience.
    async fn head_in_time<T>(
        &self,
        response: impl Future<Output = T>,
        upload: Option<&Upload>,
    ) -> Result<T, Failure> {
        let mut response = std::pin::pin!(response);
        let first_byte = self.upstream.policy.timeouts.first_byte;
        let mut moved = 0;
        loop {
            let (limit, failure) = self.limits.within(first_byte, Failure::FirstByteTimedOut);
            if let Ok(answered) = tokio::time::timeout(limit, response.as_mut()).await {
                return Ok(answered);
            }
            match upload {
                Some(upload) if failure == Failure::FirstByteTimedOut && upload.moved() > moved => {
                    moved = upload.moved();
                }
                _ => return Err(failure),
            }
        }
    }

    /// The request as the protocol of `sender` wants it.
    fn request(&self, order: Order, sender: &Sender) -> Result<Request<RequestBody>, Failure> {
        let host = self.upstream.host(self.endpoint, order.host);
        let mut request = Request::new(order.body);
        *request.method_mut() = order.method;
        *request.headers_mut() = order.headers;
        self.limits.tell(self.upstream, request.headers_mut());
        match sender {
            Sender::Http1(_) => {
                *request.uri_mut() = order.target.into_uri()?;
                let streamed = request.body().is_streamed();
                let unknown_length = streamed && !request.headers().contains_key(CONTENT_LENGTH);
                let headers = request.headers_mut();
                headers.insert(HOST, host);
                if unknown_length {
                    // Said in so many words, because hyper leaves the body of a GET out otherwise.
                    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                }
            }
            Sender::Http2(_) => {
                *request.uri_mut() = order.target.into_absolute_uri(self.endpoint, &host)?;
            }
        }
        Ok(request)
    }
}

/// Whether the endpoint let go of the connection without a word.
fn was_dropped(error: &hyper::Error) -> bool {
    classify(error, None) == Failure::UpstreamClosed
}

/// Whether the endpoint says that it has not begun with the request: its stream was refused, or lies
/// beyond the last that is answered before the connection ends (RFC 9113, section 8.7).
fn was_refused(error: &hyper::Error) -> bool {
    let cause =
        std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        let refused = cause.is_reset() && cause.reason() == Some(h2::Reason::REFUSED_STREAM);
        cause.is_remote() && (refused || cause.is_go_away())
    })
}

/// Whose doing a failed exchange was.
pub(crate) fn classify(error: &hyper::Error, upload: Option<&Upload>) -> Failure {
    if let Some(failure) = upload.and_then(Upload::failure) {
        return failure;
    }
    if error.is_parse() || error.is_parse_too_large() {
        return Failure::UpstreamGarbage;
    }
    Failure::UpstreamClosed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_slow_upload_is_not_the_endpoints() {
        let [began, later] = [3, 40].map(Duration::from_secs);
        assert_eq!(waited_since(began, None), began);
        assert_eq!(waited_since(began, Some(later)), later);
        // What was read ahead came before the try.
        assert_eq!(waited_since(began, Some(Duration::ZERO)), began);
    }
}
