//! One set of policies, made ready to run.
//!
//! A request takes the snapshot that is current when it begins and keeps it to its end, so that no
//! request ever sees half of two configurations.

use std::sync::Arc;

use engine::{batch::Unplannable, routing::Router};
use policy::Policies;
use telemetry::Metrics;

use crate::{
    batch::Collector,
    connection::Builders,
    identity::{Identity, IdentityError},
    penalty::RouteBoxes,
    shield::RouteShield,
    steps::{
        dictionary::{DictionaryError, Offer},
        limit::RouteLimits,
        purge::{PurgeDoor, PurgeTokenError},
        transform::RouteTrim,
    },
    sticky::StickyNames,
    upstream::{BreakerCell, UpstreamError, UpstreamState},
};

/// Policies and everything that is computed from them once.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) policies: Arc<Policies>,
    pub(crate) router: Router,
    pub(crate) builders: Builders,
    /// Per route, in the order of the policies.
    pub(crate) limits: Vec<RouteLimits>,
    /// Per route, in the order of the policies.
    pub(crate) boxes: Vec<RouteBoxes>,
    /// Per route, in the order of the policies; `None` where there is none.
    pub(crate) shields: Vec<Option<RouteShield>>,
    /// Per route, in the order of the policies.
    pub(crate) batches: Vec<Option<Collector>>,
    /// Per route, in the order of the policies; empty where no route has one.
    pub(crate) dictionaries: Vec<Option<Offer>>,
    /// Per route, in the order of the policies; `None` where JSON is left alone.
    pub(crate) trims: Vec<Option<RouteTrim>>,
    /// Per route, in the order of the policies; `None` where there is none.
    pub(crate) breakers: Vec<Option<BreakerCell>>,
    /// Per upstream, in the order of the policies.
    pub(crate) upstreams: Vec<Arc<UpstreamState>>,
    /// The cookies that bind clients to endpoints.
    pub(crate) stickies: StickyNames,
    /// Whether any upstream is told who connects to us.
    pub(crate) tells_clients: bool,
    pub(crate) metrics: Arc<Metrics>,
    /// How the one who asks is known, if anybody wants to know.
    pub(crate) identity: Option<Arc<Identity>>,
    /// Who may purge through the data port, if anybody may.
    pub(crate) purge_door: Option<PurgeDoor>,
}

/// Policies that cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum SnapshotError {
    /// Requests cannot be put together as a batch policy says.
    Batch(#[from] Unplannable),
    /// A dictionary cannot be used.
    Dictionary(#[from] DictionaryError),
    /// An upstream cannot be made ready.
    Upstream(#[from] UpstreamError),
    /// The keys for tokens cannot be used.
    Identity(#[from] IdentityError),
    /// The token for purging cannot be used.
    Purge(#[from] PurgeTokenError),
}

// === impl Snapshot ===

impl Snapshot {
    pub(crate) fn new(policies: Policies, metrics: Metrics) -> Result<Self, SnapshotError> {
        Ok(Self {
            identity: (policies.identity.as_ref())
                .map(Identity::load)
                .transpose()?
                .map(Arc::new),
            purge_door: (policies.cache.purge.as_ref())
                .map(PurgeDoor::load)
                .transpose()?,
            router: Router::new(&policies.routes),
            builders: Builders::new(&policies.clients),
            batches: policies
                .routes
                .iter()
                .map(Collector::of)
                .collect::<Result<_, _>>()?,
            limits: policies.routes.iter().map(RouteLimits::new).collect(),
            boxes: policies.routes.iter().map(RouteBoxes::new).collect(),
            shields: policies.routes.iter().map(RouteShield::of).collect(),
            dictionaries: Offer::load_all(&policies.routes)?,
            trims: policies.routes.iter().map(RouteTrim::of).collect(),
            breakers: (policies.routes.iter())
                .map(|route| BreakerCell::new(route.breaker.as_ref()))
                .collect(),
            upstreams: policies
                .upstreams
                .iter()
                .enumerate()
                .map(|(position, upstream)| {
                    UpstreamState::new(position, upstream, &metrics).map(Arc::new)
                })
                .collect::<Result<_, _>>()?,
            stickies: StickyNames::new(&policies),
            tells_clients: policies
                .upstreams
                .iter()
                .any(|upstream| upstream.connections.proxy_protocol.is_some()),
            metrics: Arc::new(metrics),
            policies: Arc::new(policies),
        })
    }
}
