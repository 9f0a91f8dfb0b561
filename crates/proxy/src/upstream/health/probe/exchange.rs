//! One request on a connection of its own.
//!
//! Not through the pools' connections and what belongs to them: nothing of a check may be counted
//! against requests, wait for their room, or be left over for them.

use bytes::Bytes;
use engine::health::check::CheckOutcome;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{HOST, USER_AGENT},
    uri,
};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinHandle;

use crate::upstream::{
    EndpointState, Target,
    connect::{Agreed, Reached},
};

/// What a check is told to be, so that an origin can tell it from its clients.
const OURS: HeaderValue =
    HeaderValue::from_static(concat!("forebay-health/", env!("CARGO_PKG_VERSION")));

/// A head beyond this is no answer to a health check.
const HEAD_LIMIT: usize = 16 * 1024;

/// A connection that one request can be sent on; dropping it closes it.
pub(super) struct Exchange {
    sender: Sender,
    driver: JoinHandle<()>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

// === impl Exchange ===

impl Exchange {
    /// Speaks what was agreed on.
    pub(super) async fn begin(reached: Reached) -> Result<Self, CheckOutcome> {
        let io = TokioIo::new(reached.stream);
        let (sender, driver) = match reached.agreed {
            Agreed::Http1 => {
                let handshake = http1::Builder::new()
                    .max_buf_size(HEAD_LIMIT)
                    .handshake(io)
                    .await;
                let (sender, connection) = handshake.map_err(garbage)?;
                (Sender::Http1(sender), tokio::spawn(drive(connection)))
            }
            Agreed::Http2 => {
                let handshake = http2::Builder::new(TokioExecutor::new())
                    .max_header_list_size(HEAD_LIMIT as u32)
                    .handshake(io)
                    .await;
                let (sender, connection) = handshake.map_err(garbage)?;
                (Sender::Http2(sender), tokio::spawn(drive(connection)))
            }
        };
        Ok(Self { sender, driver })
    }

    /// Asks for `path` of `host`, the endpoint's own when there is none.
    pub(super) async fn ask(
        &mut self,
        mut request: Request<Full<Bytes>>,
        endpoint: &EndpointState,
        path: &str,
        host: Option<&str>,
    ) -> Result<Response<Incoming>, CheckOutcome> {
        let host = match host {
            Some(host) => HeaderValue::from_str(host).map_err(|_| CheckOutcome::Garbage)?,
            None => endpoint.host.clone(),
        };
        let target = self.target(endpoint, path, &host);
        *request.uri_mut() = target.ok_or(CheckOutcome::Garbage)?;
        request.headers_mut().insert(USER_AGENT, OURS);
        let answered = match &mut self.sender {
            Sender::Http1(sender) => {
                request.headers_mut().insert(HOST, host);
                sender.send_request(request).await
            }
            Sender::Http2(sender) => sender.send_request(request).await,
        };
        answered.map_err(garbage)
    }

    /// With scheme and host in HTTP/2, the path alone in HTTP/1.1.
    fn target(&self, endpoint: &EndpointState, path: &str, host: &HeaderValue) -> Option<Uri> {
        let target = Target::Path(uri::PathAndQuery::try_from(path).ok()?);
        match self.sender {
            Sender::Http1(_) => target.into_uri().ok(),
            Sender::Http2(_) => target.into_absolute_uri(endpoint, host).ok(),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn drive(connection: impl Future<Output = hyper::Result<()>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "the connection of a health check ended with an error");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn garbage(error: hyper::Error) -> CheckOutcome {
    tracing::debug!(%error, "no answer to a health check");
    CheckOutcome::Garbage
}
