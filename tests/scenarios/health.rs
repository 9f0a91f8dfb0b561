//! Which endpoints are asked: those that pass their checks, and those that answer well.

mod checks;
mod grpc;
mod outliers;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use harness::{Origin, Reply, Sidecar, eventually};
use serde_json::Value;

/// A server with a health page, whose statuses a test can change.
struct Server {
    origin: Origin,
    page: Arc<AtomicU16>,
    rest: Arc<AtomicU16>,
}

// === impl Server ===

impl Server {
    /// One that is well.
    fn new() -> Self {
        let page = Arc::new(AtomicU16::new(200));
        let rest = Arc::new(AtomicU16::new(200));
        let origin = Origin::http({
            let (page, rest) = (Arc::clone(&page), Arc::clone(&rest));
            move |request| {
                let status = match request.target.as_str() {
                    "/healthz" => &page,
                    _ => &rest,
                };
                Reply::status(status.load(Ordering::SeqCst))
            }
        });
        Self { origin, page, rest }
    }

    /// From now on its health page has this status.
    fn page_says(&self, status: u16) {
        self.page.store(status, Ordering::SeqCst);
    }

    /// From now on everything else has this status.
    fn says(&self, status: u16) {
        self.rest.store(status, Ordering::SeqCst);
    }

    /// How many requests of clients it has had.
    fn asked(&self) -> usize {
        let requests = self.origin.requests();
        let of_clients = requests
            .iter()
            .filter(|request| request.target != "/healthz");
        of_clients.count()
    }

    fn name(&self) -> String {
        self.origin.address().to_string()
    }
}

/// Waits until an endpoint is healthy (1) or is not (0).
#[track_caller]
fn wait_for_health(sidecar: &Sidecar, endpoint: &str, healthy: f64) {
    let name = "forebay_upstream_endpoint_healthy";
    eventually(&format!("{endpoint} is {healthy}"), || {
        let metrics = sidecar.metrics();
        let mut samples = metrics.samples.iter();
        let sample = samples.find(|sample| {
            sample.name == name
                && sample.label("endpoint") == Some(endpoint)
                && sample.label("upstream") == Some("origin")
        });
        (sample?.value == healthy).then_some(())
    });
}

/// Waits until a check of an endpoint has ended like this.
#[track_caller]
fn wait_for_check(sidecar: &Sidecar, endpoint: SocketAddr, outcome: &str) {
    let endpoint = endpoint.to_string();
    eventually(&format!("a check of {endpoint}: {outcome}"), || {
        let labels = [("endpoint", endpoint.as_str()), ("outcome", outcome)];
        let checks = sidecar.metric("forebay_upstream_health_checks_total", &labels);
        (checks > 0.0).then_some(())
    });
}

/// What the admin listener tells about the health of an endpoint.
#[track_caller]
fn told(sidecar: &Sidecar, endpoint: usize) -> Value {
    let told = sidecar.admin("/upstreams");
    assert_eq!(told.status, 200);
    let told: Value = serde_json::from_str(&told.text()).unwrap();
    told[0]["endpoints"][endpoint]["health"].clone()
}
