//! What is counted for one route.

use std::sync::Arc;

use engine::{
    failure::Failure,
    outcome::{AsIsReason, CacheOutcome, EncodeOutcome, JoinOutcome, StoreOutcome},
};
use policy::{Mode, Route};

use super::{
    NONE,
    batch::BatchSeries,
    cells::{Counter, Durations, Shard, Sharded},
    compression::CompressionSeries,
    export::Sheet,
    limits::{LimitCells, LimitLabels},
    shield::ShieldSeries,
    transform::TransformSeries,
};
use crate::{
    MethodLabel, RequestEvent, catalogue,
    words::{CodeClass, Word},
};

const METHODS: usize = MethodLabel::ALL.len();
const CLASSES: usize = CodeClass::ALL.len();
const CACHES: usize = CacheOutcome::ALL.len();

/// The series of one route.
#[derive(Debug)]
pub(super) struct RouteSeries {
    labels: RouteLabels,
    cells: Sharded<RouteCells>,
    batches: BatchSeries,
    shield: ShieldSeries,
    compression: CompressionSeries,
    transforms: TransformSeries,
}

/// What of a route is in labels; routes that agree in it can share their series across a reload.
///
/// A mode belongs to a policy and not to a request, so it costs no counter of its own. `None` is a
/// policy that is absent or off.
#[derive(Debug, PartialEq, Eq)]
struct RouteLabels {
    name: String,
    batch: Option<Mode>,
    cache: Option<Mode>,
    compression: Option<Mode>,
    deduplication: Option<Mode>,
    limits: LimitLabels,
    shield: Option<Mode>,
    transform: Option<Mode>,
}

#[derive(Debug)]
struct RouteCells {
    requests: [[[Counter; CACHES]; CLASSES]; METHODS],
    durations: [Durations; CACHES],
    request_bytes: Counter,
    response_bytes: Counter,
    failures: [Counter; Failure::ALL.len()],
    /// What a cache in shadow mode would have done; what it did is in `requests`.
    shadow_cache: [Counter; CACHES],
    stores: [Counter; StoreOutcome::ALL.len()],
    joins: [Counter; JoinOutcome::ALL.len()],
    limits: LimitCells,
    encodings: [Counter; EncodeOutcome::ALL.len()],
    plain_bytes: Counter,
    encoded_bytes: Counter,
}

// === impl RouteSeries ===

impl RouteSeries {
    pub(super) fn new(route: &Route) -> Self {
        Self {
            labels: RouteLabels {
                name: route.name.clone(),
                batch: acting(route.batch.as_ref().map(|policy| policy.mode)),
                cache: acting(route.cache.as_ref().map(|policy| policy.mode)),
                compression: acting(route.compression.as_ref().map(|policy| policy.mode)),
                deduplication: acting(route.deduplication.map(|policy| policy.mode)),
                limits: LimitLabels::new(route),
                shield: acting(route.shield.as_ref().map(|policy| policy.mode)),
                transform: acting(route.transform.as_ref().map(|policy| policy.mode)),
            },
            cells: Sharded::default(),
            batches: BatchSeries::default(),
            shield: ShieldSeries::default(),
            compression: CompressionSeries::default(),
            transforms: TransformSeries::default(),
        }
    }

    /// The series of requests that no route takes.
    pub(super) fn unrouted() -> Self {
        Self {
            labels: RouteLabels {
                name: NONE.to_owned(),
                batch: None,
                cache: None,
                compression: None,
                deduplication: None,
                limits: LimitLabels::default(),
                shield: None,
                transform: None,
            },
            cells: Sharded::default(),
            batches: BatchSeries::default(),
            shield: ShieldSeries::default(),
            compression: CompressionSeries::default(),
            transforms: TransformSeries::default(),
        }
    }

    /// One of `old` with the same labels, so that its numbers go on, or else this.
    pub(super) fn or_kept(self, old: &[Arc<Self>]) -> Arc<Self> {
        old.iter()
            .find(|old| old.labels == self.labels)
            .map_or_else(|| Arc::new(self), Arc::clone)
    }

    pub(super) fn name(&self) -> &str {
        &self.labels.name
    }

    pub(super) fn record(&self, shard: Shard, event: &RequestEvent) {
        let labels = &self.labels;
        let cells = self
            .cells
            .get_or_init(shard, || RouteCells::new(&labels.limits));
        let cache = event.cache.slot();
        cells.requests[event.method.slot()][CodeClass::of(event.status).slot()][cache]
            .add(shard, 1);
        cells.durations[cache].observe(shard, event.duration);
        cells.response_bytes.add(shard, event.response_bytes);
        if event.request_bytes != 0 {
            cells.request_bytes.add(shard, event.request_bytes);
        }
        if let Some(failure) = event.failure {
            cells.failures[failure.slot()].add(shard, 1);
        }
        if let Some(would) = event.shadow.cache {
            cells.shadow_cache[would.slot()].add(shard, 1);
        }
        if let Some(store) = event.store {
            cells.stores[store.slot()].add(shard, 1);
        }
        cells.limits.record(shard, event);
        if labels.deduplication.is_some() {
            cells.record_join(shard, event);
        }
        if labels.compression.is_some() {
            cells.record_encode(shard, event);
            if let Some(breach) = event.breach {
                self.compression.breach(shard, breach);
            }
        }
    }

    pub(super) const fn compression(&self) -> &CompressionSeries {
        &self.compression
    }

    pub(super) const fn batches(&self) -> &BatchSeries {
        &self.batches
    }

    pub(super) const fn shield(&self) -> &ShieldSeries {
        &self.shield
    }

    pub(super) const fn transforms(&self) -> &TransformSeries {
        &self.transforms
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        self.export_requests(sheet);
        self.export_traffic(sheet);
        self.export_cache(sheet);
        let labels = &self.labels;
        (labels.limits).export(sheet, &labels.name, &self.cells, |cells| &cells.limits);
        if let Some(mode) = self.labels.batch {
            self.batches.export(sheet, self.name(), mode);
        }
        if let Some(mode) = self.labels.shield {
            self.shield.export(sheet, self.name(), mode);
        }
        if let Some(mode) = self.labels.transform {
            self.transforms.export(sheet, self.name(), mode);
        }
        self.export_modes(sheet);
    }

    fn export_requests(&self, sheet: &mut Sheet) {
        let route = self.name();
        for cache in CacheOutcome::ALL {
            for method in MethodLabel::ALL {
                for class in CodeClass::ALL {
                    let count = self
                        .cells
                        .sum(|cells| &cells.requests[method.slot()][class.slot()][cache.slot()]);
                    let labels = [route, method.word(), class.word(), cache.word()];
                    sheet.counter(&catalogue::HTTP_REQUESTS, &labels, count);
                }
            }
            let durations = self.cells.durations(|cells| &cells.durations[cache.slot()]);
            let labels = [route, cache.word()];
            sheet.durations(&catalogue::HTTP_REQUEST_DURATION, &labels, &durations);
        }
    }

    fn export_traffic(&self, sheet: &mut Sheet) {
        let route = self.name();
        let received = self.cells.sum(|cells| &cells.request_bytes);
        sheet.counter(&catalogue::HTTP_REQUEST_BYTES, &[route], received);
        let sent = self.cells.sum(|cells| &cells.response_bytes);
        sheet.counter(&catalogue::HTTP_RESPONSE_BYTES, &[route], sent);
        for failure in Failure::ALL {
            let count = self.cells.sum(|cells| &cells.failures[failure.slot()]);
            let labels = [route, failure.word(), failure.blame().as_str()];
            sheet.counter(&catalogue::FAILURES, &labels, count);
        }
        for store in StoreOutcome::ALL {
            let count = self.cells.sum(|cells| &cells.stores[store.slot()]);
            sheet.counter(&catalogue::CACHE_STORES, &[route, store.word()], count);
        }
    }

    fn export_cache(&self, sheet: &mut Sheet) {
        let Some(mode) = self.labels.cache else {
            return;
        };
        for cache in CacheOutcome::ALL {
            let count = match mode {
                Mode::Shadow => self.cells.sum(|cells| &cells.shadow_cache[cache.slot()]),
                // Nobody asked the cache, for example because a limit said no before.
                _ if *cache == CacheOutcome::Off => 0,
                _ => self.cache_requests(*cache),
            };
            let labels = [self.name(), cache.word(), mode.word()];
            sheet.counter(&catalogue::CACHE_REQUESTS, &labels, count);
        }
    }

    /// Requests with this cache outcome, whatever their method, status and reason.
    pub(super) fn cache_requests(&self, cache: CacheOutcome) -> u64 {
        let mut count = 0;
        for method in 0..METHODS {
            for class in 0..CLASSES {
                count += self
                    .cells
                    .sum(|cells| &cells.requests[method][class][cache.slot()]);
            }
        }
        count
    }

    /// Deduplication and compression.
    fn export_modes(&self, sheet: &mut Sheet) {
        let route = self.name();
        if let Some(mode) = self.labels.deduplication {
            for join in JoinOutcome::ALL {
                let count = self.cells.sum(|cells| &cells.joins[join.slot()]);
                let labels = [route, join.word(), mode.word()];
                sheet.counter(&catalogue::DEDUPLICATION_REQUESTS, &labels, count);
            }
        }
        if let Some(mode) = self.labels.compression {
            for encode in EncodeOutcome::ALL {
                let count = self.cells.sum(|cells| &cells.encodings[encode.slot()]);
                let labels = [route, encode.word(), mode.word()];
                sheet.counter(&catalogue::COMPRESSION_RESPONSES, &labels, count);
            }
            let plain = self.cells.sum(|cells| &cells.plain_bytes);
            sheet.counter(&catalogue::COMPRESSION_BYTES, &[route, "in"], plain);
            let encoded = self.cells.sum(|cells| &cells.encoded_bytes);
            sheet.counter(&catalogue::COMPRESSION_BYTES, &[route, "out"], encoded);
            self.compression.export(sheet, route, mode);
        }
    }
}

// === impl RouteCells ===

impl RouteCells {
    fn new(limits: &LimitLabels) -> Self {
        Self {
            requests: Default::default(),
            durations: Default::default(),
            request_bytes: Counter::default(),
            response_bytes: Counter::default(),
            failures: std::array::from_fn(|_| Counter::default()),
            shadow_cache: Default::default(),
            stores: Default::default(),
            joins: Default::default(),
            limits: LimitCells::new(limits),
            encodings: Default::default(),
            plain_bytes: Counter::default(),
            encoded_bytes: Counter::default(),
        }
    }

    /// Only requests that needed a fetch: a cache hit is not "alone".
    fn record_join(&self, shard: Shard, event: &RequestEvent) {
        let join = event.shadow.join.unwrap_or(event.join);
        if event.upstream.is_some() || join != JoinOutcome::Alone {
            self.joins[join.slot()].add(shard, 1);
        }
    }

    fn record_encode(&self, shard: Shard, event: &RequestEvent) {
        let encode = event.shadow.encode.unwrap_or(event.encode);
        if encode == EncodeOutcome::AsIs(AsIsReason::Off) {
            return; // nobody asked, for example because the request was refused before
        }
        self.encodings[encode.slot()].add(shard, 1);
        if let EncodeOutcome::Dictionary | EncodeOutcome::Encoded(_) = event.encode {
            self.plain_bytes.add(shard, event.uncompressed_bytes);
            self.encoded_bytes.add(shard, event.response_bytes);
        }
    }
}

/// The mode of a policy that decides anything.
fn acting(mode: Option<Mode>) -> Option<Mode> {
    mode.filter(|mode| *mode != Mode::Off)
}
