//! Taking an answer to a batch apart.
//!
//! Each caller's part is known by what the answer says itself: its id, which must be there exactly
//! once, or its position in an array of exactly the right length.

use std::collections::HashMap;

use bytes::Bytes;

use super::{
    json::{self, Lost},
    member::{Member, Part},
    outcome::BatchOutcome,
    plan::{Ids, Items, Plan, Way},
};

/// One member's part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Share {
    /// Two answers claim to be its own.
    Ambiguous,
    /// The body of its answer.
    Body(Bytes),
    /// There is none.
    Missing,
}

/// The answers with one id.
enum Found<'a> {
    Once(&'a str),
    Twice,
}

// === impl Plan ===

impl Plan {
    /// Takes the body of an answer apart: what each of `members` gets, in their order.
    ///
    /// # Errors
    /// What is wrong with the answer as a whole.
    pub fn split(&self, members: &[&Member], body: &[u8]) -> Result<Vec<Share>, BatchOutcome> {
        let document = std::str::from_utf8(body).map_err(|_| BatchOutcome::NotJson)?;
        let array = self.answers.find(document).map_err(spoiled)?;
        let answers = json::elements(array).map_err(spoiled)?;
        match &self.way {
            Way::Ids(ids) => by_id(ids, members, &answers),
            Way::Items(items) => {
                let place = json::span(document, array);
                let frame = (&document[..place.start], &document[place.end..]);
                by_position(items, members, &answers, frame)
            }
        }
    }
}

fn spoiled(lost: Lost) -> BatchOutcome {
    match lost {
        Lost::Absent | Lost::Ambiguous => BatchOutcome::Unlike,
        Lost::NotJson => BatchOutcome::NotJson,
    }
}

fn by_id(ids: &Ids, members: &[&Member], answers: &[&str]) -> Result<Vec<Share>, BatchOutcome> {
    let mut found: HashMap<String, Found<'_>> = HashMap::with_capacity(answers.len());
    for answer in answers {
        let id = match json::member(answer, &ids.id) {
            Ok(id) => id,
            Err(Lost::Absent) => continue,
            Err(lost) => return Err(spoiled(lost)),
        };
        if let Some(id) = json::text(id) {
            let known = found.entry(id);
            known
                .and_modify(|known| *known = Found::Twice)
                .or_insert(Found::Once(answer));
        }
    }
    let shares: Vec<_> = members
        .iter()
        .map(|member| match &member.part {
            Part::Id { text, .. } => match found.get(text) {
                Some(Found::Once(answer)) => Share::Body(Bytes::copy_from_slice(answer.as_bytes())),
                Some(Found::Twice) => Share::Ambiguous,
                None => Share::Missing,
            },
            Part::Items { .. } => Share::Missing,
        })
        .collect();
    let any = shares.iter().any(|share| matches!(share, Share::Body(_)));
    any.then_some(shares).ok_or(BatchOutcome::Unmatched)
}

fn by_position(
    items: &Items,
    members: &[&Member],
    answers: &[&str],
    (before, after): (&str, &str),
) -> Result<Vec<Share>, BatchOutcome> {
    let counts = members.iter().map(|member| match member.part {
        Part::Items { count, .. } => count,
        Part::Id { .. } => 0,
    });
    if counts.clone().sum::<usize>() != answers.len() {
        return Err(BatchOutcome::Unlike);
    }
    let mut shares = Vec::with_capacity(members.len());
    let mut first = 0;
    for count in counts {
        let mut body = String::from(before);
        body.push('[');
        for (position, answer) in answers[first..first + count].iter().enumerate() {
            if position > 0 {
                body.push(',');
            }
            match &items.index {
                Some(name) => renumber(&mut body, answer, name, first + position, position)?,
                None => body.push_str(answer),
            }
        }
        body.push(']');
        body.push_str(after);
        shares.push(Share::Body(body.into()));
        first += count;
    }
    Ok(shares)
}

/// Writes `answer` with `to` where it says `from`; it must say exactly that, or the answers are not
/// in the order in which they were asked for.
fn renumber(
    out: &mut String,
    answer: &str,
    name: &str,
    from: usize,
    to: usize,
) -> Result<(), BatchOutcome> {
    let said = json::member(answer, name).map_err(spoiled)?;
    if said != from.to_string() {
        return Err(BatchOutcome::Unlike);
    }
    let place = json::span(answer, said);
    out.push_str(&answer[..place.start]);
    out.push_str(&to.to_string());
    out.push_str(&answer[place.end..]);
    Ok(())
}
