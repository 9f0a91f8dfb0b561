//! Upstreams and their endpoints.

use std::{collections::HashSet, net::IpAddr, time::Duration};

use http::Uri;

use crate::{
    Balance, Balancing, Connections, Endpoint, HostHeader, Mode, Scheme, Upstream,
    UpstreamProtocol, UpstreamTimeouts, Weight,
    diagnostic::Code,
    file::{
        At, BalanceWord, Count, EndpointFile, File, HostHeaderWord, ModeWord, ProtocolWord,
        TimeoutsFile, UpstreamFile,
    },
};

use super::{
    findings::{DAY, Findings},
    names::{NameIs, check_name},
};

const ENDPOINT_HELP: &str = "write scheme, host and port only: `http://127.0.0.1:3000`";

const HOLDS_PASSWORD: &str = "it holds a user name or password";

pub(super) fn check_upstreams(findings: &mut Findings<'_>, file: &At<File>) -> Vec<Upstream> {
    let help =
        "add `upstreams:` with an entry such as `app: {endpoints: [\"http://127.0.0.1:3000\"]}`";
    let Some(upstreams) = &file.value.upstreams else {
        findings.missing(file.node, "upstreams", help);
        return Vec::new();
    };
    if upstreams.value.0.is_empty() && !findings.lost_below("upstreams") {
        let message = "there is no upstream".to_owned();
        findings.error(upstreams.node, Code::Empty, message, help);
    }
    let upstreams = upstreams.value.0.iter();
    upstreams
        .map(|(name, upstream)| {
            check_name(findings, upstream.node, name, NameIs::Key, name);
            check_upstream(findings, name, upstream)
        })
        .collect()
}

fn check_upstream(
    findings: &mut Findings<'_>,
    name: &str,
    upstream: &At<UpstreamFile>,
) -> Upstream {
    let shape = &upstream.value;
    let balance = match shape.balance.as_ref().map(|word| word.value) {
        Some(BalanceWord::LeastRequests) => Balance::LeastRequests,
        Some(BalanceWord::RoundRobin) | None => Balance::RoundRobin,
        Some(BalanceWord::Weighted) => Balance::Weighted,
    };
    Upstream {
        endpoints: check_endpoints(findings, name, upstream, balance),
        balancing: Balancing {
            balance,
            mode: match shape.balance_mode.as_ref().map(|word| word.value) {
                Some(ModeWord::Enforce) | None => Mode::Enforce,
                Some(ModeWord::Off) => Mode::Off,
                Some(ModeWord::Shadow) => Mode::Shadow,
            },
            ..Balancing::default()
        },
        protocol: match shape.protocol.as_ref().map(|word| word.value) {
            Some(ProtocolWord::Auto) | None => UpstreamProtocol::Auto,
            Some(ProtocolWord::Http1) => UpstreamProtocol::Http1,
            Some(ProtocolWord::Http2) => UpstreamProtocol::Http2,
        },
        host_header: match shape.host_header.as_ref().map(|word| word.value) {
            Some(HostHeaderWord::Client) | None => HostHeader::Client,
            Some(HostHeaderWord::Endpoint) => HostHeader::Endpoint,
        },
        timeouts: check_timeouts(findings, shape.timeouts.as_ref()),
        connections: Connections {
            max_idle: findings.count(shape.max_idle_connections.as_ref(), 64, (0, 10_000)),
            ..Connections::default()
        },
        ..Upstream::plain(name.to_owned(), Vec::new())
    }
}

fn check_endpoints(
    findings: &mut Findings<'_>,
    name: &str,
    upstream: &At<UpstreamFile>,
    balance: Balance,
) -> Vec<Endpoint> {
    let help = "such as `endpoints: [\"http://127.0.0.1:3000\"]`";
    let Some(endpoints) = &upstream.value.endpoints else {
        findings.missing(upstream.node, "endpoints", help);
        return Vec::new();
    };
    if endpoints.value.is_empty() && !findings.lost_below(&format!("upstreams.{name}.endpoints")) {
        let message = format!("the upstream `{name}` has no endpoint");
        findings.error(endpoints.node, Code::Empty, message, help);
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::new();
    for endpoint in &endpoints.value {
        let Some((url, weight)) = parts(findings, endpoint) else {
            continue;
        };
        let weight = weight.map_or(Weight::ONE, |weight| {
            check_weight(findings, &weight, balance)
        });
        let Some(endpoint) = check_url(findings, &url, weight) else {
            continue;
        };
        if !seen.insert(endpoint.address.clone()) {
            let message = format!("`{}` is listed twice in this upstream", findings.show(&url));
            let help = "remove one; to send it more requests, give it a `weight`";
            findings.error(url.node, Code::DuplicateEndpoint, message, help);
        }
        checked.push(endpoint);
    }
    checked
}

fn parts(
    findings: &mut Findings<'_>,
    endpoint: &At<EndpointFile>,
) -> Option<(At<String>, Option<At<Count>>)> {
    match &endpoint.value {
        EndpointFile::Url(url) => Some((endpoint.with(url.clone()), None)),
        EndpointFile::Full(keys) => {
            if keys.url.is_none() {
                findings.missing(endpoint.node, "url", ENDPOINT_HELP);
            }
            Some((keys.url.clone()?, keys.weight.clone()))
        }
    }
}

fn check_weight(findings: &mut Findings<'_>, weight: &At<Count>, balance: Balance) -> Weight {
    if balance == Balance::RoundRobin {
        let message = "`round_robin` does not look at weights".to_owned();
        let help = "write `balance: weighted` for this upstream, or remove the weight";
        findings.error(weight.node, Code::UselessWeight, message, help);
    }
    let value = findings.count(Some(weight), 1, (1, 1_000));
    Weight::new(value).unwrap_or(Weight::ONE)
}

fn check_url(findings: &mut Findings<'_>, url: &At<String>, weight: Weight) -> Option<Endpoint> {
    match parse_url(&url.value) {
        Ok((scheme, host, port)) => Some(Endpoint {
            weight,
            ..Endpoint::tcp(scheme, &host, port)
        }),
        // A password is not repeated in messages, which end up in logs.
        Err(why @ HOLDS_PASSWORD) => {
            let message = format!("this cannot be an endpoint: {why}");
            findings.error(url.node, Code::BadEndpoint, message, ENDPOINT_HELP);
            None
        }
        Err(why) => {
            let message = format!("`{}` cannot be an endpoint: {why}", findings.show(url));
            findings.error(url.node, Code::BadEndpoint, message, ENDPOINT_HELP);
            None
        }
    }
}

/// Scheme, host without brackets, and port of an endpoint's URL.
fn parse_url(text: &str) -> Result<(Scheme, String, u16), &'static str> {
    let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Scheme::Http, 80),
        "https" => (Scheme::Https, 443),
        _ => return Err("the scheme is neither `http` nor `https`"),
    };
    if rest.contains('@') {
        return Err(HOLDS_PASSWORD);
    }
    if rest.contains('#') {
        return Err("it has a fragment");
    }
    let uri: Uri = text.parse().map_err(|_| "it is not a URL")?;
    if uri.query().is_some() {
        return Err("it has a query");
    }
    if !matches!(uri.path(), "" | "/") {
        return Err("it has a path");
    }
    let authority = uri.authority().ok_or("it has no host")?;
    let host = authority.host();
    let port = match authority.as_str().strip_prefix(host) {
        Some("") => default_port,
        Some(port) => match port.strip_prefix(':').and_then(|port| port.parse().ok()) {
            Some(0) | None => return Err("the port is not a number from 1 to 65535"),
            Some(port) => port,
        },
        None => return Err("it is not a URL"),
    };
    let host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(inside) => {
            inside
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| "the address is not IPv6")?;
            inside.to_ascii_lowercase()
        }
        None => {
            check_host(host)?;
            host.to_ascii_lowercase()
        }
    };
    Ok((scheme, host, port))
}

/// A DNS name or an IPv4 address; underscores appear in names inside clusters.
fn check_host(host: &str) -> Result<(), &'static str> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    if host.parse::<IpAddr>().is_ok() || (name.len() <= 253 && name.split('.').all(label)) {
        Ok(())
    } else {
        Err("the host is not a name or an address")
    }
}

fn check_timeouts(
    findings: &mut Findings<'_>,
    timeouts: Option<&At<TimeoutsFile>>,
) -> UpstreamTimeouts {
    let shape = timeouts.map(|timeouts| timeouts.value.clone());
    let shape = shape.unwrap_or_default();
    let connect = findings.timeout(shape.connect.as_ref(), Duration::from_secs(1));
    let total = shape.total.as_ref().map(|at| {
        let total = findings.time(Some(at), DAY, (Duration::from_millis(1), DAY));
        if connect >= total {
            let message = "`total` is not longer than `connect`".to_owned();
            let help = "`total` covers the whole exchange, connecting included";
            findings.error(at.node, Code::Contradiction, message, help);
        }
        total
    });
    UpstreamTimeouts {
        connect,
        tls: Duration::from_secs(3),
        per_try: None,
        first_byte: findings.timeout(shape.first_byte.as_ref(), Duration::from_secs(30)),
        idle: findings.timeout(shape.idle.as_ref(), Duration::from_secs(60)),
        total,
        keep_alive: findings.timeout(shape.keep_alive.as_ref(), Duration::from_secs(60)),
    }
}
