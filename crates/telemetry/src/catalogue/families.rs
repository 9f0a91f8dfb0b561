//! Every metric family, by name.
//!
//! `record` in `metrics.rs` fills them; a test there checks that what is exported is exactly this.

mod breakers;
mod capacity;
mod compression;
mod discovery;
mod guard;
mod health;
mod limits;
mod mirror;
mod security;
mod transform;
mod upstreams;

use super::{Family, Kind, Unit, labels::*};

pub use breakers::*;
pub use capacity::*;
pub use compression::*;
pub use discovery::*;
pub use guard::*;
pub use health::*;
pub use limits::*;
pub use mirror::*;
pub use security::*;
pub use transform::*;
pub use upstreams::*;

/// Every family, in the order of the reference.
pub const CATALOGUE: &[&Family] = &[
    &HTTP_REQUESTS,
    &HTTP_REQUEST_DURATION,
    &HTTP_REQUESTS_IN_FLIGHT,
    &HTTP_REQUEST_BYTES,
    &HTTP_RESPONSE_BYTES,
    &FAILURES,
    &CACHE_REQUESTS,
    &CACHE_STORES,
    &CACHE_BYTES,
    &CACHE_ENTRIES,
    &CACHE_LIMIT_BYTES,
    &CACHE_FILLS_BYTES,
    &CACHE_EVICTIONS,
    &CACHE_PURGES,
    &CACHE_RENEWALS,
    &DEDUPLICATION_REQUESTS,
    &BATCHES,
    &BATCH_MEMBERS,
    &BATCH_REQUESTS,
    &RATE_LIMIT_DECISIONS,
    &RATE_LIMIT_CALLERS,
    &RATE_LIMIT_SHARED,
    &RATE_LIMIT_TIGHTENED,
    &CONCURRENCY_DECISIONS,
    &CONCURRENCY_IN_FLIGHT,
    &LIMITS_WAITING,
    &SHIELD_DECISIONS,
    &SHIELD_MATCHES,
    &BANS,
    &BANS_BEGUN,
    &COMPRESSION_RESPONSES,
    &COMPRESSION_BYTES,
    &COMPRESSION_REQUEST_BYTES,
    &COMPRESSION_BREACH,
    &COMPRESSION_HEADROOM,
    &TRANSFORM_RESPONSES,
    &TRANSFORM_BYTES,
    &UPSTREAM_REQUESTS,
    &UPSTREAM_REQUEST_DURATION,
    &UPSTREAM_CONNECTIONS,
    &UPSTREAM_CONNECTION_CLOSES,
    &UPSTREAM_CONNECTION_WAITS,
    &UPSTREAM_CONNECTS,
    &UPSTREAM_SHADOW_PICKS,
    &UPSTREAM_ENDPOINTS,
    &UPSTREAM_SERIES_DROPPED,
    &DISCOVERY_REFRESHES,
    &DISCOVERY_LAST_SUCCESS_TIMESTAMP,
    &UPSTREAM_ENDPOINT_HEALTHY,
    &UPSTREAM_HEALTH_CHECKS,
    &UPSTREAM_EJECTIONS,
    &UPSTREAM_RETRIES,
    &UPSTREAM_RETRIES_STOPPED,
    &UPSTREAM_HEDGES,
    &UPSTREAM_COPIES,
    &BREAKERS,
    &BREAKER_OPENINGS,
    &BREAKER_STOPPED,
    &CAPACITY_LIMIT,
    &CAPACITY_IN_FLIGHT,
    &CAPACITY_QUEUED,
    &CAPACITY_SHARE,
    &CAPACITY_IDLE_LATENCY,
    &CAPACITY_WAIT_DURATION,
    &CAPACITY_SHED,
    &CLIENT_CONNECTIONS,
    &CLIENT_CONNECTIONS_ENDED,
    &IDENTITY_KEYS,
    &IDENTITY_REFRESHES,
    &SECURITY_EVENTS,
    &SECURITY_LOG_DROPPED,
    &ACCESS_LOG_DROPPED,
    &CONFIG_LAST_RELOAD_SUCCESSFUL,
    &CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP,
    &READY,
    &BUILD_INFO,
];

/// Requests that were answered or given up.
pub const HTTP_REQUESTS: Family = Family {
    name: "forebay_http_requests_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that were answered or given up.",
    labels: &[ROUTE, METHOD, CODE_CLASS, CACHE],
};

/// Time from the request head to the last byte of the response.
pub const HTTP_REQUEST_DURATION: Family = Family {
    name: "forebay_http_request_duration_seconds",
    kind: Kind::Histogram,
    unit: Unit::Seconds,
    help: "Time from the request head to the last byte of the response.",
    labels: &[ROUTE, CACHE],
};

/// Requests being served now.
pub const HTTP_REQUESTS_IN_FLIGHT: Family = Family {
    name: "forebay_http_requests_in_flight",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Requests being served now.",
    labels: &[],
};

/// Body bytes received from clients.
pub const HTTP_REQUEST_BYTES: Family = Family {
    name: "forebay_http_request_bytes_total",
    kind: Kind::Counter,
    unit: Unit::Bytes,
    help: "Body bytes received from clients.",
    labels: &[ROUTE],
};

/// Body bytes sent to clients.
pub const HTTP_RESPONSE_BYTES: Family = Family {
    name: "forebay_http_response_bytes_total",
    kind: Kind::Counter,
    unit: Unit::Bytes,
    help: "Body bytes sent to clients.",
    labels: &[ROUTE],
};

/// Requests that did not get the whole answer of the origin, by reason and by whose doing it was.
pub const FAILURES: Family = Family {
    name: "forebay_failures_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that did not get the whole answer of the origin, by reason and by whose doing it was.",
    labels: &[ROUTE, FAILURE, BLAME],
};

/// Requests of routes with a cache policy, by what the cache did, or would have done in shadow mode.
pub const CACHE_REQUESTS: Family = Family {
    name: "forebay_cache_requests_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests of routes with a cache policy, by what the cache did, or would have done in shadow mode.",
    labels: &[ROUTE, CACHE_OUTCOME, MODE],
};

/// Responses considered for the cache, by whether they were stored or why not.
pub const CACHE_STORES: Family = Family {
    name: "forebay_cache_stores_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Responses considered for the cache, by whether they were stored or why not.",
    labels: &[ROUTE, STORE_OUTCOME],
};

/// Memory that cached responses use.
pub const CACHE_BYTES: Family = Family {
    name: "forebay_cache_bytes",
    kind: Kind::Gauge,
    unit: Unit::Bytes,
    help: "Memory that cached responses use.",
    labels: &[],
};

/// Cached responses.
pub const CACHE_ENTRIES: Family = Family {
    name: "forebay_cache_entries",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Cached responses.",
    labels: &[],
};

/// Memory that cached responses may use.
pub const CACHE_LIMIT_BYTES: Family = Family {
    name: "forebay_cache_limit_bytes",
    kind: Kind::Gauge,
    unit: Unit::Bytes,
    help: "Memory that cached responses may use.",
    labels: &[],
};

/// Memory that responses on their way into the cache use.
pub const CACHE_FILLS_BYTES: Family = Family {
    name: "forebay_cache_fills_bytes",
    kind: Kind::Gauge,
    unit: Unit::Bytes,
    help: "Memory that responses on their way into the cache use.",
    labels: &[],
};

/// Responses that left the cache, by reason.
pub const CACHE_EVICTIONS: Family = Family {
    name: "forebay_cache_evictions_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Responses that left the cache, by reason.",
    labels: &[EVICTION_REASON],
};

/// Purges that somebody ordered.
pub const CACHE_PURGES: Family = Family {
    name: "forebay_cache_purges_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Purges that somebody ordered, by manner.",
    labels: &[PURGE_MANNER],
};

/// Renewals in the background.
pub const CACHE_RENEWALS: Family = Family {
    name: "forebay_cache_renewals_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Renewals of stored responses in the background, by outcome.",
    labels: &[RENEWAL_OUTCOME],
};

/// Requests that needed a fetch on routes with a deduplication policy, by how they got it, or would have got it in shadow mode.
pub const DEDUPLICATION_REQUESTS: Family = Family {
    name: "forebay_deduplication_requests_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that needed a fetch on routes with a deduplication policy, by how they got it, or would have got it in shadow mode.",
    labels: &[ROUTE, JOIN_OUTCOME, MODE],
};

/// Batches of requests, by how they ended.
pub const BATCHES: Family = Family {
    name: "forebay_batches_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Batches of requests that were sent as one, by how they ended; in shadow mode those that would have been sent, all of them as split.",
    labels: &[ROUTE, BATCH_OUTCOME, MODE],
};

/// Requests that were in batches.
pub const BATCH_MEMBERS: Family = Family {
    name: "forebay_batch_members_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that were in batches; divided by the batches, how many go together.",
    labels: &[ROUTE, MODE],
};

/// Requests of routes with a batch policy that needed a fetch, by what became of them.
pub const BATCH_REQUESTS: Family = Family {
    name: "forebay_batch_requests_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Requests that needed a fetch on routes with a batch policy, by whether a batch answered them or why they were sent as they are; in shadow mode what would have been.",
    labels: &[ROUTE, BATCH_MEMBER, MODE],
};

/// Responses of routes with a compression policy, by the coding used, or why there was none; in shadow mode what would have been done.
pub const COMPRESSION_RESPONSES: Family = Family {
    name: "forebay_compression_responses_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Responses of routes with a compression policy, by the coding used, or why there was none; in shadow mode what would have been done.",
    labels: &[ROUTE, ENCODE_OUTCOME, MODE],
};

/// Body bytes of compressed responses before (in) and after (out) compression.
pub const COMPRESSION_BYTES: Family = Family {
    name: "forebay_compression_bytes_total",
    kind: Kind::Counter,
    unit: Unit::Bytes,
    help: "Body bytes of compressed responses before (in) and after (out) compression.",
    labels: &[ROUTE, DIRECTION],
};

/// Connections of clients.
pub const CLIENT_CONNECTIONS: Family = Family {
    name: "forebay_client_connections",
    kind: Kind::Gauge,
    unit: Unit::Count,
    help: "Connections of clients.",
    labels: &[],
};

/// Connections of clients that have ended, by how.
pub const CLIENT_CONNECTIONS_ENDED: Family = Family {
    name: "forebay_client_connections_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Connections of clients that have ended, by how.",
    labels: &[CONNECTION_OUTCOME],
};

/// Access log lines that were lost because the reader of the log was too slow or gone.
pub const ACCESS_LOG_DROPPED: Family = Family {
    name: "forebay_access_log_dropped_total",
    kind: Kind::Counter,
    unit: Unit::Count,
    help: "Access log lines that were lost because the reader of the log was too slow or gone.",
    labels: &[],
};

/// Whether the last attempt to load the configuration succeeded.
pub const CONFIG_LAST_RELOAD_SUCCESSFUL: Family = Family {
    name: "forebay_config_last_reload_successful",
    kind: Kind::Gauge,
    unit: Unit::Flag,
    help: "Whether the last attempt to load the configuration succeeded.",
    labels: &[],
};

/// When the configuration in force was loaded, in seconds since 1970.
pub const CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP: Family = Family {
    name: "forebay_config_last_reload_success_timestamp_seconds",
    kind: Kind::Gauge,
    unit: Unit::Seconds,
    help: "When the configuration in force was loaded, in seconds since 1970.",
    labels: &[],
};

/// Whether the process says that it is ready for requests.
pub const READY: Family = Family {
    name: "forebay_ready",
    kind: Kind::Gauge,
    unit: Unit::Flag,
    help: "Whether the process says that it is ready for requests.",
    labels: &[],
};

/// Always 1; its label tells which version runs.
pub const BUILD_INFO: Family = Family {
    name: "forebay_build_info",
    kind: Kind::Gauge,
    unit: Unit::Flag,
    help: "Always 1; its label tells which version runs.",
    labels: &[VERSION],
};
