//! A body in one coding, or in two on top of each other (`Content-Encoding: gzip, br`).
//!
//! Two are as many as anybody has a use for; more multiply what a bomb can hold.

use http::{HeaderMap, header};
use policy::Coding;

use super::{DecodeError, Decoder, Progress, named};
use crate::field_list;

/// The most codings that are taken off one body.
pub const DEPTH: usize = 2;
/// What comes out of the outer coding waits here, in bytes.
const BETWEEN: usize = 16 * 1024;

/// The codings of a body, the outermost first.
#[derive(Debug)]
pub struct Stack {
    outer: Decoder,
    inner: Option<Inner>,
}

#[derive(Debug)]
struct Inner {
    decoder: Decoder,
    between: Box<[u8]>,
    from: usize,
    to: usize,
    /// Bytes that came through since the last that meant anything.
    idle: usize,
}

/// So many bytes may come out of the outer coding, and mean nothing to the inner one, in a row.
const MOST_IDLE: usize = 1 << 20;

/// Why the codings of a body cannot be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// One of them is not known.
    Unknown,
    /// There are more than [`DEPTH`].
    TooMany,
}

/// The codings of a message in the order in which they were put on; `identity` is none.
///
/// # Errors
/// When they are not known, or too many.
pub fn codings(headers: &HeaderMap) -> Result<Vec<Coding>, Unread> {
    let tokens = field_list::elements(headers, &header::CONTENT_ENCODING)
        .filter(|token| !token.eq_ignore_ascii_case(b"identity"));
    let mut codings = Vec::new();
    for token in tokens {
        codings.push(named(token).ok_or(Unread::Unknown)?);
        if codings.len() > DEPTH {
            return Err(Unread::TooMany);
        }
    }
    Ok(codings)
}

// === impl Stack ===

impl Stack {
    /// Undoes `codings`, which are in the order in which they were put on; nothing for none.
    ///
    /// # Errors
    /// When a library cannot allocate.
    pub fn new(codings: &[Coding]) -> Result<Option<Self>, DecodeError> {
        let (outer, inner) = match codings {
            [] => return Ok(None),
            [only] => (only, None),
            [inner, .., outer] => (outer, Some(inner)),
        };
        let inner = inner.map(|coding| {
            Ok(Inner {
                decoder: Decoder::new(*coding)?,
                between: vec![0; BETWEEN].into(),
                from: 0,
                to: 0,
                idle: 0,
            })
        });
        Ok(Some(Self {
            outer: Decoder::new(*outer)?,
            inner: inner.transpose()?,
        }))
    }

    /// The memory that it may have filled by now, in bytes.
    pub fn memory(&self) -> u64 {
        let inner = self.inner.as_ref();
        let inner = inner.map_or(0, |it| it.decoder.memory() + BETWEEN as u64);
        self.outer.memory() + inner
    }

    /// Decodes as [`Decoder::decode`] does.
    ///
    /// # Errors
    /// When it is not what it is said to be.
    pub fn decode(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, DecodeError> {
        let Some(inner) = &mut self.inner else {
            return self.outer.decode(input, out);
        };
        let mut taken = 0;
        loop {
            let waiting = &inner.between[inner.from..inner.to];
            let step = inner.decoder.decode(waiting, out)?;
            inner.from += step.taken;
            let given = step.given;
            if given > 0 {
                inner.idle = 0;
                return Ok(Progress { taken, given });
            }
            let step = self.outer.decode(&input[taken..], &mut inner.between)?;
            taken += step.taken;
            (inner.from, inner.to) = (0, step.given);
            inner.idle += step.given;
            if inner.idle > MOST_IDLE {
                return Err(DecodeError::Idle);
            }
            if step.given == 0 {
                return Ok(Progress { taken, given });
            }
        }
    }

    /// Whether it may end here.
    ///
    /// # Errors
    /// When it may not.
    pub fn end(&self) -> Result<(), DecodeError> {
        self.outer.end()?;
        self.inner.as_ref().map_or(Ok(()), |it| it.decoder.end())
    }
}

// === impl Unread ===

impl Unread {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too-many-codings",
            Self::Unknown => "unknown-coding",
        }
    }
}
