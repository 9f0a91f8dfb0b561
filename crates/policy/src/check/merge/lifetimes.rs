//! How long: the strategy's word, and on top of it what the layers write themselves.

use std::time::Duration;

use crate::{
    EarlyRefresh, Heuristic, LifetimeCase, Lifetimes, MediaTypePattern, NegativeTtl, Percent,
    SettingOrigin, Times,
    check::{
        cache::{early_refresh, read_negative},
        known::{Known, Strategy},
    },
    file::{At, CacheFile, LifetimeFields, Time},
    spelling::show_duration,
    tree::NodeId,
};

use super::picker::{Fallback, Picker, Stack};

/// What counts where no layer says anything.
struct Base<'p, 'a, 't, 'f> {
    picker: &'p mut Picker<'a, 't>,
    stack: &'p Stack<'f, CacheFile>,
    strategy: Option<Strategy<'f>>,
}

pub(super) fn merge_lifetimes(
    picker: &mut Picker<'_, '_>,
    stack: &Stack<'_, CacheFile>,
    known: &Known<'_>,
) -> Lifetimes {
    let name = picker.pick(
        stack,
        "strategy",
        |block| block.strategy.as_ref(),
        |name| Some(name.clone()),
        None,
        |name| name.clone().unwrap_or_else(|| "none".to_owned()),
    );
    let mut base = Base {
        picker,
        stack,
        // A name that does not exist has been reported.
        strategy: name.and_then(|name| known.strategy(&name)),
    };
    let standard = match &base.strategy {
        Some(strategy) => strategy.lifetimes.clone(),
        None => Lifetimes::default(),
    };
    Lifetimes {
        times: Times {
            ttl: base.time("ttl", standard.times.ttl, |it| it.ttl),
            stale_while_revalidate: base.time(
                "stale_while_revalidate",
                standard.times.stale_while_revalidate,
                |it| it.stale_while_revalidate,
            ),
            stale_if_error: base.time("stale_if_error", standard.times.stale_if_error, |it| {
                it.stale_if_error
            }),
        },
        cases: base.cases(standard.cases),
        negative: base.pick(
            "negative_ttl",
            standard.negative,
            |it| it.negative_ttl,
            read_negative,
            |table| show_negative(table),
        ),
        heuristic: base.heuristic(standard.heuristic),
        jitter: base.pick(
            "jitter",
            standard.jitter,
            |it| it.jitter,
            |share| share.0,
            Percent::to_string,
        ),
        early_refresh: base.pick(
            "early_refresh",
            standard.early_refresh,
            |it| it.early_refresh,
            early_refresh,
            |early| (*early == EarlyRefresh::On).to_string(),
        ),
    }
}

// === impl Base ===

impl Base<'_, '_, '_, '_> {
    fn pick<F, T>(
        &mut self,
        field: &str,
        value: T,
        get: impl for<'a> Fn(LifetimeFields<'a>) -> Option<&'a At<F>>,
        read: impl Fn(&F) -> T,
        show: impl Fn(&T) -> String,
    ) -> T {
        let said = match self.strategy.as_ref().and_then(|strategy| strategy.file) {
            Some(file) => get(file.lifetimes()).map(|at| at.node),
            None => None,
        };
        let fallback = self.fallback(value, said);
        self.picker.pick_or(
            self.stack,
            field,
            |block| get(block.lifetimes()),
            read,
            fallback,
            show,
        )
    }

    fn time(
        &mut self,
        field: &str,
        value: Option<Duration>,
        get: impl for<'a> Fn(LifetimeFields<'a>) -> Option<&'a At<Time>>,
    ) -> Option<Duration> {
        let show = |time: &Option<Duration>| time.map_or_else(|| "none".to_owned(), show_duration);
        self.pick(field, value, get, |time| Some(time.0), show)
    }

    fn heuristic(&mut self, standard: Heuristic) -> Heuristic {
        Heuristic {
            share: self.pick(
                "heuristic.share",
                standard.share,
                |it| it.heuristic_share(),
                |share| share.0,
                Percent::to_string,
            ),
            max: self.pick(
                "heuristic.max",
                standard.max,
                |it| it.heuristic_max(),
                |time| time.0,
                |max| show_duration(*max),
            ),
        }
    }

    /// The strategy's cases, which no layer can change.
    fn cases(&mut self, cases: Vec<LifetimeCase>) -> Vec<LifetimeCase> {
        let file = self.strategy.as_ref().and_then(|strategy| strategy.file);
        if let Some(at) = file.and_then(|file| file.cases.as_ref()) {
            let fallback = self.fallback((), Some(at.node));
            let shown = fallback.shown.unwrap_or_else(|| show_cases(&cases));
            self.picker
                .note(&self.stack.prefix, "cases", shown, fallback.origin);
        }
        cases
    }

    /// `said` is where the strategy says it, if it stands in the file and does.
    fn fallback<T>(&self, value: T, said: Option<NodeId>) -> Fallback<T> {
        let Some(strategy) = &self.strategy else {
            return Fallback::standard(value);
        };
        let name = strategy.name.clone();
        let (line, shown) = match (strategy.file, said) {
            (None, _) => (None, None),
            (Some(_), None) => return Fallback::standard(value),
            (Some(_), Some(node)) => (
                Some(self.picker.findings.line(node)),
                self.picker.findings.written_below(node).map(str::to_owned),
            ),
        };
        Fallback {
            value,
            shown,
            origin: SettingOrigin::Strategy { name, line },
        }
    }
}

/// As the file spells it: `{404: 30s, 410: 5m}`.
fn show_negative(table: &[NegativeTtl]) -> String {
    let entry = |one: &NegativeTtl| format!("{}: {}", one.status.as_u16(), show_duration(one.ttl));
    braced(&table.iter().map(entry).collect::<Vec<_>>())
}

fn show_cases(cases: &[LifetimeCase]) -> String {
    let cases: Vec<_> = cases.iter().map(show_case).collect();
    format!("[{}]", cases.join(", "))
}

fn show_case(case: &LifetimeCase) -> String {
    let mut fields = Vec::new();
    if !case.statuses.is_empty() {
        let statuses = case.statuses.iter().map(|status| status.as_str());
        let statuses = statuses.collect::<Vec<_>>().join(", ");
        fields.push(format!("status: [{statuses}]"));
    }
    if !case.content_types.is_empty() {
        let types: Vec<_> = case.content_types.iter().map(show_media_type).collect();
        fields.push(format!("content_type: [{}]", types.join(", ")));
    }
    if let Some(personalized) = case.personalized {
        fields.push(format!("personalized: {personalized}"));
    }
    let Times {
        ttl,
        stale_while_revalidate,
        stale_if_error,
    } = case.times;
    for (field, time) in [
        ("ttl", ttl),
        ("stale_while_revalidate", stale_while_revalidate),
        ("stale_if_error", stale_if_error),
    ] {
        fields.extend(time.map(|time| format!("{field}: {}", show_duration(time))));
    }
    braced(&fields)
}

fn show_media_type(pattern: &MediaTypePattern) -> String {
    match pattern {
        MediaTypePattern::Exact(name) => format!("\"{name}\""),
        MediaTypePattern::Subtypes(kind) => format!("\"{kind}/*\""),
        MediaTypePattern::Suffix { kind, suffix } => format!("\"{kind}/*{suffix}\""),
    }
}

fn braced(fields: &[String]) -> String {
    format!("{{{}}}", fields.join(", "))
}
