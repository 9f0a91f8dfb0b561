//! Routes: what they match, where they lead, and which policies they come to.

use std::collections::{HashMap, HashSet};

use crate::{
    ByteSize, HostPattern, Mode, Route,
    diagnostic::Code,
    file::{At, File, Named, PolicyFile, RouteFile},
    tree::NodeId,
};

use super::{
    bans::Boxes,
    blocks::{Blocks, check_blocks},
    conditions::check_match,
    dictionaries::Dictionaries,
    findings::Findings,
    known::{Known, meant},
    merge::{Governed, Layer, Merged, Wrong, merge},
    names::{NameIs, Seen, check_name},
    reachable::unreachable,
};

/// The policies that routes may refer to, and what was referred to.
pub(super) struct References<'f> {
    policies: HashMap<&'f str, &'f PolicyFile>,
    used_policies: HashSet<String>,
    boxes: Boxes,
    dictionaries: Dictionaries,
}

/// A route's node, and whether its match is what the file says.
#[derive(Clone, Copy, Debug)]
enum Matched {
    AsWritten(NodeId),
    /// Something in it could not be read and was left out, so it looks wider than it is.
    InPart,
}

pub(super) fn check_routes(
    findings: &mut Findings<'_>,
    file: &At<File>,
    memory: ByteSize,
    known: &mut Known<'_>,
) -> Vec<Route> {
    let help = "add `routes:` with an entry such as `- {name: all, upstream: app}`";
    check_policies(findings, file.value.policies.as_ref(), memory, known);
    let mut references = References::new(&file.value);
    let Some(routes) = &file.value.routes else {
        findings.missing(file.node, "routes", help);
        return Vec::new();
    };
    if routes.value.is_empty() && !findings.lost_below("routes") {
        let message = "there is no route".to_owned();
        findings.error(routes.node, Code::Empty, message, help);
    }
    let mut names = Seen::default();
    let mut checked = Vec::new();
    let mut matches = Vec::new();
    for route in &routes.value {
        check_blocks(findings, Blocks::of_route(&route.value), memory, known);
        if let Some(name) = &route.value.name {
            let shown = findings.show(name).to_owned();
            check_name(findings, name.node, &name.value, NameIs::Value, &shown);
            names.add(findings, name.node, &name.value, "route", &shown);
        }
        let (route, matched) = check_route(findings, route, &mut references, known);
        checked.push(route);
        matches.push(matched);
    }
    report_unreachable(findings, &checked, &matches);
    references.report_unused(findings, &file.value, known);
    checked
}

fn report_unreachable(findings: &mut Findings<'_>, routes: &[Route], matches: &[Matched]) {
    for (dead, hider) in unreachable(routes) {
        let (Matched::AsWritten(node), Matched::AsWritten(_)) = (matches[dead], matches[hider])
        else {
            continue;
        };
        let message = format!(
            "no request can reach this route: the one in line {} takes them all",
            routes[hider].line
        );
        let help = "narrow the match of one of them, or remove one";
        findings.error(node, Code::Unreachable, message, help);
    }
}

fn check_policies(
    findings: &mut Findings<'_>,
    policies: Option<&At<Named<PolicyFile>>>,
    memory: ByteSize,
    known: &mut Known<'_>,
) {
    for (name, policy) in policies.map_or(&[][..], |at| &at.value.0) {
        check_name(findings, policy.node, name, NameIs::Key, name);
        check_blocks(findings, Blocks::of_policy(&policy.value), memory, known);
    }
}

fn check_route<'f>(
    findings: &mut Findings<'_>,
    route: &'f At<RouteFile>,
    references: &mut References<'f>,
    known: &mut Known<'_>,
) -> (Route, Matched) {
    let shape = &route.value;
    let before = findings.len();
    let matches = check_match(findings, shape.matches.as_ref());
    let matched = if findings.len() > before || findings.lost_in(route.node, "match") {
        Matched::InPart
    } else {
        Matched::AsWritten(route.node)
    };
    if shape.name.is_none() {
        let help = "every route has a name, for logs and metrics";
        findings.missing(route.node, "name", help);
    }
    let upstream = check_upstream(findings, route, known);
    let layers = references.layers(findings, shape);
    let shown = shape.name.as_ref().map_or("", |name| findings.show(name));
    let shown = shown.to_owned();
    let governed = Governed {
        name: &shown,
        path: match matched {
            Matched::AsWritten(_) => Some(&matches.path),
            Matched::InPart => None,
        },
        upstream,
    };
    let (merged, wrong) = merge(findings, &layers, known, governed);
    references.report_together(findings, &shown, &merged, wrong);
    if let Matched::AsWritten(_) = matched {
        references.place_dictionary(findings, &shown, &matches.hosts, &merged);
    }
    let route = Route {
        name: shape
            .name
            .as_ref()
            .map_or_else(String::new, |name| name.value.clone()),
        matches,
        // Without one the file is refused, and nobody sees this zero.
        upstream: upstream.unwrap_or(0),
        cache: merged.cache,
        compression: merged.compression,
        deduplication: merged.deduplication,
        rate_limits: merged.rate_limits,
        concurrency: merged.concurrency,
        bans: merged.bans.into_iter().map(|(ban, _)| ban).collect(),
        shield: merged.shield,
        transform: merged.transform,
        batch: merged.batch,
        breaker: merged.breaker,
        priority: merged.priority,
        settings: merged.settings,
        line: findings.line(route.node),
    };
    (route, matched)
}

fn check_upstream(
    findings: &mut Findings<'_>,
    route: &At<RouteFile>,
    known: &mut Known<'_>,
) -> Option<usize> {
    if let Some(upstream) = &route.value.upstream {
        return known.use_upstream(findings, upstream);
    }
    let help = "name the upstream that its requests go to";
    findings.missing(route.node, "upstream", help);
    None
}

// === impl References ===

impl<'f> References<'f> {
    fn new(file: &'f File) -> Self {
        let policies = file.policies.as_ref().map_or(&[][..], |at| &at.value.0);
        Self {
            policies: policies
                .iter()
                .map(|(name, policy)| (name.as_str(), &policy.value))
                .collect(),
            used_policies: HashSet::new(),
            boxes: Boxes::default(),
            dictionaries: Dictionaries::default(),
        }
    }

    /// The named policies a route uses, in its order, and then the route itself.
    fn layers(&mut self, findings: &mut Findings<'_>, route: &'f RouteFile) -> Vec<Layer<'f>> {
        let mut layers: Vec<Layer<'f>> = Vec::new();
        for name in route.uses.as_ref().map_or(&[][..], |at| &at.value) {
            let first = !layers
                .iter()
                .any(|layer| layer.policy == Some(name.value.as_str()));
            self.used_policies.insert(name.value.clone());
            match self.policies.get_key_value(name.value.as_str()) {
                Some((policy, shape)) if first => layers.push(Layer {
                    policy: Some(policy),
                    blocks: Blocks::of_policy(shape),
                }),
                Some(_) => {
                    let message =
                        format!("`{}` is already used by this route", findings.show(name));
                    findings.error(name.node, Code::PolicyUsedTwice, message, "remove one");
                }
                None => self.unknown_policy(findings, name),
            }
        }
        layers.push(Layer {
            policy: None,
            blocks: Blocks::of_route(route),
        });
        layers
    }

    /// What shows only when the layers of a route are put together, or beside other routes.
    fn report_together(
        &mut self,
        findings: &mut Findings<'_>,
        route: &str,
        merged: &Merged,
        wrong: Vec<Wrong>,
    ) {
        for wrong in wrong {
            findings.error(wrong.node, wrong.code, wrong.message, wrong.help);
        }
        for (ban, node) in &merged.bans {
            self.boxes.share(findings, route, ban, *node);
        }
    }

    /// What its clients would look for at the place of another's.
    fn place_dictionary(
        &mut self,
        findings: &mut Findings<'_>,
        route: &str,
        hosts: &[HostPattern],
        merged: &Merged,
    ) {
        let compression = merged.compression.as_ref();
        let compression = compression.filter(|policy| policy.mode == Mode::Enforce);
        let dictionary = compression.and_then(|policy| policy.dictionary.as_ref());
        if let (Some(dictionary), Some(node)) = (dictionary, merged.dictionary) {
            let dictionaries = &mut self.dictionaries;
            dictionaries.place(findings, route, hosts, dictionary, node);
        }
    }

    fn unknown_policy(&self, findings: &mut Findings<'_>, name: &At<String>) {
        if findings.was_pruned("policies")
            || findings.was_pruned(&format!("policies.{}", name.value))
        {
            return;
        }
        let mut known: Vec<_> = self.policies.keys().copied().collect();
        known.sort_unstable();
        let message = format!("there is no policy `{}`", findings.show(name));
        let help = meant(findings, name, &known, "policies");
        findings.error(name.node, Code::UnknownPolicy, message, &help);
    }

    fn report_unused(&self, findings: &mut Findings<'_>, file: &File, known: &Known<'_>) {
        if findings.lost_below("routes") {
            return;
        }
        let upstreams = file.upstreams.as_ref().map_or(&[][..], |at| &at.value.0);
        for (name, at) in upstreams {
            if !known.uses_upstream(name) {
                let message = format!("no route uses the upstream `{name}`");
                findings.key_warning(
                    at.node,
                    Code::UnusedUpstream,
                    message,
                    "remove it, or route to it",
                );
            }
        }
        let policies = file.policies.as_ref().map_or(&[][..], |at| &at.value.0);
        for (name, at) in policies {
            if !self.used_policies.contains(name) {
                let message = format!("no route uses the policy `{name}`");
                findings.key_warning(
                    at.node,
                    Code::UnusedPolicy,
                    message,
                    "remove it, or `use` it",
                );
            }
        }
    }
}
