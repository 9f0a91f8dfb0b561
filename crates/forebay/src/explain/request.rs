//! The request that is asked about, as a client would send it over HTTP/1.1.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, Uri, header, uri::PathAndQuery};
use policy::{Policies, Scheme};

use crate::{args::ExplainArgs, entrance};

/// A request without a body, unless its fields announce one.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    /// The URL as it was given.
    pub(super) url: String,
    pub(super) scheme: Scheme,
    /// The URL with scheme and host.
    absolute: Uri,
    /// What stands in the request line: path and query.
    pub(super) target: Uri,
    /// `Host` included.
    pub(super) headers: HeaderMap,
    pub(super) from: IpAddr,
}

/// A URL that no client could ask for.
#[derive(Debug, thiserror::Error)]
#[error("{url}: {reason}")]
pub(super) struct NoUrl {
    url: String,
    reason: String,
}

// === impl Request ===

impl Request {
    pub(super) fn new(args: &ExplainArgs) -> Result<Self, NoUrl> {
        let wrong = |reason: String| NoUrl {
            url: args.url.clone(),
            reason,
        };
        let whole = match args.url.starts_with('/') {
            true => format!("http://localhost{}", args.url),
            false => args.url.clone(),
        };
        let url: Uri = whole.parse().map_err(|error| wrong(format!("{error}")))?;
        let scheme = match url.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => {
                return Err(wrong(
                    "it does not begin with http:// or https://".to_owned(),
                ));
            }
        };
        let authority = url
            .authority()
            .ok_or_else(|| wrong("it has no host".to_owned()))?;
        let mut headers: HeaderMap = HeaderMap::new();
        for (name, value) in &args.headers {
            headers.append(name, value.clone());
        }
        if !headers.contains_key(header::HOST) {
            let host = HeaderValue::from_str(authority.as_str())
                .map_err(|error| wrong(error.to_string()))?;
            headers.insert(header::HOST, host);
        }
        let root = PathAndQuery::from_static("/");
        Ok(Self {
            method: args.method.clone(),
            url: args.url.clone(),
            scheme,
            target: Uri::from(url.path_and_query().cloned().unwrap_or(root)),
            absolute: url,
            headers,
            from: args.from,
        })
    }

    /// The listener it most likely comes through.
    pub(super) fn listener(&self, policies: &Policies) -> usize {
        entrance::of(policies, &self.absolute)
    }
}
