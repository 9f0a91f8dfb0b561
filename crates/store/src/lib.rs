//! Where cached bytes and limiter cells live, and how much memory they may use together.
//!
//! The only crate that knows moka. What may be stored and for how long is decided in `engine`;
//! this crate keeps the promise of [`MemoryShares`]: what it holds never outgrows its share.

mod fill_budget;
mod hash;
mod limiter_cells;
mod memory_shares;
mod response_store;
mod uncacheable;
mod verdicts;
mod write_marks;

pub use fill_budget::{FillBudget, FillReservation};
pub use hash::{hash, hash_of};
pub use limiter_cells::LimiterCells;
pub use memory_shares::MemoryShares;
pub use response_store::{ResponseStore, StoreStats, StoredResponse, Variants};
pub use uncacheable::Uncacheable;
pub use verdicts::{Skipped, Verdicts};
pub use write_marks::{Moment, WriteMarks, Written};
