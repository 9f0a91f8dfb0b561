//! The log of purges.

use std::collections::HashMap;

use super::{Glob, KeyParts, Label, Manner, Purge, Target};

/// A purge's number, and how far a stored response was judged: each is greater than all before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

/// Every purge that may still have to be told to a stored response.
///
/// It has no lock and no clock. Its size is bounded; recording costs the same however many responses
/// are stored, and judging the same however many purges there were before the response's epoch.
#[derive(Clone, Debug)]
pub struct PurgeLog {
    latest: u64,
    /// What was said of everything, and what is no longer held singly.
    all: Marks,
    labels: HashMap<Label, Marks>,
    /// From the one longest not purged by to the latest.
    rules: Vec<(Rule, Marks)>,
    bounds: Bounds,
}

/// What a log makes of a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it was purged since it was last judged.
    pub purged: Purged,
    /// The epoch up to which it now is judged.
    pub checked: Epoch,
}

/// Whether a stored response was purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purged {
    /// It was not.
    No,
    /// It is stale.
    Soft,
    /// It must not be used again.
    Hard,
}

/// How much a log holds.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    labels: usize,
    rules: usize,
}

/// When something was last purged in each manner; 0 is never.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    soft: u64,
    hard: u64,
}

/// A target that has to be compared with URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Pattern(Option<String>, Glob),
    Prefix(Option<String>, String),
}

/// The most labels a log holds, about 4 MiB of them.
const MAX_LABELS: usize = 65_536;

/// The most rules a log holds. Each response is compared with each once.
const MAX_RULES: usize = 1_024;

// === impl Epoch ===

impl Epoch {
    /// Before the first purge.
    pub const START: Self = Self(0);

    /// The epoch as a number, to be kept in an atomic.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The epoch that [`Self::as_u64`] gave.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }
}

// === impl Purged ===

impl Purged {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Soft => "soft",
            Self::Hard => "hard",
        }
    }
}

// === impl PurgeLog ===

impl Default for PurgeLog {
    fn default() -> Self {
        Self::bounded(MAX_LABELS, MAX_RULES)
    }
}

impl PurgeLog {
    /// An empty log that holds at most this many labels and rules, at least 4 of each.
    pub fn bounded(labels: usize, rules: usize) -> Self {
        Self {
            latest: 0,
            all: Marks::default(),
            labels: HashMap::new(),
            rules: Vec::new(),
            bounds: Bounds {
                labels: labels.max(4),
                rules: rules.max(4),
            },
        }
    }

    /// The epoch of the latest purge: where what is asked of the origin now begins.
    pub fn latest(&self) -> Epoch {
        Epoch(self.latest)
    }

    /// Takes note of a purge.
    pub fn record(&mut self, purge: &Purge) -> Epoch {
        self.latest += 1;
        if let Some(label) = purge.what.label() {
            self.record_label(label, purge.manner);
            return self.latest();
        }
        match &purge.what {
            Target::Pattern { host, glob } => {
                self.record_rule(Rule::Pattern(host.clone(), glob.clone()), purge.manner);
            }
            Target::Prefix { host, path } => {
                self.record_rule(Rule::Prefix(host.clone(), path.clone()), purge.manner);
            }
            // The others have labels.
            _ => self.all.set(purge.manner, self.latest),
        }
        self.latest()
    }

    /// Whether a response with these labels, stored under a key of these parts, was purged after
    /// `since`: the epoch that was the latest when its request was sent, or that the last judgement
    /// gave.
    ///
    /// It need not be asked when `since` is [`Self::latest`]: the answer is then no.
    pub fn judge(&self, labels: &[Label], url: &KeyParts<'_>, since: Epoch) -> Judgement {
        Judgement {
            purged: self.purged(labels, url, since.0),
            checked: self.latest(),
        }
    }

    fn purged(&self, labels: &[Label], url: &KeyParts<'_>, since: u64) -> Purged {
        let mut purged = self.all.after(since);
        if since >= self.latest || purged == Purged::Hard {
            return purged;
        }
        if !self.labels.is_empty() {
            let own = Label::url(url.host, url.path, url.query);
            for label in labels.iter().chain([&own]) {
                if let Some(marks) = self.labels.get(label) {
                    purged = purged.max(marks.after(since));
                }
            }
        }
        for (rule, marks) in self.rules.iter().rev() {
            let said = marks.after(since);
            if said == Purged::No || purged == Purged::Hard {
                break;
            }
            if said > purged && rule.fits(url) {
                purged = said;
            }
        }
        purged
    }

    fn record_label(&mut self, label: Label, manner: Manner) {
        if self.labels.len() >= self.bounds.labels && !self.labels.contains_key(&label) {
            let mut epochs: Vec<_> = self.labels.values().map(Marks::latest).collect();
            let at = epochs.len() / 4;
            let (_, border, _) = epochs.select_nth_unstable(at);
            let border = *border;
            let all = &mut self.all;
            self.labels.retain(|_, marks| {
                let stays = marks.latest() > border;
                if !stays {
                    all.join(*marks);
                }
                stays
            });
        }
        let marks = self.labels.entry(label).or_default();
        marks.set(manner, self.latest);
    }

    fn record_rule(&mut self, rule: Rule, manner: Manner) {
        let known = self.rules.iter().position(|(it, _)| *it == rule);
        let (rule, mut marks) = match known {
            Some(at) => self.rules.remove(at),
            None => (rule, Marks::default()),
        };
        if self.rules.len() >= self.bounds.rules {
            for (_, marks) in self.rules.drain(..=self.bounds.rules / 4) {
                self.all.join(marks);
            }
        }
        marks.set(manner, self.latest);
        self.rules.push((rule, marks));
    }
}

// === impl Marks ===

impl Marks {
    fn set(&mut self, manner: Manner, epoch: u64) {
        match manner {
            Manner::Hard => self.hard = epoch,
            Manner::Soft => self.soft = epoch,
        }
    }

    fn join(&mut self, other: Self) {
        self.soft = self.soft.max(other.soft);
        self.hard = self.hard.max(other.hard);
    }

    fn latest(&self) -> u64 {
        self.soft.max(self.hard)
    }

    fn after(&self, since: u64) -> Purged {
        if self.hard > since {
            Purged::Hard
        } else if self.soft > since {
            Purged::Soft
        } else {
            Purged::No
        }
    }
}

// === impl Rule ===

impl Rule {
    fn fits(&self, url: &KeyParts<'_>) -> bool {
        let on = |host: &Option<String>| host.as_ref().is_none_or(|host| host == url.host);
        match self {
            Self::Pattern(host, glob) => on(host) && glob.fits(url.path, url.query),
            Self::Prefix(host, path) => on(host) && url.path.starts_with(path.as_str()),
        }
    }
}
