//! Memory, client bounds, admin, logging and shutdown.

use std::{net::SocketAddr, time::Duration};

use crate::{
    AccessLog, Admin, ByteSize, Clients, Memory, Rate, SecurityLog, Shutdown,
    diagnostic::Code,
    file::{AccessLogWord, At, File, OrOff},
};

use super::{
    blocks::SMALLEST_MEMORY,
    findings::{DAY, Findings},
    listeners::{Taken, check_file},
};

const MIB: u64 = 1 << 20;
const ADMIN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9901);
const TELEMETRY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 9902);

pub(super) fn check_version(findings: &mut Findings<'_>, file: &At<File>) {
    match &file.value.version {
        None => findings.missing(file.node, "version", "begin the file with `version: 1`"),
        Some(version) if version.value.0 != 1 => {
            let message = "this version of the file format does not exist".to_owned();
            findings.error(
                version.node,
                Code::WrongVersion,
                message,
                "write `version: 1`",
            );
        }
        Some(_) => {}
    }
}

pub(super) fn check_memory(findings: &mut Findings<'_>, file: &File) -> Memory {
    let bounds = (SMALLEST_MEMORY, ByteSize::from_bytes(1 << 44));
    let limit = file
        .memory
        .as_ref()
        .and_then(|memory| memory.value.limit.as_ref());
    Memory {
        limit: findings.size(limit, ByteSize::from_bytes(128 * MIB), bounds),
    }
}

pub(super) fn check_clients(findings: &mut Findings<'_>, file: &File) -> Clients {
    let clients = file.clients.as_ref().map(|clients| clients.value.clone());
    let clients = clients.unwrap_or_default();
    let bytes = ByteSize::from_bytes;
    let usual = Clients::default();
    let connections = (1, 10_000_000);
    let max_connections = clients.max_connections.as_ref();
    let max_connections = findings.count(max_connections, usual.max_connections, connections);
    Clients {
        max_head: findings.size(
            clients.max_head.as_ref(),
            usual.max_head,
            (bytes(8 << 10), bytes(MIB)),
        ),
        max_headers: findings.count(clients.max_headers.as_ref(), usual.max_headers, (16, 1_000)),
        max_body: findings.size(
            clients.max_body.as_ref(),
            usual.max_body,
            (bytes(0), bytes(1 << 44)),
        ),
        max_connections,
        max_connections_per_ip: findings.count(
            clients.max_connections_per_ip.as_ref(),
            max_connections,
            connections,
        ),
        max_http2_resets: findings.count(
            clients.max_http2_resets.as_ref(),
            usual.max_http2_resets,
            (1, 1_000_000),
        ),
        max_http2_streams: findings.count(
            clients.max_http2_streams.as_ref(),
            usual.max_http2_streams,
            (1, 10_000),
        ),
        head_timeout: findings.timeout(clients.head_timeout.as_ref(), usual.head_timeout),
        idle_timeout: findings.timeout(clients.idle_timeout.as_ref(), usual.idle_timeout),
        stall_timeout: findings.timeout(clients.stall_timeout.as_ref(), usual.stall_timeout),
        min_body_rate: findings.size(
            clients.min_body_rate.as_ref(),
            usual.min_body_rate,
            (bytes(0), bytes(1 << 30)),
        ),
    }
}

pub(super) fn check_admin(findings: &mut Findings<'_>, file: &File, taken: &mut Taken) -> Admin {
    let admin = file.admin.as_ref().map(|admin| admin.value.clone());
    let admin = admin.unwrap_or_default();
    let address = check_address(findings, "address", admin.address.as_ref(), ADMIN, taken);
    let telemetry = admin.telemetry_address.as_ref();
    let field = "telemetry_address";
    let telemetry_address = check_address(findings, field, telemetry, TELEMETRY, taken);
    let token_lost = findings.was_pruned("admin.token_file");
    let open = address.is_some_and(|address| !address.ip().to_canonical().is_loopback());
    if let Some(at) = admin.address.as_ref().filter(|_| open)
        && admin.token_file.is_none()
        && !token_lost
    {
        let message = format!(
            "`{}` can be reached by others and asks for no token",
            findings.show(at)
        );
        let help = "add `token_file`, or listen on `127.0.0.1:9901`, or write `address: off`";
        findings.error(at.node, Code::OpenAdmin, message, help);
    }
    let token_file = admin.token_file.as_ref();
    Admin {
        address,
        telemetry_address,
        token_file: token_file.and_then(|file| check_file(findings, file)),
    }
}

fn check_address(
    findings: &mut Findings<'_>,
    field: &str,
    address: Option<&At<String>>,
    default: SocketAddr,
    taken: &mut Taken,
) -> Option<SocketAddr> {
    let Some(address) = address else {
        taken.claim_default(findings, field, default);
        return Some(default);
    };
    if address.value == "off" {
        return None;
    }
    let Ok(parsed) = address.value.parse::<SocketAddr>() else {
        let message = format!(
            "`{}` is not an address to listen on",
            findings.show(address)
        );
        let help = "write an IP address and a port, `127.0.0.1:9901`, or `off`";
        findings.error(address.node, Code::BadAddress, message, help);
        return None;
    };
    taken.claim(findings, address.node, parsed);
    Some(parsed)
}

/// Unless the file says otherwise, a line for each event, at most a hundred a second.
pub(super) fn check_security_log(findings: &mut Findings<'_>, file: &File) -> SecurityLog {
    let max_rate = match file.security_log.as_ref().map(|at| &at.value) {
        None => None,
        Some(OrOff::Off) => return SecurityLog::Off,
        Some(OrOff::On(log)) => log.max_rate.as_ref(),
    };
    if let Some(rate) = max_rate {
        findings.rate_within_a_day(rate);
        return SecurityLog::Lines(rate.value.0);
    }
    Rate::new(100, Duration::from_secs(1)).map_or(SecurityLog::Off, SecurityLog::Lines)
}

pub(super) fn access_log(file: &File) -> AccessLog {
    match file.access_log.as_ref().map(|word| word.value) {
        Some(AccessLogWord::All) => AccessLog::All,
        Some(AccessLogWord::Errors) | None => AccessLog::Errors,
        Some(AccessLogWord::Off) => AccessLog::Off,
    }
}

pub(super) fn check_shutdown(findings: &mut Findings<'_>, file: &File) -> Shutdown {
    let shutdown = file
        .shutdown
        .as_ref()
        .map(|shutdown| shutdown.value.clone());
    let shutdown = shutdown.unwrap_or_default();
    let delay = shutdown.delay.as_ref();
    Shutdown {
        delay: findings.time(delay, Duration::ZERO, (Duration::ZERO, DAY)),
        deadline: findings.timeout(shutdown.deadline.as_ref(), Duration::from_secs(30)),
    }
}
