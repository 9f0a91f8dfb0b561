//! What came of copies.

use engine::mirror::CopyOutcome;

use super::Word;

// === impl CopyOutcome ===

impl Word for CopyOutcome {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
