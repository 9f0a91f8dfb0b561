//! The top-level `cache` section.

use crate::{
    CacheSettings, PurgeAccess,
    cache::built_in,
    check::{
        findings::Findings,
        known::Known,
        listeners::{check_file, check_networks},
        names::{NameIs, check_name},
    },
    diagnostic::Code,
    file::{At, File, Named, PersonaFile, PurgeFile, StrategyFile},
};

use super::{key::check_dimensions, lifetimes::check_strategy, warm::check_warm};

pub(in crate::check) fn check_cache_settings(
    findings: &mut Findings<'_>,
    file: &File,
    known: &Known<'_>,
) -> CacheSettings {
    let Some(cache) = file.cache.as_ref().map(|at| &at.value) else {
        return CacheSettings::default();
    };
    if let Some(strategies) = &cache.strategies {
        check_strategies(findings, &strategies.value);
    }
    if let Some(personas) = &cache.personas {
        check_personas(findings, &personas.value, known);
    }
    let purge = cache.purge.as_ref();
    let warm = cache.warm.as_ref();
    CacheSettings {
        purge: purge.and_then(|purge| check_purge(findings, purge)),
        warm: warm.and_then(|warm| check_warm(findings, warm)),
        debug_from: check_networks(findings, cache.debug_from.as_ref()),
    }
}

fn check_strategies(findings: &mut Findings<'_>, strategies: &Named<StrategyFile>) {
    for (name, strategy) in &strategies.0 {
        if built_in(name).is_some() {
            let message =
                format!("the strategy `{name}` is built in and means the same everywhere");
            let help = "choose another name, or refine it where it is used";
            findings.key_error(strategy.node, Code::BadName, message, help);
        } else {
            check_name(findings, strategy.node, name, NameIs::Key, name);
        }
        check_strategy(findings, &strategy.value);
    }
}

fn check_personas(findings: &mut Findings<'_>, personas: &Named<PersonaFile>, known: &Known<'_>) {
    for (name, persona) in &personas.0 {
        check_name(findings, persona.node, name, NameIs::Key, name);
        let fields = persona.value.dimensions();
        let lists = [
            fields.headers,
            fields.cookies,
            fields.claims,
            fields.language,
        ];
        let nothing = lists.into_iter().flatten().all(|at| at.value.is_empty())
            && fields.device.is_none_or(|at| !at.value);
        if nothing && !findings.lost_below(&format!("cache.personas.{name}")) {
            let message = format!("the persona `{name}` has nothing by which responses differ");
            let help = "add `headers`, `cookies`, `claims`, `language` or `device: true`";
            findings.key_error(persona.node, Code::Empty, message, help);
        }
        check_dimensions(findings, fields, known.verified());
    }
}

fn check_purge(findings: &mut Findings<'_>, purge: &At<PurgeFile>) -> Option<PurgeAccess> {
    let networks = purge.value.from.as_ref();
    if let Some(from) = networks
        && from.value.is_empty()
        && !findings.lost_in(purge.node, "from")
    {
        let message = "an empty list would let nobody purge".to_owned();
        let help = "leave it out to let anybody with the token, or remove `purge`";
        findings.error(from.node, Code::Empty, message, help);
    }
    let from = check_networks(findings, networks);
    let Some(token_file) = &purge.value.token_file else {
        let help = "whoever purges presents a token: add `token_file: /run/secrets/purge`";
        findings.missing(purge.node, "token_file", help);
        return None;
    };
    let token_file = check_file(findings, token_file)?;
    Some(PurgeAccess { token_file, from })
}
