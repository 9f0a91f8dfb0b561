//! Strings, numbers and literals: what is within them, and where they end.

use super::{
    Flaw, MAX_KEY,
    machine::Trimmer,
    names,
    number::Number,
    rules::Led,
    state::{Escape, Role, Scope, State},
};

// === impl Trimmer ===

impl Trimmer {
    pub(super) fn text(
        &mut self,
        input: &[u8],
        role: Role,
        escape: Escape,
        out: &mut Vec<u8>,
    ) -> Result<usize, Flaw> {
        let plain = match escape {
            Escape::No => input.iter().position(|byte| matches!(byte, b'"' | b'\\')),
            Escape::Yes => Some(0),
        };
        let taken = plain.map_or(input.len(), |plain| plain + 1);
        let scope = match role {
            Role::Name => self.around(),
            Role::Value => self.scope,
        };
        match scope {
            Scope::Chosen(_) if self.key.len() + taken > MAX_KEY => return Err(Flaw::LongKey),
            Scope::Chosen(_) => self.key.extend_from_slice(&input[..taken]),
            Scope::Gone => {}
            Scope::Whole => out.extend_from_slice(&input[..taken]),
        }
        match (plain.map(|plain| input[plain]), escape, role) {
            (Some(_), Escape::Yes, _) | (None, Escape::No, _) => {
                self.state = State::Text(role, Escape::No);
            }
            (Some(b'\\'), Escape::No, _) => self.state = State::Text(role, Escape::Yes),
            (_, _, Role::Value) => self.end_value(),
            (_, _, Role::Name) => self.end_name(scope)?,
        }
        Ok(taken)
    }

    /// A name is here as a whole: now it is known where it leads.
    fn end_name(&mut self, around: Scope) -> Result<(), Flaw> {
        self.state = State::Colon;
        let Scope::Chosen(from) = around else {
            self.scope = around;
            return Ok(());
        };
        let raw = &self.key[1..self.key.len() - 1];
        let name = if raw.contains(&b'\\') {
            names::meant(raw, &mut self.meant).ok_or(Flaw::NotJson)?;
            &self.meant
        } else {
            raw
        };
        let to = self.places.len();
        self.scope = match self.rules.follow(&mut self.places, from, name) {
            Led::Nowhere => Scope::Gone,
            Led::OnTheWay => Scope::Chosen(to),
            Led::Whole => Scope::Whole,
        };
        Ok(())
    }

    pub(super) fn number(
        &mut self,
        input: &[u8],
        from: Number,
        out: &mut Vec<u8>,
    ) -> Result<usize, Flaw> {
        let mut number = from;
        let mut taken = 0;
        for byte in input {
            match number.next(*byte) {
                Some(next) => number = next,
                None if number.is_complete() => break,
                None => {
                    // What belongs to it is written first, then the mistake is found.
                    if taken == 0 {
                        return Err(Flaw::NotJson);
                    }
                    break;
                }
            }
            taken += 1;
        }
        if self.scope == Scope::Whole {
            out.extend_from_slice(&input[..taken]);
        }
        self.state = State::Number(number);
        if taken < input.len() && number.is_complete() {
            self.end_value();
        }
        Ok(taken)
    }

    pub(super) fn literal(
        &mut self,
        first: u8,
        rest: &'static [u8],
        out: &mut Vec<u8>,
    ) -> Result<usize, Flaw> {
        let Some((expected, rest)) = rest.split_first().filter(|(byte, _)| **byte == first) else {
            return Err(Flaw::NotJson);
        };
        if self.scope == Scope::Whole {
            out.push(*expected);
        }
        self.state = State::Literal(rest);
        if rest.is_empty() {
            self.end_value();
        }
        Ok(1)
    }
}
