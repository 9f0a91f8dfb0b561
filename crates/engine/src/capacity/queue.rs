//! Who waits for room at an origin, and who goes when there is not even room to wait.
//!
//! # Who comes first
//! The most urgent class. Within a class the one that has waited longest, as long as the queue is one
//! of those that come and go. One that has not been empty for [`STANDING`] is a queue that everybody
//! waits the whole time in: then the newest comes first (adaptive LIFO, as Facebook published it in
//! "Fail at Scale", ACM Queue 13-8). Some are then answered at once and some not at all, instead of all
//! of them late; `simulation` shows what that does for clients whose patience differs.
//!
//! # Who goes
//! Who has waited until his time is up. When all places are taken, a newcomer takes the one of the least urgent
//! that is less urgent than he is, and among those of the youngest, who has lost least by it; if there is
//! none, he goes himself.
//!
//! Nothing here waits: `T` is whatever its owner wakes or refuses somebody by. Each operation
//! takes the same time however long the queue is.

mod line;

use std::time::Duration;

use policy::Priority;

use self::line::{Line, Link};

/// A queue that has not been empty for so long will not be soon.
const STANDING: Duration = Duration::from_millis(100);

/// A bounded queue of classes.
#[derive(Debug)]
pub struct Queue<T> {
    places: Vec<Place<T>>,
    /// The first of the places that nobody has, each of which links to the next.
    free: Link,
    bound: u32,
    lines: [Line; Priority::ALL.len()],
    waiting: u32,
    /// Since when somebody has been waiting.
    since: Duration,
}

/// A place in the queue; it means nothing any more once whoever had it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    place: u32,
    turn: u32,
}

/// What became of a newcomer.
#[derive(Debug, PartialEq, Eq)]
pub enum Joined<T> {
    /// He waits in place of another one, who has to be told.
    Displaced(Token, T),
    /// There is no place for him.
    Full(T),
    /// He waits.
    Waits(Token),
}

/// Who leaves the queue, and why.
#[derive(Debug, PartialEq, Eq)]
pub enum Leaving<T> {
    /// His time was up.
    Expired(T),
    /// It is his turn.
    Turn(T),
}

/// Who comes first within a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Newest,
    Oldest,
}

/// Room for one.
#[derive(Debug)]
pub(super) struct Place<T> {
    who: Option<T>,
    turn: u32,
    class: Priority,
    until: Duration,
    older: Link,
    newer: Link,
}

// === impl Queue ===

impl<T> Queue<T> {
    /// An empty queue in which at most `bound` can wait.
    pub const fn new(bound: u32) -> Self {
        Self {
            places: Vec::new(),
            free: None,
            bound,
            lines: [Line::EMPTY; Priority::ALL.len()],
            waiting: 0,
            since: Duration::ZERO,
        }
    }

    /// How many wait.
    pub const fn len(&self) -> u32 {
        self.waiting
    }

    /// Whether nobody waits.
    pub const fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// A newcomer, who waits at most until `until`.
    pub fn join(&mut self, who: T, class: Priority, until: Duration, now: Duration) -> Joined<T> {
        if self.waiting < self.bound {
            return Joined::Waits(self.seat(who, class, until, now));
        }
        let Some(place) = self.least_urgent_below(class) else {
            return Joined::Full(who);
        };
        match self.unseat(place) {
            Some(displaced) => Joined::Displaced(self.seat(who, class, until, now), displaced),
            None => Joined::Full(who),
        }
    }

    /// Whose turn it is, or whose time is up before it could be: ask again after the latter.
    pub fn next(&mut self, now: Duration) -> Option<Leaving<T>> {
        let order = if now.saturating_sub(self.since) > STANDING {
            Order::Newest
        } else {
            Order::Oldest
        };
        self.next_in(order, now)
    }

    /// One whose time is up; ask again until there is none. Only the oldest of each class are
    /// looked at, which finds all when all wait equally long.
    pub fn expired(&mut self, now: Duration) -> Option<T> {
        let place = (self.lines.iter())
            .filter_map(|line| line.oldest)
            .find(|place| self.is_expired(*place, now))?;
        self.unseat(place)
    }

    /// Takes out whoever has this place, if he is still there.
    pub fn leave(&mut self, token: Token) -> Option<T> {
        let place = self.places.get(token.place as usize)?;
        if place.turn != token.turn {
            return None;
        }
        self.unseat(token.place)
    }

    pub(super) fn next_in(&mut self, order: Order, now: Duration) -> Option<Leaving<T>> {
        let line = self.lines.iter().rev().find(|line| line.oldest.is_some())?;
        let place = match order {
            Order::Newest => line.newest?,
            Order::Oldest => line.oldest?,
        };
        let expired = self.is_expired(place, now);
        let who = self.unseat(place)?;
        Some(if expired {
            Leaving::Expired(who)
        } else {
            Leaving::Turn(who)
        })
    }

    fn is_expired(&self, place: u32, now: Duration) -> bool {
        self.places[place as usize].until <= now
    }

    /// The youngest of the least urgent class, if that is below `class`.
    fn least_urgent_below(&self, class: Priority) -> Link {
        Priority::ALL
            .iter()
            .zip(&self.lines)
            .take_while(|(below, _)| **below < class)
            .find_map(|(_, line)| line.newest)
    }

    fn seat(&mut self, who: T, class: Priority, until: Duration, now: Duration) -> Token {
        if self.waiting == 0 {
            self.since = now;
        }
        self.waiting += 1;
        let place = self.free_place();
        let room = &mut self.places[place as usize];
        (room.who, room.class, room.until) = (Some(who), class, until);
        let turn = room.turn;
        self.lines[class as usize].push(place, &mut self.places);
        Token { place, turn }
    }

    fn unseat(&mut self, place: u32) -> Option<T> {
        let who = self.places[place as usize].who.take()?;
        let class = self.places[place as usize].class;
        self.lines[class as usize].remove(place, &mut self.places);
        let room = &mut self.places[place as usize];
        room.turn = room.turn.wrapping_add(1);
        room.newer = self.free;
        self.free = Some(place);
        self.waiting -= 1;
        Some(who)
    }

    fn free_place(&mut self) -> u32 {
        if let Some(place) = self.free {
            self.free = self.places[place as usize].newer;
            return place;
        }
        // There are never more places than `bound`, which is a `u32`.
        let place = self.places.len() as u32;
        self.places.push(Place::EMPTY);
        place
    }
}

// === impl Place ===

impl<T> Place<T> {
    const EMPTY: Self = Self {
        who: None,
        turn: 0,
        class: Priority::Low,
        until: Duration::ZERO,
        older: None,
        newer: None,
    };
}

#[cfg(test)]
mod tests;
