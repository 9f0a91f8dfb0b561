//! How the process ends: not ready, then quiet, then gone.
//!
//! After the first signal it says that it is not ready, and goes on accepting for `shutdown.delay`, so
//! that load balancers notice before anybody is turned away. Then requests in flight may finish
//! within `shutdown.deadline`. A second signal ends it at once, with the exit code that a shell gives
//! to a process killed by that signal.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch};
use policy::Shutdown;
use telemetry::Health;
use tokio::{
    signal::unix::{self, SignalKind},
    sync::watch,
    time::{sleep, timeout},
};

/// Between two looks at the requests in flight.
const LOOK: Duration = Duration::from_millis(20);

/// How often in a row nothing may be in flight before it counts as the end: the last bytes of a
/// response leave after the request is counted as done.
const QUIET_LOOKS: u32 = 3;

/// The signals that end the process.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signal {
    Interrupt,
    Terminate,
}

/// Who is told what.
#[derive(Debug)]
pub(super) struct Announce {
    /// The listeners: true is the word to close.
    pub(super) closing: watch::Sender<bool>,
    /// Everybody who has to go at the very end.
    pub(super) life: watch::Sender<Life>,
}

/// What pingora waits for.
#[derive(Debug)]
pub(super) struct End(pub(super) watch::Receiver<Life>);

/// Whether it is time to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Everything in flight is finished, or has had its time.
    Over,
    /// Not yet.
    Serving,
}

/// Whether the requests in flight came to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    Finished,
    Unfinished(usize),
}

/// Waits for a signal, drains, and announces the end; never returns.
pub(super) async fn shutdown(
    mut signals: Signals,
    health: Arc<Health>,
    policy: Shutdown,
    announce: Announce,
) {
    let signal = signals.next().await;
    tracing::info!(
        signal = signal.as_str(),
        delay_seconds = policy.delay.as_secs_f64(),
        deadline_seconds = policy.deadline.as_secs_f64(),
        in_flight = health.in_flight(),
        "draining"
    );
    health.drain();
    tokio::select! {
        drained = drain(&health, policy, &announce.closing) => {
            match drained {
                Drained::Finished => tracing::info!("drained"),
                Drained::Unfinished(requests) => {
                    tracing::warn!(requests, "the deadline has passed; requests are cut short");
                }
            }
            announce.life.send_replace(Life::Over);
        }
        second = signals.next() => second.end_at_once(),
    }
    signals.next().await.end_at_once();
}

async fn drain(health: &Health, policy: Shutdown, closing: &watch::Sender<bool>) -> Drained {
    sleep(policy.delay).await;
    closing.send_replace(true);
    match timeout(policy.deadline, quiet(health)).await {
        Ok(()) => Drained::Finished,
        Err(_) => match health.in_flight() {
            0 => Drained::Finished,
            requests => Drained::Unfinished(requests),
        },
    }
}

async fn quiet(health: &Health) {
    let mut looks = 0;
    while looks < QUIET_LOOKS {
        looks = match health.in_flight() {
            0 => looks + 1,
            _ => 0,
        };
        sleep(LOOK).await;
    }
}

// === impl Signals ===

impl Signals {
    /// From here on the signals do not end the process by themselves; called within a runtime.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

// === impl Signal ===

impl Signal {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    fn end_at_once(self) -> ! {
        tracing::warn!(signal = self.as_str(), "ending at once");
        std::process::exit(match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        })
    }
}

// === impl End ===

#[async_trait]
impl ShutdownSignalWatch for End {
    async fn recv(&self) -> ShutdownSignal {
        let mut life = self.0.clone();
        // The sender is gone only when the operator's side is, and then it is over, too.
        let _over = life.wait_for(|life| *life == Life::Over).await;
        ShutdownSignal::GracefulTerminate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Shutdown = Shutdown {
        delay: Duration::from_secs(5),
        deadline: Duration::from_secs(20),
    };

    #[tokio::test(start_paused = true)]
    async fn it_accepts_for_the_delay_and_ends_when_quiet() {
        let health = Health::new();
        let (announce, closing) = watch::channel(false);
        let begun = tokio::time::Instant::now();
        let draining = async {
            assert_eq!(drain(&health, POLICY, &announce).await, Drained::Finished);
        };
        let looking = async {
            sleep(POLICY.delay - LOOK).await;
            assert!(!*closing.borrow());
            sleep(2 * LOOK).await;
            assert!(*closing.borrow());
        };
        tokio::join!(draining, looking);
        assert!(begun.elapsed() < POLICY.delay + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_waited_for_until_it_is_done_or_the_deadline_has_passed() {
        let health = Health::new();
        let (announce, _closing) = watch::channel(false);
        let request = health.enter();
        let waiting = async {
            assert_eq!(drain(&health, POLICY, &announce).await, Drained::Finished);
            tokio::time::Instant::now()
        };
        let finishing = async {
            sleep(Duration::from_secs(15)).await;
            drop(request);
            tokio::time::Instant::now()
        };
        let (ended, finished) = tokio::join!(waiting, finishing);
        assert!(ended > finished);

        let _endless = health.enter();
        let drained = drain(&health, POLICY, &announce).await;
        assert_eq!(drained, Drained::Unfinished(1));
    }
}
