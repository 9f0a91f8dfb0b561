//! Many small reads, asked as one and taken apart again.
//!
//! `GET /users/1` and `GET /users/2`, asked at nearly the same time, become `GET /users?ids=1,2`; a
//! `POST` of `{"input": "a"}` and one of `{"input": "b"}` become one of `{"input": ["a", "b"]}`. The
//! origin answers once, and each caller gets what it would have got alone.
//!
//! # Answers never cross callers
//! Only requests that agree in everything that could change an answer go together ([`Member::key`]
//! holds all of it, and is compared as a whole). An answer is taken apart by what it says itself: an
//! element by its own id, or by a count and positions that must be exactly right. What cannot be told
//! for certain is not guessed: that caller, or all of them, ask for themselves.
//!
//! # A batch may fail, a caller must not
//! Whatever is wrong with a batch or its answer ([`BatchOutcome`]), each member is sent as the single
//! request it is. A batch endpoint that goes on failing would double the load of the origin, so it is
//! left alone for a while ([`Standing`]).
//!
//! # Bytes stay as they are
//! Documents are cut and joined as text: numbers of any length, the order of names and the spelling
//! of strings come through unchanged.

mod alike;
mod answer;
mod json;
mod member;
mod outcome;
mod plan;
mod pot;
mod split;
mod standing;

pub use answer::{judge, share_headers};
pub use member::{Ask, CONDITIONS, Member};
pub use outcome::{BatchOutcome, MemberOutcome, Unfit};
pub use plan::{Composed, Plan, Unplannable};
pub use pot::{Offered, Pot};
pub use split::Share;
pub use standing::{Standing, Trust};

#[cfg(test)]
mod tests;
