//! What a route's limits on requests in flight come to.

use crate::{
    ConcurrencyPolicy,
    diagnostic::Code,
    file::{ConcurrencyFile, LimitFile},
};

use super::{
    Governed, Layer,
    caller::{caller_key, on_unknown, wait},
    named::{NamedStack, by_name, check_number},
    picker::{Picker, Wrong},
};

/// The limits that the layers of a route name.
pub(super) fn concurrency_by_name<'f>(
    picker: &Picker<'_, '_>,
    layers: &[Layer<'f>],
) -> Vec<NamedStack<'f, ConcurrencyFile>> {
    by_name(
        picker.findings,
        "concurrency",
        layers,
        |layer| layer.blocks.concurrency,
        |limit| limit.name.as_ref(),
    )
}

/// Every limit of every layer; `rates` are the names that rate limits have taken.
pub(super) fn merge_concurrency(
    picker: &mut Picker<'_, '_>,
    stacks: &[NamedStack<'_, ConcurrencyFile>],
    rates: &[NamedStack<'_, LimitFile>],
    route: Governed<'_>,
) -> Vec<ConcurrencyPolicy> {
    check_number(picker, stacks);
    let mut limits = Vec::new();
    for named in stacks {
        name_taken(picker, named, rates, route);
        match merge_one(picker, named, route) {
            Some(limit) => limits.push(limit),
            None => no_max(picker, named),
        }
    }
    limits
}

fn merge_one(
    picker: &mut Picker<'_, '_>,
    named: &NamedStack<'_, ConcurrencyFile>,
    route: Governed<'_>,
) -> Option<ConcurrencyPolicy> {
    let stack = &named.stack;
    stack.said(|block| block.max.as_ref())?;
    Some(ConcurrencyPolicy {
        name: named.name().to_owned(),
        mode: picker.mode(stack, |block| block.mode.as_ref()),
        max: picker.pick(
            stack,
            "max",
            |block| block.max.as_ref(),
            |count| u32::try_from(count.0).unwrap_or(u32::MAX),
            1,
            u32::to_string,
        ),
        key: caller_key(picker, stack, |block| block.key.as_ref(), route),
        on_unknown: on_unknown(picker, stack, |block| block.on_unknown.as_ref()),
        queue: wait(picker, stack, "queue", |block| block.queue.as_ref()),
    })
}

fn no_max(picker: &mut Picker<'_, '_>, named: &NamedStack<'_, ConcurrencyFile>) {
    let Some(name) = named.names.first() else {
        return;
    };
    if named.lost(picker.findings, "max") {
        return;
    }
    let shown = picker.findings.show(name);
    picker.wrong.push(Wrong {
        node: name.node,
        code: Code::Missing,
        message: format!("the concurrency limit `{shown}` has no `max`"),
        help: "add `max: 10`, or the name of a limit that has one",
    });
}

/// Bans name limits of both kinds.
fn name_taken(
    picker: &mut Picker<'_, '_>,
    named: &NamedStack<'_, ConcurrencyFile>,
    rates: &[NamedStack<'_, LimitFile>],
    route: Governed<'_>,
) {
    let Some(name) = named.names.last() else {
        return;
    };
    if rates.iter().any(|rate| rate.name() == name.value) {
        let shown = picker.findings.show(name);
        let message = format!("the route `{}` also has a rate limit `{shown}`", route.name);
        picker.wrong.push(Wrong {
            node: name.node,
            code: Code::DuplicateName,
            message,
            help: "choose another name, so that a ban can tell which of them it is about",
        });
    }
}
