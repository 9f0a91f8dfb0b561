//! A request for an upstream, in whichever protocol it will be sent.

use std::sync::Arc;

use engine::failure::Failure;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header::HOST, uri};
use policy::Scheme;

use super::EndpointState;
use crate::body::{RequestBody, Upload};

/// A request that is ready to go upstream.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) method: Method,
    pub(crate) target: Target,
    /// The host the client named.
    pub(crate) host: HeaderValue,
    /// Prepared: hop-by-hop fields and `Host` gone, ours added.
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    pub(crate) upload: Option<Arc<Upload>>,
}

/// What a request asks for.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// `*`, the server as a whole (OPTIONS).
    Asterisk,
    /// Path and query.
    Path(uri::PathAndQuery),
}

/// What a request that came back unsent does not carry any more.
#[derive(Debug)]
pub(super) struct Context {
    target: Target,
    host: HeaderValue,
    upload: Option<Arc<Upload>>,
}

// === impl Order ===

impl Order {
    /// Whether it may be sent twice (RFC 9110, section 9.2.2).
    pub(super) fn is_harmless_twice(&self) -> bool {
        self.method.is_idempotent()
            && matches!(self.body, RequestBody::Empty | RequestBody::Kept(_))
    }

    pub(super) fn context(&self) -> Context {
        Context {
            target: self.target.clone(),
            host: self.host.clone(),
            upload: self.upload.clone(),
        }
    }
}

// === impl Context ===

impl Context {
    pub(super) fn recover(self, request: Request<RequestBody>) -> Box<Order> {
        let (parts, body) = request.into_parts();
        let mut headers = parts.headers;
        headers.remove(HOST);
        Box::new(Order {
            method: parts.method,
            target: self.target,
            host: self.host,
            headers,
            body,
            upload: self.upload,
        })
    }
}

// === impl Target ===

impl Target {
    pub(crate) fn into_uri(self) -> Result<Uri, Failure> {
        match self {
            Self::Asterisk => Ok(Uri::from_static("*")),
            Self::Path(path) => {
                let mut parts = uri::Parts::default();
                parts.path_and_query = Some(path);
                Uri::from_parts(parts).map_err(|_| Failure::Internal)
            }
        }
    }

    pub(super) fn into_absolute_uri(
        self,
        endpoint: &EndpointState,
        host: &HeaderValue,
    ) -> Result<Uri, Failure> {
        let mut parts = uri::Parts::default();
        parts.scheme = Some(match endpoint.policy.scheme {
            Scheme::Http => uri::Scheme::HTTP,
            Scheme::Https => uri::Scheme::HTTPS,
        });
        let named = uri::Authority::try_from(host.as_bytes()).ok();
        parts.authority = named.or_else(|| Some(endpoint.authority.clone()));
        parts.path_and_query = Some(match self {
            Self::Asterisk => uri::PathAndQuery::from_static("*"),
            Self::Path(path) => path,
        });
        Uri::from_parts(parts).map_err(|_| Failure::Internal)
    }
}
