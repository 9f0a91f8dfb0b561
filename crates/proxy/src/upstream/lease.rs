//! The use of one connection for one exchange.

use std::{sync::Arc, time::Duration};

use hyper::client::conn::{http1, http2};
use telemetry::{ConnectionState, Metrics};
use tokio::task::JoinHandle;

use super::{
    InFlight,
    pool::{self, Keeping},
};
use crate::body::{RequestBody, Upload};

/// Something requests can be sent on.
#[derive(Debug)]
pub(crate) enum Sender {
    /// One exchange at a time.
    Http1(Http1Sender),
    /// Many at once; a clone of what the pool keeps.
    Http2(http2::SendRequest<RequestBody>),
}

/// An HTTP/1.1 connection and the task that drives it, which ends with it.
#[derive(Debug)]
pub(crate) struct Http1Sender {
    pub(crate) requests: http1::SendRequest<RequestBody>,
    pub(crate) gauge: ConnectionGauge,
    pub(crate) _driver: Driver,
}

/// One connection to an upstream as the metrics see it, from its opening to its end.
#[derive(Debug)]
pub(crate) struct ConnectionGauge {
    metrics: Arc<Metrics>,
    upstream: u16,
    state: ConnectionState,
}

/// The task of a connection; dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Driver(pub(crate) JoinHandle<()>);

/// A connection in use. Give it back when the exchange ended cleanly; otherwise dropping it closes
/// the connection.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) sender: Sender,
    pub(crate) endpoint: u64,
    pub(crate) keeping: Keeping,
    pub(crate) upload: Option<Arc<Upload>>,
    pub(crate) _in_flight: InFlight,
}

// === impl Lease ===

impl Lease {
    /// A connection that is never given back, such as one that became a tunnel.
    pub(crate) fn single_use(sender: Http1Sender, in_flight: InFlight) -> Self {
        Self {
            sender: Sender::Http1(sender),
            endpoint: in_flight.0.id,
            keeping: Keeping {
                max_idle: 0,
                keep_alive: Duration::ZERO,
            },
            upload: None,
            _in_flight: in_flight,
        }
    }

    /// Returns the connection to the pool of this worker.
    ///
    /// A connection whose request was not wholly sent is closed instead: a final response that
    /// came before the end of the request leaves bytes behind that must never be taken for the
    /// next one (TRAPS 8).
    pub(crate) fn give_back(self) {
        let sent = self
            .upload
            .as_ref()
            .is_none_or(|upload| upload.is_finished());
        let kept = sent && !self._in_flight.0.is_retired();
        match self.sender {
            Sender::Http1(mut sender) if kept && !sender.requests.is_closed() => {
                sender.gauge.becomes(ConnectionState::Idle);
                pool::put(self.endpoint, sender, self.keeping);
            }
            Sender::Http1(_) | Sender::Http2(_) => {}
        }
    }
}

// === impl ConnectionGauge ===

impl ConnectionGauge {
    /// A connection of the upstream at this position that has just been opened, and is in use.
    pub(crate) fn opened(metrics: &Arc<Metrics>, upstream: u16) -> Self {
        let state = ConnectionState::Active;
        metrics.upstream_connection(upstream, None, Some(state));
        Self {
            metrics: Arc::clone(metrics),
            upstream,
            state,
        }
    }

    /// It is taken into use, or put back.
    pub(crate) fn becomes(&mut self, state: ConnectionState) {
        self.metrics
            .upstream_connection(self.upstream, Some(self.state), Some(state));
        self.state = state;
    }
}

impl Drop for ConnectionGauge {
    fn drop(&mut self) {
        self.metrics
            .upstream_connection(self.upstream, Some(self.state), None);
    }
}

// === impl Driver ===

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}
