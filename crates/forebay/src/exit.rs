//! What the program tells whoever started it.

use std::process::ExitCode;

/// How the program ended; each has one number, which scripts may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something went wrong while running: 1.
    Failed,
    /// The configuration is wrong or cannot be read: 3.
    InvalidConfiguration,
    /// All is well: 0.
    Ok,
    /// The arguments are wrong: 2.
    Usage,
    /// The configuration has warnings, and they were to count: 4.
    Warnings,
}

// === impl Exit ===

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::InvalidConfiguration => 3,
            Self::Warnings => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
