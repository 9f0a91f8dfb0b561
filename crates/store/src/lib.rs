//! Where cached bytes and limiter cells live, and how much memory they may use together.
//!
//! The only crate that knows moka. What may be stored and for how long is decided in `engine`;
//! this crate keeps the promise of [`MemoryShares`]: what it holds never outgrows its share.

mod allocated;
mod fill_budget;
mod hash;
mod in_flight_cells;
mod limiter_cells;
mod memory_shares;
mod penalty_boxes;
pub mod popularity;
mod purges;
mod response_store;
mod search_variances;
mod stored_response;
mod uncacheable;
mod variants;
mod verdicts;
mod verified_tokens;
mod write_marks;

pub use fill_budget::{FillBudget, FillReservation};
pub use hash::{hash, hash_of};
pub use in_flight_cells::{InFlight, InFlightCells, InFlightLine, InFlightPermit, InFlightTurn};
pub use limiter_cells::{LimiterCells, LimiterFigures, Price};
pub use memory_shares::MemoryShares;
pub use penalty_boxes::{Banned, BansMeant, PenaltyBox, PenaltyBoxes};
pub use purges::Purges;
pub use response_store::{Amendment, ResponseStore, StoreStats};
pub use search_variances::SearchVariances;
pub use stored_response::{Encoding, StoredResponse};
pub use uncacheable::Uncacheable;
pub use variants::Variants;
pub use verdicts::{Skipped, Verdicts};
pub use verified_tokens::VerifiedTokens;
pub use write_marks::{Moment, WriteMarks, Written};
