//! Routes and upstreams as JSON.
//!
//! Values that headers and query parameters are compared with are left out: they may be the shared
//! secret between a gateway and us. Their names are enough to recognize a route.

use policy::{
    BanPolicy, ConcurrencyPolicy, HostPattern, LimitAlgorithm, LimitPolicy, Mode, PathPattern,
    PathSegment, Policies, Route, Upstream, UpstreamProtocol,
};
use serde_json::{Value, json};
use telemetry::EndpointFigures;

use crate::{EndpointHealth, UpstreamCapacity};

/// Every route in the order of the file.
pub(crate) fn routes(policies: &Policies) -> Value {
    let routes = policies
        .routes
        .iter()
        .map(|route| self::route(route, policies));
    routes.collect()
}

/// Every upstream in the order of the file.
pub(crate) fn upstreams(
    policies: &Policies,
    endpoints: &dyn Fn(usize) -> Vec<EndpointFigures>,
    health: &dyn Fn(usize, usize) -> Option<EndpointHealth>,
    capacity: &dyn Fn(usize) -> Option<UpstreamCapacity>,
) -> Value {
    let upstreams = policies.upstreams.iter().enumerate();
    upstreams
        .map(|(position, upstream)| {
            self::upstream(
                upstream,
                &endpoints(position),
                &|endpoint| health(position, endpoint),
                capacity(position),
            )
        })
        .collect()
}

fn route(route: &Route, policies: &Policies) -> Value {
    let matches = &route.matches;
    let hosts: Vec<String> = matches.hosts.iter().map(host).collect();
    let methods: Vec<&str> = matches.methods.iter().map(http::Method::as_str).collect();
    let headers: Vec<&str> = matches
        .headers
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    let query: Vec<&str> = matches
        .query
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    let limits: Vec<Value> = route.rate_limits.iter().map(limit).collect();
    let concurrency: Vec<Value> = route.concurrency.iter().map(concurrency).collect();
    let bans: Vec<Value> = route.bans.iter().map(ban).collect();
    json!({
        "name": route.name,
        "line": route.line,
        "match": {
            "hosts": hosts,
            "path": path(&matches.path),
            "methods": methods,
            "headers": headers,
            "query": query,
        },
        "upstream": policies.upstreams.get(route.upstream).map(|upstream| &upstream.name),
        "cache": mode(route.cache.as_ref().map(|policy| policy.mode)),
        "compression": mode(route.compression.as_ref().map(|policy| policy.mode)),
        "deduplication": mode(route.deduplication.map(|policy| policy.mode)),
        "shield": mode(route.shield.as_ref().map(|policy| policy.mode)),
        "transform": mode(route.transform.as_ref().map(|policy| policy.mode)),
        "rate_limits": limits,
        "concurrency": concurrency,
        "bans": bans,
    })
}

fn limit(limit: &LimitPolicy) -> Value {
    let algorithm = match limit.algorithm {
        LimitAlgorithm::Gcra { .. } => "gcra",
        LimitAlgorithm::SlidingWindow => "sliding_window",
    };
    json!({
        "name": limit.name,
        "mode": limit.mode.as_str(),
        "algorithm": algorithm,
        "events": limit.rate.events(),
        "per_seconds": limit.rate.per().as_secs_f64(),
        "burst": limit.burst(),
        "key": limit.key.to_string(),
    })
}

fn concurrency(limit: &ConcurrencyPolicy) -> Value {
    json!({
        "name": limit.name,
        "mode": limit.mode.as_str(),
        "max": limit.max,
        "key": limit.key.to_string(),
    })
}

fn ban(ban: &BanPolicy) -> Value {
    json!({
        "name": ban.name,
        "mode": ban.mode.as_str(),
        "when": ban.trigger.to_string(),
        "count": ban.count,
        "within_seconds": ban.within.as_secs_f64(),
        "key": ban.key.to_string(),
        "seconds": ban.duration.as_secs_f64(),
        "max_seconds": ban.max_duration.as_secs_f64(),
    })
}

fn upstream(
    upstream: &Upstream,
    endpoints: &[EndpointFigures],
    health: &dyn Fn(usize) -> Option<EndpointHealth>,
    capacity: Option<UpstreamCapacity>,
) -> Value {
    let endpoints = endpoints.iter().enumerate();
    let endpoints: Vec<Value> = endpoints
        .map(|(position, figures)| endpoint(figures, health(position)))
        .collect();
    let protocol = match upstream.protocol {
        UpstreamProtocol::Auto => "auto",
        UpstreamProtocol::Http1 => "http1",
        UpstreamProtocol::Http2 => "http2",
    };
    json!({
        "name": upstream.name,
        "balance": upstream.balancing.balance.as_str(),
        "protocol": protocol,
        "capacity": capacity,
        "endpoints": endpoints,
    })
}

fn endpoint(figures: &EndpointFigures, health: Option<EndpointHealth>) -> Value {
    let endpoint = &figures.endpoint;
    json!({
        "url": endpoint.url(),
        "origin": figures.origin.as_str(),
        "weight": endpoint.weight.value(),
        "priority": endpoint.priority,
        "zone": endpoint.zone.as_deref(),
        "in_flight": figures.in_flight,
        "health": health,
    })
}

/// A policy that is absent does as much as one that is off.
fn mode(mode: Option<Mode>) -> &'static str {
    mode.unwrap_or(Mode::Off).as_str()
}

fn host(host: &HostPattern) -> String {
    match host {
        HostPattern::Exact(name) => name.clone(),
        HostPattern::Below(name) => format!("*.{name}"),
    }
}

fn path(path: &PathPattern) -> String {
    let segments = path.segments.iter().map(|segment| match segment {
        PathSegment::Literal(text) => format!("/{text}"),
        PathSegment::Parameter(name) => format!("/{{{name}}}"),
        PathSegment::Rest(name) => format!("/{{*{name}}}"),
    });
    segments.collect()
}
