//! Everything one file says, checked.

use crate::{
    AccessLog, Admin, ByteSize, CacheSettings, Clients, Identity, Listener, Route, SecurityLog,
    Shutdown, Upstream,
};

/// A whole configuration that is known to make sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies {
    /// Where clients connect; at least one.
    pub listeners: Vec<Listener>,
    /// The memory promise.
    pub memory: Memory,
    /// What clients may do.
    pub clients: Clients,
    /// The operator's side.
    pub admin: Admin,
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// Which security events are logged.
    pub security_log: SecurityLog,
    /// How the process ends.
    pub shutdown: Shutdown,
    /// What concerns the cache as a whole.
    pub cache: CacheSettings,
    /// How the one who asks is known; nobody is when `None`.
    pub identity: Option<Identity>,
    /// Where requests go.
    pub upstreams: Vec<Upstream>,
    /// What governs them, in the order of the file.
    pub routes: Vec<Route>,
    /// The file as it was understood, as YAML, with every secret blanked out.
    pub redacted: String,
}

/// How much memory Forebay may use for what it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Cached responses, fills in flight and limiter cells together.
    pub limit: ByteSize,
}
