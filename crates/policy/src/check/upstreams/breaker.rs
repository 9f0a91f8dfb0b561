//! A circuit breaker by itself, wherever it stands. What its fields come to shows in the merge.

use std::time::Duration;

use crate::{
    Percent,
    check::{
        findings::{DAY, Findings},
        known::Known,
    },
    file::{AnswerFile, BreakerFile, OrOff},
};

const SHORTEST: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3_600);

pub(in crate::check) fn check_breaker(
    findings: &mut Findings<'_>,
    breaker: &BreakerFile,
    known: &mut Known<'_>,
) {
    findings.count_or_off(breaker.consecutive_failures.as_ref(), 5, (1, 10_000));
    if let Some(at) = &breaker.failure_rate
        && let OrOff::On(share) = at.value
    {
        let some = (Percent::of(1), Percent::of(100));
        findings.share_within(Some(&at.with(share)), some.1, some);
    }
    findings.time(breaker.window.as_ref(), HOUR, (SHORTEST, HOUR));
    findings.count(breaker.min_requests.as_ref(), 20_u32, (1, 1_000_000));
    findings.time(breaker.open_for.as_ref(), HOUR, (SHORTEST, DAY));
    findings.time(breaker.max_open.as_ref(), HOUR, (SHORTEST, DAY));
    findings.count(breaker.trials.as_ref(), 1_u32, (1, 1_000));
    if let Some(at) = &breaker.answer
        && let AnswerFile::Upstream(name) = &at.value
    {
        known.use_upstream(findings, name);
    }
}
