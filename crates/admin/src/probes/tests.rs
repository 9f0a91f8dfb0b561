//! Probes tell the state of this process and of nothing else.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use http::Method;

use super::*;
use crate::fixture::{Answer, ask, policies};

struct Subject {
    router: Router,
    health: Arc<Health>,
    seconds: Arc<AtomicU64>,
}

fn subject() -> Subject {
    let health = Health::new();
    let metrics = Arc::new(Metrics::new(&policies(), &health).unwrap());
    let seconds = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&seconds);
    let router = telemetry_router(TelemetryState {
        health: Arc::clone(&health),
        metrics: Arc::new(move || Arc::clone(&metrics)),
        clock: Arc::new(move || at(clock.load(Ordering::Relaxed))),
        patience: Duration::from_secs(10),
    });
    Subject {
        router,
        health,
        seconds,
    }
}

fn at(seconds: u64) -> Now {
    Now {
        monotonic: Duration::from_secs(seconds),
        wall: SystemTime::UNIX_EPOCH,
    }
}

impl Subject {
    async fn get(&self, path: &str) -> Answer {
        ask(&self.router, Method::GET, path, &[]).await
    }

    async fn statuses(&self) -> [u16; 4] {
        let mut statuses = [0; 4];
        let paths = ["/healthz", "/livez", "/readyz", "/startupz"];
        for (status, path) in statuses.iter_mut().zip(paths) {
            *status = self.get(path).await.status.as_u16();
        }
        statuses
    }
}

#[tokio::test]
async fn probes_follow_the_life_of_the_process() {
    let subject = subject();
    assert_eq!(subject.statuses().await, [200, 200, 503, 503]);
    subject.health.ready();
    assert_eq!(subject.statuses().await, [200, 200, 200, 200]);
    subject.health.drain();
    assert_eq!(subject.statuses().await, [200, 200, 503, 200]);
    assert_eq!(subject.get("/readyz").await.body, "draining\n");
}

#[tokio::test]
async fn a_stuck_worker_is_not_alive() {
    let subject = subject();
    let heartbeat = subject.health.heartbeat(at(0));
    subject.seconds.store(11, Ordering::Relaxed);
    assert_eq!(subject.get("/livez").await.status, 503);
    heartbeat.beat(at(11));
    assert_eq!(subject.get("/livez").await.status, 200);
}

#[tokio::test]
async fn metrics_come_in_the_text_format() {
    let answer = subject().get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
    assert!(
        answer.body.contains("forebay_build_info{version="),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn anything_else_is_a_problem() {
    let subject = subject();
    subject
        .get("/config_dump")
        .await
        .is_problem(StatusCode::NOT_FOUND);
    let answer = ask(&subject.router, Method::POST, "/metrics", &[]).await;
    answer.is_problem(StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    let answer = ask(&subject.router, Method::HEAD, "/livez", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
}
