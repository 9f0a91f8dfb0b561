//! What is counted for the process as a whole, across reloads.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use engine::compression::headroom::Headroom;

use super::{
    bans::{BanFigures, Bans},
    breakers::{BreakerFigures, Breakers},
    capacity::{Capacities, CapacityFigures},
    cells::{Counter, Gauge, Shard, Sharded},
    connections::ClientConnectionEnd,
    export::Sheet,
    identity::IdentitySeries,
    limiter::{self, Limiter},
    security::SecuritySeries,
};
use crate::{Health, Stage, catalogue, words::Word};

/// What the cache says of itself at a scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Responses held.
    pub entries: u64,
    /// Memory they use, in bytes.
    pub bytes: u64,
    /// Memory they may use, in bytes.
    pub limit_bytes: u64,
    /// Memory that responses on their way in use, in bytes.
    pub fill_bytes: u64,
    /// Responses removed because they had expired.
    pub evicted_expired: u64,
    /// Responses removed because somebody said so.
    pub evicted_explicit: u64,
    /// Responses replaced by newer ones.
    pub evicted_replaced: u64,
    /// Responses removed to make room.
    pub evicted_size: u64,
    /// Purges after which nothing of it was used again.
    pub purged_hard: u64,
    /// Purges that made stale.
    pub purged_soft: u64,
    /// Renewals in the background that failed.
    pub renewals_failed: u64,
    /// Renewals in the background after which there was something fresh.
    pub renewals_succeeded: u64,
}

/// How often the caches of all routes were asked, and what they answered, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheAnswers {
    /// Passed by.
    pub bypasses: u64,
    /// Answered, fresh.
    pub hits: u64,
    /// Nothing held.
    pub misses: u64,
    /// Held, stale, and confirmed by the origin.
    pub revalidations: u64,
    /// Held, stale, and replaced by the origin.
    pub stale: u64,
}

type HeadroomSource = Box<dyn Fn() -> Headroom + Send + Sync>;

type CacheSource = Box<dyn Fn() -> CacheFigures + Send + Sync>;

/// The part of the metrics that no policy has a say in.
pub(super) struct Process {
    health: Arc<Health>,
    clients: Sharded<ClientCells>,
    bans: Bans,
    breakers: Breakers,
    capacities: Capacities,
    limiter: Limiter,
    cache: OnceLock<CacheSource>,
    headroom: OnceLock<HeadroomSource>,
    pub(super) identity: IdentitySeries,
    pub(super) security: SecuritySeries,
    access_log_losses: OnceLock<Arc<AtomicU64>>,
    reload_failed: AtomicBool,
    reload_succeeded_at: AtomicU64, // milliseconds since 1970, 0 for never
}

#[derive(Debug, Default)]
struct ClientCells {
    connected: Gauge,
    ended: [Counter; ClientConnectionEnd::ALL.len()],
}

// === impl Process ===

impl Process {
    pub(super) fn new(health: Arc<Health>) -> Arc<Self> {
        Arc::new(Self {
            health,
            clients: Sharded::default(),
            bans: Bans::default(),
            breakers: Breakers::default(),
            capacities: Capacities::default(),
            limiter: Limiter::default(),
            cache: OnceLock::new(),
            headroom: OnceLock::new(),
            identity: IdentitySeries::default(),
            security: SecuritySeries::default(),
            access_log_losses: OnceLock::new(),
            reload_failed: AtomicBool::new(false),
            reload_succeeded_at: AtomicU64::new(0),
        })
    }

    pub(super) fn client_connected(&self, shard: Shard) {
        self.clients(shard).connected.add(shard, 1);
    }

    pub(super) fn client_disconnected(&self, shard: Shard, end: ClientConnectionEnd) {
        let clients = self.clients(shard);
        clients.connected.add(shard, -1);
        clients.ended[end.slot()].add(shard, 1);
    }

    pub(super) fn config_loaded(&self, at: SystemTime) {
        let since = at
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        self.reload_succeeded_at.store(millis, Ordering::Relaxed);
        self.reload_failed.store(false, Ordering::Relaxed);
    }

    pub(super) fn config_refused(&self) {
        self.reload_failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn watch_cache(&self, source: CacheSource) {
        let _only_the_first_counts = self.cache.set(source);
    }

    pub(super) fn watch_headroom(&self, source: HeadroomSource) {
        let _only_the_first_counts = self.headroom.set(source);
    }

    pub(super) fn watch_bans(&self, source: impl Fn() -> Vec<BanFigures> + Send + Sync + 'static) {
        self.bans.watch(Box::new(source));
    }

    pub(super) fn watch_breakers(
        &self,
        source: impl Fn() -> Vec<BreakerFigures> + Send + Sync + 'static,
    ) {
        self.breakers.watch(Box::new(source));
    }

    pub(super) fn watch_capacity(
        &self,
        source: impl Fn() -> Vec<CapacityFigures> + Send + Sync + 'static,
    ) {
        self.capacities.watch(Box::new(source));
    }

    pub(super) fn watch_limits(&self, source: limiter::Source) {
        self.limiter.watch(source);
    }

    pub(super) fn watch_access_log(&self, losses: Arc<AtomicU64>) {
        let _only_the_first_counts = self.access_log_losses.set(losses);
    }

    pub(super) fn export(&self, sheet: &mut Sheet) {
        self.export_config(sheet);
        if let Some(figures) = self.cache.get() {
            export_cache(&figures(), sheet);
        }
        if let Some(headroom) = self.headroom.get() {
            export_headroom(headroom(), sheet);
        }
        self.bans.export(sheet);
        self.breakers.export(sheet);
        self.capacities.export(sheet);
        self.limiter.export(sheet);
        self.identity.export(sheet);
        self.security.export(sheet);
        let ready = self.health.stage() == Stage::Ready;
        sheet.gauge(&catalogue::READY, &[], f64::from(u8::from(ready)));
        sheet.gauge(&catalogue::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        let in_flight = self.health.in_flight() as f64;
        sheet.gauge(&catalogue::HTTP_REQUESTS_IN_FLIGHT, &[], in_flight);
        let connected = self.clients.level(|clients| &clients.connected).max(0) as f64;
        sheet.gauge(&catalogue::CLIENT_CONNECTIONS, &[], connected);
        for end in ClientConnectionEnd::ALL {
            let ended = self.clients.sum(|clients| &clients.ended[end.slot()]);
            sheet.counter(&catalogue::CLIENT_CONNECTIONS_ENDED, &[end.word()], ended);
        }
        let losses = self.access_log_losses.get();
        let losses = losses.map_or(0, |losses| losses.load(Ordering::Relaxed));
        sheet.counter_or_zero(&catalogue::ACCESS_LOG_DROPPED, &[], losses);
    }

    fn export_config(&self, sheet: &mut Sheet) {
        let succeeded_at = self.reload_succeeded_at.load(Ordering::Relaxed);
        let successful = succeeded_at != 0 && !self.reload_failed.load(Ordering::Relaxed);
        sheet.gauge(
            &catalogue::CONFIG_LAST_RELOAD_SUCCESSFUL,
            &[],
            f64::from(u8::from(successful)),
        );
        if succeeded_at != 0 {
            sheet.gauge(
                &catalogue::CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP,
                &[],
                succeeded_at as f64 / 1000.0,
            );
        }
    }

    fn clients(&self, shard: Shard) -> &ClientCells {
        self.clients.get_or_init(shard, ClientCells::default)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

fn export_headroom(headroom: Headroom, sheet: &mut Sheet) {
    for state in Headroom::ALL {
        let holds = f64::from(u8::from(state == headroom));
        sheet.gauge(&catalogue::COMPRESSION_HEADROOM, &[state.as_str()], holds);
    }
}

fn export_cache(figures: &CacheFigures, sheet: &mut Sheet) {
    sheet.gauge(&catalogue::CACHE_BYTES, &[], figures.bytes as f64);
    sheet.gauge(&catalogue::CACHE_ENTRIES, &[], figures.entries as f64);
    sheet.gauge(
        &catalogue::CACHE_LIMIT_BYTES,
        &[],
        figures.limit_bytes as f64,
    );
    sheet.gauge(
        &catalogue::CACHE_FILLS_BYTES,
        &[],
        figures.fill_bytes as f64,
    );
    for (reason, evicted) in [
        ("expired", figures.evicted_expired),
        ("explicit", figures.evicted_explicit),
        ("replaced", figures.evicted_replaced),
        ("size", figures.evicted_size),
    ] {
        sheet.counter_or_zero(&catalogue::CACHE_EVICTIONS, &[reason], evicted);
    }
    for (manner, purges) in [("hard", figures.purged_hard), ("soft", figures.purged_soft)] {
        sheet.counter_or_zero(&catalogue::CACHE_PURGES, &[manner], purges);
    }
    for (outcome, renewals) in [
        ("failed", figures.renewals_failed),
        ("succeeded", figures.renewals_succeeded),
    ] {
        sheet.counter_or_zero(&catalogue::CACHE_RENEWALS, &[outcome], renewals);
    }
}
