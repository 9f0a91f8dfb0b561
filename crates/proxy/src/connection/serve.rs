//! Serving one connection from its first byte to its last.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use engine::security::{SecurityAction, SecurityKind};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pingora_core::protocols::Stream;
use telemetry::ClientConnectionEnd;

use super::{
    ConnectionState, Entrance, Peer,
    metered::Metered,
    sniff::{Spoken, sniff},
    state::{Cut, Ending},
    transport::Transport,
    watch,
};
use crate::{clock, pipeline, sidecar::Sidecar, snapshot::Snapshot};

/// Serves requests until the client, a limit or a drain ends the connection.
pub(crate) async fn serve(sidecar: Arc<Sidecar>, stream: Stream, peer: Peer, entrance: Entrance) {
    let snapshot = sidecar.snapshot.load_full();
    let clients = &snapshot.policies.clients;
    sidecar.connection_began();
    let end = match sidecar.admit_connection(clients.max_connections) {
        Some(_counted) => match entrance.pass(&sidecar, &snapshot, stream, peer).await {
            Ok(passed) => {
                let _counted = passed.counted;
                serve_counted(&sidecar, &snapshot, passed.transport, passed.peer).await
            }
            Err(end) => end,
        },
        None => {
            let evidence = "as many connections are open as there may be";
            let (kind, action) = (SecurityKind::ConnectionFlood, SecurityAction::Blocked);
            sidecar.tell(kind, action, Some(peer.ip), evidence);
            ClientConnectionEnd::Refused
        }
    };
    sidecar.connection_ended(end);
}

async fn serve_counted(
    sidecar: &Arc<Sidecar>,
    snapshot: &Snapshot,
    mut stream: Transport,
    peer: Peer,
) -> ClientConnectionEnd {
    let clients = &snapshot.policies.clients;
    let patience = clients.idle_timeout.min(clients.head_timeout);
    let spoken = match sniff(&mut stream, patience).await {
        Ok(spoken) => spoken,
        Err(error) => {
            tracing::debug!(%error, "client connection failed before its first request");
            return ClientConnectionEnd::Gone;
        }
    };
    let state = Arc::new(ConnectionState::new(peer, clock::monotonic()));
    watch::over(&state, sidecar);
    let service = service_fn({
        let state = Arc::clone(&state);
        let sidecar = Arc::clone(sidecar);
        move |request| pipeline::serve(&sidecar, &state, request)
    });
    let ended = match spoken {
        Spoken::Nothing => return ClientConnectionEnd::Closed,
        Spoken::Http1(sniffed) => {
            let io = TokioIo::new(Metered::new(stream, Arc::clone(&state), sniffed));
            let connection = snapshot.builders.http1.serve_connection(io, service);
            drive(connection.with_upgrades(), &state).await
        }
        Spoken::Http2(sniffed) => {
            state.multiplexed();
            let io = TokioIo::new(Metered::new(stream, Arc::clone(&state), sniffed));
            let connection = snapshot.builders.http2.serve_connection(io, service);
            drive(connection, &state).await
        }
    };
    state.ended();
    match ended {
        Ok(()) if state.ending() == Ending::Now => cut(sidecar, &state),
        Ok(()) => ClientConnectionEnd::Closed,
        Err(error) => {
            tracing::debug!(%error, "client connection ended with an error");
            match excess(&error) {
                Some(evidence) => {
                    let (kind, action) = (SecurityKind::Http2Abuse, SecurityAction::Blocked);
                    sidecar.tell(kind, action, Some(state.peer.ip), &evidence);
                    ClientConnectionEnd::Abusive
                }
                None => blame(&error),
            }
        }
    }
}

/// How a connection ended that we closed at once, told to whoever watches over clients.
fn cut(sidecar: &Sidecar, state: &ConnectionState) -> ClientConnectionEnd {
    let (end, client, evidence) = match state.why_cut() {
        // Told with the request that was reset last.
        Cut::Resets => return ClientConnectionEnd::Abusive,
        // What comes before the end of a head is the peer's.
        Cut::HeadTimedOut => (
            ClientConnectionEnd::HeadTimedOut,
            state.peer.ip,
            "the head of a request did not arrive in time",
        ),
        Cut::Lingered | Cut::WriteStalled => (
            ClientConnectionEnd::Stalled,
            state.answered(),
            "an answer was not taken in time",
        ),
        Cut::TooSlow => (
            ClientConnectionEnd::TooSlow,
            state.answered(),
            "an answer was taken too slowly",
        ),
    };
    let (kind, action) = (SecurityKind::SlowClient, SecurityAction::Blocked);
    sidecar.tell(kind, action, Some(client), evidence);
    end
}

/// What a client of HTTP/2 did too much of, where that is why its connection ended
/// (ENHANCE_YOUR_CALM, RFC 9113, section 7).
fn excess(error: &hyper::Error) -> Option<String> {
    let error = std::error::Error::source(error)?.downcast_ref::<h2::Error>()?;
    let ours = error.is_library() && error.reason() == Some(h2::Reason::ENHANCE_YOUR_CALM);
    ours.then(|| error.to_string())
}

/// Whether the client left, or did not speak HTTP.
fn blame(error: &hyper::Error) -> ClientConnectionEnd {
    let lost = error.is_incomplete_message() || error.is_closed() || is_io(error);
    if lost && !error.is_parse() {
        ClientConnectionEnd::Gone
    } else {
        ClientConnectionEnd::ProtocolError
    }
}

fn is_io(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>())
}

/// What both of hyper's server connections can do.
trait Drivable: Future<Output = hyper::Result<()>> {
    fn finish(self: Pin<&mut Self>);
}

impl<I, S> Drivable for hyper::server::conn::http1::UpgradeableConnection<I, S>
where
    Self: Future<Output = hyper::Result<()>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: hyper::service::HttpService<hyper::body::Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::ResBody: 'static,
    <S::ResBody as hyper::body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<I, S, E> Drivable for hyper::server::conn::http2::Connection<I, S, E>
where
    Self: Future<Output = hyper::Result<()>>,
    I: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: hyper::service::HttpService<hyper::body::Incoming>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::ResBody: 'static,
    <S::ResBody as hyper::body::Body>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    E: hyper::rt::bounds::Http2ServerConnExec<S::Future, S::ResBody>,
{
    fn finish(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

async fn drive(connection: impl Drivable, state: &ConnectionState) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    let mut finishing = false;
    let mut registered = false;
    std::future::poll_fn(move |cx: &mut Context<'_>| {
        if !registered {
            // One task drives a connection all its life, so its waker stays the same.
            state.driven_by(cx.waker());
            registered = true;
        }
        match state.ending() {
            Ending::Now => return Poll::Ready(Ok(())),
            Ending::Graceful if !finishing => {
                finishing = true;
                // A later, harder ending must wake this task again.
                state.driven_by(cx.waker());
                connection.as_mut().finish();
            }
            Ending::Graceful | Ending::Open => {}
        }
        connection.as_mut().poll(cx)
    })
    .await
}
