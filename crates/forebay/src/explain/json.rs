//! An explanation for programs.

use engine::{
    cache::advice::{Advice, Remedy},
    negotiation::Negotiated,
};
use policy::{Policies, Setting, SettingOrigin};
use serde_json::{Value, json};

use super::{
    Explanation, Fate, Routed, Seen, Unrouted,
    conditions::{Candidate, Met},
    policies::{Applied, CacheSays},
    text,
    verdict::{Source, Verdict},
};

// === impl Explanation ===

impl Explanation<'_> {
    pub(super) fn to_json(&self, policies: &Policies) -> Value {
        let outcome = match &self.fate {
            Fate::Malformed(why) => json!({
                "outcome": "refused",
                "status": text::malformed_status(*why),
                "reason": why.as_str(),
            }),
            Fate::Unrouted { seen, why, near } => json!({
                "outcome": "refused",
                "status": why.status(),
                "reason": why.as_str(),
                "allow": allow(why),
                "read_as": seen.to_json(),
                "nearest_routes": near.iter().map(Candidate::to_json).collect::<Vec<_>>(),
            }),
            Fate::Routed(routed) => routed.to_json(policies),
        };
        let mut all = json!({
            "request": {"method": self.request.method.as_str(), "url": self.request.url},
            "listener": text::address(&policies.listeners[self.listener]),
        });
        if let (Value::Object(all), Value::Object(outcome)) = (&mut all, outcome) {
            all.extend(outcome);
        }
        all
    }
}

fn allow(why: &Unrouted) -> Value {
    match why {
        Unrouted::MethodNotAllowed(methods) => {
            methods.iter().map(|method| method.as_str()).collect()
        }
        Unrouted::NoRoute | Unrouted::UnknownHost => Value::Null,
    }
}

// === impl Seen ===

impl Seen<'_> {
    fn to_json(&self) -> Value {
        json!({
            "host": self.authority.as_str(),
            "path": self.path.as_str(),
            "client": self.client.ip.to_string(),
            "peer": self.client.peer.as_str(),
        })
    }
}

// === impl Candidate ===

impl Candidate<'_> {
    fn to_json(&self) -> Value {
        let conditions = self.conditions.iter().map(
            |condition| json!({"condition": condition.text, "holds": condition.met == Met::Yes}),
        );
        json!({
            "name": self.route.name,
            "line": self.route.line,
            "conditions": conditions.collect::<Vec<_>>(),
        })
    }
}

// === impl Routed ===

impl Routed<'_> {
    fn to_json(&self, policies: &Policies) -> Value {
        let upstream = &policies.upstreams[self.route.upstream];
        let others = self.others.iter().map(|other| other.name.as_str());
        json!({
            "outcome": "route",
            "read_as": self.seen.to_json(),
            "route": self.chosen.to_json(),
            "less_specific_routes": others.collect::<Vec<_>>(),
            "passed_over_routes": self.passed_over.iter().map(Candidate::to_json).collect::<Vec<_>>(),
            "upstream": {
                "name": upstream.name,
                "balance": upstream.balancing.balance.as_str(),
                "endpoints": upstream.endpoints.iter().map(policy::Endpoint::url).collect::<Vec<_>>(),
            },
            "settings": self.route.settings.iter().map(setting).collect::<Vec<_>>(),
            "cache": cache(&self.applied),
            "compression": self.applied.coding.map(coding),
            "limits": self.applied.guards.limits_json(),
            "concurrency": self.applied.guards.concurrency_json(),
            "bans": self.applied.guards.bans_json(),
            "shield": self.applied.guards.shield_json(),
            "transform": self.applied.guards.transform_json(),
            "verdict": self.verdict.as_ref().map(Verdict::to_json),
        })
    }
}

// === impl Verdict ===

impl Verdict {
    fn to_json(&self) -> Value {
        let (source, from) = match &self.source {
            Source::Asked(upstream) => ("asked", Some(upstream.clone())),
            Source::Saved(path) => ("response", Some(path.display().to_string())),
            Source::Silent => ("silent", None),
        };
        json!({
            "answer_of": source,
            "from": from,
            "status": self.status.as_u16(),
            "stored": self.lifetime.is_some(),
            "reason": self.as_str(),
            "fresh_for_seconds": self.lifetime.map(|lifetime| lifetime.length.as_secs()),
            "lifetime_source": self.lifetime.map(|lifetime| lifetime.source.as_str()),
            "advice": advice(&self.advice),
        })
    }
}

fn advice(advice: &Advice) -> Value {
    let (line, nothing) = match &advice.remedy {
        Remedy::Fine => (None, None),
        Remedy::Line(line) => (Some(line), None),
        Remedy::Nothing(why) => (None, Some(why)),
    };
    json!({
        "because": advice.because,
        "yaml": line.map(|line| &line.yaml),
        "place": line.map(|line| line.place.as_str()),
        "risk": line.and_then(|line| line.risk),
        "nothing": nothing,
    })
}

fn setting(setting: &Setting) -> Value {
    let (origin, name, line) = match &setting.origin {
        SettingOrigin::Default => ("default", None, None),
        SettingOrigin::Persona { name, line } => ("persona", Some(name.as_str()), Some(line)),
        SettingOrigin::Policy { name, line } => ("policy", Some(name.as_str()), Some(line)),
        SettingOrigin::Preset { name, line } => ("preset", Some(*name), Some(line)),
        SettingOrigin::Route { line } => ("route", None, Some(line)),
        SettingOrigin::Strategy { name, line } => ("strategy", Some(name.as_str()), line.as_ref()),
    };
    let named = |kind| name.filter(|_| origin == kind);
    json!({
        "path": setting.path,
        "value": setting.value,
        "origin": origin,
        "policy": named("policy"),
        "strategy": named("strategy"),
        "persona": named("persona"),
        "preset": named("preset"),
        "line": line,
    })
}

fn cache(applied: &Applied<'_>) -> Value {
    let (asked, bypass, remarks) = match &applied.cache {
        CacheSays::Asked(remarks) => ("asked", None, remarks.clone()),
        CacheSays::Bypass(reason) => ("bypass", Some(reason.as_str()), Vec::new()),
        CacheSays::Off => ("off", None, Vec::new()),
    };
    let key = applied.key.iter();
    let key = key.map(|part| (part.name.to_owned(), Value::from(part.value.as_str())));
    json!({
        "answer": asked,
        "bypass_reason": bypass,
        "remarks": remarks,
        "key": Value::Object(key.collect()),
    })
}

fn coding(negotiated: Negotiated) -> &'static str {
    match negotiated {
        Negotiated::Coding(coding) => coding.as_str(),
        Negotiated::Identity => "identity",
        Negotiated::Nothing => "nothing",
    }
}
