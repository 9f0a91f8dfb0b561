//! Reading a key back.

use std::str;

use policy::Scheme;

use super::{KeyParts, KeyedBody, Kind, RETRIEVAL, VERSION, WITH_BODY};

impl<'a> KeyParts<'a> {
    /// The parts that [`KeyParts::encode`] made `key` from, `None` when it did not.
    ///
    /// The query is the one that took part, not the one that was asked with. Keys of flights are
    /// not read.
    pub fn of(key: &'a [u8]) -> Option<Self> {
        let [
            VERSION,
            b's',
            secure @ (0 | 1),
            b'o',
            high,
            low,
            b'm',
            class @ (RETRIEVAL | WITH_BODY),
            rest @ ..,
        ] = key
        else {
            return None;
        };
        let mut rest = rest;
        let parts = Self {
            route: required(&mut rest, Kind::Route)?,
            scheme: if *secure == 1 {
                Scheme::Https
            } else {
                Scheme::Http
            },
            host: required(&mut rest, Kind::Host)?,
            port: u16::from_be_bytes([*high, *low]),
            path: required(&mut rest, Kind::Path)?,
            query: optional(&mut rest, Kind::Query)?,
            user: optional(&mut rest, Kind::User)?,
            body: match *class {
                WITH_BODY => Some(body(&mut rest)?),
                _ => None,
            },
        };
        rest.is_empty().then_some(parts)
    }
}

fn body<'a>(rest: &mut &'a [u8]) -> Option<KeyedBody<'a>> {
    Some(KeyedBody {
        method: required(rest, Kind::Method)?,
        content_type: bytes(rest, Kind::ContentType)?,
        content_encoding: bytes(rest, Kind::ContentEncoding)?,
        bytes: bytes(rest, Kind::Body)??,
    })
}

fn required<'a>(rest: &mut &'a [u8], kind: Kind) -> Option<&'a str> {
    str::from_utf8(bytes(rest, kind)??).ok()
}

/// `Some(None)` when the part is not there.
fn optional<'a>(rest: &mut &'a [u8], kind: Kind) -> Option<Option<&'a str>> {
    match bytes(rest, kind)? {
        Some(text) => Some(Some(str::from_utf8(text).ok()?)),
        None => Some(None),
    }
}

/// `Some(None)` when the next part is another one, or there is none.
fn bytes<'a>(rest: &mut &'a [u8], kind: Kind) -> Option<Option<&'a [u8]>> {
    let after = match *rest {
        [found, after @ ..] if *found == kind as u8 => after,
        _ => return Some(None),
    };
    let (length, after) = after.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(Some(text))
}
