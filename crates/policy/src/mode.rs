//! How far a policy may go.

/// Every policy can decide for real, decide on paper, or not at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Decide, count and act.
    #[default]
    Enforce,
    /// Do not decide.
    Off,
    /// Decide, count and report what would have been done, and change nothing.
    Shadow,
}

// === impl Mode ===

impl Mode {
    /// The word for it in the file, in logs and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Off => "off",
            Self::Shadow => "shadow",
        }
    }
}
