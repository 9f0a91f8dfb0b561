//! How it is known whether an endpoint is well.

use std::time::Duration;

use http::{
    Method,
    uri::{Authority, PathAndQuery},
};

use crate::{
    HealthCheck, Outliers, Percent, Probe, SuccessRate, UpstreamProtocol,
    check::findings::{DAY, Findings},
    diagnostic::Code,
    file::{At, HealthCheckFile, MethodWord, OrOff, OutliersFile, ProbeWord, SuccessRateFile},
};

use super::{mode, not_shorter};

const SHORTEST: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3_600);
const LONGEST_TEXT: usize = 1_024;
const MOST_STATUSES: usize = 16;

pub(super) fn check_health_check(
    findings: &mut Findings<'_>,
    check: &At<HealthCheckFile>,
    protocol: UpstreamProtocol,
) -> HealthCheck {
    let shape = &check.value;
    let kind = shape.kind.as_ref().map_or(ProbeWord::Http, |at| at.value);
    // Which fields belong here is not known when the kind could not be read.
    if !findings.lost_in(check.node, "kind") {
        refuse_others(findings, shape, kind);
    }
    if let Some(at) = &shape.kind
        && (kind, protocol) == (ProbeWord::Grpc, UpstreamProtocol::Http1)
    {
        let message = "gRPC needs HTTP/2, and this upstream speaks HTTP/1.1 only".to_owned();
        let help = "write `protocol: http2` for this upstream, or another kind of check";
        findings.error(at.node, Code::Contradiction, message, help);
    }
    let interval = shape.interval.as_ref();
    let jitter = (Percent::of(0), Percent::of(50));
    HealthCheck {
        probe: match kind {
            ProbeWord::Grpc => Probe::Grpc {
                service: service(findings, shape),
            },
            ProbeWord::Http => http(findings, check),
            ProbeWord::Tcp => Probe::Tcp,
        },
        interval: findings.time(interval, Duration::from_secs(5), (SHORTEST, DAY)),
        jitter: findings.share_within(shape.jitter.as_ref(), Percent::of(20), jitter),
        timeout: findings.timeout(shape.timeout.as_ref(), Duration::from_secs(1)),
        healthy_after: findings.count(shape.healthy_after.as_ref(), 2, (1, 1_000)),
        unhealthy_after: findings.count(shape.unhealthy_after.as_ref(), 3, (1, 1_000)),
    }
}

/// Fields of another kind of check would do nothing.
fn refuse_others(findings: &mut Findings<'_>, shape: &HealthCheckFile, kind: ProbeWord) {
    let fields = [
        (
            "path",
            shape.path.as_ref().map(|at| at.node),
            ProbeWord::Http,
        ),
        (
            "method",
            shape.method.as_ref().map(|at| at.node),
            ProbeWord::Http,
        ),
        (
            "host",
            shape.host.as_ref().map(|at| at.node),
            ProbeWord::Http,
        ),
        (
            "statuses",
            shape.statuses.as_ref().map(|at| at.node),
            ProbeWord::Http,
        ),
        (
            "body_contains",
            shape.body_contains.as_ref().map(|at| at.node),
            ProbeWord::Http,
        ),
        (
            "service",
            shape.service.as_ref().map(|at| at.node),
            ProbeWord::Grpc,
        ),
    ];
    for (field, at, of) in fields {
        if let Some(at) = at.filter(|_| of != kind) {
            let (of, kind) = (word(of), word(kind));
            let message = format!("`{field}` is for checks of kind `{of}`; this one is `{kind}`");
            let help = format!("write `kind: {of}`, or remove `{field}`");
            findings.key_error(at, Code::Contradiction, message, &help);
        }
    }
}

fn word(kind: ProbeWord) -> &'static str {
    match kind {
        ProbeWord::Grpc => "grpc",
        ProbeWord::Http => "http",
        ProbeWord::Tcp => "tcp",
    }
}

fn service(findings: &mut Findings<'_>, shape: &HealthCheckFile) -> String {
    let Some(service) = &shape.service else {
        return String::new();
    };
    let text = &service.value;
    if text.len() > LONGEST_TEXT || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("`{}` is not the name of a service", findings.show(service));
        let help = "such as `shop.v1.Orders`";
        findings.error(service.node, Code::BadProbe, message, help);
    }
    text.clone()
}

fn http(findings: &mut Findings<'_>, check: &At<HealthCheckFile>) -> Probe {
    let shape = &check.value;
    let method = match shape.method.as_ref().map(|word| word.value) {
        Some(MethodWord::Get) | None => Method::GET,
        Some(MethodWord::Head) => Method::HEAD,
    };
    if let Some(path) = &shape.path {
        check_path(findings, path);
    }
    if let Some(host) = &shape.host
        && (host.value.contains('@') || host.value.parse::<Authority>().is_err())
    {
        let message = format!("`{}` cannot be a `Host`", findings.show(host));
        let help = "a name and, if need be, a port: `app.example.com`";
        findings.error(host.node, Code::BadProbe, message, help);
    }
    if let Some(text) = &shape.body_contains {
        let why = if method == Method::HEAD {
            Some("an answer to HEAD has no body")
        } else if text.value.is_empty() || text.value.len() > LONGEST_TEXT {
            Some("it has 1 to 1024 bytes")
        } else {
            None
        };
        if let Some(why) = why {
            let message = format!("nothing can be looked for: {why}");
            let help = "leave it out to look at the status alone";
            findings.error(text.node, Code::BadProbe, message, help);
        }
    }
    let statuses = match &shape.statuses {
        None => vec![200..=299],
        Some(list) => {
            findings.at_most(list, MOST_STATUSES, "statuses");
            if list.value.is_empty() && !findings.lost_in(check.node, "statuses") {
                let message = "no status would be good".to_owned();
                findings.error(list.node, Code::Empty, message, "leave it out for 200-299");
            }
            list.value.iter().map(|at| at.value.0.clone()).collect()
        }
    };
    let path = shape.path.as_ref().map(|at| at.value.clone());
    Probe::Http {
        method,
        path: path.unwrap_or_else(|| "/".to_owned()),
        host: shape.host.as_ref().map(|at| at.value.clone()),
        statuses,
        body_contains: shape.body_contains.as_ref().map(|at| at.value.clone()),
    }
}

fn check_path(findings: &mut Findings<'_>, path: &At<String>) {
    let text = &path.value;
    let well = text.starts_with('/')
        && !text.contains('#')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.parse::<PathAndQuery>().is_ok();
    if !well {
        let message = format!("`{}` is not a path", findings.show(path));
        let help = "such as `/healthz` or `/healthz?deep=1`; the endpoint says where";
        findings.error(path.node, Code::BadProbe, message, help);
    }
}

pub(super) fn check_outliers(findings: &mut Findings<'_>, outliers: &At<OutliersFile>) -> Outliers {
    let shape = &outliers.value;
    let failures = shape.consecutive_failures.as_ref();
    let consecutive_failures = findings.count_or_off(failures, 5, (1, 10_000));
    let nothing = SuccessRateFile::default();
    let success_rate = match shape.success_rate.as_ref().map(|at| &at.value) {
        Some(OrOff::Off) => None,
        Some(OrOff::On(rate)) => Some(check_success_rate(findings, rate)),
        None => Some(check_success_rate(findings, &nothing)),
    };
    if consecutive_failures.is_none() && success_rate.is_none() {
        let message = "nothing leaves an endpoint out: both ways are off".to_owned();
        let help = "switch one of them on, or write `mode: off`";
        findings.key_error(outliers.node, Code::Contradiction, message, help);
    }
    let ejection = shape.ejection.as_ref();
    let ejection = findings.timeout(ejection, Duration::from_secs(30));
    let some = (Percent::of(1), Percent::of(100));
    Outliers {
        mode: mode(shape.mode.as_ref()),
        consecutive_failures,
        success_rate,
        interval: findings.time(
            shape.interval.as_ref(),
            Duration::from_secs(10),
            (SHORTEST, HOUR),
        ),
        ejection,
        max_ejection: not_shorter(
            findings,
            (
                shape.max_ejection.as_ref(),
                "max_ejection",
                Duration::from_secs(300),
            ),
            ("ejection", ejection),
            (Duration::from_millis(1), DAY),
        ),
        max_ejected: findings.share_within(shape.max_ejected.as_ref(), Percent::of(50), some),
    }
}

fn check_success_rate(findings: &mut Findings<'_>, rate: &SuccessRateFile) -> SuccessRate {
    let deviations = rate.deviations.as_ref();
    if let Some(at) = deviations
        && !(1..=100).contains(&at.value.0)
    {
        findings.out_of_bounds(at.node, "0.1", "10.0");
    }
    SuccessRate {
        min_requests: findings.count(rate.min_requests.as_ref(), 100, (1, 1_000_000)),
        min_endpoints: findings.count(rate.min_endpoints.as_ref(), 5, (2, 1_000)),
        deviations: deviations.map_or(19, |at| at.value.0),
    }
}
