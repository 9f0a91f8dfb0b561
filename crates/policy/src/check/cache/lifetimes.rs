//! How long: the bounds of every lifetime, and strategies as values.

use std::time::Duration;

use http::StatusCode;

use crate::{
    EarlyRefresh, Heuristic, LifetimeCase, Lifetimes, NegativeTtl, Percent, Times,
    check::{
        blocks::{check_media_type, parse_media_type},
        conditions::empty,
        findings::{DAY, Findings},
    },
    diagnostic::Code,
    file::{At, ByStatus, CaseFile, Count, LifetimeFields, StrategyFile, Time},
};

/// A year is what RFC 9111 calls a long time; a policy that wants more wants a purge instead.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
/// An error that is remembered for longer is no longer one.
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);
const SHORTEST: Duration = Duration::from_millis(1);
/// Beyond a half, the lifetime that was asked for is not the one that is given.
const MOST_JITTER: Percent = Percent::of(50);
const MOST_CASES: usize = 64;

pub(super) fn check_lifetimes(findings: &mut Findings<'_>, fields: LifetimeFields<'_>) {
    findings.time(fields.ttl, DAY, (SHORTEST, YEAR));
    findings.time(fields.stale_while_revalidate, DAY, (Duration::ZERO, YEAR));
    findings.time(fields.stale_if_error, DAY, (Duration::ZERO, YEAR));
    findings.time(fields.heuristic_max(), DAY, (SHORTEST, YEAR));
    findings.share(fields.jitter, MOST_JITTER);
    for (status, ttl) in fields.negative_ttl.map_or(&[][..], |at| at.value.entries()) {
        findings.time(Some(ttl), DAY, (SHORTEST, MONTH));
        if error_status(status).is_none() {
            let message = format!("`{status}` is not the status of an error");
            let help = "write one from 400 to 599; what succeeds has a `ttl`";
            findings.key_error(ttl.node, Code::BadStatus, message, help);
        }
    }
}

pub(super) fn check_strategy(findings: &mut Findings<'_>, strategy: &StrategyFile) {
    check_lifetimes(findings, strategy.lifetimes());
    if let Some(cases) = &strategy.cases {
        findings.at_most(cases, MOST_CASES, "cases");
        for case in &cases.value {
            check_case(findings, case);
        }
    }
}

fn check_case(findings: &mut Findings<'_>, case: &At<CaseFile>) {
    let shape = &case.value;
    let times = [
        ("ttl", &shape.ttl),
        ("stale_while_revalidate", &shape.stale_while_revalidate),
        ("stale_if_error", &shape.stale_if_error),
    ];
    for (_, time) in times {
        findings.time(time.as_ref(), DAY, (Duration::ZERO, YEAR));
    }
    let silent = |(field, time): &(&str, &Option<At<Time>>)| {
        time.is_none() && !findings.lost_in(case.node, field)
    };
    if times.iter().all(silent) {
        let message = "this case changes nothing".to_owned();
        let help = "add `ttl`, `stale_while_revalidate` or `stale_if_error`";
        findings.error(case.node, Code::Missing, message, help);
    }
    if let Some(statuses) = &shape.status {
        if statuses.value.is_empty() && !findings.lost_in(case.node, "status") {
            empty(findings, statuses);
        }
        for status in &statuses.value {
            findings.count(Some(status), 200_u16, (200, 599));
        }
    }
    if let Some(types) = &shape.content_type {
        if types.value.is_empty() && !findings.lost_in(case.node, "content_type") {
            empty(findings, types);
        }
        for kind in &types.value {
            check_media_type(findings, kind);
        }
    }
}

/// The lifetimes of an operator's strategy; what it does not say is as without one.
pub(in crate::check) fn read_strategy(strategy: &StrategyFile) -> Lifetimes {
    let fields = strategy.lifetimes();
    let standard = Lifetimes::default();
    let time = |at: Option<&At<Time>>| at.map(|at| at.value.0);
    let cases = strategy.cases.as_ref().map_or(&[][..], |at| &at.value);
    Lifetimes {
        times: Times {
            ttl: time(fields.ttl),
            stale_while_revalidate: time(fields.stale_while_revalidate),
            stale_if_error: time(fields.stale_if_error),
        },
        cases: cases.iter().map(|case| read_case(&case.value)).collect(),
        negative: fields
            .negative_ttl
            .map_or(standard.negative, |at| read_negative(&at.value)),
        heuristic: Heuristic {
            share: fields
                .heuristic_share()
                .map_or(standard.heuristic.share, |at| at.value.0),
            max: time(fields.heuristic_max()).unwrap_or(standard.heuristic.max),
        },
        jitter: fields.jitter.map_or(standard.jitter, |at| at.value.0),
        early_refresh: fields
            .early_refresh
            .map_or(standard.early_refresh, |at| early_refresh(&at.value)),
    }
}

fn read_case(case: &CaseFile) -> LifetimeCase {
    let time = |at: &Option<At<Time>>| at.as_ref().map(|at| at.value.0);
    let statuses = case.status.as_ref().map_or(&[][..], |at| &at.value);
    let types = case.content_type.as_ref().map_or(&[][..], |at| &at.value);
    LifetimeCase {
        statuses: statuses.iter().filter_map(status).collect(),
        content_types: types
            .iter()
            .filter_map(|kind| parse_media_type(&kind.value))
            .collect(),
        personalized: case.personalized.as_ref().map(|at| at.value),
        times: Times {
            ttl: time(&case.ttl),
            stale_while_revalidate: time(&case.stale_while_revalidate),
            stale_if_error: time(&case.stale_if_error),
        },
    }
}

fn status(count: &At<Count>) -> Option<StatusCode> {
    StatusCode::from_u16(u16::try_from(count.value.0).ok()?).ok()
}

/// The table of `negative_ttl`, by status; what is not one has been reported.
pub(in crate::check) fn read_negative(table: &ByStatus) -> Vec<NegativeTtl> {
    let entries = table.entries().iter();
    let read = entries.filter_map(|(status, ttl)| {
        error_status(status).map(|status| NegativeTtl {
            status,
            ttl: ttl.value.0,
        })
    });
    read.collect()
}

/// Reads `404`.
fn error_status(text: &str) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(text.as_bytes()).ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}

pub(in crate::check) fn early_refresh(on: &bool) -> EarlyRefresh {
    match on {
        true => EarlyRefresh::On,
        false => EarlyRefresh::Off,
    }
}
