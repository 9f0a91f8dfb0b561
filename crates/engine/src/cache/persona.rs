//! Who is asking, as far as the operator said that responses differ by it.
//!
//! A persona is the values of a route's dimensions for one request. Responses fetched for one persona
//! are for requests with the same one only; unlike with `Vary`, it is the operator who says so, and
//! it is known before there is a response. Values are written with their kind and their length, so
//! that two lists of values never look the same; an absent value is not an empty one.
//!
//! **Absurd values.** A value longer than [`MAX_VALUE`] bytes is neither cut, which could make two
//! personas one, nor kept, which would let a client fill the cache: the request passes the cache by.
//! So does one with a cookie twice, of which origins believe now the first and now the last.

use http::{HeaderMap, header};
use policy::Dimension;

use super::{device::Device, language};
use crate::identity::Claims;

/// Whether a request has a persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persona {
    /// One of its values is absurdly long: it must pass the cache by.
    Absurd,
    /// It was written.
    Written,
}

/// The longest value of a dimension, in bytes.
pub const MAX_VALUE: usize = 256;

const ABSENT: u8 = b'-';
const PRESENT: u8 = b'+';

/// Writes the values of `dimensions`, in their order, replacing what `out` held.
///
/// `claims` are those of a verified token; without one every claim is absent. What is written is
/// good for comparing, and empty when there are no dimensions.
pub fn write(
    dimensions: &[Dimension],
    request: &HeaderMap,
    claims: Option<&Claims>,
    out: &mut Vec<u8>,
) -> Persona {
    out.clear();
    for dimension in dimensions {
        let start = begin(dimension, out);
        let found = match dimension {
            Dimension::Claim(name) => append(claims.and_then(|claims| claims.get(name)), out),
            Dimension::Cookie(name) => {
                let mut crumbs = cookies(request, name.as_bytes());
                let (first, second) = (crumbs.next(), crumbs.next());
                if second.is_some() {
                    // Which of them the origin believes is not known.
                    out.clear();
                    return Persona::Absurd;
                }
                append(first, out)
            }
            Dimension::Device => append(Some(Device::of(request).as_str()), out),
            Dimension::Header(name) => append_joined(request, name, out),
            Dimension::Language(offered) => append(language::best(request, offered), out),
        };
        match found {
            Found::Absent => out[start - 3] = ABSENT,
            Found::Present => {
                let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
                if usize::from(length) > MAX_VALUE {
                    out.clear();
                    return Persona::Absurd;
                }
                out[start - 2..start].copy_from_slice(&length.to_be_bytes());
            }
        }
    }
    Persona::Written
}

/// The value of the first cookie of this name, quotes and all, `None` when there is none.
pub fn cookie<'a>(request: &'a HeaderMap, name: &[u8]) -> Option<&'a [u8]> {
    cookies(request, name).next()
}

/// The values of every cookie of this name.
pub(crate) fn cookies<'a>(request: &'a HeaderMap, name: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    request
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(move |crumb| {
            let at = crumb.iter().position(|byte| *byte == b'=')?;
            (crumb[..at].trim_ascii() == name).then(|| crumb[at + 1..].trim_ascii())
        })
}

/// Whether a request has a value for a dimension.
enum Found {
    Absent,
    Present,
}

/// Writes the kind, and room for the rest of what stands in front of a value.
fn begin(dimension: &Dimension, out: &mut Vec<u8>) -> usize {
    let kind = match dimension {
        Dimension::Claim(_) => b'j',
        Dimension::Cookie(_) => b'c',
        Dimension::Device => b'd',
        Dimension::Header(_) => b'h',
        Dimension::Language(_) => b'l',
    };
    out.extend_from_slice(&[kind, PRESENT, 0, 0]);
    out.len()
}

fn append(value: Option<impl AsRef<[u8]>>, out: &mut Vec<u8>) -> Found {
    let Some(value) = value else {
        return Found::Absent;
    };
    // Enough to be seen as too long.
    let value = value.as_ref();
    out.extend_from_slice(&value[..value.len().min(MAX_VALUE + 1)]);
    Found::Present
}

/// Appends the lines of a field, joined as one list (RFC 9110, section 5.3).
fn append_joined(request: &HeaderMap, name: &http::HeaderName, out: &mut Vec<u8>) -> Found {
    let start = out.len();
    let mut found = Found::Absent;
    for line in request.get_all(name) {
        if let Found::Present = found {
            out.push(b',');
        }
        found = append(Some(line.as_bytes()), out);
        if out.len() - start > MAX_VALUE {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests;
