//! The responses of one key: one for nearly every key, several where `Vary` or personas tell
//! requests apart.
//!
//! The usual single response is held without a list, which saves an allocation per entry and a
//! cache miss per hit.

use std::sync::Arc;

use engine::{
    cache::reuse::{self, Selected},
    outcome::MissReason,
};
use http::HeaderMap;

use crate::{StoredResponse, allocated::allocated};

/// The responses of one key.
#[derive(Clone, Debug)]
pub struct Variants(Kept);

#[derive(Clone, Debug)]
enum Kept {
    One(Arc<StoredResponse>),
    /// In the order in which they were stored.
    Several(Arc<[Arc<StoredResponse>]>),
}

/// The counts of an `Arc`.
const COUNTS: usize = 16;

// === impl Variants ===

impl Variants {
    /// A single response.
    pub(crate) const fn one(response: Arc<StoredResponse>) -> Self {
        Self(Kept::One(response))
    }

    /// The response that a request with these fields and this persona selects, or why there is
    /// none.
    pub fn select(
        &self,
        request: &HeaderMap,
        persona: &[u8],
    ) -> Result<&Arc<StoredResponse>, MissReason> {
        let theirs = || {
            let each = self.as_slice().iter();
            each.filter(|stored| stored.persona() == persona)
        };
        match reuse::select(theirs().map(|stored| &stored.meta), request) {
            Selected::Variant(position) => theirs().nth(position).ok_or(MissReason::Vary),
            // Something is kept under the key, for somebody else.
            Selected::Nothing(_) => Err(MissReason::Vary),
        }
    }

    /// How many there are, never none.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Each of them, in the order in which they were stored.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<StoredResponse>> {
        self.as_slice().iter()
    }

    /// These and one more, which takes the place of the one the same requests would have selected.
    /// Beyond `most` the least recently stored go.
    pub(crate) fn with(&self, response: Arc<StoredResponse>, most: usize) -> Self {
        let others = |kept: &&Arc<StoredResponse>| {
            kept.meta.vary != response.meta.vary || kept.persona() != response.persona()
        };
        let mut all: Vec<_> = self.iter().filter(others).cloned().collect();
        all.push(response);
        let surplus = all.len().saturating_sub(most.max(1));
        all.drain(..surplus);
        Self(Kept::of(all))
    }

    /// These without one of them; `None` when it is not there any more.
    pub(crate) fn without(&self, response: &Arc<StoredResponse>) -> Option<Remaining> {
        let others = |kept: &&Arc<StoredResponse>| !Arc::ptr_eq(kept, response);
        let rest: Vec<_> = self.iter().filter(others).cloned().collect();
        match rest.len() {
            length if length == self.len() => None,
            0 => Some(Remaining::Nothing),
            _ => Some(Remaining::Others(Self(Kept::of(rest)))),
        }
    }

    /// The bytes they take up in memory.
    pub(crate) fn weight(&self) -> usize {
        let list = match &self.0 {
            Kept::One(_) => 0,
            Kept::Several(list) => allocated(COUNTS + size_of_val(&**list)),
        };
        list + self.iter().map(|stored| stored.weight()).sum::<usize>()
    }

    fn as_slice(&self) -> &[Arc<StoredResponse>] {
        match &self.0 {
            Kept::One(response) => std::slice::from_ref(response),
            Kept::Several(list) => list,
        }
    }
}

/// What is left when a response has been taken out.
#[derive(Debug)]
pub(crate) enum Remaining {
    Nothing,
    Others(Variants),
}

// === impl Kept ===

impl Kept {
    /// Of one or more.
    fn of(all: Vec<Arc<StoredResponse>>) -> Self {
        match <[_; 1]>::try_from(all) {
            Ok([only]) => Self::One(only),
            Err(all) => Self::Several(all.into()),
        }
    }
}
