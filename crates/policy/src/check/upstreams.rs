//! Upstreams, one file per concern.

mod balance;
mod breaker;
mod capacity;
mod circles;
mod connections;
mod discovery;
mod endpoints;
mod health;
mod mirror;
mod retry;

use std::time::Duration;

use crate::{
    ByteSize, HostHeader, Mode, Upstream, UpstreamProtocol,
    diagnostic::Code,
    file::{At, BreakerFile, File, HostHeaderWord, ModeWord, ProtocolWord, Time, UpstreamFile},
};

use super::{
    findings::Findings,
    known::Known,
    merge::{IN_A_ROW_AT_ONE, breaker_alone},
    names::{NameIs, check_name},
};

use balance::{balance, check_balancing};
use capacity::check_capacity;
use circles::check_circles;
use connections::{check_connections, check_deadline_header, check_timeouts, check_tls};
use discovery::check_discovery;
use endpoints::check_endpoints;
use health::{check_health_check, check_outliers};
use mirror::check_mirror;
use retry::{check_hedge, check_retry};

pub(super) use balance::check_path_parameters;
pub(super) use breaker::check_breaker;
pub(super) use endpoints::read_endpoints;

/// So much of a body is kept to be sent once more, unless the file says otherwise.
const REPLAYED: ByteSize = ByteSize::from_bytes(64 << 10);
const MOST_REPLAYED: ByteSize = ByteSize::from_bytes(16 << 20);

pub(super) fn check_upstreams(
    findings: &mut Findings<'_>,
    file: &At<File>,
    known: &mut Known<'_>,
) -> Vec<Upstream> {
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
    let shapes = upstreams.value.0.iter().enumerate();
    let checked: Vec<_> = shapes
        .map(|(index, (name, upstream))| {
            check_name(findings, upstream.node, name, NameIs::Key, name);
            let read = read_upstream(findings, name, upstream);
            let read = with_health(findings, &upstream.value, read);
            with_others(findings, &upstream.value, known, index, read)
        })
        .collect();
    check_circles(findings, &file.value, &checked);
    checked
}

/// Who its endpoints are, and how they are spoken to.
fn read_upstream(findings: &mut Findings<'_>, name: &str, upstream: &At<UpstreamFile>) -> Upstream {
    let shape = &upstream.value;
    let endpoints = check_endpoints(findings, name, upstream, balance(shape));
    let discovery = shape.discovery.as_ref();
    let deadline_header = shape.deadline_header.as_ref();
    Upstream {
        discovery: discovery.and_then(|at| check_discovery(findings, at)),
        balancing: check_balancing(findings, upstream),
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
        deadline_header: check_deadline_header(findings, deadline_header),
        connections: check_connections(findings, shape),
        tls: check_tls(findings, upstream, &endpoints),
        ..Upstream::plain(name.to_owned(), endpoints)
    }
}

/// How ill endpoints are noticed, and what is done about them.
fn with_health(findings: &mut Findings<'_>, shape: &UpstreamFile, upstream: Upstream) -> Upstream {
    let health_check = shape.health_check.as_ref();
    let outliers = shape.outliers.as_ref();
    let retry = shape.retry.as_ref();
    let hedge = shape.hedge.as_ref();
    Upstream {
        health_check: health_check.map(|at| check_health_check(findings, at, upstream.protocol)),
        outliers: outliers.map(|at| check_outliers(findings, at)),
        retry: retry.map(|at| check_retry(findings, at)),
        hedge: hedge.map(|at| check_hedge(findings, &at.value)),
        ..upstream
    }
}

/// How it is spared, and who else takes part.
fn with_others(
    findings: &mut Findings<'_>,
    shape: &UpstreamFile,
    known: &mut Known<'_>,
    own: usize,
    upstream: Upstream,
) -> Upstream {
    let mut breaker = |findings: &mut Findings<'_>, block: &BreakerFile, in_a_row| {
        check_breaker(findings, block, known);
        breaker_alone(findings, block, known, Some(own), in_a_row)
    };
    let whole = shape.breaker.as_ref();
    let whole = whole.map(|at| breaker(findings, &at.value, None));
    let each = shape.endpoint_breaker.as_ref();
    let each = each.map(|at| breaker(findings, &at.value.as_breaker(), IN_A_ROW_AT_ONE));
    let capacity = shape.capacity.as_ref();
    let mirror = shape.mirror.as_ref();
    Upstream {
        breaker: whole,
        endpoint_breaker: each,
        capacity: capacity.map(|at| check_capacity(findings, &at.value, known)),
        mirror: mirror.and_then(|at| check_mirror(findings, at, known, own)),
        ..upstream
    }
}

/// A policy is enforced unless it says otherwise.
fn mode(word: Option<&At<ModeWord>>) -> Mode {
    word.map_or(Mode::Enforce, |at| at.value.mode())
}

/// A time within bounds that is not shorter than another one, which its default gives way to.
fn not_shorter(
    findings: &mut Findings<'_>,
    (time, field, default): (Option<&At<Time>>, &str, Duration),
    (other, least): (&str, Duration),
    bounds: (Duration, Duration),
) -> Duration {
    let value = findings.time(time, default.max(least), bounds);
    if let Some(at) = time.filter(|_| value < least) {
        let message = format!("`{field}` is shorter than `{other}`");
        let help = format!("`{other}` is where it begins, and `{field}` where it ends");
        findings.error(at.node, Code::Contradiction, message, &help);
    }
    value
}
