//! The use of one connection for one exchange.

use std::sync::Arc;

use super::{
    InFlight, pool,
    sender::{Http1Sender, Sender},
};
use crate::body::Upload;

/// A connection in use. Give it back when the exchange ended cleanly; otherwise dropping it closes
/// the connection.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(super) sender: Sender,
    /// Whether it is used again.
    pub(super) next: Next,
    pub(super) upload: Option<Arc<Upload>>,
    pub(super) in_flight: InFlight,
}

/// What becomes of a connection after the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is closed.
    End,
    /// Another exchange, of whomever.
    Reuse,
}

// === impl Lease ===

impl Lease {
    /// A connection that is never given back, such as one that became a tunnel.
    pub(crate) fn single_use(sender: Http1Sender, in_flight: InFlight) -> Self {
        let sender = Sender::Http1(sender);
        sender.is_spent_after();
        Self {
            sender,
            next: Next::End,
            upload: None,
            in_flight,
        }
    }

    /// Returns the connection to the pool.
    ///
    /// A connection whose request was not wholly sent is closed instead: a final response that
    /// came before the end of the request leaves bytes behind that must never be taken for the
    /// next one (TRAPS 8).
    pub(crate) fn give_back(self) {
        let sent = self
            .upload
            .as_ref()
            .is_none_or(|upload| upload.is_finished());
        match (self.next, self.sender) {
            (Next::End, sender) => sender.is_spent_after(),
            (Next::Reuse, Sender::Http1(sender)) if sent => {
                pool::put(&self.in_flight.0.home, sender);
            }
            (Next::Reuse, Sender::Http1(_) | Sender::Http2(_)) => {}
        }
    }
}
