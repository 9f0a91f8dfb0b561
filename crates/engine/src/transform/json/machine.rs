//! The machine that reads JSON byte by byte and writes what stays of it.

use std::sync::Arc;

use super::{
    Content, Flaw, MAX_DEPTH, Sequence,
    number::Number,
    rules::{JsonRules, Led, NodeId, ROOT, Reach},
    state::{
        Escape, Gap, Kind, LeftOut, Level, Role, Scope, State, Width, Written, begins_value,
        is_space,
    },
};

const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
/// What a document of a sequence begins with (RFC 7464, section 2.2).
const RECORD: u8 = 0x1e;

/// One body on its way.
#[derive(Clone, Debug)]
pub struct Trimmer {
    pub(super) rules: Arc<JsonRules>,
    sequence: Sequence,
    /// What is open, outermost first.
    levels: Vec<Level>,
    /// The places in the rules that each open level stands at, one level's after the other's.
    pub(super) places: Vec<NodeId>,
    /// A name whose value has not begun, with its quotes, where fields are chosen.
    pub(super) key: Vec<u8>,
    /// The same, as it is meant.
    pub(super) meant: Vec<u8>,
    pub(super) state: State,
    /// What stays of the value that is read, or comes next.
    pub(super) scope: Scope,
    /// What was left out since the last byte that meant something.
    left_out: LeftOut,
    flaw: Option<Flaw>,
}

// === impl Trimmer ===

impl Trimmer {
    /// For a body that has not begun.
    pub fn new(rules: Arc<JsonRules>, sequence: Sequence) -> Self {
        let mut trimmer = Self {
            rules,
            sequence,
            levels: Vec::new(),
            places: vec![ROOT],
            key: Vec::new(),
            meant: Vec::new(),
            state: match sequence {
                Sequence::Documents | Sequence::Lines | Sequence::Records => State::Start(0),
                Sequence::Perhaps => State::Unsure(Width::One),
            },
            scope: Scope::Whole,
            left_out: LeftOut::Nothing,
            flaw: None,
        };
        trimmer.scope = trimmer.document_scope();
        trimmer
    }

    /// Takes the next piece in, and puts what stays of it at the end of `out`.
    ///
    /// # Errors
    /// What cannot be trimmed, where fields are chosen: the body must end here, as broken. Where all
    /// fields stay it never fails, and the rest passes unchanged.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), Flaw> {
        let mut rest = piece;
        while !rest.is_empty() {
            if self.state == State::Unread {
                return self.pass(rest, out);
            }
            match self.step(rest, out) {
                Ok(taken) => rest = &rest[taken..],
                Err(flaw) => {
                    // Two tokens that nothing stood between would be one.
                    if self.left_out == LeftOut::Space {
                        out.push(b' ');
                    }
                    self.give_up(flaw)?;
                }
            }
        }
        Ok(())
    }

    /// The body has ended.
    ///
    /// # Errors
    /// As [`Self::push`], also when it ended within a document.
    pub fn finish(&mut self) -> Result<(), Flaw> {
        match self.state {
            State::Between(_) | State::Start(0) | State::Unsure(_) => Ok(()),
            State::Unread => self.pass(&[], &mut Vec::new()),
            State::Number(number) if self.levels.is_empty() && number.is_complete() => Ok(()),
            _ => self.give_up(Flaw::Unfinished),
        }
    }

    /// How much of a document stays.
    pub fn reach(&self) -> Reach {
        self.rules.reach()
    }

    /// What it has proved to be so far.
    pub const fn content(&self) -> Content {
        match (self.state, self.flaw) {
            (State::Unsure(_), _) | (State::Unread, None) => Content::Other,
            _ => Content::Json,
        }
    }

    /// Why it was not trimmed to its end.
    pub const fn flaw(&self) -> Option<Flaw> {
        self.flaw
    }

    fn give_up(&mut self, flaw: Flaw) -> Result<(), Flaw> {
        self.state = State::Unread;
        self.flaw = Some(flaw);
        self.pass(&[], &mut Vec::new())
    }

    fn pass(&self, rest: &[u8], out: &mut Vec<u8>) -> Result<(), Flaw> {
        match (self.rules.reach(), self.flaw) {
            (Reach::Select, Some(flaw)) => Err(flaw),
            _ => {
                out.extend_from_slice(rest);
                Ok(())
            }
        }
    }

    fn document_scope(&self) -> Scope {
        match self.rules.reach() {
            Reach::Minify => Scope::Whole,
            Reach::Select => Scope::Chosen(0),
        }
    }

    /// Reads on, and says how many bytes were taken; `input` is not empty. What fails has taken and
    /// written nothing.
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Flaw> {
        let first = input[0];
        match self.state {
            State::Text(role, escape) => return self.text(input, role, escape, out),
            State::Number(number) => return self.number(input, number, out),
            State::Literal(rest) => return self.literal(first, rest, out),
            State::Start(matched) => return self.start(first, matched, out),
            State::Unsure(width) => return self.look(first, width, out),
            State::Between(gap) if is_space(first) => {
                self.state = State::Between(self.between(first, gap, out));
                return Ok(1);
            }
            _ if is_space(first) => {
                self.left_out = LeftOut::Space;
                let spaces = input.iter().take_while(|byte| is_space(**byte));
                return Ok(spaces.count());
            }
            State::Between(gap) if first == RECORD && self.sequence == Sequence::Records => {
                // White space tells that a number before it is whole.
                if gap == Gap::Space {
                    out.push(b' ');
                }
                out.push(first);
                self.state = State::Between(Gap::Settled);
            }
            State::Between(gap) => self.begin_document(first, gap, out)?,
            State::Value => self.begin(first, out)?,
            State::FirstElement if first == b']' => self.close(Kind::Array, out)?,
            State::FirstElement => self.begin(first, out)?,
            State::FirstName if first == b'}' => self.close(Kind::Object, out)?,
            State::FirstName | State::Name => self.begin_name(first, out)?,
            State::Colon if first == b':' => {
                if self.around() == Scope::Whole {
                    out.push(first);
                }
                self.state = State::Value;
            }
            State::After => self.after(first, out)?,
            State::Colon | State::Unread => return Err(Flaw::NotJson),
        }
        self.left_out = LeftOut::Nothing;
        Ok(1)
    }

    /// What stays of the level that is open.
    pub(super) fn around(&self) -> Scope {
        self.levels.last().map_or(self.scope, |level| level.scope)
    }

    fn start(&mut self, first: u8, matched: usize, out: &mut Vec<u8>) -> Result<usize, Flaw> {
        if BOM[matched] == first {
            out.push(first);
            self.state = match matched + 1 {
                3 => State::Between(Gap::Settled),
                matched => State::Start(matched),
            };
            return Ok(1);
        }
        if matched > 0 {
            return Err(Flaw::NotJson);
        }
        self.state = State::Between(Gap::Settled);
        Ok(0)
    }

    /// Nobody has said that it is JSON: it is when it begins as an array or an object. In UTF-16 or UTF-32
    /// a reader may take it for JSON, too, which is not read here.
    fn look(&mut self, first: u8, width: Width, out: &mut Vec<u8>) -> Result<usize, Flaw> {
        self.state = match (first, width) {
            (b'[' | b'{', Width::One) => State::Between(Gap::Settled),
            (b'[' | b'{', Width::Several) => return Err(Flaw::NotJson),
            (0x00 | 0xfe | 0xff, _) => State::Unsure(Width::Several),
            _ if is_space(first) || BOM.contains(&first) => State::Unsure(width),
            _ => State::Unread,
        };
        if let State::Unsure(_) = self.state {
            out.push(first);
            return Ok(1);
        }
        Ok(0)
    }

    fn between(&mut self, space: u8, gap: Gap, out: &mut Vec<u8>) -> Gap {
        match (space, gap, self.sequence) {
            (b'\n', _, Sequence::Lines) | (b'\n', Gap::None | Gap::Space, _) => {
                out.push(space);
                self.left_out = LeftOut::Nothing;
                Gap::Settled
            }
            (_, Gap::Settled, _) => {
                self.left_out = LeftOut::Space;
                Gap::Settled
            }
            (_, Gap::None | Gap::Space, _) => {
                self.left_out = LeftOut::Space;
                Gap::Space
            }
        }
    }

    fn begin_document(&mut self, first: u8, gap: Gap, out: &mut Vec<u8>) -> Result<(), Flaw> {
        if !begins_value(first) {
            return Err(Flaw::NotJson);
        }
        if gap == Gap::Space {
            out.push(b' ');
        }
        self.scope = self.document_scope();
        self.begin(first, out)
    }

    /// A value begins: now it is known what it is, and whether it stays.
    fn begin(&mut self, first: u8, out: &mut Vec<u8>) -> Result<(), Flaw> {
        let state = match first {
            b'"' => State::Text(Role::Value, Escape::No),
            b'[' => State::FirstElement,
            b'{' => State::FirstName,
            b't' => State::Literal(b"rue"),
            b'f' => State::Literal(b"alse"),
            b'n' => State::Literal(b"ull"),
            _ => State::Number(Number::begin(first).ok_or(Flaw::NotJson)?),
        };
        let opens = match state {
            State::FirstElement => Some(Kind::Array),
            State::FirstName => Some(Kind::Object),
            _ => None,
        };
        if opens.is_some() && self.levels.len() >= MAX_DEPTH {
            return Err(Flaw::TooDeep);
        }
        if let (Scope::Chosen(_), None) = (self.scope, opens) {
            let stays = self.levels.is_empty() || first == b'n';
            self.scope = if stays { Scope::Whole } else { Scope::Gone };
        }
        if self.scope != Scope::Gone {
            self.lead_in(out);
            out.push(first);
        }
        if let Some(kind) = opens {
            if let (Scope::Chosen(from), Kind::Array) = (self.scope, kind)
                && self.rules.enter_array(&mut self.places, from) == Led::Whole
            {
                self.scope = Scope::Whole;
            }
            self.levels.push(Level {
                kind,
                scope: self.scope,
                written: Written::Nothing,
                places: self.places.len(),
            });
        }
        self.state = state;
        Ok(())
    }

    /// Writes what stands before a chosen member: a comma, and its name.
    fn lead_in(&mut self, out: &mut Vec<u8>) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let Scope::Chosen(_) = level.scope else {
            return;
        };
        if level.written == Written::Something {
            out.push(b',');
        }
        level.written = Written::Something;
        if level.kind == Kind::Object {
            out.extend_from_slice(&self.key);
            out.push(b':');
        }
    }

    fn begin_name(&mut self, first: u8, out: &mut Vec<u8>) -> Result<(), Flaw> {
        if first != b'"' {
            return Err(Flaw::NotJson);
        }
        self.key.clear();
        match self.around() {
            Scope::Chosen(_) => self.key.push(first),
            Scope::Gone => {}
            Scope::Whole => out.push(first),
        }
        self.state = State::Text(Role::Name, Escape::No);
        Ok(())
    }

    fn after(&mut self, first: u8, out: &mut Vec<u8>) -> Result<(), Flaw> {
        let Some(level) = self.levels.last() else {
            return Err(Flaw::NotJson);
        };
        match (first, level.kind) {
            (b',', kind) => {
                if level.scope == Scope::Whole {
                    out.push(first);
                }
                self.scope = level.scope;
                self.state = match kind {
                    Kind::Array => State::Value,
                    Kind::Object => State::Name,
                };
                Ok(())
            }
            (b']', Kind::Array) | (b'}', Kind::Object) => self.close(level.kind, out),
            _ => Err(Flaw::NotJson),
        }
    }

    fn close(&mut self, kind: Kind, out: &mut Vec<u8>) -> Result<(), Flaw> {
        let level = self.levels.pop().ok_or(Flaw::NotJson)?;
        if level.scope != Scope::Gone {
            out.push(match kind {
                Kind::Array => b']',
                Kind::Object => b'}',
            });
        }
        self.end_value();
        Ok(())
    }

    pub(super) fn end_value(&mut self) {
        self.key.clear();
        let (state, places) = match self.levels.last() {
            Some(level) => (State::After, level.places),
            None => (State::Between(Gap::None), 1),
        };
        self.state = state;
        self.places.truncate(places);
    }
}
