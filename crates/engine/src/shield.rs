//! What a route's requests may look like.

pub mod patterns;
