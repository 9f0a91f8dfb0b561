//! Which endpoint is counted where.
//!
//! Endpoints come and go, and a time series that is gone would never be forgotten by a store of
//! metrics that is told a new name for each. So an upstream has a bounded number of places. An
//! endpoint holds one while it lives; when it is gone its numbers stay for a while, for the scrapes
//! to come and for an endpoint of the same name to go on with, and then the place is free. When all
//! places are held, the endpoints beyond share one, which is called `other`.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

/// How many endpoints of one upstream have series of their own.
pub(super) const MOST: u16 = 1024;
/// The place of those beyond.
pub(super) const OTHER: u16 = MOST;
/// The place of requests that reached no endpoint.
pub(super) const NONE: u16 = MOST + 1;
/// How many places there are.
pub(super) const ALL: usize = MOST as usize + 2;

/// How long the numbers of an endpoint that is gone are still told.
const KEPT: Duration = Duration::from_secs(600);

/// The places of one upstream.
#[derive(Debug)]
pub(super) struct Places {
    inner: Mutex<Inner>,
    /// Places below this have had a name.
    named: AtomicU16,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    by_name: HashMap<Arc<str>, u16>,
    places: Vec<Place>,
    free: Vec<u16>,
}

#[derive(Debug, Default)]
struct Place {
    /// Nothing when it is free.
    name: Option<Arc<str>>,
    holders: usize,
    /// Since when nobody has held it (monotonic), once somebody has looked.
    left: Option<Duration>,
}

// === impl Places ===

impl Places {
    /// With these in the first places, for good.
    pub(super) fn new(listed: &[String]) -> Self {
        let places = Self {
            inner: Mutex::default(),
            named: AtomicU16::new(0),
            dropped: AtomicU64::new(0),
        };
        for name in listed {
            places.claim(name, |_| {});
        }
        places
    }

    /// The place of the endpoint of this name; a place that was somebody else's is cleared first.
    pub(super) fn claim(&self, name: &str, clear: impl Fn(u16)) -> u16 {
        let mut inner = self.inner.lock();
        if let Some(place) = inner.by_name.get(name).copied() {
            let held = &mut inner.places[usize::from(place)];
            held.holders += 1;
            held.left = None;
            return place;
        }
        let Some(place) = inner.vacate(clear) else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return OTHER;
        };
        let name: Arc<str> = name.into();
        inner.by_name.insert(Arc::clone(&name), place);
        inner.places[usize::from(place)] = Place {
            name: Some(name),
            holders: 1,
            left: None,
        };
        self.named.fetch_max(place + 1, Ordering::Relaxed);
        place
    }

    /// One endpoint less holds this place.
    pub(super) fn release(&self, place: u16) {
        let mut inner = self.inner.lock();
        if let Some(place) = inner.places.get_mut(usize::from(place)) {
            place.holders = place.holders.saturating_sub(1);
        }
    }

    /// Frees and clears the places that nobody has held for a while at `now` (monotonic).
    pub(super) fn forget(&self, now: Duration, clear: impl Fn(u16)) {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        for (number, place) in (0_u16..).zip(&mut inner.places) {
            if place.holders > 0 || place.name.is_none() {
                continue;
            }
            let left = *place.left.get_or_insert(now);
            if now.saturating_sub(left) >= KEPT
                && let Some(name) = place.name.take()
            {
                inner.by_name.remove(&name);
                inner.free.push(number);
                clear(number);
            }
        }
    }

    /// The place where a request is counted that says this one.
    pub(super) fn of(&self, place: Option<u16>) -> u16 {
        match place {
            Some(OTHER) => OTHER,
            Some(place) if place < self.named.load(Ordering::Relaxed) => place,
            Some(_) | None => NONE,
        }
    }

    /// All names that something may have been counted for, and their places.
    pub(super) fn names(&self) -> Vec<(u16, Arc<str>)> {
        let inner = self.inner.lock();
        let places = (0_u16..).zip(&inner.places);
        let mut names: Vec<_> = places
            .filter_map(|(number, place)| Some((number, Arc::clone(place.name.as_ref()?))))
            .collect();
        names.push((OTHER, "other".into()));
        names.push((NONE, "none".into()));
        names
    }

    /// How many endpoints were given the place of those beyond.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

// === impl Inner ===

impl Inner {
    /// A place that is nobody's: a free one, a new one, or that of the endpoint which is gone for
    /// longest. Otherwise whoever comes while many go would be `other` for life.
    fn vacate(&mut self, clear: impl Fn(u16)) -> Option<u16> {
        if let Some(free) = self.free.pop() {
            return Some(free);
        }
        let next = u16::try_from(self.places.len()).unwrap_or(MOST);
        if next < MOST {
            self.places.push(Place::default());
            return Some(next);
        }
        let gone = (0_u16..).zip(&mut self.places);
        let (longest, place) = gone
            .filter(|(_, place)| place.holders == 0)
            .min_by_key(|(_, place)| place.left.unwrap_or(Duration::MAX))?;
        if let Some(name) = place.name.take() {
            self.by_name.remove(&name);
        }
        clear(longest);
        Some(longest)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn claim(places: &Places, name: &str) -> u16 {
        places.claim(name, |place| panic!("{place} was cleared"))
    }

    fn names(places: &Places) -> Vec<String> {
        let names = places.names().into_iter();
        names.map(|(_, name)| name.to_string()).collect()
    }

    #[test]
    fn one_name_is_one_place_however_many_hold_it() {
        let places = Places::new(&["a".to_owned()]);
        assert_eq!(claim(&places, "b"), 1);
        assert_eq!(claim(&places, "a"), 0);
        assert_eq!(claim(&places, "b"), 1);
        places.release(1);
        places.forget(MINUTE, |_| {});
        places.forget(100 * MINUTE, |_| {});
        assert_eq!(names(&places), ["a", "b", "other", "none"]);
    }

    #[test]
    fn the_listed_stay_although_nobody_holds_them() {
        let places = Places::new(&["a".to_owned()]);
        assert_eq!(claim(&places, "a"), 0);
        places.release(0);
        places.forget(MINUTE, |_| {});
        places.forget(100 * MINUTE, |place| panic!("{place} was cleared"));
        assert_eq!(names(&places), ["a", "other", "none"]);
    }

    #[test]
    fn who_is_gone_is_told_for_ten_minutes_and_then_makes_room() {
        let places = Places::new(&[]);
        assert_eq!(claim(&places, "a"), 0);
        assert_eq!(claim(&places, "b"), 1);
        places.release(0);
        places.forget(MINUTE, |_| {});
        places.forget(10 * MINUTE, |place| panic!("{place} was cleared"));
        assert_eq!(names(&places), ["a", "b", "other", "none"]);
        let cleared = RefCell::new(Vec::new());
        places.forget(11 * MINUTE, |place| cleared.borrow_mut().push(place));
        assert_eq!(*cleared.borrow(), [0]);
        assert_eq!(names(&places), ["b", "other", "none"]);
        assert_eq!(claim(&places, "c"), 0);
        assert_eq!(names(&places), ["c", "b", "other", "none"]);
    }

    #[test]
    fn who_comes_back_in_time_goes_on_with_its_numbers() {
        let places = Places::new(&[]);
        assert_eq!(claim(&places, "a"), 0);
        places.release(0);
        places.forget(MINUTE, |_| {});
        assert_eq!(claim(&places, "a"), 0);
        places.forget(100 * MINUTE, |place| panic!("{place} was cleared"));
    }

    #[test]
    fn beyond_the_most_the_longest_gone_makes_room_and_else_they_share_a_place() {
        let places = Places::new(&[]);
        for number in 0..MOST {
            assert_eq!(claim(&places, &number.to_string()), number);
        }
        assert_eq!(claim(&places, "beyond"), OTHER);
        assert_eq!(places.dropped(), 1);
        places.release(7);
        places.forget(MINUTE, |_| {});
        places.release(3);
        places.forget(2 * MINUTE, |_| {});
        let cleared = RefCell::new(Vec::new());
        let clear = |place| cleared.borrow_mut().push(place);
        assert_eq!(places.claim("next", clear), 7);
        assert_eq!(places.claim("after", clear), 3);
        assert_eq!(*cleared.borrow(), [7, 3]);
        assert_eq!(claim(&places, "beyond"), OTHER);
        assert_eq!(claim(&places, "next"), 7);
        assert_eq!(names(&places).len(), ALL);
    }

    #[test]
    fn a_place_that_nobody_ever_had_is_none() {
        let places = Places::new(&["a".to_owned()]);
        assert_eq!(places.of(Some(0)), 0);
        assert_eq!(places.of(Some(1)), NONE);
        assert_eq!(places.of(Some(OTHER)), OTHER);
        assert_eq!(places.of(Some(NONE)), NONE);
        assert_eq!(places.of(None), NONE);
    }
}
