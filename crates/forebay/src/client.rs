//! Asking over HTTP/1.1: a running Forebay, its operator's door, or the Forebay in this very process.
//!
//! No more than the subcommands need: one connection, one request at a time, bodies counted or read up
//! to a limit. Everything has a time limit of its own, because a command that hangs tells nothing.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    client::conn::http1,
};
use hyper_util::rt::TokioIo;
use proxy::Sidecar;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};

/// For connecting.
const CONNECT: Duration = Duration::from_secs(5);

/// Where to ask.
#[derive(Clone, Debug)]
pub(crate) enum Door {
    /// Host and port.
    Address(String),
    /// This process, by the listener at this position.
    Inside(Arc<Sidecar>, usize),
    /// A Unix socket.
    Unix(PathBuf),
}

/// A connection to a door, made anew when it is no longer usable.
#[derive(Debug)]
pub(crate) struct Client {
    door: Door,
    patience: Duration,
    open: Option<http1::SendRequest<Full<Bytes>>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// As much of the body as was wanted.
    pub(crate) body: Vec<u8>,
}

// === impl Door ===

impl Door {
    /// Reads `http://host:port`, `host:port` or `unix:PATH`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.is_empty() {
                true => Err("there is no path after unix:".to_owned()),
                false => Ok(Self::Unix(path.into())),
            };
        }
        if text.starts_with("https://") {
            return Err(
                "TLS is not spoken here: name a listener without it, or a Unix socket".to_owned(),
            );
        }
        let whole = match text.starts_with("http://") {
            true => text.to_owned(),
            false => format!("http://{text}"),
        };
        let uri: Uri = whole.parse().map_err(|error| format!("{error}"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err("only a host and a port belong here, no path".to_owned());
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or("there is no host")?;
        Ok(Self::Address(format!(
            "{host}:{}",
            uri.port_u16().unwrap_or(80)
        )))
    }

    /// What stands for it in `Host`, where nothing else does.
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Address(address) => address,
            Self::Inside(..) | Self::Unix(_) => "localhost",
        }
    }

    /// The same for doors that lead to the same place.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Inside(_, listener) => format!("{self} {listener}"),
            Self::Address(_) | Self::Unix(_) => self.to_string(),
        }
    }
}

impl From<SocketAddr> for Door {
    fn from(address: SocketAddr) -> Self {
        Self::Address(address.to_string())
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "http://{address}"),
            Self::Inside(..) => f.write_str("this process"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

// === impl Client ===

impl Client {
    /// Not connected before the first question.
    pub(crate) const fn new(door: Door, patience: Duration) -> Self {
        Self {
            door,
            patience,
            open: None,
        }
    }

    /// Asks, and reads the whole body, of which the first `wanted` bytes are kept.
    pub(crate) async fn ask(
        &mut self,
        request: Request<Full<Bytes>>,
        wanted: usize,
    ) -> anyhow::Result<Answer> {
        let patience = self.patience;
        let asked = timeout(patience, self.exchange(request, wanted)).await;
        let answer = asked.unwrap_or_else(|_| Err(anyhow!("no answer within {patience:?}")));
        if answer.is_err() {
            self.open = None;
        }
        answer
    }

    async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        wanted: usize,
    ) -> anyhow::Result<Answer> {
        let usable = match &mut self.open {
            Some(open) => open.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            self.open = Some(connect(&self.door).await?);
        }
        let open = self.open.as_mut().context("connected just now")?;
        let (head, body) = open.send_request(request).await?.into_parts();
        let body = read(body, wanted).await?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

async fn connect(door: &Door) -> anyhow::Result<http1::SendRequest<Full<Bytes>>> {
    let what = || format!("no connection to {door}");
    match door {
        Door::Address(address) => {
            let connecting = timeout(CONNECT, TcpStream::connect(address));
            let Ok(stream) = connecting.await else {
                bail!("{}: it takes longer than {CONNECT:?}", what());
            };
            let stream = stream.with_context(what)?;
            stream.set_nodelay(true)?;
            handshake(stream).await
        }
        Door::Inside(sidecar, listener) => handshake(sidecar.connect(*listener)?).await,
        Door::Unix(path) => handshake(UnixStream::connect(path).await.with_context(what)?).await,
    }
}

async fn handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> anyhow::Result<http1::SendRequest<Full<Bytes>>> {
    let (open, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its errors come back from the requests on it.
    tokio::spawn(connection);
    Ok(open)
}

async fn read(mut body: Incoming, wanted: usize) -> anyhow::Result<Vec<u8>> {
    let mut kept = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = wanted.saturating_sub(kept.len()).min(data.len());
            kept.extend_from_slice(&data[..room]);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_an_address_or_a_socket() {
        for (text, shown) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("localhost", "http://localhost:80"),
            ("[::1]:9901", "http://[::1]:9901"),
            ("unix:/run/forebay.sock", "unix:/run/forebay.sock"),
        ] {
            assert_eq!(Door::parse(text).unwrap().to_string(), shown);
        }
        for wrong in [
            "https://x",
            "unix:",
            "http://",
            "http://a b",
            "http://x/path",
        ] {
            assert!(Door::parse(wrong).is_err(), "{wrong}");
        }
    }
}
