//! What a route's rate limits come to.

mod cost;

use std::time::Duration;

use crate::{
    Adaptation, LimitAlgorithm, LimitFields, LimitPolicy, LimitScope, Mode, Percent, Rate,
    SettingOrigin,
    check::known::{Followed, Known},
    diagnostic::Code,
    file::{AlgorithmWord, LimitFieldsWord, LimitFile, PresetWord, ScopeWord},
    tree::NodeId,
};

use super::{
    Governed, Layer,
    caller::{caller_key, on_unknown, tenant_key, wait},
    named::{NamedStack, by_name, check_number},
    picker::{Fallback, Picker, Stack, Switched, Wrong},
};

use cost::merge_cost;

/// A sliding window counts this much at most; a larger quota is no limit.
const LARGEST_WINDOW: u32 = 1_000_000_000;

/// The share that every caller keeps, unless the file says otherwise.
const KEPT: Percent = Percent::of(20);

/// What a class of endpoint usually gets.
struct Preset {
    name: &'static str,
    /// Where the file names it.
    line: usize,
    events: u32,
    per: Duration,
    burst: Option<u32>,
    algorithm: AlgorithmWord,
}

/// The limits that the layers of a route name.
pub(super) fn limits_by_name<'f>(
    picker: &Picker<'_, '_>,
    layers: &[Layer<'f>],
) -> Vec<NamedStack<'f, LimitFile>> {
    by_name(
        picker.findings,
        "rate_limit",
        layers,
        |layer| layer.blocks.rate_limit,
        |limit| limit.name.as_ref(),
    )
}

/// Every limit of every layer, merged by name in the order of first mention.
pub(super) fn merge_limits(
    picker: &mut Picker<'_, '_>,
    stacks: &[NamedStack<'_, LimitFile>],
    known: &Known<'_>,
    route: Governed<'_>,
) -> Vec<LimitPolicy> {
    check_number(picker, stacks);
    let limits = stacks.iter();
    limits
        .filter_map(|named| merge_limit(picker, named, known, route))
        .collect()
}

fn merge_limit(
    picker: &mut Picker<'_, '_>,
    named: &NamedStack<'_, LimitFile>,
    known: &Known<'_>,
    route: Governed<'_>,
) -> Option<LimitPolicy> {
    let stack = &named.stack;
    let preset = preset(picker, stack);
    let said = stack.said(|block| block.rate.as_ref());
    if said.is_none() && preset.is_none() {
        no_rate(picker, named);
        return None;
    }
    let mode = picker.mode(stack, |block| block.mode.as_ref());
    let rate = picker.pick_or(
        stack,
        "rate",
        |block| block.rate.as_ref(),
        |pace| Some(pace.0),
        from_preset(preset.as_ref(), None, |preset| {
            Some(Rate::new(preset.events, preset.per).ok())
        }),
        |rate| rate.map_or_else(String::new, |rate| rate.to_string()),
    )?;
    let algorithm = algorithm(picker, stack, preset.as_ref(), rate);
    let policy = LimitPolicy {
        mode,
        algorithm,
        key: caller_key(picker, stack, |block| block.key.as_ref(), route),
        on_unknown: on_unknown(picker, stack, |block| block.on_unknown.as_ref()),
        cost: merge_cost(picker, stack),
        scope: scope(picker, stack),
        queue: wait(picker, stack, "queue", |block| block.queue.as_ref()),
        adapt: adapt(picker, stack, mode, known, route),
        headers: headers(picker, stack),
        ..LimitPolicy::new(named.name(), rate)
    };
    check_quota(picker, stack, &policy);
    Some(policy)
}

/// Reported where the limit first stands, in place of the field that is not there.
fn no_rate(picker: &mut Picker<'_, '_>, named: &NamedStack<'_, LimitFile>) {
    let lost = ["rate", "preset"];
    if lost.iter().any(|field| named.lost(picker.findings, field)) {
        return;
    }
    let Some(name) = named.names.first() else {
        return;
    };
    let message = format!(
        "the rate limit `{}` has no rate",
        picker.findings.show(name)
    );
    picker.wrong.push(Wrong {
        node: name.node,
        code: Code::Missing,
        message,
        help: "add `rate: 100/s` or `preset: default`, or the name of a limit that has one",
    });
}

fn preset(picker: &mut Picker<'_, '_>, stack: &Stack<'_, LimitFile>) -> Option<Preset> {
    let said = stack.last(|block| block.preset.as_ref())?;
    let line = picker.findings.line(said.node);
    picker.pick(
        stack,
        "preset",
        |block| block.preset.as_ref(),
        |word| Some(Preset::new(*word, line)),
        None,
        |preset| {
            let name = preset.as_ref().map(|preset| preset.name);
            name.unwrap_or_default().to_owned()
        },
    )
}

/// What counts when no layer says anything: the preset's word, or the usual.
fn from_preset<T>(
    preset: Option<&Preset>,
    usual: T,
    word: impl Fn(&Preset) -> Option<T>,
) -> Fallback<T> {
    match preset.and_then(|preset| word(preset).map(|value| (preset, value))) {
        None => Fallback::standard(usual),
        Some((preset, value)) => Fallback {
            value,
            shown: None,
            origin: SettingOrigin::Preset {
                name: preset.name,
                line: preset.line,
            },
        },
    }
}

fn algorithm(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, LimitFile>,
    preset: Option<&Preset>,
    rate: Rate,
) -> LimitAlgorithm {
    let fallback = from_preset(preset, AlgorithmWord::Gcra, |preset| Some(preset.algorithm));
    let word = picker.pick_or(
        stack,
        "algorithm",
        |block| block.algorithm.as_ref(),
        |word| *word,
        fallback,
        |word| show_algorithm(*word).to_owned(),
    );
    let said = stack.said(|block| block.burst.as_ref());
    match word {
        AlgorithmWord::Gcra => LimitAlgorithm::Gcra {
            burst: picker.pick_or(
                stack,
                "burst",
                |block| block.burst.as_ref(),
                |count| u32::try_from(count.0).unwrap_or(u32::MAX),
                from_preset(preset, rate.events(), |preset| preset.burst),
                u32::to_string,
            ),
        },
        AlgorithmWord::SlidingWindow => {
            if let Some(node) = said {
                picker.wrong.push(Wrong {
                    node,
                    code: Code::Contradiction,
                    message: "a sliding window has no `burst`: its quota may come at once"
                        .to_owned(),
                    help: "remove it, or write `algorithm: gcra`",
                });
            }
            LimitAlgorithm::SlidingWindow
        }
    }
}

fn show_algorithm(word: AlgorithmWord) -> &'static str {
    match word {
        AlgorithmWord::Gcra => "gcra",
        AlgorithmWord::SlidingWindow => "sliding_window",
    }
}

fn scope(picker: &mut Picker<'_, '_>, stack: &Stack<'_, LimitFile>) -> LimitScope {
    picker.pick(
        stack,
        "scope",
        |block| block.scope.as_ref(),
        |word| match word {
            ScopeWord::Caller => LimitScope::Caller,
            ScopeWord::Upstream => LimitScope::Upstream,
        },
        LimitScope::default(),
        |scope| match scope {
            LimitScope::Caller => "caller".to_owned(),
            LimitScope::Upstream => "upstream".to_owned(),
        },
    )
}

fn headers(picker: &mut Picker<'_, '_>, stack: &Stack<'_, LimitFile>) -> LimitFields {
    picker.pick(
        stack,
        "headers",
        |block| block.headers.as_ref(),
        |word| match word {
            LimitFieldsWord::Both => LimitFields::Both,
            LimitFieldsWord::Draft => LimitFields::Draft,
            LimitFieldsWord::Legacy => LimitFields::Legacy,
            LimitFieldsWord::None => LimitFields::None,
        },
        LimitFields::default(),
        |fields| match fields {
            LimitFields::Both => "both".to_owned(),
            LimitFields::Draft => "draft".to_owned(),
            LimitFields::Legacy => "legacy".to_owned(),
            LimitFields::None => "none".to_owned(),
        },
    )
}

fn adapt(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, LimitFile>,
    mode: Mode,
    known: &Known<'_>,
    route: Governed<'_>,
) -> Option<Adaptation> {
    let Switched::On(fields) = stack.switched("adapt", |block| block.adapt.as_ref()) else {
        picker.off(stack, "adapt", |block| block.adapt.as_ref());
        return None;
    };
    let followed = route
        .upstream
        .map_or(Followed::Yes, |at| known.followed(at));
    if let (Some(node), Followed::No) = (stack.said(|block| block.adapt.as_ref()), followed)
        && mode != Mode::Off
    {
        let message = format!(
            "the upstream of the route `{}` has no `capacity` to follow",
            route.name
        );
        picker.wrong.push(Wrong {
            node,
            code: Code::NoCapacity,
            message,
            help: "add `capacity: {}` to the upstream, or write `adapt: off`",
        });
    }
    Some(Adaptation {
        min: picker.pick(
            &fields,
            "min",
            |block| block.min.as_ref(),
            |share| share.0,
            KEPT,
            Percent::to_string,
        ),
        tenant: tenant_key(picker, &fields, |block| block.tenant.as_ref(), route),
        delay: wait(picker, &fields, "delay", |block| block.delay.as_ref()),
    })
}

/// What shows only when rate, burst and cost are known.
fn check_quota(picker: &mut Picker<'_, '_>, stack: &Stack<'_, LimitFile>, limit: &LimitPolicy) {
    let mut wrong = |node: Option<NodeId>, code, message: String, help| {
        if let Some(node) = node {
            picker.wrong.push(Wrong {
                node,
                code,
                message,
                help,
            });
        }
    };
    if limit.algorithm == LimitAlgorithm::SlidingWindow && limit.rate.events() > LARGEST_WINDOW {
        let message = format!("a sliding window counts {LARGEST_WINDOW} at most");
        let node = stack.said(|block| block.rate.as_ref());
        wrong(node, Code::OutOfBounds, message, "write a smaller quota");
    }
    let most = limit.cost.methods.iter().map(|(_, cost)| *cost).max();
    let most = most.unwrap_or(0).max(limit.cost.base);
    if most > limit.burst() {
        let message = format!(
            "a request may cost {most}, and never more than {} are left",
            limit.burst()
        );
        let node = stack
            .said(|block| block.cost.as_ref())
            .or_else(|| stack.said(|block| block.burst.as_ref()));
        let help = "such requests could never pass: lower the cost, or raise `burst` or the quota";
        wrong(node, Code::Contradiction, message, help);
    }
}

// === impl Preset ===

impl Preset {
    /// What the word stands for.
    fn new(word: PresetWord, line: usize) -> Self {
        let (name, events, seconds, burst, algorithm) = match word {
            PresetWord::Default => ("default", 60, 60, None, AlgorithmWord::Gcra),
            PresetWord::Expensive => ("expensive", 10, 60, Some(3), AlgorithmWord::Gcra),
            PresetWord::Login => ("login", 5, 60, None, AlgorithmWord::SlidingWindow),
            PresetWord::PasswordReset => {
                let hour = 3_600;
                (
                    "password_reset",
                    3,
                    hour,
                    None,
                    AlgorithmWord::SlidingWindow,
                )
            }
        };
        Self {
            name,
            line,
            events,
            per: Duration::from_secs(seconds),
            burst,
            algorithm,
        }
    }
}
