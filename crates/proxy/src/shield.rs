//! The shield of a route, made ready, and what is told of its decisions.
//!
//! The head of a request is judged before anything is done with it. A body is judged by the first of
//! its bytes, before the request goes on where that is enforced, and by its length and its depth while
//! it passes. A shield in shadow mode looks at the same things, and holds nothing up.

use std::sync::Arc;

use engine::{
    failure::{Failure, ShieldRefusal},
    security::SecurityKind,
    shield::{
        BodyKind, Claim, Shield, Shielded,
        patterns::{Inspector, Score},
    },
};
use http::HeaderValue;
use policy::{AttackCategory, Mode, Route, ShieldPolicy};
use telemetry::ShieldDecision;

use crate::{
    caller,
    penalty::{self, Marks, Trigger},
    witness::Witness,
};

/// What one route looks at.
#[derive(Debug)]
pub(crate) struct RouteShield {
    pub(crate) mode: Mode,
    pub(crate) checks: Shield,
    /// The longest body, in bytes.
    pub(crate) max_body: Option<u64>,
    /// How deep JSON may be nested, where anybody looks.
    pub(crate) max_json_depth: Option<u32>,
    pub(crate) inspector: Option<Inspector>,
}

/// What is still to be found out about a request, once its head is in order.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) teller: Teller,
    /// What its body is, once it is in no coding.
    pub(crate) kind: BodyKind,
    /// The coding that its body says it is in, and in which it goes on.
    pub(crate) claim: Option<Claim>,
}

/// Tells what the shield says to one request.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) witness: Witness,
    mode: Mode,
    marks: Marks,
    content_type: Option<HeaderValue>,
    score: Score,
    said: Said,
}

/// What was said to a request so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Something,
}

// === impl RouteShield ===

impl RouteShield {
    /// The shield of a route, unless it has none that decides anything.
    pub(crate) fn of(route: &Route) -> Option<Self> {
        let policy = route.shield.as_ref();
        policy
            .filter(|policy| policy.mode != Mode::Off)
            .map(Self::new)
    }

    fn new(policy: &ShieldPolicy) -> Self {
        Self {
            mode: policy.mode,
            checks: Shield::new(policy),
            max_body: policy.max_body.map(policy::ByteSize::bytes),
            max_json_depth: Some(policy.max_json_depth).filter(|most| *most > 0),
            inspector: policy.rules.as_ref().map(Inspector::new),
        }
    }

    /// The bytes of a body of this type that are looked at for patterns.
    pub(crate) fn looks_at(&self, content_type: Option<&HeaderValue>) -> usize {
        let content_type = content_type.and_then(|type_| type_.to_str().ok());
        (self.inspector.as_ref()).map_or(0, |inspector| inspector.body_limit(content_type))
    }
}

// === impl Teller ===

impl Teller {
    pub(crate) fn new(
        witness: Witness,
        mode: Mode,
        marks: Marks,
        content_type: Option<HeaderValue>,
    ) -> Self {
        Self {
            witness,
            mode,
            marks,
            content_type,
            score: Score::default(),
            said: Said::Nothing,
        }
    }

    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// The type of the body, where it has one and not several.
    pub(crate) const fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// It was in order, all of it.
    pub(crate) fn allowed(&mut self) {
        self.say(ShieldDecision::Allow);
    }

    /// It was not.
    ///
    /// # Errors
    /// When that is enforced.
    pub(crate) fn refused(&mut self, shielded: &Shielded) -> Result<(), Failure> {
        if self.say(ShieldDecision::Refuse(shielded.why)) == Said::Nothing {
            let (kind, why) = (SecurityKind::RequestRefused, shielded.why.as_str());
            let evidence = format!("{why}: {}", shielded.evidence);
            let action = caller::action(self.mode);
            self.witness.tell(kind, action, None, &evidence);
        }
        self.enforced(shielded.why)
    }

    /// The first bytes of its body are here.
    ///
    /// # Errors
    /// As [`Self::scored`].
    pub(crate) fn look_at_body(&mut self, beginning: &[u8]) -> Result<(), Failure> {
        let snapshot = Arc::clone(&self.witness.snapshot);
        let shield = snapshot.shields.get(self.witness.route);
        let Some(inspector) = shield
            .and_then(Option::as_ref)
            .and_then(|shield| shield.inspector.as_ref())
        else {
            return Ok(());
        };
        let (points, matches) = (self.score.points(), self.score.matches().len());
        let type_ = self.content_type.as_ref();
        let type_ = type_.and_then(|type_| type_.to_str().ok());
        inspector.body(type_, beginning, &mut self.score);
        self.scored(points, matches, inspector.threshold())
    }

    /// Its path, its query and its fields matched so.
    ///
    /// # Errors
    /// When that is too much, and enforced.
    pub(crate) fn look_at_head(&mut self, score: Score, threshold: u32) -> Result<(), Failure> {
        self.score = score;
        self.scored(0, 0, threshold)
    }

    /// Something may have come to a score that had so many points and matches.
    fn scored(&mut self, before: u32, known: usize, threshold: u32) -> Result<(), Failure> {
        let after = self.score.points();
        if after == before {
            return Ok(());
        }
        let metrics = &self.witness.snapshot.metrics;
        let new = self.score.matches().get(known..).unwrap_or_default();
        for category in AttackCategory::ALL {
            if new.iter().any(|found| found.category == category) {
                metrics.shield_matched(self.witness.route, category);
            }
        }
        let trigger = Trigger::Score { before, after };
        penalty::strike_marked(&self.witness, &self.marks, trigger, self.mode);
        if before >= threshold || after < threshold {
            return Ok(());
        }
        self.say(ShieldDecision::Refuse(ShieldRefusal::Attack));
        let (kind, action) = (SecurityKind::AttackPattern, caller::action(self.mode));
        let (rules, evidence) = (rules(&self.score), evidence(&self.score));
        self.witness.tell(kind, action, Some(&rules), &evidence);
        self.enforced(ShieldRefusal::Attack)
    }

    fn enforced(&self, why: ShieldRefusal) -> Result<(), Failure> {
        match self.mode {
            Mode::Enforce => Err(Failure::Shielded(why)),
            Mode::Off | Mode::Shadow => Ok(()),
        }
    }

    /// Counts a decision, the first about each request; gives what was said before it.
    fn say(&mut self, decision: ShieldDecision) -> Said {
        let before = std::mem::replace(&mut self.said, Said::Something);
        if before == Said::Nothing {
            let metrics = &self.witness.snapshot.metrics;
            metrics.shield_decided(self.witness.route, decision);
        }
        before
    }
}

/// The numbers of the rules that matched.
fn rules(score: &Score) -> String {
    let mut numbers: Vec<_> = (score.matches().iter())
        .map(|found| found.rule.to_string())
        .collect();
    numbers.dedup();
    format!("rules {}", numbers.join(" "))
}

/// What matched where: the first of it, because one line is enough to find the request again.
fn evidence(score: &Score) -> String {
    let first = score.matches().first();
    let (target, excerpt) = first.map_or((String::new(), ""), |found| {
        (found.target.to_string(), found.excerpt.as_str())
    });
    format!("{} points, {target}: {excerpt}", score.points())
}
