//! YAML text in, checked policies out.
//!
//! Two kinds of type live here on purpose. `file` holds the shapes of the file: lenient, optional,
//! named as an operator writes them. Everything else is what the rest of Forebay runs on: exact
//! values that cannot be wrong once they exist. `check` is the one way from the first to the
//! second, and it reports every mistake at once. No I/O, no clock, no HTTP server: the caller brings
//! the text and the environment.

mod admin;
mod ban;
mod batch;
mod cache;
mod caller;
mod check;
mod clients;
mod compression;
mod deduplication;
mod deserialize;
mod diagnostic;
mod file;
mod identity;
mod interpolate;
mod limit;
mod listener;
mod mode;
mod planned;
mod policies;
mod redact;
mod reference;
mod route;
mod schema;
mod setting;
mod shield;
mod single;
mod source;
mod spelling;
mod suggest;
mod transform;
mod tree;
mod upstream;
mod values;
mod yaml;

pub use admin::{AccessLog, Admin, SecurityLog, Shutdown};
pub use ban::{BanPolicy, BanTrigger};
pub use batch::{BatchKind, BatchPolicy};
pub use cache::{
    BodyKey, CacheKey, CachePolicy, CacheSettings, Dimension, EarlyRefresh, Heuristic,
    HonorRequest, LifetimeCase, Lifetimes, NegativeTtl, Popularity, PurgeAccess, QueryKey, Ranges,
    RequestCookies, SetCookie, Times, Warm,
};
pub use caller::{CallerKey, CallerPart, KeyParts, UnknownCaller};
pub use clients::Clients;
pub use compression::{
    BreachGuard, Coding, CompressionLevel, CompressionPolicy, Dictionary, MediaTypePattern,
    RequestDecoding, UpstreamCodings,
};
pub use deduplication::DeduplicationPolicy;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub use identity::{Identity, JwksSource, TokenAlgorithm, TokenSource};
pub use limit::{
    Adaptation, ConcurrencyPolicy, LimitAlgorithm, LimitCost, LimitFields, LimitPolicy, LimitScope,
    MOST_OF_A_ROUTE,
};
pub use listener::{ListenAddress, Listener, Tls};
pub use mode::Mode;
pub use policies::{Memory, Policies};
pub use reference::reference_markdown;
pub use route::{FieldMatch, HostPattern, PathPattern, PathSegment, Route, RouteMatch, TextMatch};
pub use schema::json_schema;
pub use setting::{Setting, SettingOrigin};
pub use shield::{AttackCategory, PathReading, RuleExclusion, ShieldPolicy, ShieldRules};
pub use single::single_upstream;
pub use source::{Checked, Source, parse, parse_endpoints};
pub use spelling::{parse_duration, show_duration};
pub use transform::{JsonPath, JsonTrim, TransformPolicy};
pub use tree::Span;
pub use upstream::{
    Balance, Balancing, Breaker, Capacity, ClassSource, Classes, Connections, Discovery,
    DnsDiscovery, DnsRecord, Endpoint, EndpointAddress, FileDiscovery, HashOn, HealthCheck, Hedge,
    HedgeAfter, HostHeader, Mirror, OpenAnswer, Outliers, Priority, Probe, ProxyProtocol, Retry,
    RetryOn, Scheme, Sticky, SuccessRate, Upstream, UpstreamProtocol, UpstreamTimeouts,
    UpstreamTls,
};
pub use values::{ByteSize, InvalidValue, Percent, Rate, Weight};
