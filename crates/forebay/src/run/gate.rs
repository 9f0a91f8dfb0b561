//! Closing the listeners at a moment of our own choosing.
//!
//! pingora closes them when it has already begun to end, and then gives what is in flight a fixed
//! time, however little or much is left to do. So each service is started with a signal of ours
//! instead: the listeners close when the delay is over, the connections they have brought live on,
//! and pingora itself is told to end when those are done.

use std::sync::Arc;

use async_trait::async_trait;
use pingora_core::{
    server::{ListenFds, ShutdownWatch},
    services::Service,
};
use proxy::Sidecar;

/// A service that stops accepting on our signal.
pub(super) struct Gate<S> {
    service: S,
    closing: ShutdownWatch,
    sidecar: Arc<Sidecar>,
}

// === impl Gate ===

impl<S> Gate<S> {
    pub(super) fn new(service: S, closing: ShutdownWatch, sidecar: Arc<Sidecar>) -> Self {
        Self {
            service,
            closing,
            sidecar,
        }
    }
}

#[async_trait]
impl<S: Service> Service for Gate<S> {
    async fn start_service(
        &mut self,
        fds: Option<ListenFds>,
        _pingoras_own: ShutdownWatch,
        listeners_per_fd: usize,
    ) {
        let workers = self.service.threads().unwrap_or(1);
        proxy::awaken(&self.sidecar, workers).await;
        let closing = self.closing.clone();
        self.service
            .start_service(fds, closing, listeners_per_fd)
            .await;
    }

    fn name(&self) -> &str {
        self.service.name()
    }

    fn threads(&self) -> Option<usize> {
        self.service.threads()
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        self.service.listen_addresses()
    }
}
