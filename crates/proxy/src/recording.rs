//! Step 12, record: the response body as the last one to know how a request ended.
//!
//! Whatever happens to a request, its response body is dropped exactly once, when the last byte is
//! handed over or when the client has left. That is when it is counted and logged.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use engine::{
    body_rate::Pace,
    failure::Failure,
    outcome::BreachOutcome,
    security::{SecurityAction, SecurityKind},
    trace::RequestId,
};
use http::{
    HeaderValue, Version,
    header::{HOST, USER_AGENT},
    request, uri,
};
use http_body::{Body, Frame, SizeHint};
use telemetry::{AccessRecord, InFlight, RequestEvent, SecurityEvent, Selection};

use crate::{
    body::{CutShort, Guarding, ResponseBody},
    clock,
    connection::{self, ConnectionState, Cut, Ended, Resets, Taker},
    pace::Paced,
    places::Places,
    sidecar::Sidecar,
    snapshot::Snapshot,
    upstream::EndpointState,
};

/// A response body that tells how its request ended.
#[derive(Debug)]
pub(crate) struct RecordedBody {
    body: ResponseBody,
    recording: Box<Recording>,
    /// Only where there is a least rate.
    paced: Option<Box<Paced>>,
}

/// What is told about one request.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) event: RequestEvent,
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) connection: Arc<ConnectionState>,
    /// The client, as far as proxies in front of us can be believed.
    pub(crate) client: IpAddr,
    /// Only when requests are logged.
    pub(crate) log: Option<Box<LogFacts>>,
    /// Its places under limits on what its caller has in flight.
    pub(crate) places: Places,
    pub(crate) _in_flight: InFlight,
}

/// What the access log says beyond the event.
#[derive(Debug)]
pub(crate) struct LogFacts {
    pub(crate) method: http::Method,
    pub(crate) uri: http::Uri,
    pub(crate) host: Option<String>,
    pub(crate) version: Version,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) client: IpAddr,
    pub(crate) request_id: RequestId,
    pub(crate) trace_id: Option<String>,
}

// === impl RecordedBody ===

impl RecordedBody {
    pub(crate) fn new(body: ResponseBody, recording: Box<Recording>) -> Self {
        let paced = Paced::of(&recording.snapshot.policies.clients);
        Self {
            body,
            recording,
            paced,
        }
    }

    /// Whether the client took fast enough what it was given before.
    fn pace(&mut self) -> Pace {
        match &mut self.paced {
            Some(paced) => paced.moved(0),
            None => Pace::Enough,
        }
    }

    /// The client is given so many bytes, and to take them is its turn.
    fn hand_over(&mut self, bytes: usize) {
        self.recording.event.response_bytes += bytes as u64;
        if let Some(paced) = &mut self.paced {
            let _judged_when_they_are_taken = paced.moved(bytes);
            paced.waits();
        }
        connection::handed_over();
    }

    /// Nothing more will come.
    fn end(&mut self) {
        self.note_encoding();
        self.body = ResponseBody::Empty;
    }

    /// What has become of a body that is compressed on its way.
    fn note_encoding(&mut self) {
        if let ResponseBody::Encoded(body) = &self.body {
            let event = &mut self.recording.event;
            event.uncompressed_bytes = body.taken();
            if body.guarding() == Guarding::Stopped {
                event.breach = Some(BreachOutcome::Stopped);
            }
        }
    }
}

impl Body for RecordedBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        if self.pace() == Pace::TooSlow {
            self.recording.event.failure = Some(Failure::ClientStalled);
            return Poll::Ready(Some(Err(CutShort(Failure::ClientStalled))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Buf::remaining);
                self.hand_over(bytes);
            }
            Poll::Ready(Some(Err(CutShort(failure)))) => {
                self.recording.event.failure = Some(*failure);
            }
            Poll::Ready(None) => self.end(),
            Poll::Pending => connection::nothing_yet(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for RecordedBody {
    fn drop(&mut self) {
        self.note_encoding();
        let event = &mut self.recording.event;
        if event.failure.is_none() && !self.body.is_end_stream() {
            event.failure = Some(match connection::taker() {
                Taker::GivenUp => Failure::ClientStalled,
                Taker::Well => Failure::ClientGone,
            });
        }
    }
}

// === impl Recording ===

impl Recording {
    /// A client that is too slow, or that resets stream after stream.
    fn tell_of_abuse(&self, now: Duration) {
        match self.event.failure {
            Some(Failure::ClientStalled) => {
                let evidence = "a body was sent or taken too slowly";
                self.tell(SecurityKind::SlowClient, evidence);
            }
            // Nothing was answered, or not all of it was taken.
            Some(Failure::ClientGone) | None if self.connection.is_multiplexed() => {
                if self.event.failure.is_none() && self.event.status != 0 {
                    return;
                }
                let most = self.snapshot.policies.clients.max_http2_resets;
                if self.connection.stream_reset(most, now) == Resets::TooMany
                    && self.connection.cut(Cut::Resets) == Ended::Now
                {
                    self.tell(SecurityKind::Http2Abuse, "too many streams were reset");
                }
            }
            _ => {}
        }
    }

    fn tell(&self, kind: SecurityKind, evidence: &str) {
        let route = self.event.route.map(usize::from);
        let route = route.and_then(|route| self.snapshot.policies.routes.get(route));
        let log = self.log.as_ref();
        let event = SecurityEvent {
            at: clock::now(),
            kind,
            action: SecurityAction::Blocked,
            client: Some(self.client),
            route: route.map(|route| route.name.as_str()),
            policy: None,
            evidence,
            request_id: log.map(|log| log.request_id.as_str()),
        };
        self.sidecar.security.tell(&self.snapshot.metrics, &event);
    }

    /// Who was asked, if it is still known.
    fn endpoint(&self) -> Option<Arc<EndpointState>> {
        let position = usize::from(self.event.upstream?);
        let upstream = self.snapshot.upstreams.get(position)?;
        upstream.endpoint_at(self.event.endpoint?)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let now = clock::monotonic();
        self.event.duration = now.saturating_sub(self.event.at.monotonic);
        self.connection.request_ended(now);
        self.tell_of_abuse(now);
        self.snapshot.metrics.record(&self.event);
        if let (Some(facts), Some(log)) = (&self.log, &self.sidecar.access_log)
            && Selection::of(self.snapshot.policies.access_log, &self.event) == Selection::Write
        {
            let endpoint = self.endpoint();
            log.write(&facts.record(&self.event, &self.snapshot, endpoint.as_deref()));
        }
    }
}

// === impl LogFacts ===

impl LogFacts {
    pub(crate) fn of(head: &request::Parts, client: IpAddr, request_id: &RequestId) -> Self {
        let named = head.headers.get(HOST).and_then(|host| host.to_str().ok());
        Self {
            method: head.method.clone(),
            uri: head.uri.clone(),
            host: head
                .uri
                .authority()
                .map(uri::Authority::as_str)
                .or(named)
                .map(str::to_owned),
            version: head.version,
            user_agent: head.headers.get(USER_AGENT).cloned(),
            client,
            request_id: request_id.clone(),
            trace_id: None,
        }
    }

    fn record<'a>(
        &'a self,
        event: &'a RequestEvent,
        snapshot: &'a Snapshot,
        endpoint: Option<&'a EndpointState>,
    ) -> AccessRecord<'a> {
        let policies = &snapshot.policies;
        let upstream = event
            .upstream
            .and_then(|index| snapshot.upstreams.get(usize::from(index)));
        AccessRecord {
            event,
            method: self.method.as_str(),
            path: self.uri.path(),
            query: self.uri.query(),
            host: self.host.as_deref(),
            client: Some(self.client),
            protocol_version: version(self.version),
            user_agent: self.user_agent.as_ref().map(HeaderValue::as_bytes),
            request_id: self.request_id.as_str(),
            trace_id: self.trace_id.as_deref(),
            route: event
                .route
                .and_then(|index| policies.routes.get(usize::from(index)))
                .map(|route| route.name.as_str()),
            upstream: upstream.map(|upstream| upstream.policy.name.as_str()),
            endpoint: endpoint
                .as_ref()
                .map(|endpoint| endpoint.authority.as_str()),
        }
    }
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}
