//! What requests may look like, each block by itself.

use http::HeaderName;

use crate::{
    ByteSize,
    diagnostic::Code,
    file::{At, Count, ExclusionFile, RulesFile, ShieldFile, Size},
};

use super::{
    blocks::check_media_type, conditions::check_method, findings::Findings, known::Known,
    listeners::check_networks,
};

const MIB: ByteSize = ByteSize::from_bytes(1 << 20);
const NOTHING: ByteSize = ByteSize::from_bytes(0);
const SMALLEST_FIELD: ByteSize = ByteSize::from_bytes(64);

/// Lists beyond these lengths are a mistake rather than a wish.
const MOST_NETWORKS: usize = 1_000;
const MOST_NAMES: usize = 16;
const MOST_EXCLUSIONS: usize = 256;
const LONGEST_TARGET: usize = 128;

pub(super) fn check_shield(findings: &mut Findings<'_>, shield: &ShieldFile, known: &Known<'_>) {
    for networks in [&shield.allow, &shield.deny].into_iter().flatten() {
        findings.at_most(networks, MOST_NETWORKS, "networks");
        check_networks(findings, Some(networks));
    }
    if let Some(methods) = &shield.methods {
        for method in &methods.value {
            check_method(findings, method);
        }
        findings.listed_once(&methods.value, |one, other| one == other);
    }
    if let Some(types) = &shield.content_types {
        for kind in &types.value {
            check_media_type(findings, kind);
        }
    }
    for size in [&shield.max_url, &shield.max_header].into_iter().flatten() {
        findings.size(Some(size), MIB, (SMALLEST_FIELD, MIB));
        never_reached(findings, size, known.clients().max_head, "max_head");
    }
    findings.size(shield.max_query.as_ref(), MIB, (NOTHING, MIB));
    if let Some(at) = &shield.max_body
        && let Some(size) = at.value.on()
    {
        let most = known.clients().max_body;
        never_reached(findings, &at.with(*size), most, "max_body");
    }
    findings.count(shield.max_json_depth.as_ref(), 64_u32, (0, 1_000));
    if let Some(rules) = shield.rules.as_ref().and_then(|at| at.value.on()) {
        check_rules(findings, rules);
    }
}

/// A bound that another one keeps requests from ever coming to.
pub(super) fn never_reached(
    findings: &mut Findings<'_>,
    size: &At<Size>,
    most: ByteSize,
    of_clients: &str,
) {
    if size.value.0 > most {
        let message = format!("nothing larger than `clients.{of_clients}` comes this far");
        let help = format!("write at most {most}, or raise `clients.{of_clients}`");
        findings.error(size.node, Code::Contradiction, message, &help);
    }
}

fn check_rules(findings: &mut Findings<'_>, rules: &RulesFile) {
    findings.count(rules.paranoia.as_ref(), 1_u8, (1, 4));
    findings.count(rules.threshold.as_ref(), 5_u32, (1, 100));
    findings.size(rules.body.as_ref(), MIB, (NOTHING, MIB));
    if let Some(categories) = &rules.categories {
        if categories.value.is_empty() && !findings.lost_at(categories.node) {
            let message = "nothing is looked for".to_owned();
            let help = "to look for nothing, write `rules: off`";
            findings.error(categories.node, Code::Empty, message, help);
        }
        for (index, category) in categories.value.iter().enumerate() {
            let before = &categories.value[..index];
            if before.iter().any(|other| other.value == category.value) {
                let message = "this category is listed twice".to_owned();
                findings.error(category.node, Code::ListedTwice, message, "remove one");
            }
        }
    }
    if let Some(headers) = &rules.headers {
        findings.at_most(headers, MOST_NAMES, "headers");
        for header in &headers.value {
            if HeaderName::from_bytes(header.value.as_bytes()).is_err() {
                let message = format!("`{}` is not the name of a header", findings.show(header));
                let help = "such as `referer`";
                findings.error(header.node, Code::BadHeaderName, message, help);
            }
        }
        findings.listed_once(&headers.value, |one, other| one.eq_ignore_ascii_case(other));
    }
    if let Some(exclude) = &rules.exclude {
        findings.at_most(exclude, MOST_EXCLUSIONS, "exclusions");
        for exclusion in &exclude.value {
            check_exclusion(findings, exclusion);
        }
    }
}

fn check_exclusion(findings: &mut Findings<'_>, exclusion: &At<ExclusionFile>) {
    let ExclusionFile { rule, target } = &exclusion.value;
    if rule.is_none() && target.is_none() && !findings.lost_at(exclusion.node) {
        let message = "this excludes everything".to_owned();
        let help = "say `rule`, `in` or both: `{rule: 1012, in: q}`; to look for nothing, write \
                    `rules: off`";
        findings.error(exclusion.node, Code::Missing, message, help);
    }
    let rule: Option<&At<Count>> = rule.as_ref();
    findings.count(rule, 1_u16, (1, u64::from(u16::MAX)));
    if let Some(target) = target
        && (target.value.is_empty() || target.value.len() > LONGEST_TARGET)
    {
        let message = format!("`{}` is not the name of a place", findings.show(target));
        let help = "a parameter, JSON field or header, at most 128 bytes";
        findings.error(target.node, Code::BadName, message, help);
    }
}
