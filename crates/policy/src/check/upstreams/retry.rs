//! What is tried again, and what is tried twice at once.

use std::time::Duration;

use crate::{
    ByteSize, Hedge, HedgeAfter, Percent, Retry, RetryOn,
    check::findings::Findings,
    diagnostic::Code,
    file::{At, HedgeFile, RetryFile},
};

use super::{MOST_REPLAYED, REPLAYED, mode, not_shorter};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

/// What says that the endpoint, rather than the request, is to blame.
const STANDARD: [RetryOn; 5] = [
    RetryOn::Connect,
    RetryOn::Reset,
    RetryOn::Status(502),
    RetryOn::Status(503),
    RetryOn::Status(504),
];

pub(super) fn check_retry(findings: &mut Findings<'_>, retry: &At<RetryFile>) -> Retry {
    let shape = &retry.value;
    let base_delay = shape.base_delay.as_ref();
    let base_delay = findings.time(
        base_delay,
        Duration::from_millis(25),
        (Duration::ZERO, MINUTE),
    );
    let all = (Percent::of(0), Percent::of(100));
    let sizes = (ByteSize::from_bytes(0), MOST_REPLAYED);
    Retry {
        mode: mode(shape.mode.as_ref()),
        attempts: findings.count(shape.attempts.as_ref(), 2, (2, 10)),
        on: check_on(findings, retry),
        budget: findings.share_within(shape.budget.as_ref(), Percent::of(20), all),
        min_retries: findings.count(shape.min_retries.as_ref(), 3, (0, 1_000)),
        base_delay,
        max_delay: not_shorter(
            findings,
            (
                shape.max_delay.as_ref(),
                "max_delay",
                Duration::from_secs(1),
            ),
            ("base_delay", base_delay),
            (Duration::ZERO, HOUR),
        ),
        idempotency_key: shape.idempotency_key.as_ref().is_some_and(|at| at.value),
        max_body: findings.size(shape.max_body.as_ref(), REPLAYED, sizes),
    }
}

fn check_on(findings: &mut Findings<'_>, retry: &At<RetryFile>) -> Vec<RetryOn> {
    let Some(list) = &retry.value.on else {
        return STANDARD.to_vec();
    };
    if list.value.is_empty() && !findings.lost_in(retry.node, "on") {
        let message = "nothing would be tried again".to_owned();
        let help = "leave it out for the usual, or write `mode: off`";
        findings.error(list.node, Code::Empty, message, help);
    }
    let mut checked = Vec::new();
    for item in &list.value {
        if checked.contains(&item.value.0) {
            let message = "this is listed twice".to_owned();
            findings.error(item.node, Code::ListedTwice, message, "remove one");
        }
        checked.push(item.value.0);
    }
    checked
}

pub(super) fn check_hedge(findings: &mut Findings<'_>, hedge: &HedgeFile) -> Hedge {
    let after = hedge.after.as_ref();
    if let Some(at) = after {
        match at.value.0 {
            HedgeAfter::Percentile(share) if !(50..=99).contains(&share.hundredths()) => {
                findings.out_of_bounds(at.node, "p50", "p99");
            }
            HedgeAfter::Time(time) if time.is_zero() || time > HOUR => {
                findings.out_of_bounds(at.node, "1ms", "1h");
            }
            HedgeAfter::Percentile(_) | HedgeAfter::Time(_) => {}
        }
    }
    let some = (Percent::of(1), Percent::of(100));
    let min_delay = hedge.min_delay.as_ref();
    Hedge {
        mode: mode(hedge.mode.as_ref()),
        after: after.map_or(HedgeAfter::Percentile(Percent::of(95)), |at| at.value.0),
        min_delay: findings.time(min_delay, Duration::from_millis(5), (Duration::ZERO, HOUR)),
        budget: findings.share_within(hedge.budget.as_ref(), Percent::of(5), some),
    }
}
