//! What a route's rate limits come to.

use http::HeaderName;

use crate::{
    CallerKey, CallerPart, LimitAlgorithm, LimitPolicy,
    diagnostic::Code,
    file::{At, LimitFile, LimitKeyFile},
};

use super::{
    Layer,
    picker::{Picker, Stack, Wrong},
};

/// Every limit of every layer, merged by name in the order of first mention.
pub(super) fn merge_limits(picker: &mut Picker<'_, '_>, layers: &[Layer<'_>]) -> Vec<LimitPolicy> {
    let mut stacks: Vec<(&At<String>, Stack<'_, LimitFile>)> = Vec::new();
    for layer in layers {
        for limit in layer.blocks.rate_limit.map_or(&[][..], |at| &at.value) {
            let Some(name) = &limit.value.name else {
                continue;
            };
            let said = (layer.policy, &limit.value);
            match stacks
                .iter_mut()
                .find(|(other, _)| other.value == name.value)
            {
                Some((_, stack)) => stack.layers.push(said),
                None => {
                    let shown = picker.findings.show(name);
                    let prefix = format!("rate_limit.{shown}");
                    let layers = vec![said];
                    stacks.push((name, Stack { prefix, layers }));
                }
            }
        }
    }
    let mut limits = Vec::new();
    for (name, stack) in &stacks {
        match merge_limit(picker, name, stack) {
            Some(limit) => limits.push(limit),
            // Reported where the limit first stands, in place of the field that is not there.
            None if !picker.findings.was_pruned_at(name.node, "rate") => picker.wrong.push(Wrong {
                node: name.node,
                code: Code::Missing,
                message: format!(
                    "the rate limit `{}` has no rate",
                    picker.findings.show(name)
                ),
                help: "add `rate: 100/s`, or the name of a limit that has one",
            }),
            None => {}
        }
    }
    limits
}

fn merge_limit(
    picker: &mut Picker<'_, '_>,
    name: &At<String>,
    stack: &Stack<'_, LimitFile>,
) -> Option<LimitPolicy> {
    stack
        .layers
        .iter()
        .find(|(_, limit)| limit.rate.is_some())?;
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let rate = picker.pick(
        stack,
        "rate",
        |block| block.rate.as_ref(),
        |pace| Some(pace.0),
        None,
        |rate| rate.map_or_else(String::new, |rate| rate.to_string()),
    )?;
    let burst = picker.pick(
        stack,
        "burst",
        |block| block.burst.as_ref(),
        |count| u32::try_from(count.0).unwrap_or(u32::MAX),
        rate.events(),
        u32::to_string,
    );
    let key = picker.pick(
        stack,
        "key",
        |block| block.key.as_ref(),
        limit_key,
        CallerPart::ClientIp,
        |key| match key {
            CallerPart::Header(name) => format!("{{header: {name}}}"),
            _ => "client_ip".to_owned(),
        },
    );
    Some(LimitPolicy {
        mode,
        algorithm: LimitAlgorithm::Gcra { burst },
        key: CallerKey { parts: vec![key] },
        ..LimitPolicy::new(&name.value, rate)
    })
}

/// A name that is not a header has been reported already; the address stands in for it.
fn limit_key(key: &LimitKeyFile) -> CallerPart {
    match key {
        LimitKeyFile::ClientIp => CallerPart::ClientIp,
        LimitKeyFile::Header(name) => HeaderName::from_bytes(name.value.as_bytes())
            .map_or(CallerPart::ClientIp, CallerPart::Header),
    }
}
