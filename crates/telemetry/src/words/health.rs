//! The words about the health of endpoints.

use engine::health::{Standing, check::CheckOutcome, outlier::Reason};

use super::Word;

// === impl CheckOutcome ===

impl Word for CheckOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

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

// === impl Standing ===

impl Word for Standing {
    const ALL: &'static [Self] = &[Self::Ejected, Self::Ill, Self::Well];

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
