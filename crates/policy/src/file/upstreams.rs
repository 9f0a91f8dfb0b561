//! Upstreams as the file spells them, one file per concern.

mod balance;
mod breaker;
mod capacity;
mod connections;
mod discovery;
mod endpoint;
mod health;
mod mirror;
mod retry;

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use balance::{BalanceWord, HashOnFile, StickyFile};
pub(crate) use breaker::{AnswerFile, BreakerFile, EndpointBreakerFile};
pub(crate) use capacity::{CapacityFile, ClassesFile, PriorityWord};
pub(crate) use connections::{
    ConnectionsFile, HostHeaderWord, ProtocolWord, ProxyProtocolWord, TimeoutsFile, UpstreamTlsFile,
};
pub(crate) use discovery::{DiscoveryFile, DnsFile, RecordWord, SchemeWord, WatchedFile};
pub(crate) use endpoint::EndpointFile;
pub(crate) use health::{HealthCheckFile, MethodWord, OutliersFile, ProbeWord, SuccessRateFile};
pub(crate) use mirror::MirrorFile;
pub(crate) use retry::{HedgeFile, RetryFile};

use super::{At, Count, Load, ModeWord, OneOrList, Share, Time};

/// A group of servers that answer the same requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub(crate) struct UpstreamFile {
    /// The servers, each a URL such as `http://127.0.0.1:3000` or a mapping with one; at least one,
    /// here or by `discovery`. Default none.
    pub(crate) endpoints: Option<At<Vec<At<EndpointFile>>>>,
    /// Where servers come from that are not listed. Default nowhere.
    pub(crate) discovery: Option<At<DiscoveryFile>>,
    /// Who gets the next request: `round_robin`, `least_requests` (of two drawn at random), `weighted`,
    /// `random`, `peak_ewma` (who will probably answer sooner), `ring_hash` or `maglev`. Default
    /// `round_robin`.
    pub(crate) balance: Option<At<BalanceWord>>,
    /// How far `balance` may go. In `shadow` mode each endpoint has its turn, as with `round_robin`,
    /// and what `balance` would have chosen is counted. Default `enforce`.
    pub(crate) balance_mode: Option<At<ModeWord>>,
    /// What `ring_hash` and `maglev` look at: `client_ip`, `{header: X-User}`, `{cookie: sid}` or
    /// `{path_parameter: id}`, or a list of which the first that a request has counts. Default
    /// `client_ip`.
    pub(crate) hash_on: Option<At<OneOrList<HashOnFile>>>,
    /// `ring_hash` and `maglev` pass over a server with more than this share of the mean load, 101% to
    /// 1000%. Default they pass over none.
    pub(crate) bounded_load: Option<At<Load>>,
    /// A cookie that binds a client to its server. An empty mapping switches it on with its defaults.
    /// Default none.
    pub(crate) sticky: Option<At<StickyFile>>,
    /// Where this Forebay stands: servers of the same `zone` come first. Default nowhere.
    pub(crate) zone: Option<At<String>>,
    /// How long a new or recovered server takes to get its whole share, at most 1h. Default `0s`.
    pub(crate) slow_start: Option<At<Time>>,
    /// A priority group whose share of well servers is below this shares with the next group. Default
    /// `70%`.
    pub(crate) spill_below: Option<At<Share>>,
    /// Below this share of well servers all of them are asked, well or not. Default `50%`.
    pub(crate) panic_below: Option<At<Share>>,
    /// What is spoken to the servers: `auto` (HTTP/1.1; over TLS, HTTP/2 when both sides agree),
    /// `http1` or `http2`. Default `auto`.
    pub(crate) protocol: Option<At<ProtocolWord>>,
    /// Which `Host` the servers see: the one the `client` sent, or the `endpoint`'s own. Default
    /// `client`.
    pub(crate) host_header: Option<At<HostHeaderWord>>,
    /// How long each stage may take.
    pub(crate) timeouts: Option<At<TimeoutsFile>>,
    /// A header that tells the servers how many milliseconds are left, such as
    /// `X-Request-Timeout-Ms`. Default none.
    pub(crate) deadline_header: Option<At<String>>,
    /// Idle connections kept per endpoint and worker (all workers together where
    /// `connections.max_open` is set), at most 10000. Default `64`.
    pub(crate) max_idle_connections: Option<At<Count>>,
    /// How connections are kept and shared.
    pub(crate) connections: Option<At<ConnectionsFile>>,
    /// TLS towards `https` endpoints.
    pub(crate) tls: Option<At<UpstreamTlsFile>>,
    /// Asking each server whether it is well. An empty mapping asks for `/`. Default nobody is asked.
    pub(crate) health_check: Option<At<HealthCheckFile>>,
    /// Leaving out servers because of how they answer. An empty mapping switches it on with its
    /// defaults. Default none is left out.
    pub(crate) outliers: Option<At<OutliersFile>>,
    /// Trying again. An empty mapping switches it on with its defaults. Default nothing is, except
    /// what was certainly not sent.
    pub(crate) retry: Option<At<RetryFile>>,
    /// A second try beside a slow first one, for requests that may be sent twice. An empty mapping
    /// switches it on with its defaults. Default none.
    pub(crate) hedge: Option<At<HedgeFile>>,
    /// Leaving the whole upstream alone for a while. An empty mapping switches it on with its
    /// defaults. Default it never is.
    pub(crate) breaker: Option<At<BreakerFile>>,
    /// Leaving one server alone for a while. An empty mapping switches it on with its defaults.
    /// Default it never is.
    pub(crate) endpoint_breaker: Option<At<EndpointBreakerFile>>,
    /// How many requests the upstream is given at a time. An empty mapping switches it on with its
    /// defaults. Default as many as come.
    pub(crate) capacity: Option<At<CapacityFile>>,
    /// Copies of requests for another upstream. Default none.
    pub(crate) mirror: Option<At<MirrorFile>>,
}
