//! What policy blocks may refer to by name, and what was referred to.

use std::collections::{HashMap, HashSet};

use crate::{
    Clients, Lifetimes,
    cache::{built_in, built_in_names},
    diagnostic::Code,
    file::{At, File, ModeWord, PersonaFile, StrategyFile, UpstreamFile},
    suggest::{closest, listed},
};

use super::{cache::read_strategy, findings::Findings};

/// The names that blocks refer to, and whether tokens are verified.
pub(super) struct Known<'f> {
    strategies: HashMap<&'f str, &'f At<StrategyFile>>,
    personas: HashMap<&'f str, &'f At<PersonaFile>>,
    upstreams: HashMap<&'f str, usize>,
    capacities: Vec<Followed>,
    clients: &'f Clients,
    identity: Verified,
    used_strategies: HashSet<String>,
    used_personas: HashSet<String>,
    used_upstreams: HashSet<String>,
}

/// Whether the capacity of an upstream is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    No,
    /// It is, or the file tries to and that has been reported.
    Yes,
}

/// Whether the file says how tokens are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verified {
    No,
    /// It does, or it tries to and that has been reported.
    Yes,
}

/// A strategy as a route finds it.
pub(super) struct Strategy<'f> {
    pub(super) name: String,
    /// How the file spells it; `None` when it is built in.
    pub(super) file: Option<&'f StrategyFile>,
    pub(super) lifetimes: Lifetimes,
}

/// A persona as a route finds it.
#[derive(Clone, Copy)]
pub(super) struct Persona<'f> {
    pub(super) name: &'f str,
    pub(super) file: &'f PersonaFile,
}

// === impl Known ===

impl<'f> Known<'f> {
    pub(super) fn new(findings: &Findings<'_>, file: &'f File, clients: &'f Clients) -> Self {
        let cache = file.cache.as_ref().map(|at| &at.value);
        let strategies = cache.and_then(|cache| cache.strategies.as_ref());
        let personas = cache.and_then(|cache| cache.personas.as_ref());
        let upstreams = file.upstreams.as_ref().map_or(&[][..], |at| &at.value.0);
        let verified = file.identity.is_some() || findings.was_pruned("identity");
        Self {
            strategies: strategies
                .map_or(&[][..], |at| &at.value.0)
                .iter()
                .map(|(name, strategy)| (name.as_str(), strategy))
                .collect(),
            personas: personas
                .map_or(&[][..], |at| &at.value.0)
                .iter()
                .map(|(name, persona)| (name.as_str(), persona))
                .collect(),
            upstreams: upstreams
                .iter()
                .enumerate()
                .map(|(index, (name, _))| (name.as_str(), index))
                .collect(),
            capacities: upstreams
                .iter()
                .map(|(_, upstream)| follows(findings, upstream))
                .collect(),
            clients,
            identity: if verified {
                Verified::Yes
            } else {
                Verified::No
            },
            used_strategies: HashSet::new(),
            used_personas: HashSet::new(),
            used_upstreams: HashSet::new(),
        }
    }

    pub(super) fn verified(&self) -> Verified {
        self.identity
    }

    /// What bounds every request, whatever its route.
    pub(super) fn clients(&self) -> &'f Clients {
        self.clients
    }

    /// Whether the capacity of the upstream at this place is followed.
    pub(super) fn followed(&self, upstream: usize) -> Followed {
        let followed = self.capacities.get(upstream);
        followed.copied().unwrap_or(Followed::Yes)
    }

    /// The strategy of this name; those that are built in cannot be hidden by others.
    pub(super) fn strategy(&self, name: &str) -> Option<Strategy<'f>> {
        let name = name.to_owned();
        if let Some(lifetimes) = built_in(&name) {
            return Some(Strategy {
                name,
                file: None,
                lifetimes,
            });
        }
        let file = self.strategies.get(name.as_str())?;
        Some(Strategy {
            name,
            file: Some(&file.value),
            lifetimes: read_strategy(&file.value),
        })
    }

    pub(super) fn persona(&self, name: &str) -> Option<Persona<'f>> {
        let (name, file) = self.personas.get_key_value(name)?;
        Some(Persona {
            name,
            file: &file.value,
        })
    }

    /// Notes that a block names a strategy, and reports it when there is none.
    pub(super) fn use_strategy(&mut self, findings: &mut Findings<'_>, name: &At<String>) {
        self.used_strategies.insert(name.value.clone());
        if self.strategy(&name.value).is_some() || lost(findings, "cache.strategies", &name.value) {
            return;
        }
        let mut known: Vec<&str> = self.strategies.keys().copied().collect();
        built_in_names().for_each(|name| known.push(name));
        known.sort_unstable();
        known.dedup();
        let message = format!("there is no strategy `{}`", findings.show(name));
        let few = listed(known.iter().copied().take(16), "and");
        let help = meant_among(findings, name, &known, format!("there are {few}"));
        findings.error(name.node, Code::UnknownStrategy, message, &help);
    }

    /// Notes that a block names a persona, and reports it when there is none.
    pub(super) fn use_persona(&mut self, findings: &mut Findings<'_>, name: &At<String>) {
        self.used_personas.insert(name.value.clone());
        if self.persona(&name.value).is_some() || lost(findings, "cache.personas", &name.value) {
            return;
        }
        let mut known: Vec<_> = self.personas.keys().copied().collect();
        known.sort_unstable();
        let message = format!("there is no persona `{}`", findings.show(name));
        let help = meant(findings, name, &known, "personas");
        findings.error(name.node, Code::UnknownPersona, message, &help);
    }

    /// The place of the upstream of this name among all.
    pub(super) fn upstream(&self, name: &str) -> Option<usize> {
        self.upstreams.get(name).copied()
    }

    /// Notes that something names an upstream, and reports it when there is none.
    pub(super) fn use_upstream(
        &mut self,
        findings: &mut Findings<'_>,
        name: &At<String>,
    ) -> Option<usize> {
        self.used_upstreams.insert(name.value.clone());
        let index = self.upstream(&name.value);
        let lost = findings.was_pruned("upstreams")
            || findings.was_pruned(&format!("upstreams.{}", name.value));
        if index.is_none() && !lost {
            let mut known: Vec<_> = self.upstreams.keys().copied().collect();
            known.sort_unstable();
            let message = format!("there is no upstream `{}`", findings.show(name));
            let help = meant(findings, name, &known, "upstreams");
            findings.error(name.node, Code::UnknownUpstream, message, &help);
        }
        index
    }

    /// Whether something named this upstream.
    pub(super) fn uses_upstream(&self, name: &str) -> bool {
        self.used_upstreams.contains(name)
    }

    /// Reports what no block named.
    pub(super) fn report_unused(&self, findings: &mut Findings<'_>) {
        if findings.lost_below("routes") || findings.lost_below("policies") {
            return;
        }
        for (name, at) in &self.strategies {
            if !self.used_strategies.contains(*name) {
                let message = format!("no `cache` uses the strategy `{name}`");
                let help = "remove it, or name it as a `strategy`";
                findings.key_warning(at.node, Code::UnusedStrategy, message, help);
            }
        }
        for (name, at) in &self.personas {
            if !self.used_personas.contains(*name) {
                let message = format!("no cache key uses the persona `{name}`");
                let help = "remove it, or name it as a `persona`";
                findings.key_warning(at.node, Code::UnusedPersona, message, help);
            }
        }
    }
}

fn follows(findings: &Findings<'_>, upstream: &At<UpstreamFile>) -> Followed {
    let capacity = upstream.value.capacity.as_ref();
    let mode = capacity.map(|at| at.value.mode.as_ref().map(|mode| mode.value));
    match mode {
        Some(Some(ModeWord::Off)) => Followed::No,
        None if !findings.lost_in(upstream.node, "capacity") => Followed::No,
        Some(_) | None => Followed::Yes,
    }
}

/// Whether what a name stands for was there and could not be read.
fn lost(findings: &Findings<'_>, mapping: &str, name: &str) -> bool {
    findings.was_pruned("cache")
        || findings.was_pruned(mapping)
        || findings.was_pruned(&format!("{mapping}.{name}"))
}

/// What to do about a name that the file does not have.
pub(super) fn meant(
    findings: &Findings<'_>,
    name: &At<String>,
    known: &[&str],
    what: &str,
) -> String {
    if known.is_empty() {
        return format!("the file has no {what}");
    }
    let few = known.iter().copied().take(12);
    meant_among(
        findings,
        name,
        known,
        format!("the file has {}", listed(few, "and")),
    )
}

/// The same, where `choices` says what there is. A value from the environment gets no suggestion:
/// how near it is to something would tell what it is.
pub(super) fn meant_among(
    findings: &Findings<'_>,
    name: &At<String>,
    known: &[&str],
    choices: String,
) -> String {
    let shown = findings.written(name.node).is_none();
    match closest(&name.value, known.iter().copied()).filter(|_| shown) {
        Some(close) => format!("did you mean `{close}`? {choices}"),
        None => choices,
    }
}
