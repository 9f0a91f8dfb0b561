//! YAML text in, checked policies out.
//!
//! Two kinds of type live here on purpose. `file` holds the shapes of the file: lenient, optional,
//! named as an operator writes them. Everything else is what the rest of Forebay runs on: exact
//! values that cannot be wrong once they exist. `check` is the one way from the first to the
//! second, and it reports every mistake at once. No I/O, no clock, no HTTP server: the caller brings
//! the text and the environment.

mod admin;
mod batch;
mod cache;
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
mod single;
mod source;
mod spelling;
mod suggest;
mod tree;
mod upstream;
mod values;
mod yaml;

pub use admin::{AccessLog, Admin, Shutdown};
pub use batch::{BatchKind, BatchPolicy};
pub use cache::{
    BodyKey, CacheKey, CachePolicy, CacheSettings, Dimension, EarlyRefresh, Heuristic,
    HonorRequest, LifetimeCase, Lifetimes, NegativeTtl, Popularity, PurgeAccess, QueryKey, Ranges,
    RequestCookies, SetCookie, Times, Warm,
};
pub use clients::Clients;
pub use compression::{Coding, CompressionPolicy, MediaTypePattern};
pub use deduplication::DeduplicationPolicy;
pub use diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub use identity::{Identity, TokenAlgorithm, TokenSource};
pub use limit::{LimitKey, LimitPolicy};
pub use listener::{ListenAddress, Listener, Tls};
pub use mode::Mode;
pub use policies::{Memory, Policies};
pub use reference::reference_markdown;
pub use route::{FieldMatch, HostPattern, PathPattern, PathSegment, Route, RouteMatch, TextMatch};
pub use schema::json_schema;
pub use setting::{Setting, SettingOrigin};
pub use single::single_upstream;
pub use source::{Checked, Source, parse, parse_endpoints};
pub use spelling::{parse_duration, show_duration};
pub use tree::Span;
pub use upstream::{
    Balance, Balancing, Breaker, Capacity, ClassSource, Classes, Connections, Discovery,
    DnsDiscovery, DnsRecord, Endpoint, EndpointAddress, FileDiscovery, HashOn, HealthCheck, Hedge,
    HedgeAfter, HostHeader, Mirror, OpenAnswer, Outliers, Priority, Probe, ProxyProtocol, Retry,
    RetryOn, Scheme, Sticky, SuccessRate, Upstream, UpstreamProtocol, UpstreamTimeouts,
    UpstreamTls,
};
pub use values::{ByteSize, InvalidValue, Percent, Rate, Weight};
