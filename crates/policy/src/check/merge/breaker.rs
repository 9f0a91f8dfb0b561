//! What a circuit breaker comes to, of a route or of an upstream.

use std::time::Duration;

use crate::{
    Breaker, OpenAnswer, Percent,
    check::{findings::Findings, known::Known},
    diagnostic::Code,
    file::{AnswerFile, At, BreakerFile, Count, OrOff},
    spelling::show_duration,
    tree::NodeId,
};

use super::picker::{Picker, Stack, Wrong};

/// Failures in a row that open the breaker of one endpoint, unless the file says otherwise.
///
/// Several endpoints have no such default: when one of them dies, all that was on its way there fails
/// in a row, and those that are well would be left alone with it.
pub(in crate::check) const IN_A_ROW_AT_ONE: Option<u32> = Some(5);

/// `own` is the upstream that is left alone, which cannot answer for itself.
pub(super) fn merge_breaker(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BreakerFile>,
    known: &Known<'_>,
    own: Option<usize>,
    in_a_row: Option<u32>,
) -> Breaker {
    let open_for = picker.pick(
        stack,
        "open_for",
        |block| block.open_for.as_ref(),
        |time| time.0,
        Duration::from_secs(5),
        |time| show_duration(*time),
    );
    let breaker = Breaker {
        mode: picker.mode(stack, |block| block.mode.as_ref()),
        consecutive_failures: consecutive_failures(picker, stack, in_a_row),
        failure_rate: failure_rate(picker, stack),
        window: picker.pick(
            stack,
            "window",
            |block| block.window.as_ref(),
            |time| time.0,
            Duration::from_secs(10),
            |time| show_duration(*time),
        ),
        min_requests: number(picker, stack, "min_requests", 20, |block| {
            block.min_requests.as_ref()
        }),
        open_for,
        max_open: picker.pick(
            stack,
            "max_open",
            |block| block.max_open.as_ref(),
            |time| time.0,
            open_for.max(Duration::from_secs(60)),
            |time| show_duration(*time),
        ),
        trials: number(picker, stack, "trials", 1, |block| block.trials.as_ref()),
        answer: answer(picker, stack, known),
    };
    report(picker, stack, &breaker, own);
    breaker
}

/// The breaker of one block that nothing refines.
pub(in crate::check) fn breaker_alone(
    findings: &mut Findings<'_>,
    block: &BreakerFile,
    known: &Known<'_>,
    own: Option<usize>,
    in_a_row: Option<u32>,
) -> Breaker {
    let stack = Stack {
        prefix: String::new(),
        layers: vec![(None, block)],
    };
    let mut picker = Picker::new(findings);
    let breaker = merge_breaker(&mut picker, &stack, known, own, in_a_row);
    for wrong in picker.wrong {
        findings.error(wrong.node, wrong.code, wrong.message, wrong.help);
    }
    breaker
}

fn consecutive_failures(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BreakerFile>,
    default: Option<u32>,
) -> Option<u32> {
    picker.pick(
        stack,
        "consecutive_failures",
        |block| block.consecutive_failures.as_ref(),
        |count| count.on().map(small),
        default,
        |count| count.map_or_else(|| "off".to_owned(), |count| count.to_string()),
    )
}

fn failure_rate(picker: &mut Picker<'_, '_>, stack: &Stack<'_, BreakerFile>) -> Option<Percent> {
    picker.pick(
        stack,
        "failure_rate",
        |block| block.failure_rate.as_ref(),
        |share| share.on().map(|share| share.0),
        Some(Percent::of(50)),
        |share| share.map_or_else(|| "off".to_owned(), |share| share.to_string()),
    )
}

fn number(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BreakerFile>,
    field: &str,
    default: u32,
    get: impl Fn(&BreakerFile) -> Option<&At<Count>>,
) -> u32 {
    picker.pick(stack, field, get, small, default, u32::to_string)
}

/// What is larger is out of bounds and has been reported.
fn small(count: &Count) -> u32 {
    u32::try_from(count.0).unwrap_or(u32::MAX)
}

/// An upstream that does not exist has been reported; the refusal stands in for it.
fn answer(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BreakerFile>,
    known: &Known<'_>,
) -> OpenAnswer {
    let (answer, _) = picker.pick(
        stack,
        "answer",
        |block| block.answer.as_ref(),
        |answer| match answer {
            AnswerFile::Refuse => (OpenAnswer::Refuse, "refuse".to_owned()),
            AnswerFile::Stale => (OpenAnswer::Stale, "stale".to_owned()),
            AnswerFile::Upstream(name) => {
                let index = known.upstream(&name.value);
                let answer = index.map_or(OpenAnswer::Refuse, OpenAnswer::Upstream);
                (answer, format!("{{upstream: {}}}", name.value))
            }
        },
        (OpenAnswer::Refuse, "refuse".to_owned()),
        |(_, shown)| shown.clone(),
    );
    answer
}

fn report(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BreakerFile>,
    breaker: &Breaker,
    own: Option<usize>,
) {
    let mut contradiction = |node: Option<NodeId>, message: &str, help| {
        if let Some(node) = node {
            picker.wrong.push(Wrong {
                node,
                code: Code::Contradiction,
                message: message.to_owned(),
                help,
            });
        }
    };
    if breaker.max_open < breaker.open_for {
        contradiction(
            stack.said(|block| block.max_open.as_ref()),
            "`max_open` is shorter than `open_for`",
            "the time it stays open only grows, up to `max_open`",
        );
    }
    if breaker.consecutive_failures.is_none() && breaker.failure_rate.is_none() {
        let off = stack.said(|block| block.failure_rate.as_ref().filter(|at| is_off(&at.value)));
        contradiction(
            off,
            "nothing opens this breaker: both `consecutive_failures` and `failure_rate` are off",
            "switch one of them on; to switch the breaker off, write `mode: off`",
        );
    }
    if let OpenAnswer::Upstream(index) = breaker.answer
        && own == Some(index)
    {
        contradiction(
            stack.said(|block| block.answer.as_ref()),
            "the upstream that is left alone cannot answer for itself",
            "name another upstream, or write `answer: refuse` or `answer: stale`",
        );
    }
}

fn is_off<T>(value: &OrOff<T>) -> bool {
    matches!(value, OrOff::Off)
}
