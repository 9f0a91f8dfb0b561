//! What a body's way through an encoder costs beside the bare library, at the same level.
fn main() {}
