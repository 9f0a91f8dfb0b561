//! What is told of attacks.

use engine::{
    identity::KeysRefreshed,
    security::{SecurityAction, SecurityKind},
};

use super::Word;

// === impl KeysRefreshed ===

impl Word for KeysRefreshed {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl SecurityKind ===

impl Word for SecurityKind {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

// === impl SecurityAction ===

impl Word for SecurityAction {
    const ALL: &'static [Self] = &Self::ALL;

    fn slot(self) -> usize {
        self as usize
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}
