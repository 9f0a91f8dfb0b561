//! Does a request look like an attack? SQL injection, cross-site scripting, path traversal and command
//! injection, as a score.
//!
//! # The score
//! Each rule is worth points, and counts once for each place in which it matches. One clear sign is
//! enough at the usual threshold of 5; several weak ones are as well. The level of paranoia says which
//! rules count (`docs/reference/shield-rules.md`).
//!
//! # The work
//! Nearly all that is sent has nothing in it that any rule could match. So the first look is at kinds
//! of characters only, and most values end there. What is left is decoded into one of two buffers and
//! read by each detector a fixed number of times, in windows of fixed size: the work is linear in what
//! was sent, and nothing is searched for by trying again from before.

mod body;
mod command;
mod decode;
mod json;
mod multipart;
mod quiet;
mod rules;
mod score;
mod search;
mod sql;
mod text;
mod tokens;
mod traversal;
mod words;
mod xss;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod tests;

use http::{HeaderMap, HeaderName};
use policy::{AttackCategory, RuleExclusion, ShieldRules};

use self::{
    decode::{Brackets, MOST_ROUNDS, Round},
    rules::Signs,
    text::{Bits, Place, Text},
};
pub use self::{
    rules::{RULES, Rule, reference_markdown},
    score::{LONGEST_EXCERPT, MOST_MATCHES, Match, Score, Target, Verdict},
};

/// Looks at the requests of one route.
#[derive(Clone, Debug)]
pub struct Inspector {
    /// The signs that count at its level of paranoia, in its categories.
    counting: Signs,
    paranoia: u8,
    threshold: u32,
    headers: Vec<HeaderName>,
    body: usize,
    exclusions: Vec<RuleExclusion>,
}

/// Two buffers that decodings are written to in turn.
#[derive(Debug, Default)]
struct Buffers {
    current: Vec<u8>,
    next: Vec<u8>,
}

/// One look at a request, or at its body.
struct Look<'i> {
    inspector: &'i Inspector,
    buffers: Buffers,
    score: &'i mut Score,
}

/// How a text is written where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// With percent-encoding, and `+` for a space.
    Form,
    /// With the escapes of JSON.
    Json,
    /// As it is.
    Plain,
}

// === impl Inspector ===

impl Inspector {
    /// What looks for what the rules of a route say.
    pub fn new(rules: &ShieldRules) -> Self {
        let paranoia = rules.paranoia.clamp(1, 4);
        Self {
            counting: Signs::counting(&rules.categories, paranoia),
            paranoia,
            threshold: rules.threshold.max(1),
            headers: rules.headers.clone(),
            body: usize::try_from(rules.body.bytes()).unwrap_or(usize::MAX),
            exclusions: rules.exclude.clone(),
        }
    }

    /// So many bytes of a body of this type are worth giving to [`Inspector::body`]; 0 when it is not
    /// looked at.
    pub fn body_limit(&self, content_type: Option<&str>) -> usize {
        match body::is_read(content_type) {
            true => self.body,
            false => 0,
        }
    }

    /// The points at which a request is refused.
    pub fn threshold(&self) -> u32 {
        self.threshold
    }

    /// What a score means here.
    pub fn verdict(&self, score: &Score) -> Verdict {
        match score.points() {
            0 => Verdict::Clean,
            points if points < self.threshold => Verdict::Suspect,
            _ => Verdict::Attack,
        }
    }

    /// Looks at the path, the query without its `?`, and the headers that the policy names.
    pub fn head(&self, path: &str, query: Option<&str>, headers: &HeaderMap) -> Score {
        let mut score = Score::default();
        let mut look = self.look(&mut score);
        if !quiet::path(path.as_bytes()) {
            look.path(path.as_bytes());
        }
        if let Some(query) = query
            && !quiet::query(query.as_bytes())
        {
            look.pairs(query.as_bytes(), Target::query);
        }
        // All are walked once: looking each wanted one up would cost more.
        for (name, value) in headers {
            if self.headers.contains(name) && !quiet::header(value.as_bytes()) {
                let target = || Target::Header(name.clone());
                look.value(value.as_bytes(), Written::Plain, Place::Header, target);
            }
        }
        score
    }

    /// Adds to a score what is in the first bytes of a body; `content_type` is the header's value.
    ///
    /// Forms, JSON, multipart and text are read; other types are not looked at. No more than
    /// [`Inspector::body_limit`] bytes are.
    pub fn body(&self, content_type: Option<&str>, body: &[u8], score: &mut Score) {
        let body = &body[..body.len().min(self.body)];
        if !body.is_empty() && !self.counting.is_empty() {
            body::read(&mut self.look(score), content_type, body);
        }
    }

    fn look<'i>(&'i self, score: &'i mut Score) -> Look<'i> {
        Look {
            inspector: self,
            buffers: Buffers::default(),
            score,
        }
    }

    fn is_excluded(&self, rule: u16, target: &Target) -> bool {
        self.exclusions.iter().any(|it| {
            let here = match (&it.target, target.name()) {
                (None, _) => true,
                (Some(wanted), Some(name)) => wanted.eq_ignore_ascii_case(name),
                (Some(_), None) => false,
            };
            here && it.rule.is_none_or(|number| number == rule)
        })
    }

    fn looks_for(&self, category: AttackCategory) -> bool {
        self.counting.any_of(category)
    }
}

// === impl Look ===

impl Look<'_> {
    /// A path: as a whole for what leaves directories, and from the first odd segment on as a value.
    fn path(&mut self, raw: &[u8]) {
        let mut signs = Signs::NONE;
        decode::percent_decoded(raw, b'+', &mut self.buffers.current);
        if self.inspector.looks_for(AttackCategory::PathTraversal) {
            traversal::look_at_encoding(raw, &self.buffers.current, &mut signs);
        }
        let value = odd_segment(&self.buffers.current);
        let mut rounds = 0;
        loop {
            let whole = self.text(Place::Path);
            traversal::look(&whole, &mut signs);
            if value < whole.bytes.len() {
                let value = Text {
                    bytes: &whole.bytes[value..],
                    place: Place::Parameter,
                    ..whole
                };
                self.detect(&value, &mut signs);
            }
            if rounds == MOST_ROUNDS || self.decode_again() == Round::Same {
                break;
            }
            traversal::look_at_encoding(raw, &self.buffers.current, &mut signs);
            rounds += 1;
        }
        self.tell(signs, raw, || Target::Path);
    }

    /// Pairs of names and values with `&` between them.
    fn pairs(&mut self, text: &[u8], target: impl Fn(&[u8]) -> Target) {
        for pair in text.split(|it| *it == b'&') {
            let equals = pair.iter().position(|it| *it == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(equals);
            if is_name(name) {
                if let Some(value) = value.get(1..)
                    && !quiet::value(value)
                {
                    self.value(value, Written::Form, Place::Parameter, || target(name));
                }
            } else {
                // What is no name may be the beginning of an attack that has a `=` in it.
                self.value(pair, Written::Form, Place::Parameter, || target(name));
            }
            self.name(name, &target);
        }
    }

    /// The name of a parameter or a field.
    fn name(&mut self, name: &[u8], target: impl Fn(&[u8]) -> Target) {
        if name.contains(&b'$') || name.contains(&b'%') {
            let mut signs = Signs::NONE;
            decode::percent_decoded(name, b' ', &mut self.buffers.current);
            sql::look_at_name(&self.buffers.current, &mut signs);
            self.tell(signs, name, || target(name));
        }
    }

    /// A value that the first look has not settled.
    fn value(&mut self, raw: &[u8], written: Written, place: Place, target: impl Fn() -> Target) {
        let current = &mut self.buffers.current;
        match written {
            Written::Form => decode::percent_decoded(raw, b' ', current),
            Written::Json => json::unescaped(raw, current),
            Written::Plain => decode::lowered(raw, current),
        }
        let mut signs = Signs::NONE;
        let mut rounds = 0;
        loop {
            let text = self.text(place);
            if self.inspector.looks_for(AttackCategory::PathTraversal) {
                traversal::look(&text, &mut signs);
            }
            self.detect(&text, &mut signs);
            if rounds == MOST_ROUNDS || self.decode_again() == Round::Same {
                break;
            }
            rounds += 1;
        }
        self.tell(signs, raw, target);
    }

    fn text(&self, place: Place) -> Text<'_> {
        let bytes = self.buffers.current.as_slice();
        Text {
            bytes,
            bits: Bits::of(bytes),
            place,
            paranoia: self.inspector.paranoia,
        }
    }

    fn detect(&self, text: &Text<'_>, signs: &mut Signs) {
        if self.inspector.looks_for(AttackCategory::SqlInjection) {
            sql::look(text, signs);
        }
        if self.inspector.looks_for(AttackCategory::Xss) {
            xss::look(text, signs);
        }
        if self.inspector.looks_for(AttackCategory::CommandInjection) {
            command::look(text, signs);
        }
    }

    fn decode_again(&mut self) -> Round {
        if !Bits::of(&self.buffers.current).any(Bits::ENCODING) {
            return Round::Same;
        }
        let brackets = match self.inspector.paranoia {
            1 => Brackets::Kept,
            _ => Brackets::Made,
        };
        let Buffers { current, next } = &mut self.buffers;
        let round = decode::again(current, brackets, next);
        if round == Round::Changed {
            std::mem::swap(current, next);
        }
        round
    }

    fn tell(&mut self, signs: Signs, text: &[u8], target: impl Fn() -> Target) {
        let counting = signs.and(self.inspector.counting);
        if counting.is_empty() {
            return;
        }
        let target = target();
        for rule in counting.rules() {
            if !self.inspector.is_excluded(rule.number, &target) {
                self.score.add(rule, &target, text);
            }
        }
    }
}

/// Where the segment begins that has the first character a plain segment has not.
fn odd_segment(path: &[u8]) -> usize {
    let plain = |it: &u8| {
        it.is_ascii_alphanumeric()
            || matches!(it, b'/' | b'-' | b'_' | b'.' | b'~' | b',' | b':' | b'@')
    };
    let Some(odd) = path.iter().position(|it| !plain(it)) else {
        return path.len();
    };
    let slash = path[..odd].iter().rposition(|it| *it == b'/');
    match slash {
        // The slash of a comment of SQL belongs to what stands before it.
        Some(at) if path[odd] == b'*' && at + 1 == odd => path[..at]
            .iter()
            .rposition(|it| *it == b'/')
            .map_or(0, |at| at + 1),
        Some(at) => at + 1,
        None => 0,
    }
}

/// Whether a name looks like one.
fn is_name(name: &[u8]) -> bool {
    name.iter().all(|it| {
        it.is_ascii_alphanumeric()
            || matches!(it, b'_' | b'-' | b'.' | b'[' | b']' | b'$' | b':' | b'~')
    }) || name
        .windows(3)
        .all(|it| it[0] != b'%' || matches!(it, b"%5B" | b"%5b" | b"%5D" | b"%5d" | b"%24"))
        && name
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'%' | b'_' | b'-' | b'.'))
}
