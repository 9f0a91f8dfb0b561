//! What one request carries from step to step.

use std::{net::IpAddr, sync::Arc};

use engine::{
    balance::sticky::Crumb,
    cache::status::CacheStatus,
    client_ip::{ClientAddress, PeerTrust, client_ip},
    outcome::CacheOutcome,
    security::{SecurityAction, SecurityKind},
    trace::{self, RequestId},
    transform::fields::{self, Author},
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, header::CONNECTION, request};
use policy::{ListenAddress, Listener, Mode, Route, Scheme};
use telemetry::{MethodLabel, RequestEvent, SecurityEvent, Stage};

use crate::{
    body::{ResponseBody, Undoing},
    caller::Proven,
    clock,
    connection::ConnectionState,
    errand::arrival,
    flight::Lead,
    places::Places,
    recording::{LogFacts, RecordedBody, Recording},
    shield::Examination,
    sidecar::Sidecar,
    snapshot::Snapshot,
    steps::{
        dictionary,
        limit::{Charges, LimitFields},
    },
};

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

static FOREBAY_DEBUG: HeaderName = HeaderName::from_static("forebay-debug");

/// One request on its way through the steps.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// What will be told about it, filled in step by step; boxed, because it is handed on with the
    /// body and every move of it would be a copy.
    pub(crate) recording: Box<Recording>,
    pub(crate) request_id: RequestId,
    pub(crate) client: ClientAddress,
    /// The flight it would lead if deduplication were not in shadow mode.
    pub(crate) shadow_lead: Option<Lead>,
    /// The cache key in words, for a client that may know it and asked for it.
    pub(crate) shown_key: Option<Box<str>>,
    /// Sticky cookies, which were taken out of the request.
    pub(crate) crumbs: Vec<Crumb>,
    /// How its body is to be decompressed, if it is.
    pub(crate) decoding: Option<Arc<Undoing>>,
    /// What its token proves, once somebody wanted to know.
    pub(crate) proof: Option<Proven>,
    /// What it takes from its caller's quotas if it reaches the origin.
    pub(crate) charges: Option<Box<Charges>>,
    /// What the shield still wants to know of its body.
    pub(crate) examination: Option<Box<Examination>>,
    /// `RateLimit` and its kin, for the response.
    pub(crate) limit_fields: LimitFields,
    /// Whether the response is one for which the dictionary of its route might be used.
    pub(crate) tells_dictionary: bool,
    /// How the client reached us, or a proxy in front of us that can be believed.
    arrival: Scheme,
}

// === impl Exchange ===

impl Exchange {
    /// Begins: one clock reading, one snapshot, one id.
    pub(crate) fn begin(
        sidecar: &Arc<Sidecar>,
        connection: &Arc<ConnectionState>,
        head: &request::Parts,
    ) -> Self {
        connection.request_began();
        let snapshot = sidecar.snapshot.load_full();
        let request_id = trace::request_id(&head.headers, fastrand::u128(..));
        let peer = connection.peer;
        let trusted = snapshot
            .policies
            .listeners
            .get(peer.listener)
            .map_or(&[][..], |listener| &listener.trusted_proxies);
        let client = client_ip(peer.ip, &head.headers, trusted);
        if client.peer == PeerTrust::Trusted {
            connection.asked_by(client.ip);
        }
        let log = sidecar
            .access_log
            .is_some()
            .then(|| Box::new(LogFacts::of(head, client.ip, &request_id)));
        let event = RequestEvent {
            at: clock::now(),
            method: MethodLabel::of(&head.method),
            ..RequestEvent::default()
        };
        Self {
            recording: Box::new(Recording {
                event,
                sidecar: Arc::clone(sidecar),
                snapshot,
                connection: Arc::clone(connection),
                client: client.ip,
                log,
                places: Places::default(),
                _in_flight: sidecar.health.enter(),
            }),
            request_id,
            client,
            shadow_lead: None,
            shown_key: None,
            crumbs: Vec::new(),
            decoding: None,
            proof: None,
            charges: None,
            examination: None,
            limit_fields: LimitFields::default(),
            tells_dictionary: false,
            arrival: arrival(peer.scheme, client.peer, &head.headers),
        }
    }

    /// The client's address; `None` where it came through a Unix socket, and nobody in front of it has
    /// told.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let listener = self.recording.connection.peer.listener;
        let listener = self.snapshot().policies.listeners.get(listener);
        let unix = |listener: &Listener| matches!(listener.address, ListenAddress::Unix(_));
        let ip = self.client.ip;
        (!ip.is_loopback() || !listener.is_some_and(unix)).then_some(ip)
    }

    /// Whether the client wants to see the cache key, and may.
    pub(crate) fn wants_key(&self, headers: &HeaderMap) -> bool {
        let trusted = &self.snapshot().policies.cache.debug_from;
        !trusted.is_empty()
            && headers
                .get(&FOREBAY_DEBUG)
                .is_some_and(|asked| asked == "key")
            && trusted.iter().any(|net| net.contains(&self.client.ip))
    }

    /// What the cache did, as a field.
    pub(crate) fn cache_status(&self, told: &CacheStatus) -> HeaderValue {
        match &self.shown_key {
            Some(key) => told.header_value_with_key(key.as_bytes()),
            None => told.header_value(),
        }
    }

    pub(crate) const fn event(&mut self) -> &mut RequestEvent {
        &mut self.recording.event
    }

    pub(crate) fn sidecar(&self) -> &Arc<Sidecar> {
        &self.recording.sidecar
    }

    pub(crate) fn snapshot(&self) -> &Arc<Snapshot> {
        &self.recording.snapshot
    }

    /// The route that governs it, once step 2 has found one.
    pub(crate) fn route(&self) -> Option<&Route> {
        let index = usize::from(self.recording.event.route?);
        self.recording.snapshot.policies.routes.get(index)
    }

    /// What is told about it, and the route that governs it.
    pub(crate) fn event_and_route(&mut self) -> (&mut RequestEvent, Option<&Route>) {
        let recording = &mut *self.recording;
        let routes = &recording.snapshot.policies.routes;
        let route = recording.event.route;
        let route = route.and_then(|route| routes.get(usize::from(route)));
        (&mut recording.event, route)
    }

    /// Tells a security event about this request.
    pub(crate) fn tell(
        &self,
        kind: SecurityKind,
        action: SecurityAction,
        policy: Option<&str>,
        evidence: &str,
    ) {
        let event = SecurityEvent {
            at: clock::now(),
            kind,
            action,
            client: Some(self.client.ip),
            route: self.route().map(|route| route.name.as_str()),
            policy,
            evidence,
            request_id: Some(self.request_id.as_str()),
        };
        let metrics = &self.snapshot().metrics;
        self.sidecar().security.tell(metrics, &event);
    }

    /// Puts on every response what every response carries, and hands it to the recording.
    pub(crate) fn finish(mut self, mut response: Response<ResponseBody>) -> Response<RecordedBody> {
        let event = &mut self.recording.event;
        event.status = response.status().as_u16();
        let status = response.status();
        let headers = response.headers_mut();
        if event.cache == CacheOutcome::Hit || !headers.contains_key(&X_REQUEST_ID) {
            self.request_id.apply(headers);
        }
        let recording = &self.recording;
        if recording.sidecar.health.stage() == Stage::Draining
            && !recording.connection.is_multiplexed()
        {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        std::mem::take(&mut self.limit_fields).apply(headers);
        dictionary::announce(&self, status, response.headers_mut());
        self.transform(response.headers_mut());
        response.map(|body| RecordedBody::new(body, self.recording))
    }
    /// The fields that its route takes away and sets, on whatever goes to the client.
    fn transform(&self, headers: &mut HeaderMap) {
        let policy = self.route().and_then(|route| route.transform.as_ref());
        let Some(policy) = policy.filter(|policy| policy.mode == Mode::Enforce) else {
            return;
        };
        let author = match self.recording.event.failure {
            Some(_) => Author::Forebay,
            None => Author::Origin,
        };
        fields::apply(policy, headers, self.arrival, author);
    }
}
