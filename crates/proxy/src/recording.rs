//! Step 12, record: the response body as the last one to know how a request ended.
//!
//! Whatever happens to a request, its response body is dropped exactly once, when the last byte is
//! handed over or when the client has left. That is when it is counted and logged.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use engine::{failure::Failure, trace::RequestId};
use http::{
    HeaderValue, Version,
    header::{HOST, USER_AGENT},
    request, uri,
};
use http_body::{Body, Frame, SizeHint};
use telemetry::{AccessRecord, InFlight, RequestEvent, Selection};

use crate::{
    body::{CutShort, ResponseBody},
    clock,
    connection::ConnectionState,
    places::Place,
    sidecar::Sidecar,
    snapshot::Snapshot,
    upstream::EndpointState,
};

/// A response body that tells how its request ended.
#[derive(Debug)]
pub(crate) struct RecordedBody {
    body: ResponseBody,
    recording: Box<Recording>,
}

/// What is told about one request.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) event: RequestEvent,
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) connection: Arc<ConnectionState>,
    /// Only when requests are logged.
    pub(crate) log: Option<Box<LogFacts>>,
    /// Places under limits on what its caller has in flight; given back when it has ended.
    pub(crate) places: Vec<Place>,
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
    pub(crate) const fn new(body: ResponseBody, recording: Box<Recording>) -> Self {
        Self { body, recording }
    }

    /// Nothing more will come.
    fn end(&mut self) {
        if let ResponseBody::Encoded(body) = &self.body {
            self.recording.event.uncompressed_bytes = body.taken();
        }
        self.body = ResponseBody::Empty;
    }
}

impl Body for RecordedBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Buf::remaining) as u64;
                self.recording.event.response_bytes += bytes;
            }
            Poll::Ready(Some(Err(CutShort(failure)))) => {
                self.recording.event.failure = Some(*failure);
            }
            Poll::Ready(None) => self.end(),
            Poll::Pending => {}
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
        let event = &mut self.recording.event;
        if let ResponseBody::Encoded(body) = &self.body {
            event.uncompressed_bytes = body.taken();
        }
        if event.failure.is_none() && !self.body.is_end_stream() {
            event.failure = Some(Failure::ClientGone);
        }
    }
}

// === impl Recording ===

impl Recording {
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
