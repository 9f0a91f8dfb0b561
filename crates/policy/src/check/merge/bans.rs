//! What a route's penalty boxes come to.

use std::time::Duration;

use crate::{
    BanPolicy, BanTrigger, CallerKey, ConcurrencyPolicy, LimitPolicy, Mode, ShieldPolicy,
    UnknownCaller,
    check::{caller::show_caller_key, findings::Findings, limits::ANY_LIMIT},
    diagnostic::Code,
    file::{At, BanFile, BanWhenFile, CallerPartFile, ConcurrencyFile, LimitFile, OneOrList, Time},
    spelling::show_duration,
    tree::NodeId,
};

use super::{
    Governed, Layer,
    caller::caller_key,
    named::{NamedStack, by_name},
    picker::{Picker, Stack, Wrong},
};

const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// What of a route a ban can count.
pub(super) struct Countable<'f> {
    limits: Vec<CountableLimit<'f>>,
    scores: Scores,
}

/// A limit whose refusals a ban can count.
struct CountableLimit<'f> {
    name: &'f str,
    /// None when the limit itself is wrong.
    callers: Option<(CallerKey, UnknownCaller)>,
    /// The key as it may be shown.
    shown: String,
}

/// Whether the shield gives requests points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scores {
    None,
    Some,
}

/// Every ban of every layer, each with the last place that gives its name.
pub(super) fn merge_bans(
    picker: &mut Picker<'_, '_>,
    layers: &[Layer<'_>],
    countable: &Countable<'_>,
    route: Governed<'_>,
) -> Vec<(BanPolicy, NodeId)> {
    let stacks = by_name(
        picker.findings,
        "bans",
        layers,
        |layer| layer.blocks.bans,
        |ban| ban.name.as_ref(),
    );
    let mut bans = Vec::new();
    for named in &stacks {
        let (Some(first), Some(last)) = (named.names.first(), named.names.last()) else {
            continue;
        };
        match merge_ban(picker, named, countable, route) {
            Some(ban) => bans.push((ban, last.node)),
            None if named.lost(picker.findings, "when") => {}
            None => {
                let shown = picker.findings.show(first);
                let message = format!("nothing says what the ban `{shown}` counts");
                let help = "add `when: {status: [401, 403]}`, or `limited` or `score`";
                wrong(picker, Some(first.node), Code::Missing, message, help);
            }
        }
    }
    bans
}

fn merge_ban(
    picker: &mut Picker<'_, '_>,
    named: &NamedStack<'_, BanFile>,
    countable: &Countable<'_>,
    route: Governed<'_>,
) -> Option<BanPolicy> {
    let stack = &named.stack;
    stack.said(|block| block.when.as_ref())?;
    let duration = time(picker, stack, "duration", Duration::from_secs(300), |ban| {
        ban.duration.as_ref()
    });
    let longest = duration.max(LONGEST);
    let ban = BanPolicy {
        name: named.name().to_owned(),
        mode: picker.mode(stack, |block| block.mode.as_ref()),
        trigger: picker.pick(
            stack,
            "when",
            |block| block.when.as_ref(),
            |when| Some(read_when(when)),
            None,
            |when| when.as_ref().map_or_else(String::new, show_when),
        )?,
        count: picker.pick(
            stack,
            "count",
            |block| block.count.as_ref(),
            |count| u32::try_from(count.0).unwrap_or(u32::MAX),
            10,
            u32::to_string,
        ),
        within: time(picker, stack, "within", Duration::from_secs(60), |ban| {
            ban.within.as_ref()
        }),
        key: caller_key(picker, stack, |block| block.key.as_ref(), route),
        duration,
        max_duration: time(picker, stack, "max_duration", longest, |ban| {
            ban.max_duration.as_ref()
        }),
    };
    if ban.max_duration < ban.duration {
        let node = stack.said(|block| block.max_duration.as_ref());
        let message = "`max_duration` is shorter than `duration`".to_owned();
        let help = "bans only grow longer, up to `max_duration`";
        wrong(picker, node, Code::Contradiction, message, help);
    }
    if ban.mode != Mode::Off {
        check_trigger(picker, stack, &ban, countable, route);
    }
    Some(ban)
}

/// What is counted must be something that can happen on this route.
fn check_trigger(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BanFile>,
    ban: &BanPolicy,
    countable: &Countable<'_>,
    route: Governed<'_>,
) {
    // A limit or a shield that could not be read has been reported.
    let findings = picker.findings;
    if findings.lost_below("routes") || findings.lost_below("policies") {
        return;
    }
    let Some(when) = stack.last(|block| block.when.as_ref()) else {
        return;
    };
    let (route, node) = (route.name, Some(when.node));
    match (&ban.trigger, &when.value) {
        (BanTrigger::Limited(None), _) if countable.limits.is_empty() => {
            let message = format!("the route `{route}` has no limit that could refuse anything");
            let help = "add a `rate_limit` or `concurrency` limit, or count something else";
            wrong(picker, node, Code::UnknownLimit, message, help);
        }
        (BanTrigger::Limited(Some(name)), BanWhenFile::Limited(at))
            if countable.named(name).next().is_none() =>
        {
            let shown = findings.show(at);
            let message = format!("the route `{route}` has no limit `{shown}`");
            let help = "name a `rate_limit` or `concurrency` limit of the route, or write `any`";
            wrong(picker, Some(at.node), Code::UnknownLimit, message, help);
        }
        (BanTrigger::Score(_), _) if countable.scores == Scores::None => {
            let message = format!("the route `{route}` has no shield with rules that give points");
            let help = "add `shield: {}`, or count something else";
            wrong(picker, node, Code::Contradiction, message, help);
        }
        (BanTrigger::Limited(None), _) => {
            check_callers(picker, stack, ban, countable.limits.iter());
        }
        (BanTrigger::Limited(Some(name)), _) => {
            check_callers(picker, stack, ban, countable.named(name));
        }
        (BanTrigger::Score(_) | BanTrigger::Status(_), _) => {}
    }
}

/// A refusal counts only against the caller whose quota was used up: some limit must know the ban's
/// callers from each other.
fn check_callers<'c>(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BanFile>,
    ban: &BanPolicy,
    limits: impl Iterator<Item = &'c CountableLimit<'c>>,
) {
    let mut shown = Vec::new();
    for limit in limits {
        match &limit.callers {
            None => return,
            Some((key, on_unknown)) if key.can_be_within(&ban.key, *on_unknown) => return,
            Some(_) => shown.push(format!("`{}` by `{}`", limit.name, limit.shown)),
        }
    }
    let own = shown_key(
        picker.findings,
        stack.last(|ban| ban.key.as_ref()),
        &ban.key,
    );
    let node = stack.said(|ban| ban.key.as_ref());
    let node = node.or_else(|| stack.said(|ban| ban.when.as_ref()));
    let message = format!(
        "this ban tells callers apart by `{own}`, and no limit that it counts does: {}",
        shown.join(", ")
    );
    let help = "give the ban the `key` of the limit, or some of its parts: who is refused for a quota \
                of its own may be banned, and not others with the same address or header";
    wrong(picker, node, Code::Contradiction, message, help);
}

/// A key as it may be shown: never with a value from the environment.
fn shown_key(
    findings: &Findings<'_>,
    said: Option<&At<OneOrList<CallerPartFile>>>,
    key: &CallerKey,
) -> String {
    let written = said.and_then(|at| findings.written_below(at.node));
    written.map_or_else(|| show_caller_key(key), str::to_owned)
}

fn read_when(when: &BanWhenFile) -> BanTrigger {
    match when {
        BanWhenFile::Limited(name) if name.value == ANY_LIMIT => BanTrigger::Limited(None),
        BanWhenFile::Limited(name) => BanTrigger::Limited(Some(name.value.clone())),
        BanWhenFile::Score(score) => {
            BanTrigger::Score(u32::try_from(score.value.0).unwrap_or(u32::MAX))
        }
        BanWhenFile::Status(statuses) => {
            let statuses = statuses.value.iter();
            BanTrigger::Status(
                statuses
                    .filter_map(|status| u16::try_from(status.value.0).ok())
                    .collect(),
            )
        }
    }
}

fn show_when(trigger: &BanTrigger) -> String {
    match trigger {
        BanTrigger::Limited(name) => {
            format!("{{limited: {}}}", name.as_deref().unwrap_or(ANY_LIMIT))
        }
        BanTrigger::Score(score) => format!("{{score: {score}}}"),
        BanTrigger::Status(statuses) => {
            let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
            format!("{{status: [{}]}}", statuses.join(", "))
        }
    }
}

fn time(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, BanFile>,
    field: &str,
    default: Duration,
    get: impl Fn(&BanFile) -> Option<&At<Time>>,
) -> Duration {
    picker.pick(
        stack,
        field,
        get,
        |time| time.0,
        default,
        |time| show_duration(*time),
    )
}

fn wrong(
    picker: &mut Picker<'_, '_>,
    node: Option<NodeId>,
    code: Code,
    message: String,
    help: &'static str,
) {
    if let Some(node) = node {
        picker.wrong.push(Wrong {
            node,
            code,
            message,
            help,
        });
    }
}

// === impl Countable ===

impl<'f> Countable<'f> {
    pub(super) fn new(
        findings: &Findings<'_>,
        (rates, limits): (&'f [NamedStack<'_, LimitFile>], &[LimitPolicy]),
        (slots, concurrency): (&'f [NamedStack<'_, ConcurrencyFile>], &[ConcurrencyPolicy]),
        shield: Option<&ShieldPolicy>,
    ) -> Self {
        let rules = shield.filter(|shield| shield.mode != Mode::Off && shield.rules.is_some());
        let limits = rates.iter().map(|named| {
            let policy = limits.iter().find(|limit| limit.name == named.name());
            let callers = policy.map(|policy| (policy.key.clone(), policy.on_unknown));
            let said = named.stack.last(|limit| limit.key.as_ref());
            CountableLimit::new(findings, named.name(), callers, said)
        });
        let concurrency = slots.iter().map(|named| {
            let policy = concurrency.iter().find(|limit| limit.name == named.name());
            let callers = policy.map(|policy| (policy.key.clone(), policy.on_unknown));
            let said = named.stack.last(|limit| limit.key.as_ref());
            CountableLimit::new(findings, named.name(), callers, said)
        });
        Self {
            limits: limits.chain(concurrency).collect(),
            scores: match rules {
                None => Scores::None,
                Some(_) => Scores::Some,
            },
        }
    }
    /// What has this name.
    fn named(&self, name: &str) -> impl Iterator<Item = &CountableLimit<'f>> {
        self.limits.iter().filter(move |limit| limit.name == name)
    }
}

// === impl CountableLimit ===

impl<'f> CountableLimit<'f> {
    fn new(
        findings: &Findings<'_>,
        name: &'f str,
        callers: Option<(CallerKey, UnknownCaller)>,
        said: Option<&At<OneOrList<CallerPartFile>>>,
    ) -> Self {
        let shown = callers
            .as_ref()
            .map(|(key, _)| shown_key(findings, said, key));
        Self {
            name,
            callers,
            shown: shown.unwrap_or_default(),
        }
    }
}
