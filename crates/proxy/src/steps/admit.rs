//! Step 1: is the request well-formed, not a loop, for one host and one path?

use engine::{
    admit::{self, DeclaredBody, RequestHead, UpgradeIntent},
    failure::Failure,
    forwarding,
    host::{self, Authority},
    path::{self, NormalPath},
};
use http::request;
use hyper::body::{Body, Incoming};

use crate::{errand::RequestFacts, exchange::Exchange};

/// An acceptable request, in its one spelling.
#[derive(Debug)]
pub(crate) struct Admitted<'a> {
    pub(crate) authority: Authority<'a>,
    pub(crate) path: NormalPath<'a>,
    pub(crate) declared: DeclaredBody,
    pub(crate) upgrade: UpgradeIntent,
    /// Whether there is, or may be, content.
    pub(crate) has_body: bool,
}

/// Looks at the head of a request before anything is done with it.
pub(crate) fn admit<'a>(
    exchange: &Exchange,
    head: &'a request::Parts,
    body: &Incoming,
) -> Result<Admitted<'a>, Failure> {
    look(exchange, head, !body.is_end_stream())
}

/// Looks again at a request whose body has been read meanwhile.
pub(crate) fn again<'a>(
    exchange: &Exchange,
    head: &'a request::Parts,
) -> Result<Admitted<'a>, Failure> {
    look(exchange, head, true)
}

fn look<'a>(
    exchange: &Exchange,
    head: &'a request::Parts,
    has_body: bool,
) -> Result<Admitted<'a>, Failure> {
    let admitted = admit::admit(&RequestHead {
        method: &head.method,
        uri: &head.uri,
        version: head.version,
        headers: &head.headers,
    })
    .map_err(Failure::Malformed)?;
    forwarding::check_loop(&head.headers, &exchange.sidecar().instance)?;
    let scheme = exchange.recording.connection.peer.scheme;
    let authority = host::authority(&head.uri, &head.headers, head.version, scheme)
        .map_err(Failure::Malformed)?;
    let clients = &exchange.snapshot().policies.clients;
    // Of HTTP/1 hyper has counted them before.
    if head.headers.len() > clients.max_headers {
        return Err(Failure::TooManyFields);
    }
    let limit = clients.max_body.bytes();
    if matches!(admitted.body, DeclaredBody::Length(length) if length > limit) {
        return Err(Failure::BodyTooLarge);
    }
    Ok(Admitted {
        authority,
        path: path::normalize(head.uri.path()),
        declared: admitted.body,
        upgrade: admitted.upgrade,
        has_body,
    })
}

// === impl Admitted ===

impl Admitted<'_> {
    /// What the later steps keep of it.
    pub(crate) fn facts(&self) -> RequestFacts {
        RequestFacts {
            authority: self.authority.as_str().to_owned(),
            rewritten: match &self.path {
                NormalPath::Rewritten(path) => Some(path.clone()),
                NormalPath::Ambiguous(_) | NormalPath::Clean(_) => None,
            },
            declared: self.declared,
            upgrade: self.upgrade,
        }
    }
}
