//! Why something is tried again, and why not.

use engine::retry::{Reason, Stop};

use super::Word;

// === impl Reason ===

impl Word for Reason {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl Stop ===

impl Word for Stop {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
