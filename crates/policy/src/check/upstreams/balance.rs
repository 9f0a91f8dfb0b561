//! Who gets the next request.

use std::time::Duration;

use http::HeaderName;

use crate::{
    Balance, Balancing, HashOn, PathSegment, Percent, Route, Sticky,
    check::{cache::check_cookie, findings::Findings, listeners::check_file},
    diagnostic::Code,
    file::{At, BalanceWord, File, HashOnFile, StickyFile, UpstreamFile},
};

use super::{endpoints::check_zone, mode};

const STICKY_COOKIE: &str = "forebay_endpoint";
const HOUR: Duration = Duration::from_secs(3_600);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
const MOST_HASHED: usize = 8;
const HASHING: &str = "write `balance: ring_hash` or `balance: maglev`, or remove it";

pub(super) fn balance(shape: &UpstreamFile) -> Balance {
    match shape.balance.as_ref().map(|word| word.value) {
        Some(BalanceWord::LeastRequests) => Balance::LeastRequests,
        Some(BalanceWord::Maglev) => Balance::Maglev,
        Some(BalanceWord::PeakEwma) => Balance::PeakEwma,
        Some(BalanceWord::Random) => Balance::Random,
        Some(BalanceWord::RingHash) => Balance::RingHash,
        Some(BalanceWord::RoundRobin) | None => Balance::RoundRobin,
        Some(BalanceWord::Weighted) => Balance::Weighted,
    }
}

pub(super) fn check_balancing(
    findings: &mut Findings<'_>,
    upstream: &At<UpstreamFile>,
) -> Balancing {
    let shape = &upstream.value;
    let standard = Balancing::default();
    let balance = balance(shape);
    let all = (Percent::of(0), Percent::of(100));
    let balance_known = !findings.lost_in(upstream.node, "balance");
    if balance_known && !balance.hashes() {
        if let Some(at) = &shape.hash_on {
            not_hashing(findings, at, "hash_on", balance);
        }
        if let Some(at) = &shape.bounded_load {
            not_hashing(findings, at, "bounded_load", balance);
        }
    }
    if let Some(load) = &shape.bounded_load
        && !(101..=1_000).contains(&load.value.0)
    {
        findings.out_of_bounds(load.node, "101%", "1000%");
    }
    Balancing {
        balance,
        mode: mode(shape.balance_mode.as_ref()),
        hash_on: check_hash_on(findings, upstream),
        bounded_load: shape.bounded_load.as_ref().map(|load| load.value.0),
        sticky: shape
            .sticky
            .as_ref()
            .map(|at| check_sticky(findings, &at.value)),
        zone: check_zone(findings, shape.zone.as_ref()),
        slow_start: findings.time(
            shape.slow_start.as_ref(),
            standard.slow_start,
            (Duration::ZERO, HOUR),
        ),
        spill_below: findings.share_within(shape.spill_below.as_ref(), standard.spill_below, all),
        panic_below: findings.share_within(shape.panic_below.as_ref(), standard.panic_below, all),
    }
}

fn not_hashing<T>(findings: &mut Findings<'_>, at: &At<T>, field: &str, balance: Balance) {
    let balance = balance.as_str();
    let message = format!("`{field}` is for `ring_hash` and `maglev`; `{balance}` hashes nothing");
    findings.error(at.node, Code::Contradiction, message, HASHING);
}

fn check_hash_on(findings: &mut Findings<'_>, upstream: &At<UpstreamFile>) -> Vec<HashOn> {
    let Some(list) = &upstream.value.hash_on else {
        return Vec::new();
    };
    let items = list.items();
    if items.is_empty() && !findings.lost_in(upstream.node, "hash_on") {
        let message = "there is nothing to hash".to_owned();
        let help = "leave it out for the client's address";
        findings.error(list.node, Code::Empty, message, help);
    }
    if items.len() > MOST_HASHED {
        let message = format!("these are {} parts of a request", items.len());
        findings.error(list.node, Code::OutOfBounds, message, "there may be 8");
    }
    let mut checked: Vec<HashOn> = Vec::new();
    for item in &items {
        let Some(one) = check_hashed(findings, item) else {
            continue;
        };
        if checked.contains(&one) {
            let message = "this is listed twice".to_owned();
            findings.error(item.node, Code::ListedTwice, message, "remove one");
        }
        checked.push(one);
    }
    checked
}

fn check_hashed(findings: &mut Findings<'_>, item: &At<HashOnFile>) -> Option<HashOn> {
    match &item.value {
        HashOnFile::ClientIp => Some(HashOn::ClientIp),
        HashOnFile::Cookie(name) => {
            check_cookie(findings, name);
            Some(HashOn::Cookie(name.value.clone()))
        }
        HashOnFile::Header(name) => check_header(findings, name, "X-User").map(HashOn::Header),
        HashOnFile::PathParameter(name) => Some(HashOn::PathParameter(name.value.clone())),
    }
}

pub(super) fn check_header(
    findings: &mut Findings<'_>,
    name: &At<String>,
    example: &str,
) -> Option<HeaderName> {
    let header = HeaderName::from_bytes(name.value.as_bytes()).ok();
    if header.is_none() {
        let message = format!("`{}` is not the name of a header", findings.show(name));
        let help = format!("such as `{example}`");
        findings.error(name.node, Code::BadHeaderName, message, &help);
    }
    header
}

fn check_sticky(findings: &mut Findings<'_>, sticky: &StickyFile) -> Sticky {
    if let Some(cookie) = &sticky.cookie {
        check_cookie(findings, cookie);
    }
    let key_file = sticky.key_file.as_ref();
    let cookie = sticky.cookie.as_ref().map(|at| at.value.clone());
    Sticky {
        cookie: cookie.unwrap_or_else(|| STICKY_COOKIE.to_owned()),
        key_file: key_file.and_then(|file| check_file(findings, file)),
        ttl: sticky
            .ttl
            .as_ref()
            .map(|ttl| findings.time(Some(ttl), YEAR, (Duration::from_secs(1), YEAR))),
    }
}

/// A part of the path can only be hashed where some route that leads here names it.
pub(in crate::check) fn check_path_parameters(
    findings: &mut Findings<'_>,
    file: &File,
    routes: &[Route],
) {
    // A route that could not be read might have been the one.
    if findings.lost_below("routes") || findings.holds(Code::BadPath) {
        return;
    }
    let upstreams = file.upstreams.as_ref().map_or(&[][..], |at| &at.value.0);
    for (index, (name, upstream)) in upstreams.iter().enumerate() {
        let hashed = upstream.value.hash_on.as_ref();
        let here = routes.iter().filter(|route| route.upstream == index);
        let here: Vec<_> = here.collect();
        // Such an upstream only answers for others, whose routes have their own paths.
        if here.is_empty() {
            continue;
        }
        for item in hashed.map_or_else(Vec::new, |at| at.items()) {
            if let HashOnFile::PathParameter(parameter) = &item.value {
                check_parameter(findings, name, parameter, &here);
            }
        }
    }
}

fn check_parameter(
    findings: &mut Findings<'_>,
    upstream: &str,
    parameter: &At<String>,
    routes: &[&Route],
) {
    let named = |segment: &PathSegment| match segment {
        PathSegment::Literal(_) => false,
        PathSegment::Parameter(name) | PathSegment::Rest(name) => *name == parameter.value,
    };
    let mut segments = routes.iter().flat_map(|route| &route.matches.path.segments);
    if !segments.any(named) {
        let shown = findings.show(parameter);
        let message =
            format!("no route of the upstream `{upstream}` has `{{{shown}}}` in its path");
        let help = "name a parameter of a path such as `/users/{id}`: `{path_parameter: id}`";
        findings.error(parameter.node, Code::BadPath, message, help);
    }
}
