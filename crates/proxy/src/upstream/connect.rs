//! Opening a connection to an endpoint, each stage within the time for it.

use std::{io, sync::Arc, time::Duration};

use engine::{failure::Failure, proxy_protocol};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::{ProxyProtocol, Scheme, UpstreamProtocol};
use telemetry::{CloseReason, ConnectOutcome};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    time::Instant,
};
use tokio_rustls::client::TlsStream;

use super::{
    EndpointState, Line, UpstreamState,
    pool::{self, Opening},
    sender::{Driver, Http1Sender, Multiplexed, Sender, Streams},
    socket::{self, Socket},
    tally::Tally,
};
use crate::clock;

/// A response head beyond this is refused, and a body moves in pieces of at most this.
const BUFFER: usize = 64 * 1024;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection lives between nine tenths of `max_age` and all of it, so that those which were opened
/// together do not end together.
const AGE_SPREAD: f64 = 0.1;

/// A byte stream to an endpoint, plain or TLS.
pub(super) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// What was agreed with the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreed {
    Http1,
    Http2,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error(transparent)]
    Handshake(#[from] hyper::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the endpoint does not speak HTTP/2")]
    NotHttp2,
    #[error("no connection in time")]
    TimedOut,
    #[error(transparent)]
    Tls(#[from] tokio_rustls::rustls::Error),
    #[error("TLS: {0}")]
    TlsHandshake(io::Error),
    #[error("{0:?} is not a name that a certificate can have")]
    TlsName(String),
    #[error("TLS was not agreed on in time")]
    TlsTimedOut,
    #[error("the time for the whole exchange is over")]
    TooLate,
}

/// What a new connection is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialer<'a> {
    pub(crate) upstream: &'a UpstreamState,
    pub(crate) endpoint: &'a EndpointState,
    pub(crate) protocol: UpstreamProtocol,
    pub(crate) line: Line<'a>,
    /// When the whole exchange must be over.
    pub(crate) deadline: Option<Instant>,
}

/// Opens a connection within `limit`, and TLS on it within its own; it takes the place that is kept for
/// it, and is shared where it can be.
pub(super) async fn connect(
    dialer: &Dialer<'_>,
    place: Opening,
    limit: Duration,
) -> Result<Sender, Failure> {
    let endpoint = dialer.endpoint;
    // Boxed: a TLS handshake is tens of kilobytes of state, which every request would carry along
    // although few of them open a connection.
    let opened = Box::pin(open(dialer, place, limit)).await;
    let (outcome, opened) = match opened {
        Ok(sender) => (ConnectOutcome::Connected, Ok(sender)),
        Err(error) => {
            tracing::warn!(endpoint = %endpoint.policy.address, %error, "cannot connect to upstream");
            (error.outcome(), Err(error.failure()))
        }
    };
    let metrics = dialer.line.metrics;
    metrics.upstream_connect(dialer.upstream.position, endpoint.slot, outcome);
    opened
}

/// A connection on which nothing of HTTP has been said yet.
pub(super) struct Reached {
    pub(super) stream: Box<dyn Transport>,
    pub(super) agreed: Agreed,
}

/// Opens a connection for a health check: it is not counted, because the check is, and belongs to no
/// pool. Whoever asks sets the time.
pub(super) async fn reach(dialer: &Dialer<'_>) -> Result<Reached, Failure> {
    let reaching = async {
        let socket = dialer.socket().await?;
        Ok(match dialer.endpoint.policy.scheme {
            Scheme::Http => Reached {
                stream: Box::new(socket),
                agreed: dialer.in_plain_text(),
            },
            Scheme::Https => {
                let (stream, agreed) = secure(dialer, socket).await?;
                Reached {
                    stream: Box::new(stream),
                    agreed,
                }
            }
        })
    };
    reaching.await.map_err(|error: ConnectError| {
        let endpoint = &dialer.endpoint.policy.address;
        tracing::debug!(%endpoint, %error, "cannot connect for a health check");
        error.failure()
    })
}

async fn open(
    dialer: &Dialer<'_>,
    place: Opening,
    limit: Duration,
) -> Result<Sender, ConnectError> {
    let socket = dialer
        .within(limit, ConnectError::TimedOut, dialer.socket())
        .await?;
    match dialer.endpoint.policy.scheme {
        Scheme::Http => {
            let agreed = dialer.in_plain_text();
            handshake(dialer, place, socket, agreed).await
        }
        Scheme::Https => {
            let limit = dialer.upstream.policy.timeouts.tls;
            let securing = secure(dialer, socket);
            let (stream, agreed) = dialer
                .within(limit, ConnectError::TlsTimedOut, securing)
                .await?;
            handshake(dialer, place, stream, agreed).await
        }
    }
}

async fn secure(
    dialer: &Dialer<'_>,
    socket: Socket,
) -> Result<(TlsStream<Socket>, Agreed), ConnectError> {
    let tls = &dialer.upstream.tls;
    let host = dialer.endpoint.policy.host();
    let name = tls
        .name(host)
        .ok_or_else(|| ConnectError::TlsName(host.to_owned()))?;
    let connector = tls.connector(dialer.line.tls, dialer.protocol)?;
    let stream = connector
        .connect(name, socket)
        .await
        .map_err(ConnectError::TlsHandshake)?;
    let agreed = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Agreed::Http2,
        _ if dialer.protocol == UpstreamProtocol::Http2 => return Err(ConnectError::NotHttp2),
        _ => Agreed::Http1,
    };
    Ok((stream, agreed))
}

async fn handshake(
    dialer: &Dialer<'_>,
    place: Opening,
    io: impl Transport + 'static,
    agreed: Agreed,
) -> Result<Sender, ConnectError> {
    let io = TokioIo::new(io);
    match agreed {
        Agreed::Http1 => {
            let (requests, connection) = http1::Builder::new()
                .max_buf_size(BUFFER)
                .handshake(io)
                .await?;
            let tally = dialer.stands(place, agreed);
            let driver = tokio::spawn({
                let tally = Arc::clone(&tally);
                async move {
                    // Dropped after the socket: only then is its place free.
                    let tally = tally;
                    let ended = connection.with_upgrades().await;
                    tally.ended(ended.map_err(|error| told(&error)));
                }
            });
            Ok(Sender::Http1(Http1Sender {
                requests,
                tally,
                retires: dialer.retires(),
                _driver: Driver(driver),
            }))
        }
        Agreed::Http2 => {
            let (requests, mut connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(HTTP2_PING_INTERVAL)
                .keep_alive_timeout(HTTP2_PING_TIMEOUT)
                .max_header_list_size(BUFFER as u32)
                .handshake(io)
                .await?;
            let tally = dialer.stands(place, agreed);
            let streams = Streams::new(Arc::clone(&tally));
            tokio::spawn({
                let streams = Arc::clone(&streams);
                async move {
                    let tally = tally;
                    let ended = std::future::poll_fn(|cx| {
                        let polled = std::pin::Pin::new(&mut connection).poll(cx);
                        streams.allow(connection.current_max_send_streams());
                        polled
                    });
                    tally.ends(match ended.await {
                        Ok(()) => CloseReason::Peer,
                        Err(error) => told(&error),
                    });
                }
            });
            let connection = Multiplexed {
                requests,
                streams,
                retires: dialer.retires(),
            };
            Ok(dialer.share(connection))
        }
    }
}

/// What a connection that failed is counted as.
fn told(error: &hyper::Error) -> CloseReason {
    tracing::debug!(%error, "upstream connection ended with an error");
    match error.is_incomplete_message() {
        true => CloseReason::Peer,
        false => CloseReason::Error,
    }
}

// === impl Dialer ===

impl Dialer<'_> {
    /// Waits for `what`, at most for `limit` and never beyond the deadline.
    async fn within<T>(
        &self,
        limit: Duration,
        late: ConnectError,
        what: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        let limit = Instant::now() + limit;
        let (until, late) = match self.deadline {
            Some(deadline) if deadline < limit => (deadline, ConnectError::TooLate),
            _ => (limit, late),
        };
        match tokio::time::timeout_at(until, what).await {
            Ok(done) => done,
            Err(_elapsed) => Err(late),
        }
    }

    /// A socket on which the client has been named, where that is asked for.
    async fn socket(&self) -> Result<Socket, ConnectError> {
        let mut socket = socket::connect(&self.endpoint.policy.address).await?;
        if let Some(header) = self.header() {
            socket.write_all(&header).await?;
        }
        Ok(socket)
    }

    /// What is spoken where nothing can be agreed on.
    const fn in_plain_text(&self) -> Agreed {
        match self.protocol {
            UpstreamProtocol::Auto | UpstreamProtocol::Http1 => Agreed::Http1,
            UpstreamProtocol::Http2 => Agreed::Http2,
        }
    }

    /// What is said of the client before anything else.
    fn header(&self) -> Option<Vec<u8>> {
        let version = self.upstream.policy.connections.proxy_protocol?;
        Some(match version {
            ProxyProtocol::V1 => proxy_protocol::write_v1(self.line.client),
            ProxyProtocol::V2 => proxy_protocol::write_v2(self.line.client),
        })
    }

    fn stands(&self, place: Opening, agreed: Agreed) -> Arc<Tally> {
        place.stands(agreed, self.line.metrics, self.upstream.position)
    }

    /// When a connection that is opened now is too old.
    fn retires(&self) -> Option<Duration> {
        let max_age = self.upstream.policy.connections.max_age?;
        let age = max_age.mul_f64(1.0 - AGE_SPREAD * fastrand::f64());
        Some(clock::monotonic() + age)
    }

    /// Takes the first stream of a new connection, and lets others have the rest.
    fn share(&self, connection: Multiplexed) -> Sender {
        let sender = pool::first_of(&self.endpoint.home, &connection);
        if self.is_reusable() {
            pool::share(&self.endpoint.home, connection);
        }
        Sender::Http2(sender)
    }

    /// Whether the connection may serve others as well; one that names its client may not.
    pub(super) fn is_reusable(&self) -> bool {
        self.upstream.policy.connections.proxy_protocol.is_none()
    }
}

// === impl ConnectError ===

impl ConnectError {
    const fn failure(&self) -> Failure {
        match self {
            Self::Handshake(_) | Self::Io(_) => Failure::ConnectFailed,
            Self::NotHttp2 | Self::Tls(_) | Self::TlsHandshake(_) | Self::TlsName(_) => {
                Failure::TlsFailed
            }
            Self::TimedOut => Failure::ConnectTimedOut,
            Self::TlsTimedOut => Failure::TlsTimedOut,
            Self::TooLate => Failure::TotalTimedOut,
        }
    }

    const fn outcome(&self) -> ConnectOutcome {
        match self.failure() {
            Failure::TlsFailed => ConnectOutcome::TlsFailed,
            Failure::TlsTimedOut => ConnectOutcome::TlsTimedOut,
            Failure::ConnectTimedOut | Failure::TotalTimedOut => ConnectOutcome::TimedOut,
            _ => ConnectOutcome::Failed,
        }
    }
}
