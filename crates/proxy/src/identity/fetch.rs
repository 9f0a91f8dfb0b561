//! Keys from somebody's server: one GET on a connection of its own.
//!
//! A server for keys is trusted with who everybody is, and with nothing else. A redirect is not
//! followed: it would let it, or whoever may answer for it, choose whom we ask. Head and body are
//! bounded; the time is whoever asks's.

use bytes::Bytes;
use engine::identity::KeysRefreshed;
use http::{
    HeaderValue, Request, StatusCode, Uri,
    header::{ACCEPT, HOST, USER_AGENT},
};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::{Response, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};
use tokio_rustls::rustls::pki_types::ServerName;

use super::source::{LONGEST, Setback};
use crate::upstream::{TlsClient, dial};

/// A head beyond this is no answer.
const HEAD_LIMIT: usize = 16 << 10;

const OURS: HeaderValue =
    HeaderValue::from_static(concat!("forebay-identity/", env!("CARGO_PKG_VERSION")));

/// What RFC 7517, section 8.5 calls a set of keys, and what most servers call it.
const KEYS: HeaderValue = HeaderValue::from_static("application/jwk-set+json, application/json");

/// A URL, taken apart.
#[derive(Debug)]
pub(super) struct Place {
    host: String,
    port: u16,
    /// Who the server has to be; nobody in particular without TLS.
    name: Option<ServerName<'static>>,
    authority: HeaderValue,
    target: Uri,
}

/// A URL that keys cannot be asked of.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It is no URL, or one without a host.
    #[error("it is not an absolute http or https URL")]
    NotAbsolute,
    /// It has a user's name in it, which would be logged and sent.
    #[error("it has a user's name in it")]
    Userinfo,
}

// === impl Place ===

impl Place {
    pub(super) fn of(url: &str) -> Result<Self, UrlError> {
        let uri: Uri = url.parse().map_err(|_| UrlError::NotAbsolute)?;
        let authority = uri.authority().ok_or(UrlError::NotAbsolute)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Userinfo);
        }
        let bare = authority.host();
        let bare = bare.strip_prefix('[').unwrap_or(bare);
        let host = bare.strip_suffix(']').unwrap_or(bare).to_owned();
        let name = || ServerName::try_from(host.clone()).map_err(|_| UrlError::NotAbsolute);
        let (default, name) = match uri.scheme_str() {
            Some("http") => (80, None),
            Some("https") => (443, Some(name()?)),
            _ => return Err(UrlError::NotAbsolute),
        };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self {
            port: authority.port_u16().unwrap_or(default),
            name,
            authority: HeaderValue::from_str(authority.as_str())
                .map_err(|_| UrlError::NotAbsolute)?,
            target: target.parse().map_err(|_| UrlError::NotAbsolute)?,
            host,
        })
    }
}

/// Asks for the keys.
pub(super) async fn fetch(place: &Place, tls: &TlsClient) -> Result<Vec<u8>, Setback> {
    let socket = dial(&place.host, place.port).await.map_err(unreachable)?;
    match &place.name {
        None => ask(place, socket).await,
        Some(name) => {
            let connector = tls.connector_for_http1().map_err(unreachable)?;
            let stream = connector.connect(name.clone(), socket).await;
            ask(place, stream.map_err(unreachable)?).await
        }
    }
}

async fn ask<T>(place: &Place, stream: T) -> Result<Vec<u8>, Setback>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    // It ends with whoever waits for it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = place.target.clone();
    let headers = request.headers_mut();
    headers.insert(HOST, place.authority.clone());
    headers.insert(ACCEPT, KEYS);
    headers.insert(USER_AGENT, OURS);
    let response = sender.send_request(request).await.map_err(unreachable)?;
    read(response).await
}

async fn read(response: Response<Incoming>) -> Result<Vec<u8>, Setback> {
    let status = response.status();
    if status != StatusCode::OK {
        let redirect = match status.is_redirection() {
            true => ", and redirects are not followed",
            false => "",
        };
        let reason = format!("the answer is {}{redirect}", status.as_u16());
        return Err(Setback::new(KeysRefreshed::Status, reason));
    }
    match Limited::new(response.into_body(), LONGEST).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(Setback::oversized()),
        Err(error) => Err(unreachable(error)),
    }
}

fn unreachable(error: impl std::fmt::Display) -> Setback {
    Setback::new(KeysRefreshed::Unreachable, error.to_string())
}
