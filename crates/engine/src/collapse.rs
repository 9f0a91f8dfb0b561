//! Equal requests in flight become one: what each of them does, whatever the others do.
//!
//! A *flight* is one fetch that several wait for. The first to ask leads it; who comes while it is
//! under way follows. Everything here is a question about one request and one flight; the waiting is
//! done elsewhere.
//!
//! **Shared only when it may be.** Followers wait for the head of the leader's response. When it
//! proves that the response is not for them, each goes on alone (TRAPS row 16): not one after the
//! other, and not all at once, but as [`release_after`] says. The key is remembered ([`memory`]), so
//! that the next ones do not wait at all. Whoever wants another variant joins those who want the same
//! ([`variant`]).
//!
//! **A leader that fails** is succeeded by exactly one of its followers, the others go on waiting
//! (TRAPS rows 21 and 22). A flight changes hands only so often ([`succession`]): an origin that is
//! down is not asked once per client.

pub mod memory;
pub mod variant;

use std::time::Duration;

use self::memory::Recollection;

/// How a request would like to board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It demands an answer that was fetched after it asked (`no-cache`).
    Anew,
    /// It waits for the head of whatever is being fetched.
    Patient,
    /// It takes what is there and leads if nobody does, but does not wait for a head.
    Probing,
}

/// Whether a response that is on its way already would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Only one that is fetched from now on (`no-cache` in the request).
    Anew,
    /// Any that may be shared.
    Anything,
}

/// What there is to board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flying {
    /// A response that is no longer whole, or was cut short: too late for it.
    Departed,
    /// A response that may be shared is arriving, or here.
    Landed,
    /// Nothing.
    Nothing,
    /// A flight whose leader failed, and which nobody has taken over yet.
    Vacant,
    /// The head has not come.
    Waiting,
}

/// A request's part in fetching what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It fetches for itself.
    Alone,
    /// It waits for somebody else's fetch.
    Follow,
    /// It fetches for all who come meanwhile.
    Lead,
}

/// Who leads a flight whose leader has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// Nobody: everybody gets the failure.
    Over,
    /// The first follower that takes it.
    Promote,
}

/// Why a follower cannot have the leader's response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// The beginning of the body is gone, or the body was cut short before it was begun.
    Departed,
    /// The follower's own fields select another response (RFC 9111, section 4.1).
    OtherVariant,
    /// It is for the leader alone.
    Unshareable,
}

/// What a follower does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onward {
    /// It asks the origin for itself, after [`release_after`].
    Alone,
    /// It looks for another flight, or leads one; of its own [`variant`], if that is what was wrong.
    Board,
}

/// How many leaders may fail before a flight is over.
const LEADERS: u32 = 2;
/// How many flights a request boards whose responses it cannot have, before it goes alone.
const BOARDINGS: u32 = 3;
/// How many followers go alone at once to begin with; each later batch is twice as large.
const FIRST_BATCH: u32 = 16;
/// From one batch to the next.
const BATCH_EVERY: Duration = Duration::from_millis(5);
/// Nobody waits longer than this once it is clear that there is nothing to wait for.
const LAST_BATCH_AFTER: Duration = Duration::from_millis(100);

/// How a request boards, given what is remembered of its key; `None` when it had better not.
pub const fn manner(remembered: Recollection, demand: Demand) -> Option<Manner> {
    match (remembered, demand) {
        (Recollection::Unshareable, _) => None,
        (Recollection::Doubtful | Recollection::Nothing, Demand::Anew) => Some(Manner::Anew),
        (Recollection::Doubtful, Demand::Anything) => Some(Manner::Probing),
        (Recollection::Nothing, Demand::Anything) => Some(Manner::Patient),
    }
}

/// A request's part, given what is under way.
pub const fn part(flying: Flying, manner: Manner) -> Part {
    match (flying, manner) {
        (Flying::Departed | Flying::Nothing | Flying::Vacant, _) => Part::Lead,
        (Flying::Landed | Flying::Waiting, Manner::Anew) | (Flying::Waiting, Manner::Probing) => {
            Part::Alone
        }
        (Flying::Landed, Manner::Patient | Manner::Probing)
        | (Flying::Waiting, Manner::Patient) => Part::Follow,
    }
}

/// Who leads a flight on which `failures` leaders have failed, the last of them just now.
pub const fn succession(failures: u32) -> Succession {
    if failures < LEADERS {
        Succession::Promote
    } else {
        Succession::Over
    }
}

/// What a follower does now that its flight has landed with nothing for it; it has boarded `boardings` flights by now.
pub const fn onward(landed: Landed, boardings: u32) -> Onward {
    match landed {
        Landed::Departed | Landed::OtherVariant if boardings < BOARDINGS => Onward::Board,
        Landed::Departed | Landed::OtherVariant | Landed::Unshareable => Onward::Alone,
    }
}

/// How long the follower at this place of its flight, counted from 0, waits before it goes alone.
///
/// The first sixteen go at once, the next thirty-two 5 ms later, and so on in batches of twice the
/// size, the last within 100 ms. So the clients of an uncacheable key are not served one after the
/// other, and the origin sees a slope instead of a wall.
pub fn release_after(place: u32) -> Duration {
    // Batch n begins at FIRST_BATCH * (2^n - 1).
    let batch = (place / FIRST_BATCH + 1).ilog2();
    (BATCH_EVERY * batch).min(LAST_BATCH_AFTER)
}

// === impl Part ===

impl Part {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Follow => "follow",
            Self::Lead => "lead",
        }
    }
}

// === impl Onward ===

impl Onward {
    /// The word for it in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Board => "board",
        }
    }
}

#[cfg(test)]
mod tests;
