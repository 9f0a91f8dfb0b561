//! What the answer to a HEAD says about a stored GET (RFC 9111, section 4.3.5).
//!
//! A HEAD that went to the origin, because the client demanded it or nothing fresh was there, brings
//! the fields that a GET would have brought. If they are about the same representation they renew
//! what is stored, as a 304 would; if they are not, what is stored is history.

use http::{HeaderMap, StatusCode, header};
use policy::CachePolicy;

use super::{
    etag::EntityTag,
    keep::Keep,
    revalidate::{Confirmation, update},
    stored::StoredMeta,
};

/// What a response to HEAD makes of a stored response to GET that the same request selects.
#[derive(Clone, Debug)]
pub enum Headed {
    /// There is another representation now, or it may not be kept any more: forget the stored one.
    Obsolete,
    /// It holds, with these fields from now on.
    Refreshed(Box<StoredMeta>),
    /// Nothing: only a 200 speaks about what is stored.
    Unchanged,
}

/// Decides it from `status` and the fields of the answer; `length` is that of the stored body, in
/// bytes.
pub fn decide(
    stored: &StoredMeta,
    length: u64,
    status: StatusCode,
    answer: &Confirmation<'_>,
    policy: &CachePolicy,
) -> Headed {
    if status != StatusCode::OK {
        return Headed::Unchanged;
    }
    if stored.status != StatusCode::OK || !is_same(stored, length, answer.headers) {
        return Headed::Obsolete;
    }
    match update(stored, answer, policy) {
        (meta, Keep::Store(_)) => Headed::Refreshed(Box::new(StoredMeta {
            // A head takes the origin less than the whole does.
            fetch_time: stored.fetch_time,
            ..*meta
        })),
        (_, Keep::Skip(_)) => Headed::Obsolete,
    }
}

/// Every validator and the length, as far as the answer names them, are those of what is stored.
fn is_same(stored: &StoredMeta, length: u64, answer: &HeaderMap) -> bool {
    let tag = answer.get(header::ETAG).is_none_or(|theirs| {
        let ours = stored.head.get(&header::ETAG);
        match (EntityTag::of(theirs), ours.and_then(EntityTag::parse)) {
            (Some(theirs), Some(ours)) => theirs.weakly_equals(ours),
            _ => ours == Some(theirs.as_bytes()),
        }
    });
    let modified = answer
        .get(header::LAST_MODIFIED)
        .is_none_or(|theirs| stored.head.get(&header::LAST_MODIFIED) == Some(theirs.as_bytes()));
    let long = answer.get(header::CONTENT_LENGTH).is_none_or(|theirs| {
        theirs.to_str().ok().and_then(|text| text.parse().ok()) == Some(length)
    });
    tag && modified && long
}

#[cfg(test)]
mod tests;
