//! Who is asking, wherever callers are counted: under rate and concurrency limits and in penalty boxes.
//!
//! # One number for each caller
//! A caller is a 128-bit number, so that keys of any length cost the same to keep. It is made of one
//! block of fixed size for each part of the key, and each block begins with the number of those
//! before it. No text is joined to another, so that no value can pretend to be the end of one and the
//! beginning of the next (TRAPS 11), and a part that is empty is another than one that is absent. It
//! begins with the number of what counts, so that nobody who is known to one limit is known to
//! another (TRAPS 25).
//!
//! # What is not known
//! A caller that may say who it is may say it twice, and whom the origin believes is not known: a
//! field or cookie that is repeated names nobody. Otherwise whoever adds a line would be somebody else
//! with each request. A token counts only when it was verified. What becomes of those whom nobody
//! knows is the operator's decision.

use std::{borrow::Cow, net::IpAddr};

use http::{HeaderMap, HeaderValue};
use policy::{CallerKey, CallerPart, PathPattern, UnknownCaller};

use crate::{
    cache::persona::cookies,
    client_ip::limit_key_ip,
    identity::{Claims, Rejection},
    percent,
    routing::parameter,
};

/// What is known of a request.
#[derive(Clone, Copy, Debug)]
pub struct CallerFacts<'a> {
    /// The client.
    pub client: IpAddr,
    /// Its fields.
    pub headers: &'a HeaderMap,
    /// Its path, in its one spelling.
    pub path: &'a str,
    /// What its route wants of the path.
    pub pattern: &'a PathPattern,
    /// What its token proves.
    pub proof: Proof<'a>,
}

/// What a request's token proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof<'a> {
    /// There is none, or nobody asked.
    Nothing,
    /// Nothing, for this reason.
    Rejected(Rejection),
    /// These claims.
    Somebody(&'a Claims),
}

/// Who a caller is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller<'a> {
    /// This one.
    Known(u128),
    /// Nobody knows, because this part of the key is not known.
    Unknown(&'a CallerPart, Unclear),
}

/// What becomes of a request that is to be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting<'a> {
    /// It is refused: its caller is not known, and such requests are not taken.
    Deny(&'a CallerPart, Unclear),
    /// It is not counted.
    Free,
    /// It is counted against this quota.
    On(Holder),
}

/// Whose quota a request is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The number of the caller, or of those who are taken for one.
    pub key: u128,
    /// Whether that is one caller.
    pub company: Company,
}

/// Whether a caller has a quota for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// It has.
    Alone,
    /// Everybody has it together, or all whom nobody knows: what one uses up the others miss.
    Shared,
}

/// Why a part of a key is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unclear {
    /// The request does not have it.
    Absent,
    /// The token that should tell proves nothing.
    Rejected(Rejection),
    /// The request has it more than once.
    Repeated,
}

/// How a number is made of bytes; the same bytes make the same number.
pub type Hash = fn(&[u8]) -> u128;

/// A part as it is in the request.
enum Value<'a> {
    Address([u8; 16]),
    /// A piece of a path, which has many spellings.
    Segment(&'a [u8]),
    Text(&'a [u8]),
}

/// What a block is about.
const EVERYBODY: u8 = b'e';
const FOR_UNKNOWN: u8 = b'a';
const PART: u8 = b'p';
const STRANGERS: u8 = b's';

/// The number of what counts, told by its names: of a route and of a limit, say.
pub fn scope(names: &[&str], hash: Hash) -> u128 {
    names.iter().fold(0, |before, name| {
        block(before, PART, hash(name.as_bytes()), hash)
    })
}

/// Who the caller is for what counts under `scope`.
pub fn identify<'a>(
    key: &'a CallerKey,
    facts: &CallerFacts<'_>,
    scope: u128,
    hash: Hash,
) -> Caller<'a> {
    let mut caller = start(key, scope, hash);
    for part in &key.parts {
        match value(part, facts) {
            Ok(value) => caller = value.add_to(caller, PART, hash),
            Err(why) => return Caller::Unknown(part, why),
        }
    }
    Caller::Known(caller)
}

/// For whom a request is counted under `scope`, where those who are not known are dealt with so.
pub fn count<'a>(
    key: &'a CallerKey,
    on_unknown: UnknownCaller,
    facts: &CallerFacts<'_>,
    scope: u128,
    hash: Hash,
) -> Counting<'a> {
    let mut caller = start(key, scope, hash);
    for part in &key.parts {
        match (value(part, facts), on_unknown) {
            (Ok(value), _) => caller = value.add_to(caller, PART, hash),
            (Err(_), UnknownCaller::Allow) => return Counting::Free,
            (Err(_), UnknownCaller::ClientIp) => {
                caller = Value::of_client(facts.client).add_to(caller, FOR_UNKNOWN, hash);
            }
            (Err(why), UnknownCaller::Deny) => return Counting::Deny(part, why),
            (Err(_), UnknownCaller::Share) => {
                return Counting::On(Holder {
                    key: block(scope, STRANGERS, 0, hash),
                    company: Company::Shared,
                });
            }
        }
    }
    Counting::On(Holder {
        key: caller,
        company: match key.parts.is_empty() {
            true => Company::Shared,
            false => Company::Alone,
        },
    })
}

/// The only one there is under `scope`, where the key does not tell any apart.
pub fn only_holder(key: &CallerKey, scope: u128, hash: Hash) -> Option<Holder> {
    (key.parts.is_empty()).then(|| Holder {
        key: block(scope, EVERYBODY, 0, hash),
        company: Company::Shared,
    })
}

fn start(key: &CallerKey, scope: u128, hash: Hash) -> u128 {
    only_holder(key, scope, hash).map_or(scope, |holder| holder.key)
}

fn value<'a>(part: &CallerPart, facts: &CallerFacts<'a>) -> Result<Value<'a>, Unclear> {
    match part {
        CallerPart::Claim(name) => match facts.proof {
            Proof::Nothing => Err(Unclear::Absent),
            Proof::Rejected(why) => Err(Unclear::Rejected(why)),
            Proof::Somebody(claims) => claims
                .get(name)
                .map(|claim| Value::Text(claim.as_bytes()))
                .ok_or(Unclear::Absent),
        },
        CallerPart::ClientIp => Ok(Value::of_client(facts.client)),
        CallerPart::Cookie(name) => only(cookies(facts.headers, name.as_bytes())),
        CallerPart::Header(name) => {
            let lines = facts.headers.get_all(name).iter();
            only(lines.map(HeaderValue::as_bytes))
        }
        CallerPart::PathParameter(name) => parameter(facts.path, facts.pattern, name)
            .map(|found| Value::Segment(found.as_bytes()))
            .ok_or(Unclear::Absent),
    }
}

fn only<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Value<'a>, Unclear> {
    match (values.next(), values.next()) {
        (None, _) => Err(Unclear::Absent),
        (Some(value), None) => Ok(Value::Text(value)),
        (Some(_), Some(_)) => Err(Unclear::Repeated),
    }
}

/// A piece of a path as an origin may read it: decoded, and without the parameters behind a semicolon
/// (RFC 3986, section 3.3), which many origins pass over. Otherwise each spelling would be a caller.
fn one_spelling(text: &[u8]) -> Cow<'_, [u8]> {
    let end = text.iter().position(|byte| *byte == b';');
    let text = &text[..end.unwrap_or(text.len())];
    match text.contains(&b'%') {
        true => percent::decoded_path(text).into(),
        false => text.into(),
    }
}

/// Goes on from what stands before with one thing more.
fn block(before: u128, kind: u8, value: u128, hash: Hash) -> u128 {
    let mut block = [0; 33];
    block[..16].copy_from_slice(&before.to_be_bytes());
    block[16] = kind;
    block[17..].copy_from_slice(&value.to_be_bytes());
    hash(&block)
}

// === impl Value ===

impl Value<'_> {
    fn of_client(client: IpAddr) -> Self {
        let address = match limit_key_ip(client) {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self::Address(address.octets())
    }

    fn add_to(&self, before: u128, kind: u8, hash: Hash) -> u128 {
        let value = match self {
            Self::Address(octets) => u128::from_be_bytes(*octets),
            Self::Segment(text) => hash(&one_spelling(text)),
            Self::Text(text) => hash(text),
        };
        block(before, kind, value, hash)
    }
}

// === impl Unclear ===

impl Unclear {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Rejected(why) => why.as_str(),
            Self::Repeated => "repeated",
        }
    }
}

#[cfg(test)]
mod tests;
