//! Rate and concurrency limits and penalty boxes, each block by itself.

use std::time::Duration;

use http::{HeaderName, Method};

use crate::{
    Percent,
    diagnostic::Code,
    file::{
        AdaptFile, At, BanFile, BanWhenFile, CallerPartFile, ConcurrencyFile, CostFile, Count,
        LimitFile, OneOrList, OrOff, Pace, Time,
    },
};

use super::{
    caller::check_caller_key,
    findings::{DAY, Findings},
    known::Known,
    names::{NameIs, Seen, check_name},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const MONTH: Duration = Duration::from_secs(30 * 24 * 3_600);

/// What a burst, a cost and the requests in flight are at most.
const MOST: u64 = 1_000_000;

/// The word that stands for every limit, so that none can be called so.
pub(super) const ANY_LIMIT: &str = "any";

pub(super) fn check_limit(
    findings: &mut Findings<'_>,
    limit: &At<LimitFile>,
    names: &mut Seen,
    known: &Known<'_>,
) {
    let shape = &limit.value;
    let help = "every rate limit has a name, for its metrics";
    check_own_name(
        findings,
        limit,
        shape.name.as_ref(),
        names,
        ("rate limit", help),
    );
    check_not_any(findings, shape.name.as_ref());
    if let Some(rate) = &shape.rate {
        check_rate(findings, rate);
    }
    findings.count(shape.burst.as_ref(), 1_u32, (1, MOST));
    if let Some(key) = &shape.key {
        check_caller_key(findings, key, known);
    }
    if let Some(cost) = &shape.cost {
        check_cost(findings, cost);
    }
    check_wait(findings, shape.queue.as_ref());
    if let Some(adapt) = shape.adapt.as_ref().and_then(|at| at.value.on()) {
        check_adapt(findings, adapt, known);
    }
}

fn check_rate(findings: &mut Findings<'_>, rate: &At<Pace>) {
    if rate.value.0.per() > MONTH {
        let message = "a rate over more than 30 days is not kept".to_owned();
        let help = "count over 30 days or less";
        findings.error(rate.node, Code::OutOfBounds, message, help);
    }
}

fn check_cost(findings: &mut Findings<'_>, cost: &At<CostFile>) {
    match &cost.value {
        CostFile::Number(number) => {
            findings.count(Some(&cost.with(*number)), 1_u32, (1, MOST));
        }
        CostFile::Fields(fields) => {
            findings.count(fields.base.as_ref(), 1_u32, (1, MOST));
            for (name, cost) in fields.methods.as_ref().map_or(&[][..], |at| &at.value.0) {
                check_method_name(findings, name, cost);
                findings.count(Some(cost), 1_u32, (1, MOST));
            }
            if let Some(header) = &fields.response_header
                && HeaderName::from_bytes(header.value.as_bytes()).is_err()
            {
                let message = format!("`{}` is not the name of a header", findings.show(header));
                findings.error(
                    header.node,
                    Code::BadHeaderName,
                    message,
                    "such as `X-Cost`",
                );
            }
        }
    }
}

fn check_method_name(findings: &mut Findings<'_>, name: &str, cost: &At<Count>) {
    let method = Method::from_bytes(name.as_bytes());
    if method.is_err() || name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let message = format!("`{name}` is not a method");
        let help = "such as `POST`; methods are case-sensitive and registered ones are capitals";
        findings.key_error(cost.node, Code::BadMethod, message, help);
    }
}

fn check_adapt(findings: &mut Findings<'_>, adapt: &AdaptFile, known: &Known<'_>) {
    let bounds = (Percent::of(1), Percent::of(100));
    findings.share_within(adapt.min.as_ref(), bounds.1, bounds);
    check_wait(findings, adapt.delay.as_ref());
    if let Some(tenant) = &adapt.tenant {
        check_caller_key(findings, tenant, known);
        check_tenant(findings, tenant);
    }
}

/// One tenant for everybody has nobody to share with.
fn check_tenant(findings: &mut Findings<'_>, tenant: &At<OneOrList<CallerPartFile>>) {
    let items = tenant.items();
    if let [only] = &items[..]
        && matches!(only.value, CallerPartFile::Everybody)
    {
        let message = "`everybody` as one tenant has nobody to share with".to_owned();
        let help = "leave `tenant` out: then each caller is a tenant of its own";
        findings.error(only.node, Code::Contradiction, message, help);
    }
}

/// How long a request may be held back.
fn check_wait(findings: &mut Findings<'_>, wait: Option<&At<OrOff<Time>>>) {
    let Some(at) = wait else { return };
    if let Some(time) = at.value.on() {
        let bounds = (Duration::from_millis(1), MINUTE);
        findings.time(Some(&at.with(*time)), MINUTE, bounds);
    }
}

pub(super) fn check_concurrency(
    findings: &mut Findings<'_>,
    limit: &At<ConcurrencyFile>,
    names: &mut Seen,
    known: &Known<'_>,
) {
    let shape = &limit.value;
    let help = "every concurrency limit has a name, for its metrics";
    check_own_name(
        findings,
        limit,
        shape.name.as_ref(),
        names,
        ("concurrency limit", help),
    );
    check_not_any(findings, shape.name.as_ref());
    findings.count(shape.max.as_ref(), 1_u32, (1, MOST));
    if let Some(key) = &shape.key {
        check_caller_key(findings, key, known);
    }
    check_wait(findings, shape.queue.as_ref());
}

pub(super) fn check_ban(
    findings: &mut Findings<'_>,
    ban: &At<BanFile>,
    names: &mut Seen,
    known: &Known<'_>,
) {
    let shape = &ban.value;
    let help = "every ban has a name, for its metrics and the admin API";
    check_own_name(findings, ban, shape.name.as_ref(), names, ("ban", help));
    match shape.when.as_ref().map(|when| &when.value) {
        Some(BanWhenFile::Status(statuses)) => check_statuses(findings, statuses),
        Some(BanWhenFile::Score(score)) => {
            findings.count(Some(score), 1_u32, (1, 1_000));
        }
        // Whether the route has a limit of that name shows when its layers are put together.
        Some(BanWhenFile::Limited(_)) | None => {}
    }
    findings.count(shape.count.as_ref(), 1_u32, (1, 100_000));
    findings.time(shape.within.as_ref(), MINUTE, (SECOND, DAY));
    findings.time(shape.duration.as_ref(), MINUTE, (SECOND, MONTH));
    findings.time(shape.max_duration.as_ref(), DAY, (SECOND, MONTH));
    if let Some(key) = &shape.key {
        check_caller_key(findings, key, known);
    }
}

fn check_statuses(findings: &mut Findings<'_>, statuses: &At<Vec<At<Count>>>) {
    let list = &statuses.value;
    if list.is_empty() && !findings.lost_at(statuses.node) {
        let message = "no answer counts".to_owned();
        let help = "such as `[401, 403]`";
        findings.error(statuses.node, Code::Empty, message, help);
    }
    for (index, status) in list.iter().enumerate() {
        findings.count(Some(status), 401_u16, (200, 599));
        let before = &list[..index];
        if before.iter().any(|other| other.value.0 == status.value.0) {
            let message = "this status is listed twice".to_owned();
            findings.error(status.node, Code::ListedTwice, message, "remove one");
        }
    }
}

fn check_own_name<T>(
    findings: &mut Findings<'_>,
    item: &At<T>,
    name: Option<&At<String>>,
    names: &mut Seen,
    (what, help): (&str, &str),
) {
    let Some(name) = name else {
        findings.missing(item.node, "name", help);
        return;
    };
    let shown = findings.show(name).to_owned();
    check_name(findings, name.node, &name.value, NameIs::Value, &shown);
    names.add(findings, name.node, &name.value, what, &shown);
}

/// A limit of this name could not be told from all of them.
fn check_not_any(findings: &mut Findings<'_>, name: Option<&At<String>>) {
    if let Some(name) = name.filter(|name| name.value == ANY_LIMIT) {
        let message = format!("the name `{}` is reserved", findings.show(name));
        let help = "bans use `limited: any` for every limit; choose another";
        findings.error(name.node, Code::BadName, message, help);
    }
}
