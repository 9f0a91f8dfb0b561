//! Those of one class, in the order in which they came: a list through the places themselves, so
//! that one from the middle leaves as quickly as one from the end.

use super::Place;

/// Another place, if there is one.
pub(super) type Link = Option<u32>;

/// The two ends of a list through the places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) oldest: Link,
    pub(super) newest: Link,
}

// === impl Line ===

impl Line {
    pub(super) const EMPTY: Self = Self {
        oldest: None,
        newest: None,
    };

    /// `place` is the newest now.
    pub(super) fn push<T>(&mut self, place: u32, places: &mut [Place<T>]) {
        let room = &mut places[place as usize];
        (room.older, room.newer) = (self.newest, None);
        match self.newest.replace(place) {
            Some(newest) => places[newest as usize].newer = Some(place),
            None => self.oldest = Some(place),
        }
    }

    /// `place` is not in it any more.
    pub(super) fn remove<T>(&mut self, place: u32, places: &mut [Place<T>]) {
        let (older, newer) = (places[place as usize].older, places[place as usize].newer);
        match older {
            Some(older) => places[older as usize].newer = newer,
            None => self.oldest = newer,
        }
        match newer {
            Some(newer) => places[newer as usize].older = older,
            None => self.newest = older,
        }
    }
}
