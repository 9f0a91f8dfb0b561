//! Getting a connection to an endpoint: one that is there, one that somebody gives back, or a new one.

use engine::failure::Failure;
use policy::{Scheme, UpstreamProtocol};
use tokio::time::Instant;

use super::{
    connect::{Dialer, connect},
    pool::{self, Asked, Grant, Waiting},
    sender::{Http1Sender, Sender},
};

pub(super) use super::pool::Wanted;

/// Whether a connection has served before: only such a one may have been closed unnoticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reused {
    /// It is new.
    No,
    /// It has, or others use it at the same time.
    Yes,
}

/// One request counted as waiting for a connection.
struct CountedWait<'a>(&'a Dialer<'a>);

/// A connection to the endpoint of `dialer`, within its time for connecting.
pub(super) async fn acquire(
    dialer: &Dialer<'_>,
    wanted: Wanted,
) -> Result<(Sender, Reused), Failure> {
    let wanted = match dialer.is_reusable() {
        true => wanted,
        false => Wanted::New,
    };
    let until = Instant::now() + patience(dialer);
    loop {
        let waiting = match pool::ask(&dialer.endpoint.home, wanted) {
            Asked::Connection(sender) => match usable(sender, dialer, until).await? {
                Some(sender) => return Ok((sender, Reused::Yes)),
                None => continue,
            },
            Asked::Open(place) => {
                let limit = dialer.upstream.policy.timeouts.connect;
                let sender = connect(dialer, place, limit).await?;
                return Ok((sender, Reused::No));
            }
            Asked::Wait(waiting) => waiting,
        };
        // Boxed, because few requests ever wait.
        match Box::pin(wait(dialer, waiting, until)).await? {
            Some(connection) => return Ok(connection),
            None => continue,
        }
    }
}

/// Opens an HTTP/1.1 connection, whatever else the endpoint speaks: what an upgrade needs.
pub(crate) async fn connect_http1(mut dialer: Dialer<'_>) -> Result<Http1Sender, Failure> {
    dialer.protocol = UpstreamProtocol::Http1;
    match acquire(&dialer, Wanted::New).await?.0 {
        Sender::Http1(sender) => Ok(sender),
        Sender::Http2(_) => Err(Failure::Internal),
    }
}

/// How long a request may wait for a connection; who waits for one that is being opened may have to
/// wait for its TLS, too.
fn patience(dialer: &Dialer<'_>) -> std::time::Duration {
    let timeouts = &dialer.upstream.policy.timeouts;
    match dialer.endpoint.policy.scheme {
        Scheme::Http => timeouts.connect,
        Scheme::Https => timeouts.connect + timeouts.tls,
    }
}

/// Waits for a turn; `None` when what was given turned out to be closed.
async fn wait(
    dialer: &Dialer<'_>,
    mut waiting: Waiting,
    until: Instant,
) -> Result<Option<(Sender, Reused)>, Failure> {
    let counted = CountedWait::begin(dialer);
    let granted = in_time(dialer, until, waiting.granted()).await;
    drop((waiting, counted));
    match granted? {
        Some(Grant::Connection(sender)) => {
            let usable = usable(sender, dialer, until).await?;
            Ok(usable.map(|sender| (sender, Reused::Yes)))
        }
        Some(Grant::Open(place)) => {
            let connect_limit = dialer.upstream.policy.timeouts.connect;
            let limit = until.saturating_duration_since(Instant::now());
            let sender = connect(dialer, place, limit.min(connect_limit)).await?;
            Ok(Some((sender, Reused::No)))
        }
        None => Ok(None),
    }
}

/// The connection when its last bytes are through; `None` when it turned out to be closed.
async fn usable(
    mut sender: Sender,
    dialer: &Dialer<'_>,
    until: Instant,
) -> Result<Option<Sender>, Failure> {
    if let Sender::Http1(http1) = &mut sender
        && !http1.requests.is_ready()
        && in_time(dialer, until, http1.requests.ready())
            .await?
            .is_err()
    {
        return Ok(None);
    }
    Ok(Some(sender))
}

async fn in_time<T>(
    dialer: &Dialer<'_>,
    until: Instant,
    what: impl Future<Output = T>,
) -> Result<T, Failure> {
    let (until, late) = match dialer.deadline {
        Some(deadline) if deadline < until => (deadline, Failure::TotalTimedOut),
        // It is our cap that kept it waiting, and not the endpoint.
        _ if dialer.upstream.policy.connections.max_open.is_some() => {
            (until, Failure::QueueTimedOut)
        }
        _ => (until, Failure::ConnectTimedOut),
    };
    tokio::time::timeout_at(until, what)
        .await
        .map_err(|_elapsed| late)
}

// === impl CountedWait ===

impl<'a> CountedWait<'a> {
    fn begin(dialer: &'a Dialer<'a>) -> Self {
        dialer
            .line
            .metrics
            .upstream_wait_began(dialer.upstream.position);
        Self(dialer)
    }
}

impl Drop for CountedWait<'_> {
    fn drop(&mut self) {
        self.0
            .line
            .metrics
            .upstream_wait_ended(self.0.upstream.position);
    }
}
