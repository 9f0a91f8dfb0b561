//! From the shapes of the file to what Forebay runs on, collecting every mistake on the way.
//!
//! The checks go on after a mistake with a value that stands in for the wrong one; the result is only
//! handed out when nothing was wrong.

mod bans;
mod batch;
mod blocks;
mod cache;
mod caller;
mod compression;
mod conditions;
mod dictionaries;
mod findings;
mod identity;
mod known;
mod limits;
mod listeners;
mod merge;
mod names;
mod operator;
mod reachable;
mod routes;
mod shield;
mod transform;
mod upstreams;
mod url;

use crate::{
    Balance, Diagnostic, Endpoint, Policies,
    deserialize::Pruned,
    file::{At, EndpointFile, File},
    tree::Places,
};

use findings::Findings;

/// Checks a whole file; `text` is what it was read from, and `redacted` is carried along.
pub(crate) fn check(
    file: &At<File>,
    text: &str,
    places: &Places,
    pruned: &Pruned,
    redacted: String,
) -> (Policies, Vec<Diagnostic>) {
    let mut findings = Findings::new(text, places, pruned);
    operator::check_version(&mut findings, file);
    let mut taken = listeners::Taken::default();
    let listeners = listeners::check_listeners(&mut findings, file, &mut taken);
    let memory = operator::check_memory(&mut findings, &file.value);
    let clients = operator::check_clients(&mut findings, &file.value);
    let admin = operator::check_admin(&mut findings, &file.value, &mut taken);
    let access_log = operator::access_log(&file.value);
    let security_log = operator::check_security_log(&mut findings, &file.value);
    let shutdown = operator::check_shutdown(&mut findings, &file.value);
    let mut known = known::Known::new(&findings, &file.value, &clients);
    let upstreams = upstreams::check_upstreams(&mut findings, file, &mut known);
    let cache = cache::check_cache_settings(&mut findings, &file.value, &known);
    let identity = identity::check_identity(&mut findings, &file.value);
    let routes = routes::check_routes(&mut findings, file, memory.limit, &mut known);
    upstreams::check_path_parameters(&mut findings, &file.value, &routes);
    known.report_unused(&mut findings);
    let policies = Policies {
        listeners,
        memory,
        clients,
        admin,
        access_log,
        security_log,
        shutdown,
        cache,
        identity,
        upstreams,
        routes,
        redacted,
    };
    (policies, findings.into_list())
}

/// Checks a list of endpoints that stands in a file of its own.
pub(crate) fn check_endpoints(
    endpoints: &[At<EndpointFile>],
    balance: Balance,
    text: &str,
    places: &Places,
    pruned: &Pruned,
) -> (Vec<Endpoint>, Vec<Diagnostic>) {
    let mut findings = Findings::new(text, places, pruned);
    let endpoints = upstreams::read_endpoints(&mut findings, endpoints, balance);
    (endpoints, findings.into_list())
}
