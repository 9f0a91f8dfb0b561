//! How much an upstream is given to do at a time.

use std::time::Duration;

use crate::{
    Capacity, ClassSource, Classes,
    check::{
        cache::{check_claim, not_verified},
        findings::Findings,
        known::{Known, Verified},
    },
    diagnostic::Code,
    file::{At, CapacityFile, ClassesFile},
};

use super::{balance::check_header, mode};

const MOST: u64 = 100_000;
const MOST_VALUES: usize = 64;

pub(super) fn check_capacity(
    findings: &mut Findings<'_>,
    capacity: &CapacityFile,
    known: &Known<'_>,
) -> Capacity {
    let given_max = capacity.max.as_ref();
    let given_min = capacity.min.as_ref();
    let max = findings.count(given_max, 1_000_u32, (1, MOST));
    let min = findings.count(given_min, max.min(4), (1, MOST));
    let max = if given_max.is_none() {
        max.max(min)
    } else {
        max
    };
    let initial = findings.count(capacity.initial.as_ref(), 20.min(max).max(min), (1, MOST));
    if let (Some(at), true) = (given_min, min > max) {
        let message = "`min` is more than `max`".to_owned();
        let help = "the limit moves between the two";
        findings.error(at.node, Code::Contradiction, message, help);
    } else if let (Some(at), false) = (&capacity.initial, (min..=max).contains(&initial)) {
        let message = format!("`initial` is not between `min` ({min}) and `max` ({max})");
        let help = "the limit begins at `initial` and moves between the two";
        findings.error(at.node, Code::Contradiction, message, help);
    }
    let classes = capacity.classes.as_ref();
    Capacity {
        mode: mode(capacity.mode.as_ref()),
        min,
        max,
        initial,
        queue: findings.count(capacity.queue.as_ref(), 100, (0, MOST)),
        queue_timeout: findings.timeout(capacity.queue_timeout.as_ref(), Duration::from_secs(1)),
        classes: classes.and_then(|classes| check_classes(findings, classes, known)),
    }
}

fn check_classes(
    findings: &mut Findings<'_>,
    classes: &At<ClassesFile>,
    known: &Known<'_>,
) -> Option<Classes> {
    let shape = &classes.value;
    let values = match &shape.values {
        None => {
            let help = "say what each value means: `values: {gold: high, batch: low}`";
            findings.missing(classes.node, "values", help);
            Vec::new()
        }
        Some(values) => {
            let entries = &values.value.0;
            if entries.is_empty() && !findings.lost_in(classes.node, "values") {
                let message = "no value means anything".to_owned();
                let help = "such as `{gold: high, batch: low}`";
                findings.error(values.node, Code::Empty, message, help);
            }
            if entries.len() > MOST_VALUES {
                let message = format!("these are {} values", entries.len());
                findings.error(values.node, Code::OutOfBounds, message, "there may be 64");
            }
            entries
                .iter()
                .map(|(value, word)| (value.clone(), word.value.priority()))
                .collect()
        }
    };
    let source = match (&shape.header, &shape.claim) {
        (Some(header), None) => ClassSource::Header(check_header(findings, header, "X-Priority")?),
        (None, Some(claim)) => {
            check_claim(findings, claim);
            if known.verified() == Verified::No {
                not_verified(findings, claim);
            }
            ClassSource::Claim(claim.value.clone())
        }
        (None, None) if lost(findings, classes) => return None,
        (header, _) => {
            let many = if header.is_some() { "two" } else { "none" };
            let message = format!("`classes` needs one of `header` and `claim`, and has {many}");
            let help = "such as `classes: {header: X-Priority, values: {gold: high}}`";
            findings.key_error(classes.node, Code::Contradiction, message, help);
            return None;
        }
    };
    Some(Classes { source, values })
}

fn lost(findings: &Findings<'_>, classes: &At<ClassesFile>) -> bool {
    findings.lost_in(classes.node, "header") || findings.lost_in(classes.node, "claim")
}
