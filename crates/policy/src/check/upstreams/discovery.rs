//! Where endpoints come from that the file does not list.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use crate::{
    Discovery, DnsDiscovery, DnsRecord, FileDiscovery, Scheme,
    check::{
        findings::{DAY, Findings},
        listeners::check_file,
    },
    diagnostic::Code,
    file::{At, DiscoveryFile, DnsFile, RecordWord, SchemeWord, WatchedFile},
};

use super::{endpoints::check_host, not_shorter};

const SHORTEST: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3_600);
const DNS_PORT: u16 = 53;

pub(super) fn check_discovery(
    findings: &mut Findings<'_>,
    discovery: &At<DiscoveryFile>,
) -> Option<Discovery> {
    match (&discovery.value.dns, &discovery.value.file) {
        (Some(dns), None) => check_dns(findings, dns).map(Discovery::Dns),
        (None, Some(file)) => check_watched(findings, file).map(Discovery::File),
        (dns, _) => {
            let lost = ["dns", "file"];
            if lost
                .iter()
                .any(|field| findings.lost_in(discovery.node, field))
            {
                return None;
            }
            let many = if dns.is_some() { "both" } else { "none" };
            let message =
                format!("`discovery` has one of `dns` and `file`, and here it has {many}");
            let help = "such as `discovery: {dns: {name: app.default.svc.cluster.local}}`";
            findings.key_error(discovery.node, Code::BadDiscovery, message, help);
            None
        }
    }
}

fn check_dns(findings: &mut Findings<'_>, dns: &At<DnsFile>) -> Option<DnsDiscovery> {
    let shape = &dns.value;
    let scheme = match shape.scheme.as_ref().map(|word| word.value) {
        Some(SchemeWord::Http) | None => Scheme::Http,
        Some(SchemeWord::Https) => Scheme::Https,
    };
    let bounds = (SHORTEST, DAY);
    let min_refresh = shape.min_refresh.as_ref();
    let min_refresh = findings.time(min_refresh, Duration::from_secs(1), bounds);
    let max_refresh = not_shorter(
        findings,
        (
            shape.max_refresh.as_ref(),
            "max_refresh",
            Duration::from_secs(30),
        ),
        ("min_refresh", min_refresh),
        bounds,
    );
    let record = check_record(findings, shape, scheme);
    let server = shape.server.as_ref();
    let server = server.and_then(|server| check_server(findings, server));
    let Some(name) = &shape.name else {
        let help = "say whom to ask for: `name: app.default.svc.cluster.local`";
        findings.missing(dns.node, "name", help);
        return None;
    };
    let address = name.value.parse::<IpAddr>().is_ok();
    if address || check_host(&name.value).is_err() {
        let message = format!("`{}` is not a name to ask DNS for", findings.show(name));
        let help = if address {
            "an address needs no discovery: list it in `endpoints`"
        } else {
            "a name without scheme and port, such as `app.default.svc.cluster.local`"
        };
        findings.error(name.node, Code::BadDiscovery, message, help);
    }
    Some(DnsDiscovery {
        name: name.value.to_ascii_lowercase(),
        record,
        scheme,
        min_refresh,
        max_refresh,
        server,
    })
}

fn check_record(findings: &mut Findings<'_>, dns: &DnsFile, scheme: Scheme) -> DnsRecord {
    let port = findings.count(dns.port.as_ref(), scheme.default_port(), (1, 65_535));
    match dns.record.as_ref().map(|word| word.value) {
        Some(RecordWord::Address) | None => DnsRecord::Address { port },
        Some(RecordWord::Srv) => {
            if let Some(port) = &dns.port {
                let message = "`srv` records tell the port themselves".to_owned();
                let help = "remove `port`, or write `record: address`";
                findings.error(port.node, Code::Contradiction, message, help);
            }
            DnsRecord::Service
        }
    }
}

fn check_server(findings: &mut Findings<'_>, server: &At<String>) -> Option<SocketAddr> {
    let text = &server.value;
    let with_port = text.parse::<SocketAddr>().ok();
    let alone = || {
        text.parse()
            .ok()
            .map(|ip: IpAddr| SocketAddr::new(ip, DNS_PORT))
    };
    let address = with_port
        .or_else(alone)
        .filter(|address| address.port() != 0);
    if address.is_none() {
        let message = format!("`{}` is not the address of a server", findings.show(server));
        let help = "write an IP address and a port, `10.96.0.10:53` or `[::1]:53`";
        findings.error(server.node, Code::BadAddress, message, help);
    }
    address
}

fn check_watched(findings: &mut Findings<'_>, file: &At<WatchedFile>) -> Option<FileDiscovery> {
    let poll = file.value.poll.as_ref();
    let poll = findings.time(poll, Duration::from_secs(1), (SHORTEST, HOUR));
    let Some(path) = &file.value.path else {
        let help = "say which file: `path: /etc/forebay/endpoints.yaml`";
        findings.missing(file.node, "path", help);
        return None;
    };
    let path = check_file(findings, path)?;
    Some(FileDiscovery { path, poll })
}
