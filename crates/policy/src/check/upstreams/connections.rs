//! How connections are made, kept and shared.

use std::time::Duration;

use http::{HeaderName, header};

use crate::{
    Connections, Endpoint, ProxyProtocol, Scheme, Tls, UpstreamTimeouts, UpstreamTls,
    check::{
        cache::of_one_connection,
        findings::{DAY, Findings},
        listeners::check_file,
    },
    diagnostic::Code,
    file::{
        At, ConnectionsFile, ProxyProtocolWord, SchemeWord, TimeoutsFile, UpstreamFile,
        UpstreamTlsFile,
    },
};

use super::{balance::check_header, endpoints::check_host};

const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

pub(super) fn check_connections(
    findings: &mut Findings<'_>,
    upstream: &UpstreamFile,
) -> Connections {
    let standard = Connections::default();
    let idle = upstream.max_idle_connections.as_ref();
    let max_idle = findings.count(idle, standard.max_idle, (0, 10_000));
    let nothing = ConnectionsFile::default();
    let shape = upstream
        .connections
        .as_ref()
        .map_or(&nothing, |at| &at.value);
    let max_open = shape.max_open.as_ref();
    let max_open = max_open.map(|at| findings.count(Some(at), max_idle, (1, 100_000)));
    let preconnect = findings.count(shape.preconnect.as_ref(), 0, (0, 1_000));
    let proxy_protocol = shape.proxy_protocol.as_ref().map(|word| match word.value {
        ProxyProtocolWord::V1 => ProxyProtocol::V1,
        ProxyProtocolWord::V2 => ProxyProtocol::V2,
    });
    if let Some(at) = &shape.preconnect
        && preconnect > 0
    {
        let message = if preconnect > max_idle {
            Some((
                "`preconnect` is more than `max_idle_connections`",
                "none beyond it is kept",
            ))
        } else if max_open.is_some_and(|most| preconnect > most) {
            Some((
                "`preconnect` is more than `max_open`",
                "none beyond it is opened",
            ))
        } else if proxy_protocol.is_some() {
            let help = "remove `preconnect` or `proxy_protocol`";
            Some((
                "a connection that begins with its client's address cannot be opened before he asks",
                help,
            ))
        } else {
            None
        };
        if let Some((message, help)) = message {
            findings.error(at.node, Code::Contradiction, message.to_owned(), help);
        }
    }
    Connections {
        max_idle,
        max_open,
        max_age: shape
            .max_age
            .as_ref()
            .map(|age| findings.time(Some(age), MONTH, (Duration::from_secs(1), MONTH))),
        preconnect,
        max_streams: findings.count(
            shape.max_streams.as_ref(),
            standard.max_streams,
            (1, 10_000),
        ),
        proxy_protocol,
    }
}

pub(super) fn check_timeouts(
    findings: &mut Findings<'_>,
    timeouts: Option<&At<TimeoutsFile>>,
) -> UpstreamTimeouts {
    let nothing = TimeoutsFile::default();
    let shape = timeouts.map_or(&nothing, |timeouts| &timeouts.value);
    let standard = UpstreamTimeouts::default();
    let connect = findings.timeout(shape.connect.as_ref(), standard.connect);
    let total = shape.total.as_ref().map(|at| {
        let total = findings.timeout(Some(at), DAY);
        if connect >= total {
            let message = "`total` is not longer than `connect`".to_owned();
            let help = "`total` covers the whole exchange, connecting included";
            findings.error(at.node, Code::Contradiction, message, help);
        }
        total
    });
    let per_try = shape.per_try.as_ref().map(|at| {
        let per_try = findings.timeout(Some(at), DAY);
        if total.is_some_and(|total| per_try > total) {
            let message = "`per_try` is longer than `total`".to_owned();
            let help = "`total` covers all tries, and would always end the first";
            findings.error(at.node, Code::Contradiction, message, help);
        }
        per_try
    });
    UpstreamTimeouts {
        connect,
        tls: findings.timeout(shape.tls.as_ref(), standard.tls),
        first_byte: findings.timeout(shape.first_byte.as_ref(), standard.first_byte),
        idle: findings.timeout(shape.idle.as_ref(), standard.idle),
        per_try,
        total,
        keep_alive: findings.timeout(shape.keep_alive.as_ref(), standard.keep_alive),
    }
}

pub(super) fn check_deadline_header(
    findings: &mut Findings<'_>,
    name: Option<&At<String>>,
) -> Option<HeaderName> {
    let name = name?;
    let header = check_header(findings, name, "X-Request-Timeout-Ms")?;
    let taken = matches!(
        header,
        header::CONTENT_LENGTH | header::EXPECT | header::HOST | header::CONTENT_TYPE
    );
    if taken || of_one_connection(&header) {
        let message = format!("`{}` cannot tell a deadline", findings.show(name));
        let help = "it has a meaning of its own; choose one such as `X-Request-Timeout-Ms`";
        findings.error(name.node, Code::BadHeaderName, message, help);
    }
    Some(header)
}

pub(super) fn check_tls(
    findings: &mut Findings<'_>,
    upstream: &At<UpstreamFile>,
    endpoints: &[Endpoint],
) -> UpstreamTls {
    let Some(tls) = &upstream.value.tls else {
        return UpstreamTls::default();
    };
    let plain = endpoints.iter().all(|one| one.scheme == Scheme::Http);
    let lost = ["endpoints", "discovery"];
    let lost = lost
        .iter()
        .any(|field| findings.lost_in(upstream.node, field));
    // An endpoint that could not be read might have been one with TLS.
    let listed = upstream
        .value
        .endpoints
        .as_ref()
        .map_or(0, |at| at.value.len());
    if plain && listed == endpoints.len() && !lost && !found_with_tls(&upstream.value) {
        let message = "no endpoint of this upstream speaks TLS".to_owned();
        let help = "write `https://` in its endpoints, or remove `tls`";
        findings.key_error(tls.node, Code::Contradiction, message, help);
    }
    let shape = &tls.value;
    let ca_file = shape.ca_file.as_ref();
    UpstreamTls {
        ca_file: ca_file.and_then(|file| check_file(findings, file)),
        client: check_client(findings, tls),
        server_name: shape.server_name.as_ref().map(|name| {
            let ip = name.value.parse::<std::net::Ipv6Addr>().is_ok();
            if !ip && check_host(&name.value).is_err() {
                let message = format!("`{}` is not the name of a server", findings.show(name));
                let help = "a name or an address without port, such as `api.internal.example`";
                findings.error(name.node, Code::BadServerName, message, help);
            }
            name.value.to_ascii_lowercase()
        }),
    }
}

/// Whether what is found may speak TLS: a file says so for each endpoint, when it is read.
fn found_with_tls(upstream: &UpstreamFile) -> bool {
    let discovery = upstream.discovery.as_ref().map(|at| &at.value);
    discovery.is_some_and(|discovery| {
        let dns = discovery.dns.as_ref().map(|dns| &dns.value);
        let scheme = dns.and_then(|dns| dns.scheme.as_ref());
        discovery.file.is_some() || scheme.is_some_and(|at| at.value == SchemeWord::Https)
    })
}

fn check_client(findings: &mut Findings<'_>, tls: &At<UpstreamTlsFile>) -> Option<Tls> {
    let (certificate, key) = (&tls.value.certificate_file, &tls.value.key_file);
    let help = "`certificate_file` and `key_file` belong together";
    match (certificate, key) {
        (None, None) => None,
        (None, Some(_)) => {
            findings.missing(tls.node, "certificate_file", help);
            None
        }
        (Some(_), None) => {
            findings.missing(tls.node, "key_file", help);
            None
        }
        (Some(certificate), Some(key)) => {
            let certificate = check_file(findings, certificate);
            let key = check_file(findings, key);
            Some(Tls {
                certificate_file: certificate?,
                key_file: key?,
            })
        }
    }
}
