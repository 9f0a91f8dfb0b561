//! What the ways of choosing do to many requests, as tables; every run is replayable by its seed.
//!
//! `cargo test -p forebay-engine --lib balance::simulation -- --nocapture --test-threads=1` prints
//! the tables.

mod queueing;
mod spread;
