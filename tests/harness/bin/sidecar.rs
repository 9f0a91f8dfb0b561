//! The sidecar under test.
fn main() {}
