//! Endpoints, of an upstream or of a watched file.

use std::{collections::HashSet, net::IpAddr, path::PathBuf, sync::Arc};

use http::Uri;

use crate::{
    Balance, Endpoint, EndpointAddress, Scheme, Weight,
    check::{
        findings::Findings,
        names::{NameIs, check_name},
    },
    diagnostic::Code,
    file::{At, Count, EndpointFile, UpstreamFile},
};

const ENDPOINT_HELP: &str = "write scheme, host and port only: `http://127.0.0.1:3000`";

const SOCKET_HELP: &str = "write `http+unix:/run/app.sock`, at most 107 bytes of path";

const HOLDS_PASSWORD: &str = "it holds a user name or password";

/// What Linux leaves for a path in a socket address.
const LONGEST_SOCKET: usize = 107;

pub(super) fn check_endpoints(
    findings: &mut Findings<'_>,
    name: &str,
    upstream: &At<UpstreamFile>,
    balance: Balance,
) -> Vec<Endpoint> {
    let shape = &upstream.value;
    let found_elsewhere = shape.discovery.is_some() || findings.lost_in(upstream.node, "discovery");
    let help = "such as `endpoints: [\"http://127.0.0.1:3000\"]`, or `discovery`";
    let Some(endpoints) = &shape.endpoints else {
        if !found_elsewhere {
            findings.missing(upstream.node, "endpoints", help);
        }
        return Vec::new();
    };
    let lost = findings.lost_below(&format!("upstreams.{name}.endpoints"));
    if endpoints.value.is_empty() && !found_elsewhere && !lost {
        let message = format!("the upstream `{name}` has no endpoint");
        findings.error(endpoints.node, Code::Empty, message, help);
    }
    read_endpoints(findings, &endpoints.value, balance)
}

/// A list of endpoints, wherever it stands.
pub(in crate::check) fn read_endpoints(
    findings: &mut Findings<'_>,
    endpoints: &[At<EndpointFile>],
    balance: Balance,
) -> Vec<Endpoint> {
    let mut seen = HashSet::new();
    let mut checked = Vec::new();
    for endpoint in endpoints {
        let Some((url, endpoint)) = read_endpoint(findings, endpoint, balance) else {
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

fn read_endpoint(
    findings: &mut Findings<'_>,
    endpoint: &At<EndpointFile>,
    balance: Balance,
) -> Option<(At<String>, Endpoint)> {
    let keys = match &endpoint.value {
        EndpointFile::Url(url) => {
            let url = endpoint.with(url.clone());
            let endpoint = check_url(findings, &url)?;
            return Some((url, endpoint));
        }
        EndpointFile::Full(keys) => keys,
    };
    let weight = keys.weight.as_ref();
    let weight = weight.map_or(Weight::ONE, |weight| {
        check_weight(findings, weight, balance)
    });
    let zone = check_zone(findings, keys.zone.as_ref());
    let priority = findings.count(keys.priority.as_ref(), 0, (0, 9));
    let Some(url) = &keys.url else {
        findings.missing(endpoint.node, "url", ENDPOINT_HELP);
        return None;
    };
    let endpoint = Endpoint {
        weight,
        zone,
        priority,
        ..check_url(findings, url)?
    };
    Some((url.clone(), endpoint))
}

/// Zones are compared and shown, so they are as plain as names.
pub(super) fn check_zone(
    findings: &mut Findings<'_>,
    zone: Option<&At<String>>,
) -> Option<Arc<str>> {
    let zone = zone?;
    let shown = findings.show(zone).to_owned();
    check_name(findings, zone.node, &zone.value, NameIs::Value, &shown);
    Some(Arc::from(zone.value.as_str()))
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

fn check_url(findings: &mut Findings<'_>, url: &At<String>) -> Option<Endpoint> {
    let (why, help) = match parse_socket(&url.value) {
        Some(Ok(endpoint)) => return Some(endpoint),
        Some(Err(why)) => (why, SOCKET_HELP),
        None => match parse_tcp(&url.value) {
            Ok((scheme, host, port)) => return Some(Endpoint::tcp(scheme, &host, port)),
            Err(why) => (why, ENDPOINT_HELP),
        },
    };
    // A password is not repeated in messages, which end up in logs.
    let message = match why {
        HOLDS_PASSWORD => format!("this cannot be an endpoint: {why}"),
        why => format!("`{}` cannot be an endpoint: {why}", findings.show(url)),
    };
    findings.error(url.node, Code::BadEndpoint, message, help);
    None
}

/// The socket of `http+unix:/path`; `None` when it does not look like one.
fn parse_socket(text: &str) -> Option<Result<Endpoint, &'static str>> {
    let (scheme, path) = text.split_once("unix:")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "" => return Some(Err("nothing says how to speak to this socket")),
        "http+" => Scheme::Http,
        "https+" => Scheme::Https,
        _ => return None,
    };
    if !path.starts_with('/') || path.starts_with("//") {
        return Some(Err("the path of a socket begins with one `/`"));
    }
    if path.len() > LONGEST_SOCKET || path.contains('\0') {
        return Some(Err("the path of the socket is too long"));
    }
    Some(Ok(Endpoint {
        address: EndpointAddress::Unix(PathBuf::from(path)),
        ..Endpoint::tcp(scheme, "", 0)
    }))
}

/// Scheme, host without brackets, and port of an endpoint's URL.
fn parse_tcp(text: &str) -> Result<(Scheme, String, u16), &'static str> {
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
pub(super) fn check_host(host: &str) -> Result<(), &'static str> {
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
