//! What stands between the request and the origin, and what becomes of the answer: limits, bans, the
//! shield and the transformation of one route, each in a line.

use policy::{
    BanPolicy, ConcurrencyPolicy, LimitAlgorithm, LimitPolicy, LimitScope, Mode, Route,
    ShieldPolicy, TransformPolicy, UnknownCaller, show_duration,
};
use serde_json::{Value, json};

use super::{Seen, callers::caller, request::Request};

/// What applies, each with whom it counts this request for.
#[derive(Debug)]
pub(super) struct Guards<'a> {
    pub(super) limits: Vec<(&'a LimitPolicy, String)>,
    concurrency: Vec<(&'a ConcurrencyPolicy, String)>,
    bans: Vec<(&'a BanPolicy, String)>,
    shield: Option<&'a ShieldPolicy>,
    transform: Option<&'a TransformPolicy>,
}

// === impl Guards ===

impl<'a> Guards<'a> {
    /// What is on of a route.
    pub(super) fn new(route: &'a Route, request: &Request, seen: &Seen<'_>) -> Self {
        let on = |mode: Mode| mode != Mode::Off;
        let caller = |key, unknown| caller(key, unknown, route, request, seen);
        let limits = route.rate_limits.iter().filter(|limit| on(limit.mode));
        let slots = route.concurrency.iter().filter(|limit| on(limit.mode));
        let bans = route.bans.iter().filter(|ban| on(ban.mode));
        Self {
            limits: limits
                .map(|limit| (limit, caller(&limit.key, limit.on_unknown)))
                .collect(),
            concurrency: slots
                .map(|limit| (limit, caller(&limit.key, limit.on_unknown)))
                .collect(),
            // Whoever is not known is not counted.
            bans: bans
                .map(|ban| (ban, caller(&ban.key, UnknownCaller::Allow)))
                .collect(),
            shield: route.shield.as_ref().filter(|shield| on(shield.mode)),
            transform: route.transform.as_ref().filter(|one| on(one.mode)),
        }
    }

    /// Each as a name and a line; what a route does not have is left out, but for its limits.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines: Vec<_> = self
            .limits
            .iter()
            .map(|(limit, caller)| ("limits", limit_line(limit, caller)))
            .collect();
        if lines.is_empty() {
            lines.push(("limits", "none".to_owned()));
        }
        let slots = self.concurrency.iter();
        lines.extend(slots.map(|(limit, caller)| ("slots", slots_line(limit, caller))));
        let bans = self.bans.iter();
        lines.extend(bans.map(|(ban, caller)| ("bans", ban_line(ban, caller))));
        lines.extend(self.shield.map(|shield| ("shield", shield_line(shield))));
        let transform = self.transform.map(transform_line);
        lines.extend(transform.map(|line| ("trim", line)));
        lines
    }

    /// The limits as programs read them.
    pub(super) fn limits_json(&self) -> Vec<Value> {
        let limits = self.limits.iter().map(|(limit, caller)| {
            json!({
                "name": limit.name,
                "mode": limit.mode.as_str(),
                "rate": limit.rate.to_string(),
                "burst": limit.burst(),
                "caller": caller,
            })
        });
        limits.collect()
    }

    pub(super) fn concurrency_json(&self) -> Vec<Value> {
        let limits = self.concurrency.iter().map(|(limit, caller)| {
            json!({
                "name": limit.name,
                "mode": limit.mode.as_str(),
                "max": limit.max,
                "caller": caller,
            })
        });
        limits.collect()
    }

    pub(super) fn bans_json(&self) -> Vec<Value> {
        let bans = self.bans.iter().map(|(ban, caller)| {
            json!({
                "name": ban.name,
                "mode": ban.mode.as_str(),
                "when": ban.trigger.to_string(),
                "count": ban.count,
                "within": show_duration(ban.within),
                "duration": show_duration(ban.duration),
                "max_duration": show_duration(ban.max_duration),
                "caller": caller,
            })
        });
        bans.collect()
    }

    /// One line, as for people; the settings have the rest.
    pub(super) fn shield_json(&self) -> Option<String> {
        self.shield.map(shield_line)
    }

    /// One line, as for people; the settings have the rest.
    pub(super) fn transform_json(&self) -> Option<String> {
        self.transform.map(transform_line)
    }
}

fn limit_line(limit: &LimitPolicy, caller: &str) -> String {
    let (name, mode, rate) = (&limit.name, limit.mode.as_str(), limit.rate);
    let how = match limit.algorithm {
        LimitAlgorithm::Gcra { burst } => format!("{burst} at once"),
        LimitAlgorithm::SlidingWindow => "in any window".to_owned(),
    };
    let scope = match limit.scope {
        LimitScope::Caller => "",
        LimitScope::Upstream => ", only what reaches the upstream",
    };
    format!("{name} ({mode}): {rate}, {how}{scope}, for {caller}")
}

fn slots_line(limit: &ConcurrencyPolicy, caller: &str) -> String {
    let (name, mode, max) = (&limit.name, limit.mode.as_str(), limit.max);
    format!("{name} ({mode}): {max} at the same time, for {caller}")
}

fn ban_line(ban: &BanPolicy, caller: &str) -> String {
    let within = show_duration(ban.within);
    let (first, last) = (show_duration(ban.duration), show_duration(ban.max_duration));
    format!(
        "{} ({}): after {} of {} within {within}, for {first} up to {last}; this is {caller}",
        ban.name,
        ban.mode.as_str(),
        ban.count,
        ban.trigger
    )
}

fn shield_line(shield: &ShieldPolicy) -> String {
    let rules = match &shield.rules {
        None => "no rules".to_owned(),
        Some(rules) => format!(
            "rules of paranoia {} refuse from {} points on",
            rules.paranoia, rules.threshold
        ),
    };
    format!(
        "{}: {rules}; URL {}, query {}, header {} at most",
        shield.mode.as_str(),
        shield.max_url,
        shield.max_query,
        shield.max_header
    )
}

fn transform_line(transform: &TransformPolicy) -> String {
    let json = match &transform.json {
        None => "JSON as it is".to_owned(),
        Some(trim) if trim.fields.is_empty() => "JSON without white space".to_owned(),
        Some(trim) => format!("JSON cut to {} fields", trim.fields.len()),
    };
    format!(
        "{}: {json}; headers: {} removed, {} set, {} for browsers",
        transform.mode.as_str(),
        transform.remove_headers.len(),
        transform.set_headers.len(),
        transform.security_headers.len()
    )
}
