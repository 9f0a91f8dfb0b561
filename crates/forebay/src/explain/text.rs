//! An explanation for people.

use std::fmt::Write as _;

use engine::{cache::advice::Remedy, failure::Malformed, negotiation::Negotiated};
use policy::{Endpoint, ListenAddress, Listener, Policies, Setting, SettingOrigin};

use super::{
    Explanation, Fate, Routed, Seen, Unrouted,
    conditions::{Candidate, Met},
    policies::{Applied, CacheSays},
    verdict::{Source, Verdict},
};
use crate::output::{Ink, Tone};

/// What keeps a request away from the cache, whichever route it takes.
const BYPASSES: [&str; 3] = [
    "passed by for any method but GET and HEAD, a body, Range, If-Match,",
    "If-Unmodified-Since, Cache-Control: no-store, Upgrade, a field that names",
    "another method or URL, and a path that can be read in two ways",
];

/// Text that grows line by line.
struct Page {
    text: String,
    ink: Ink,
}

// === impl Explanation ===

impl Explanation<'_> {
    pub(super) fn to_text(&self, policies: &Policies, ink: Ink) -> String {
        let mut page = Page {
            text: String::new(),
            ink,
        };
        let request = format!("{} {}", self.request.method, self.request.url);
        page.heading(&request);
        let listener = address(&policies.listeners[self.listener]);
        match &self.fate {
            Fate::Malformed(why) => {
                let status = malformed_status(*why);
                let refused = format!("refused with {status} ({}) before any route", why.as_str());
                page.line("answer", &ink.paint(Tone::Bad, refused));
            }
            Fate::Unrouted { seen, why, near } => {
                page.seen(seen, &listener);
                page.unrouted(why, near);
            }
            Fate::Routed(routed) => {
                page.seen(&routed.seen, &listener);
                page.routed(routed, policies);
            }
        }
        page.text
    }
}

// === impl Page ===

impl Page {
    fn heading(&mut self, text: &str) {
        let painted = self.ink.paint(Tone::Strong, text);
        self.text.push_str(&painted);
        self.text.push('\n');
    }

    /// Two columns.
    fn line(&mut self, name: &str, text: &str) {
        // Writing to a string cannot fail.
        let _never = writeln!(self.text, "  {name:<9}{text}");
    }

    fn seen(&mut self, seen: &Seen<'_>, listener: &str) {
        let (host, path) = (seen.authority.as_str(), seen.path.as_str());
        self.line(
            "read as",
            &format!("host {host}, path {path}, on {listener}"),
        );
        let peer = seen.client.peer.as_str();
        self.line("client", &format!("{} (peer {peer})", seen.client.ip));
    }

    fn unrouted(&mut self, why: &Unrouted, near: &[Candidate<'_>]) {
        let reason = match why {
            Unrouted::MethodNotAllowed(methods) => {
                let names: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
                format!("only with {}", names.join(", "))
            }
            Unrouted::NoRoute => "no route takes it".to_owned(),
            Unrouted::UnknownHost => "no route takes this host".to_owned(),
        };
        let refused = format!("{} ({}): {reason}", why.status(), why.as_str());
        let refused = self.ink.paint(Tone::Bad, refused);
        self.line("answer", &refused);
        self.text.push('\n');
        self.heading("The routes that come nearest");
        for candidate in near {
            let route = candidate.route;
            self.line("", &format!("{}, line {}", route.name, route.line));
            self.conditions(candidate);
        }
    }

    fn conditions(&mut self, candidate: &Candidate<'_>) {
        for condition in &candidate.conditions {
            let met = match condition.met {
                Met::Yes => self.ink.paint(Tone::Good, "holds"),
                Met::No => self.ink.paint(Tone::Bad, "does not hold"),
            };
            self.line("", &format!("  {}: {met}", condition.text));
        }
    }

    fn routed(&mut self, routed: &Routed<'_>, policies: &Policies) {
        let route = routed.route;
        let name = self.ink.paint(Tone::Good, &route.name);
        self.line("route", &format!("{name}, line {}", route.line));
        self.conditions(&routed.chosen);
        if !routed.others.is_empty() {
            let others = routed.others.iter();
            let others: Vec<_> = others.map(|other| other.name.as_str()).collect();
            let others = others.join(", ");
            self.line(
                "",
                &format!("  more specific than {others}, which would take it, too"),
            );
        }
        for candidate in &routed.passed_over {
            self.passed_over(candidate);
        }
        let upstream = &policies.upstreams[route.upstream];
        let endpoints: Vec<_> = upstream.endpoints.iter().map(Endpoint::url).collect();
        let (balance, endpoints) = (upstream.balancing.balance.as_str(), endpoints.join(", "));
        let text = format!("{} ({balance}): {endpoints}", upstream.name);
        self.line("upstream", &text);
        self.text.push('\n');
        self.settings(&route.settings);
        self.applied(&routed.applied);
        if let Some(verdict) = &routed.verdict {
            self.text.push('\n');
            self.verdict(verdict);
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        let status = verdict.status;
        let heading = match &verdict.source {
            Source::Asked(upstream) => format!("With the answer of {upstream} just now: {status}"),
            Source::Saved(path) => format!("With the answer in {}: {status}", path.display()),
            Source::Silent => "If the origin says nothing about caching".to_owned(),
        };
        self.heading(&heading);
        match verdict.lifetime {
            Some(lifetime) => {
                let (seconds, source) = (lifetime.length.as_secs(), lifetime.source.as_str());
                let kept = format!("the answer is kept, fresh for {seconds} s ({source})");
                let kept = self.ink.paint(Tone::Good, kept);
                self.line("cache", &kept);
            }
            None => {
                let kept = format!("the answer is not kept: {}", verdict.as_str());
                let kept = self.ink.paint(Tone::Bad, kept);
                self.line("cache", &kept);
                self.line("why", &verdict.advice.because);
            }
        }
        match &verdict.advice.remedy {
            Remedy::Fine => {}
            Remedy::Line(line) => {
                let yaml = self.ink.paint(Tone::Strong, &line.yaml);
                self.line("change", &format!("{yaml}  ({})", line.place.as_str()));
                if let Some(risk) = line.risk {
                    self.line("risk", risk);
                }
            }
            Remedy::Nothing(why) => self.line("change", why),
        }
    }

    fn passed_over(&mut self, candidate: &Candidate<'_>) {
        let name = &candidate.route.name;
        for condition in &candidate.conditions {
            if condition.met == Met::No {
                let said = format!("  not {name}: {} does not hold", condition.text);
                self.line("", &said);
            }
        }
    }

    fn settings(&mut self, settings: &[Setting]) {
        self.heading("Settings");
        if settings.is_empty() {
            self.line(
                "",
                "none: the request is passed on, and its answer passed back",
            );
        }
        let longest = settings.iter().map(|setting| setting.path.len());
        let names = longest.max().unwrap_or(0);
        let origins: Vec<_> = settings
            .iter()
            .map(|setting| origin(&setting.origin))
            .collect();
        let widest = origins.iter().map(|origin| origin.chars().count()).max();
        let widest = widest.unwrap_or(0);
        for (Setting { path, value, .. }, origin) in settings.iter().zip(origins) {
            let origin = self.ink.paint(Tone::Faint, format!("{origin:<widest$}"));
            let _never = writeln!(self.text, "  {path:<names$}  {origin}  {value}");
        }
        self.text.push('\n');
    }

    fn applied(&mut self, applied: &Applied<'_>) {
        self.heading("For this request");
        match &applied.cache {
            CacheSays::Asked(remarks) => {
                self.line("cache", "is asked");
                for remark in remarks {
                    self.line("", remark);
                }
                for line in BYPASSES {
                    let line = self.ink.paint(Tone::Faint, line);
                    self.line("", &line);
                }
            }
            CacheSays::Bypass(reason) => {
                let text = format!("is passed by: {}", reason.as_str());
                self.line("cache", &text);
            }
            CacheSays::Off => self.line("cache", "none"),
        }
        for (position, part) in applied.key.iter().enumerate() {
            let name = if position == 0 { "key" } else { "" };
            self.line(name, &format!("{:<7}{}", part.name, part.value));
        }
        let coding = match applied.coding {
            None => "none".to_owned(),
            Some(Negotiated::Coding(coding)) => {
                format!("{}, where type and size allow it", coding.as_str())
            }
            Some(Negotiated::Identity) => "none: Accept-Encoding asks for none".to_owned(),
            Some(Negotiated::Nothing) => "none of what Accept-Encoding would take".to_owned(),
        };
        self.line("coding", &coding);
        let mut before = "";
        for (name, line) in applied.guards.lines() {
            self.line(if name == before { "" } else { name }, &line);
            before = name;
        }
    }
}

fn origin(origin: &SettingOrigin) -> String {
    match origin {
        SettingOrigin::Default => "default".to_owned(),
        SettingOrigin::Persona { name, line } => format!("line {line}, persona {name}"),
        SettingOrigin::Policy { name, line } => format!("line {line}, policy {name}"),
        SettingOrigin::Preset { name, line } => format!("line {line}, preset {name}"),
        SettingOrigin::Route { line } => format!("line {line}"),
        SettingOrigin::Strategy { name, line: None } => format!("strategy {name}"),
        SettingOrigin::Strategy {
            name,
            line: Some(line),
        } => format!("line {line}, strategy {name}"),
    }
}

/// The status of the answer to a request that is refused before it is routed.
pub(super) fn malformed_status(why: Malformed) -> u16 {
    match why {
        Malformed::Expectation => 417,
        Malformed::Method => 501,
        _ => 400,
    }
}

pub(super) fn address(listener: &Listener) -> String {
    match &listener.address {
        ListenAddress::Tcp(address) => address.to_string(),
        ListenAddress::Unix(path) => format!("unix:{}", path.display()),
    }
}
