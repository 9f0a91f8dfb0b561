//! What is needed to ask the upstream for a request, whoever waits for the answer.
//!
//! It owns everything and knows nothing of the client's connection: when several requests want the
//! same, one errand is run for all of them, and goes on when the client that began it has left.

mod codings;
mod head;

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use engine::{
    admit::{DeclaredBody, UpgradeIntent},
    balance::sticky::Crumb,
    batch::{self, Composed},
    cache::{
        codings::Codings,
        revalidate::{self, Asking},
        vary::AcceptEncoding,
    },
    client_ip::PeerTrust,
    compression::conditions,
    forwarding::{self, ForwardFacts, Hop},
    proxy_protocol::Named,
    trace::{self, RequestId, Sampling, TraceContext, TraceSeed},
    transform,
};
use http::{
    HeaderValue, Uri,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, RANGE, TRANSFER_ENCODING},
    request,
    uri::PathAndQuery,
};
use hyper::body::Incoming;
use policy::{Mode, OpenAnswer, Route, Scheme};

pub(crate) use self::head::arrival;
use self::head::{empty_head, take_host, with_path};
use crate::{
    batch::Collector,
    body::{RequestBody, Undoing},
    connection::Errands,
    exchange::Exchange,
    places::Places,
    sidecar::Sidecar,
    snapshot::Snapshot,
    steps::{
        decode,
        limit::Charges,
        lookup::{Intent, Scope},
        transform::is_trimmed,
    },
    upstream::{BreakerCell, Line, Order, Target, UpstreamState},
};

/// A request for the upstream, before it is written.
#[derive(Debug)]
pub(crate) struct Errand {
    pub(crate) sidecar: Arc<Sidecar>,
    pub(crate) snapshot: Arc<Snapshot>,
    /// The route, by position.
    pub(crate) route: usize,
    /// The client's head, its path as it is routed, keyed and forwarded.
    pub(crate) head: request::Parts,
    pub(crate) facts: RequestFacts,
    pub(crate) intent: Intent,
    /// The client's body, when it is part of the key.
    pub(crate) content: Option<Bytes>,
    /// How the client's body is to be decompressed, while it has not been read.
    decoding: Option<Arc<Undoing>>,
    cause: Cause,
    /// What it takes from its caller's quotas, if anything.
    pub(crate) charges: Option<Box<Charges>>,
    /// The places that its caller has for it, if anybody has.
    pub(crate) places: Places,
    /// The client, as far as proxies in front of us can be believed.
    pub(crate) client_ip: IpAddr,
    /// The sticky cookies that the client sent.
    pub(crate) crumbs: Vec<Crumb>,
    hop: Arc<Hop>,
    /// The client for endpoints that are told before the first byte.
    client: Named,
    trust: PeerTrust,
    scheme: Scheme,
    request_id: RequestId,
    trace: TraceContext,
}

/// Why the upstream is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A client wants an answer.
    Client,
    /// What is stored is to be renewed behind the client's back.
    Renewal,
    /// Somebody may ask for it later.
    Warming,
}

/// What step 1 found out about a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestFacts {
    /// The canonical authority.
    pub(crate) authority: String,
    /// The path in its one spelling, when that is not how the client spelled it.
    pub(crate) rewritten: Option<String>,
    pub(crate) declared: DeclaredBody,
    pub(crate) upgrade: UpgradeIntent,
}

// === impl Errand ===

impl Errand {
    pub(crate) fn new(
        exchange: &mut Exchange,
        route: usize,
        facts: RequestFacts,
        intent: Intent,
        head: &mut request::Parts,
    ) -> Self {
        let mut head = std::mem::replace(head, empty_head());
        if let Some(path) = &facts.rewritten {
            head.uri = with_path(&head.uri, path);
        }
        let decoding = exchange.decoding.clone();
        if decoding.as_ref().is_some_and(|it| it.mode == Mode::Enforce) {
            decode::rewrite_headers(&mut head.headers);
        }
        let seed = TraceSeed {
            trace_id: fastrand::u128(1..),
            parent_id: fastrand::u64(1..),
            sampling: Sampling::NotSampled,
        };
        let trace = trace::continue_trace(&head.headers, &seed);
        if let Some(log) = &mut exchange.recording.log {
            log.trace_id = Some(format!("{:032x}", trace.trace_id));
        }
        let peer = exchange.recording.connection.peer;
        let hop = exchange.recording.connection.hop(&facts.authority);
        let cause = match peer.errands {
            Errands::Warming => Cause::Warming,
            Errands::Clients if intent.renewal => Cause::Renewal,
            Errands::Clients => Cause::Client,
        };
        Self {
            sidecar: Arc::clone(exchange.sidecar()),
            snapshot: Arc::clone(exchange.snapshot()),
            route,
            facts,
            intent,
            content: None,
            decoding,
            charges: match cause {
                Cause::Client => exchange.charges.take(),
                Cause::Renewal | Cause::Warming => None,
            },
            places: match cause {
                Cause::Client => exchange.recording.places.clone(),
                Cause::Renewal | Cause::Warming => Places::default(),
            },
            cause,
            client_ip: exchange.client.ip,
            crumbs: std::mem::take(&mut exchange.crumbs),
            hop,
            client: peer.named,
            trust: exchange.client.peer,
            scheme: peer.scheme,
            request_id: exchange.request_id.clone(),
            trace,
            head,
        }
    }

    /// Another like it, of which a batch can be made once its members are known: its answer is for
    /// nobody in particular, and nothing in it is about one representation.
    pub(crate) fn for_batch(&self) -> Self {
        let mut batch = self.another(Intent::bypass());
        // It belongs to several clients, who may be bound to different endpoints.
        batch.crumbs.clear();
        for name in batch::CONDITIONS {
            batch.head.headers.remove(name);
        }
        let identity = HeaderValue::from_static("identity");
        batch.head.headers.insert(ACCEPT_ENCODING, identity);
        batch
    }

    /// Another that asks for the very same, for an upstream whose answer nobody gets.
    pub(crate) fn for_copy(&self) -> Self {
        self.another(self.intent.clone())
    }

    /// Gives it this body.
    pub(crate) fn fill(&mut self, content: Bytes) {
        // What was sent in chunks is here as a whole.
        self.head.headers.remove(TRANSFER_ENCODING);
        let length = HeaderValue::from(content.len());
        self.head.headers.insert(CONTENT_LENGTH, length);
        self.content = Some(content);
    }

    fn another(&self, intent: Intent) -> Self {
        let mut head = empty_head();
        head.method = self.head.method.clone();
        head.uri = self.head.uri.clone();
        head.version = self.head.version;
        head.headers = self.head.headers.clone();
        Self {
            sidecar: Arc::clone(&self.sidecar),
            snapshot: Arc::clone(&self.snapshot),
            route: self.route,
            head,
            facts: self.facts.clone(),
            intent,
            content: None,
            // Whoever asks for it has paid.
            charges: None,
            places: Places::default(),
            decoding: None,
            cause: self.cause,
            client_ip: self.client_ip,
            crumbs: self.crumbs.clone(),
            hop: Arc::clone(&self.hop),
            client: self.client,
            trust: self.trust,
            scheme: self.scheme,
            request_id: self.request_id.clone(),
            trace: self.trace,
        }
    }

    /// The same for all members of a batch.
    pub(crate) fn asking_for(mut self, composed: Composed) -> Self {
        let mut parts = self.head.uri.into_parts();
        parts.path_and_query = Some(composed.target);
        self.head.uri = Uri::from_parts(parts).unwrap_or_default();
        self.head.headers.remove(CONTENT_LENGTH);
        if let Some(body) = composed.body {
            self.fill(body);
        }
        self
    }

    /// The route that governs it.
    pub(crate) fn route(&self) -> &Route {
        &self.snapshot.policies.routes[self.route]
    }

    /// Why the upstream is asked.
    pub(crate) const fn cause(&self) -> Cause {
        self.cause
    }

    /// The breaker of its route, if it has one.
    pub(crate) fn route_breaker(&self) -> Option<&BreakerCell> {
        self.snapshot.breakers[self.route].as_ref()
    }

    /// Whether an open breaker is to be answered for with what is stored.
    pub(crate) fn wants_stale(&self) -> bool {
        let of_upstream = &self.upstream().policy.breaker;
        [&self.route().breaker, of_upstream]
            .into_iter()
            .flatten()
            .any(|breaker| breaker.answer == OpenAnswer::Stale)
    }

    /// The upstream it is for.
    pub(crate) fn upstream(&self) -> &UpstreamState {
        &self.snapshot.upstreams[self.route().upstream]
    }

    /// What puts the requests of its route together, if anything does.
    pub(crate) fn collector(&self) -> Option<&Collector> {
        self.snapshot.batches.get(self.route)?.as_ref()
    }

    /// What connections to it are made with.
    pub(crate) fn line(&self) -> Line<'_> {
        Line {
            client: self.client,
            tls: &self.sidecar.tls,
            metrics: &self.snapshot.metrics,
        }
    }

    /// How the client reached us.
    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// How the client reached us, or a proxy in front of us that can be believed.
    pub(crate) fn arrival(&self) -> Scheme {
        arrival(self.scheme, self.trust, &self.head.headers)
    }

    /// What becomes of the client's `Accept-Encoding` on its way to the origin.
    pub(crate) fn accept_encoding(&self) -> AcceptEncoding {
        codings::accept_encoding(self.route())
    }

    /// Whether JSON that comes is made smaller.
    fn is_trimmed(&self) -> bool {
        is_trimmed(&self.snapshot, self.route)
    }

    /// The client's body under the limits of `clients`.
    pub(crate) fn body(
        &self,
        incoming: Incoming,
    ) -> (RequestBody, Option<Arc<crate::body::Upload>>) {
        let clients = &self.snapshot.policies.clients;
        let declared = match self.facts.declared {
            DeclaredBody::Length(length) => Some(length),
            DeclaredBody::Chunked | DeclaredBody::Unsaid => None,
        };
        let (body, upload) = RequestBody::new(incoming, declared, clients);
        match &self.decoding {
            Some(undoing) => undoing.undo(body, upload),
            None => (body, upload),
        }
    }

    /// The body as far as it is kept; it can be sent any number of times.
    pub(crate) fn kept_body(&self) -> RequestBody {
        match &self.content {
            Some(content) => RequestBody::Kept(content.clone()),
            None => RequestBody::Empty,
        }
    }

    /// The request as the upstream gets it; the client's fields stay as they are.
    pub(crate) fn order(&self) -> (Order, Asking) {
        let mut headers = self.head.headers.clone();
        let mut asking = Asking::Plainly;
        // A part is asked for in the client's own words, its conditions included.
        if self.intent.lookup.is_some() && self.intent.scope != Scope::Part {
            let selected = self.intent.stale.as_ref().map(|stale| &stale.stored.meta);
            asking = revalidate::prepare(&self.head.method, &mut headers, selected);
            headers.remove(RANGE);
        } else {
            let trims = self.is_trimmed() && !transform::wants_original(&headers);
            if trims {
                transform::ask_for_whole(&mut headers);
            }
            let compresses = codings::compression(self.route());
            if trims || compresses.is_some() {
                conditions::restore(compresses, &mut headers);
            }
        }
        match self.accept_encoding() {
            AcceptEncoding::Fixed => {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            }
            AcceptEncoding::Recoded => {
                let value = codings::recoded(&headers);
                headers.insert(ACCEPT_ENCODING, value);
            }
            AcceptEncoding::Reduced if headers.contains_key(ACCEPT_ENCODING) => {
                let reduced = Codings::accepted(&headers).header_value();
                headers.insert(ACCEPT_ENCODING, reduced);
            }
            AcceptEncoding::Reduced | AcceptEncoding::Verbatim => {}
        }
        forwarding::prepare_request(
            &mut headers,
            &ForwardFacts {
                hop: &self.hop,
                trust: self.trust,
                version: self.head.version,
                upgrade: self.facts.upgrade,
                instance: &self.sidecar.instance,
            },
        );
        self.trace.apply(&mut headers);
        self.request_id.apply(&mut headers);
        let order = Order {
            method: self.head.method.clone(),
            target: self.target(),
            host: take_host(&mut headers),
            headers,
            body: self.kept_body(),
            upload: None,
        };
        (order, asking)
    }

    fn target(&self) -> Target {
        let path = self.head.uri.path_and_query();
        match path {
            Some(path) if path != "*" => Target::Path(path.clone()),
            Some(_) => Target::Asterisk,
            None => Target::Path(PathAndQuery::from_static("/")),
        }
    }
}
