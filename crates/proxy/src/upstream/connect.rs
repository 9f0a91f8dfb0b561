//! Opening a connection to an endpoint, within the time for it.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use engine::failure::Failure;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use policy::{EndpointAddress, Scheme, UpstreamProtocol};
use telemetry::{ConnectOutcome, Metrics};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::rustls::pki_types::ServerName;

use super::{
    EndpointState, TlsClient,
    lease::{ConnectionGauge, Driver, Http1Sender, Sender},
};

/// A response head beyond this is refused, and a body moves in pieces of at most this.
const BUFFER: usize = 64 * 1024;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A byte stream to an endpoint, plain or TLS.
trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// What was agreed with the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreed {
    Http1,
    Http2,
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("it is no address, and its name resolves to none")]
    NoAddress,
    #[error(transparent)]
    Handshake(#[from] hyper::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the endpoint does not speak HTTP/2")]
    NotHttp2,
    #[error(transparent)]
    Tls(#[from] tokio_rustls::rustls::Error),
    #[error("{0:?} is not a name that a certificate can have")]
    TlsName(String),
}

/// What a new connection is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialer<'a> {
    /// The position of the upstream in the policies.
    pub(crate) upstream: u16,
    pub(crate) endpoint: &'a EndpointState,
    pub(crate) protocol: UpstreamProtocol,
    pub(crate) tls: &'a TlsClient,
    pub(crate) metrics: &'a Arc<Metrics>,
}

/// Opens a connection within `limit`.
pub(super) async fn connect(dialer: Dialer<'_>, limit: Duration) -> Result<Sender, Failure> {
    let endpoint = dialer.endpoint;
    // Boxed: a TLS handshake is tens of kilobytes of state, which every request would carry along
    // although few of them open a connection.
    let opening = Box::pin(open(dialer));
    let (outcome, opened) = match tokio::time::timeout(limit, opening).await {
        Ok(Ok(sender)) => (ConnectOutcome::Connected, Ok(sender)),
        Ok(Err(error)) => {
            tracing::warn!(endpoint = %endpoint.authority, %error, "cannot connect to upstream");
            (ConnectOutcome::Failed, Err(Failure::ConnectFailed))
        }
        Err(_elapsed) => {
            tracing::warn!(endpoint = %endpoint.authority, ?limit, "upstream connect timed out");
            (ConnectOutcome::TimedOut, Err(Failure::ConnectTimedOut))
        }
    };
    dialer
        .metrics
        .upstream_connect(dialer.upstream, endpoint.slot, outcome);
    opened
}

/// Opens an HTTP/1.1 connection, whatever else the endpoint speaks: what an upgrade needs.
pub(crate) async fn connect_http1(
    dialer: Dialer<'_>,
    limit: Duration,
) -> Result<Http1Sender, Failure> {
    let dialer = Dialer {
        protocol: UpstreamProtocol::Http1,
        ..dialer
    };
    match connect(dialer, limit).await? {
        Sender::Http1(sender) => Ok(sender),
        Sender::Http2(_) => Err(Failure::Internal),
    }
}

async fn open(dialer: Dialer<'_>) -> Result<Sender, ConnectError> {
    let Dialer {
        endpoint,
        protocol,
        tls,
        ..
    } = dialer;
    let opened = || ConnectionGauge::opened(dialer.metrics, dialer.upstream);
    let tcp = dial(&endpoint.policy.address).await?;
    tcp.set_nodelay(true)?;
    match endpoint.policy.scheme {
        Scheme::Http => {
            let agreed = match protocol {
                UpstreamProtocol::Auto | UpstreamProtocol::Http1 => Agreed::Http1,
                UpstreamProtocol::Http2 => Agreed::Http2,
            };
            handshake(tcp, agreed, opened()).await
        }
        Scheme::Https => {
            let host = endpoint.policy.host().to_owned();
            let name = ServerName::try_from(host)
                .map_err(|_| ConnectError::TlsName(endpoint.policy.host().to_owned()))?;
            let stream = tls.connector(protocol)?.connect(name, tcp).await?;
            let agreed = match stream.get_ref().1.alpn_protocol() {
                Some(b"h2") => Agreed::Http2,
                _ if protocol == UpstreamProtocol::Http2 => return Err(ConnectError::NotHttp2),
                _ => Agreed::Http1,
            };
            handshake(stream, agreed, opened()).await
        }
    }
}

/// Tries each address of a host in turn.
async fn dial(address: &EndpointAddress) -> Result<TcpStream, ConnectError> {
    let EndpointAddress::Tcp { host, port } = address else {
        return Err(ConnectError::NoAddress);
    };
    let mut last = ConnectError::NoAddress;
    for address in tokio::net::lookup_host((host.as_str(), *port)).await? {
        match TcpStream::connect::<SocketAddr>(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

async fn handshake(
    io: impl Transport + 'static,
    agreed: Agreed,
    gauge: ConnectionGauge,
) -> Result<Sender, ConnectError> {
    let io = TokioIo::new(io);
    match agreed {
        Agreed::Http1 => {
            let (requests, connection) = http1::Builder::new()
                .max_buf_size(BUFFER)
                .handshake(io)
                .await?;
            let driver = tokio::spawn(async move {
                if let Err(error) = connection.with_upgrades().await {
                    tracing::debug!(%error, "upstream connection ended with an error");
                }
            });
            Ok(Sender::Http1(Http1Sender {
                requests,
                gauge,
                _driver: Driver(driver),
            }))
        }
        Agreed::Http2 => {
            let (requests, connection) = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(HTTP2_PING_INTERVAL)
                .keep_alive_timeout(HTTP2_PING_TIMEOUT)
                .max_header_list_size(BUFFER as u32)
                .handshake(io)
                .await?;
            tokio::spawn(async move {
                let _open = gauge;
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "upstream connection ended with an error");
                }
            });
            Ok(Sender::Http2(requests))
        }
    }
}
