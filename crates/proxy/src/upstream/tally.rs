//! One open connection to an endpoint, as those see it who count.
//!
//! It is shared by whoever sends on the connection and by the task that drives it, and dropped with
//! the last of them: then the socket is closed, and its place under the cap is free again.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU8, Ordering},
};

use telemetry::{CloseReason, ConnectionState, Metrics};

use super::pool::Permit;

/// A connection that stands.
#[derive(Debug)]
pub(crate) struct Tally {
    metrics: Arc<Metrics>,
    upstream: u16,
    state: AtomicU8,
    /// Why it ends; the first who says so is right.
    end: OnceLock<CloseReason>,
    _permit: Permit,
}

const ACTIVE: u8 = 0;
const IDLE: u8 = 1;

// === impl Tally ===

impl Tally {
    /// A connection of the upstream at this position that has just been opened.
    pub(super) fn new(metrics: &Arc<Metrics>, upstream: u16, permit: Permit) -> Arc<Self> {
        metrics.upstream_connection(upstream, None, Some(ConnectionState::Active));
        Arc::new(Self {
            metrics: Arc::clone(metrics),
            upstream,
            state: AtomicU8::new(ACTIVE),
            end: OnceLock::new(),
            _permit: permit,
        })
    }

    /// It is taken into use, or nobody uses it any more.
    pub(super) fn becomes(&self, state: ConnectionState) {
        let next = match state {
            ConnectionState::Active => ACTIVE,
            ConnectionState::Idle => IDLE,
        };
        let before = self.state.swap(next, Ordering::Relaxed);
        if before != next {
            self.metrics
                .upstream_connection(self.upstream, Some(word(before)), Some(state));
        }
    }

    /// It is about to be closed, for this reason unless another was given before.
    pub(super) fn ends(&self, reason: CloseReason) {
        let _given_before = self.end.set(reason);
    }

    /// Its task is over. When it was in use, whoever used it knows whether the exchange was whole.
    pub(super) fn ended(&self, how: Result<(), CloseReason>) {
        let reason = how.err().unwrap_or(CloseReason::Peer);
        if reason != CloseReason::Peer || self.state.load(Ordering::Relaxed) == IDLE {
            self.ends(reason);
        }
    }
}

fn word(state: u8) -> ConnectionState {
    match state {
        IDLE => ConnectionState::Idle,
        _ => ConnectionState::Active,
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let state = word(*self.state.get_mut());
        self.metrics
            .upstream_connection(self.upstream, Some(state), None);
        // Nobody gave a reason: an exchange was cut off.
        let reason = self.end.get().copied().unwrap_or(CloseReason::Error);
        self.metrics
            .upstream_connection_closed(self.upstream, reason);
    }
}
