//! Reading `Range` (RFC 9110, section 14.2): `bytes=0-499, 1000-, -500`.
//!
//! White space is allowed around the commas and nowhere else; empty members of the list are
//! skipped (section 5.6.1.2).

use super::{Span, Spans, Wanted, WholeReason};

/// How many ranges a request may ask for; more are answered with the whole.
pub const MAX_SPANS: usize = 8;

/// One member of the list.
#[derive(Clone, Copy)]
enum Spec {
    /// `first-` or `first-last`.
    From { first: u64, last: Option<u64> },
    /// `-count`: the last so many bytes.
    Suffix(u64),
}

pub(super) fn parse(range: &[u8], length: u64) -> Wanted {
    read(range, length).unwrap_or_else(Wanted::Whole)
}

fn read(range: &[u8], length: u64) -> Result<Wanted, WholeReason> {
    let range = range.trim_ascii();
    let equals = range.iter().position(|byte| *byte == b'=');
    let (unit, set) = range.split_at(equals.ok_or(WholeReason::Invalid)?);
    if !unit.eq_ignore_ascii_case(b"bytes") {
        return Err(WholeReason::OtherUnit);
    }
    let mut spans: Option<Spans> = None;
    // Wide enough for eight of the largest spans.
    let mut asked = 0u128;
    let mut count = 0;
    let mut wants_last = false;
    for member in set[1..].split(|byte| *byte == b',') {
        let member = trim_ows(member);
        if member.is_empty() {
            continue;
        }
        let spec = Spec::read(member).ok_or(WholeReason::Invalid)?;
        count += 1;
        if count > MAX_SPANS {
            return Err(WholeReason::TooMany);
        }
        wants_last |= matches!(spec, Spec::Suffix(1..));
        let Some(span) = spec.within(length) else {
            continue;
        };
        asked += u128::from(span.len());
        spans = Some(match spans {
            None => Spans::one(span),
            Some(spans) => spans.with(span).ok_or(WholeReason::TooMany)?,
        });
    }
    if count == 0 {
        return Err(WholeReason::Invalid);
    }
    let Some(spans) = spans else {
        // The last bytes of nothing are nothing, and that is there (RFC 9110, section 14.1.2).
        return if wants_last {
            Err(WholeReason::Empty)
        } else {
            Ok(Wanted::Unsatisfiable)
        };
    };
    if asked > u128::from(length) {
        return Err(WholeReason::Excessive);
    }
    Ok(match spans.as_slice() {
        [single] => Wanted::Single(*single),
        _ => Wanted::Several(spans),
    })
}

fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// One run of digits; a number too large to hold is the largest there is.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit <= 9).then(|| number.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}

// === impl Spec ===

impl Spec {
    fn read(member: &[u8]) -> Option<Self> {
        let dash = member.iter().position(|byte| *byte == b'-')?;
        let (before, after) = (&member[..dash], &member[dash + 1..]);
        if before.is_empty() {
            return number(after).map(Self::Suffix);
        }
        let first = number(before)?;
        let last = match after {
            [] => None,
            digits => Some(number(digits)?),
        };
        // Backwards is not a range at all.
        last.is_none_or(|last| first <= last)
            .then_some(Self::From { first, last })
    }

    /// The bytes it names of `length`; `None` when there are none.
    fn within(self, length: u64) -> Option<Span> {
        let end = length.checked_sub(1)?;
        match self {
            Self::From { first, last } => Span::new(first, last.unwrap_or(end).min(end)),
            // The last no bytes begin behind the end, and are none.
            Self::Suffix(count) => Span::new(length.saturating_sub(count), end),
        }
    }
}
