//! The shapes of the file, as an operator writes it.
//!
//! Nearly every field is optional here even when the file must have it: `check` says what is missing
//! in better words than a parser can. Doc comments become the descriptions of the JSON Schema and of
//! the policy reference, so they are written for operators. Field order is the order of both.

mod at;
mod batch;
mod cache;
mod caller;
mod compression;
mod identity;
mod limits;
mod list;
mod policies;
mod routes;
mod shield;
mod switch;
mod transform;
mod upstreams;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use at::{AT, At, Named, ONE_OR_MANY, OneOrMany};
pub(crate) use batch::{BatchBodyFile, BatchFile, BatchPathFile};
pub(crate) use cache::{
    BodyKeyFile, CacheFile, CacheSettingsFile, CaseFile, DimensionFields, HonorRequestWord,
    KeyFile, LifetimeFields, PersonaFile, PopularityFile, PurgeFile, QueryKeyFile, RangesWord,
    RequestCookiesWord, SetCookieWord, StrategyFile, WarmFile,
};
pub(crate) use caller::{CallerPartFile, UnknownCallerWord};
pub(crate) use compression::{
    BreachGuardWord, CompressionFile, DictionaryFile, EncodingWord, LevelWord, RequestsFile,
    UpstreamCodingsWord,
};
pub(crate) use identity::{AlgorithmFile, IdentityFile, JwtFile, TokenFile};
pub(crate) use limits::{
    AdaptFile, AlgorithmWord, BanFile, BanWhenFile, ConcurrencyFile, CostFields, CostFile,
    LimitFieldsWord, LimitFile, PresetWord, ScopeWord,
};
pub(crate) use list::{Listed, OneOrList};
pub(crate) use policies::{DeduplicationFile, ModeWord, PolicyFile};
pub(crate) use routes::{ConditionFile, ConditionKeys, MatchFile, RouteFile};
pub(crate) use shield::{CategoryWord, ExclusionFile, PathsWord, RulesFile, ShieldFile};
pub(crate) use switch::OrOff;
pub(crate) use transform::{JsonFile, SecurityHeadersFile, TransformFile};
pub(crate) use upstreams::{
    AnswerFile, BalanceWord, BreakerFile, CapacityFile, ClassesFile, ConnectionsFile,
    DiscoveryFile, DnsFile, EndpointFile, HashOnFile, HealthCheckFile, HedgeFile, HostHeaderWord,
    MethodWord, MirrorFile, OutliersFile, PriorityWord, ProbeWord, ProtocolWord, ProxyProtocolWord,
    RecordWord, RetryFile, SchemeWord, StickyFile, SuccessRateFile, TimeoutsFile, UpstreamFile,
    UpstreamTlsFile, WatchedFile,
};
pub(crate) use values::{After, ByStatus, Count, Load, Pace, Share, Size, Tenths, Time};

/// One Forebay configuration: where clients connect, where requests go, and the policies between.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Forebay configuration")]
pub(crate) struct File {
    /// The version of the file format; only `1` exists.
    #[schemars(required)]
    pub(crate) version: Option<At<Count>>,
    /// Where clients connect; at least one.
    #[schemars(required)]
    pub(crate) listeners: Option<At<Vec<At<ListenerFile>>>>,
    /// How much memory Forebay may use for what it keeps.
    pub(crate) memory: Option<At<MemoryFile>>,
    /// What clients may send and how long they may take.
    pub(crate) clients: Option<At<ClientsFile>>,
    /// The operator's listeners.
    pub(crate) admin: Option<At<AdminFile>>,
    /// Which requests are logged: `all`, `errors` (5xx or cut short) or `off`. Default `errors`.
    pub(crate) access_log: Option<At<AccessLogWord>>,
    /// The log of security events, which metrics count in any case; `off` switches it off. Default on.
    pub(crate) security_log: Option<At<OrOff<SecurityLogFile>>>,
    /// How the process ends after SIGTERM.
    pub(crate) shutdown: Option<At<ShutdownFile>>,
    /// What concerns the cache as a whole, whatever the route.
    pub(crate) cache: Option<At<CacheSettingsFile>>,
    /// How Forebay knows who is asking. Default it does not.
    pub(crate) identity: Option<At<IdentityFile>>,
    /// Where requests go, by name; at least one.
    #[schemars(required)]
    pub(crate) upstreams: Option<At<Named<UpstreamFile>>>,
    /// Reusable groups of policies, by name; routes take them in with `use`.
    pub(crate) policies: Option<At<Named<PolicyFile>>>,
    /// Which requests go where, and under which policies; at least one. The most specific match wins.
    #[schemars(required)]
    pub(crate) routes: Option<At<Vec<At<RouteFile>>>>,
}

/// One address that accepts clients.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Listener")]
pub(crate) struct ListenerFile {
    /// An IP address and port, `0.0.0.0:8080`, or a Unix socket, `unix:/run/forebay.sock`. Port 0
    /// lets the system choose.
    #[schemars(required)]
    pub(crate) address: Option<At<String>>,
    /// Addresses or networks whose `Forwarded` and `X-Forwarded-*` headers are believed. Default none.
    pub(crate) trusted_proxies: Option<At<Vec<At<String>>>>,
    /// Whether every connection begins with a PROXY protocol header, version 1 or 2. It is believed
    /// from `trusted_proxies` only; a connection of anybody else is closed. Default `false`.
    pub(crate) proxy_protocol: Option<At<bool>>,
    /// Certificate and key. Default plain HTTP.
    pub(crate) tls: Option<At<TlsFile>>,
}

/// Where certificate and key are read from.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tls")]
pub(crate) struct TlsFile {
    /// A PEM file with the certificate chain, leaf first.
    #[schemars(required)]
    pub(crate) certificate_file: Option<At<String>>,
    /// A PEM file with the private key.
    #[schemars(required)]
    pub(crate) key_file: Option<At<String>>,
}

/// How much memory Forebay may use for what it keeps.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Memory")]
pub(crate) struct MemoryFile {
    /// Cached responses, fills in flight and limiter cells together; at least 8MiB. Default `128MiB`.
    pub(crate) limit: Option<At<Size>>,
}

/// Bounds on what clients may send and how long they may take.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Clients")]
pub(crate) struct ClientsFile {
    /// Request line and headers together, 8KiB to 1MiB; beyond it the answer is 431. Default `64KiB`.
    pub(crate) max_head: Option<At<Size>>,
    /// Header fields in one request, 16 to 1000; beyond it the answer is 431. Default `100`.
    pub(crate) max_headers: Option<At<Count>>,
    /// The largest request body; beyond it the answer is 413. Default `16GiB`.
    pub(crate) max_body: Option<At<Size>>,
    /// Open client connections; beyond it new ones are closed at once. Default `10000`.
    pub(crate) max_connections: Option<At<Count>>,
    /// Open connections of one client address (IPv6 by its /64); beyond it new ones are closed at once.
    /// Default as many as `max_connections`.
    pub(crate) max_connections_per_ip: Option<At<Count>>,
    /// HTTP/2 streams of one connection that its client may reset in a minute, 1 to 1000000; beyond it
    /// the connection is closed. Default `1000`.
    pub(crate) max_http2_resets: Option<At<Count>>,
    /// Concurrent HTTP/2 streams per connection, 1 to 10000. Default `100`.
    pub(crate) max_http2_streams: Option<At<Count>>,
    /// How long a request head may take to arrive. Default `10s`.
    pub(crate) head_timeout: Option<At<Time>>,
    /// How long a connection may stay idle between requests. Default `75s`.
    pub(crate) idle_timeout: Option<At<Time>>,
    /// How long a client may neither send the rest of a body nor take the rest of an answer. Default
    /// `60s`.
    pub(crate) stall_timeout: Option<At<Time>>,
    /// What a client must send or take in a second, on average, while a body is under way and after a
    /// grace of `stall_timeout`; at most 1GiB, `0B` lets it take its time. Default `0B`.
    pub(crate) min_body_rate: Option<At<Size>>,
}

/// The operator's listeners.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Admin")]
pub(crate) struct AdminFile {
    /// Where configuration and statistics are shown; `off` switches it off. Default `127.0.0.1:9901`.
    pub(crate) address: Option<At<String>>,
    /// Where metrics and probes are served; `off` switches it off. Default `0.0.0.0:9902`.
    pub(crate) telemetry_address: Option<At<String>>,
    /// A file with the bearer token that the admin listener asks for; required unless `address` is on
    /// loopback. Default none.
    pub(crate) token_file: Option<At<String>>,
}

/// Which requests are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum AccessLogWord {
    All,
    Errors,
    Off,
}

/// The log of security events.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SecurityLog")]
pub(crate) struct SecurityLogFile {
    /// At most so many lines; what is beyond is counted. Default `100/s`.
    pub(crate) max_rate: Option<At<Pace>>,
}

/// How the process ends after SIGTERM.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Shutdown")]
pub(crate) struct ShutdownFile {
    /// How long to go on accepting while already reported as not ready. Default `0s`.
    pub(crate) delay: Option<At<Time>>,
    /// How long requests in flight may take to finish after that. Default `30s`.
    pub(crate) deadline: Option<At<Time>>,
}
