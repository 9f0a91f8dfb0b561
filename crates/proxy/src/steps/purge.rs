//! Purging through the data port: a request with the method `PURGE`, where the operator allows it.
//!
//! Without `cache.purge` such a request is like any other with a method nobody knows: it goes to the
//! origin. With it, it never does.

use bytes::Bytes;
use engine::{
    bearer::{Token, Verdict},
    cache::purge::PurgeRequest,
    failure::Failure,
};
use http::{
    HeaderValue, Response,
    header::{AUTHORIZATION, CACHE_CONTROL, CACHE_STATUS, CONTENT_TYPE, WWW_AUTHENTICATE},
    request,
};
use ipnet::IpNet;
use policy::PurgeAccess;

use super::{admit::Admitted, answer::Refusal};
use crate::{body::ResponseBody, exchange::Exchange, recording::RecordedBody};

/// Who may purge through the data port.
#[derive(Debug)]
pub(crate) struct PurgeDoor {
    token: Token,
    from: Vec<IpNet>,
}

/// A token that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cache.purge.token_file {file}: {reason}")]
pub struct PurgeTokenError {
    file: String,
    reason: String,
}

const METHOD: &str = "PURGE";

/// Carries out a purge, if the request is one and may order it: with how many were recorded.
pub(crate) fn purge(
    exchange: &Exchange,
    head: &request::Parts,
    admitted: &Admitted<'_>,
) -> Option<Result<usize, Refusal>> {
    let door = exchange.snapshot().purge_door.as_ref()?;
    (head.method.as_str() == METHOD).then(|| {
        door.admit(exchange, head)?;
        let request = PurgeRequest {
            host: admitted.authority.host(),
            path: admitted.path.as_str(),
            query: head.uri.query(),
            headers: &head.headers,
        };
        let purges = request.purges().map_err(|error| {
            tracing::debug!(%error, "a purge makes no sense");
            Refusal::from(Failure::PurgeSenseless)
        })?;
        for purge in &purges {
            exchange.sidecar().purge(purge);
            let (kind, manner) = (purge.what.as_str(), purge.manner.as_str());
            tracing::info!(kind, manner, client = %exchange.client.ip, "purged");
        }
        Ok(purges.len())
    })
}

/// Says that it is done.
pub(crate) fn answer(exchange: Exchange, purged: usize) -> Response<RecordedBody> {
    let document = serde_json::json!({ "purged": purged });
    let mut response = Response::new(ResponseBody::Full(Bytes::from(document.to_string())));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        CACHE_STATUS,
        HeaderValue::from_static("Forebay; detail=purge"),
    );
    exchange.finish(response)
}

// === impl PurgeDoor ===

impl PurgeDoor {
    /// Reads the token; it is read once, when the policies come into force.
    pub(crate) fn load(policy: &PurgeAccess) -> Result<Self, PurgeTokenError> {
        let wrong = |reason: String| PurgeTokenError {
            file: policy.token_file.display().to_string(),
            reason,
        };
        let text = std::fs::read_to_string(&policy.token_file)
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            token: Token::new(&text).map_err(|error| wrong(error.to_string()))?,
            from: policy.from.clone(),
        })
    }

    fn admit(&self, exchange: &Exchange, head: &request::Parts) -> Result<(), Refusal> {
        let client = exchange.client.ip;
        if !self.from.is_empty() && !self.from.iter().any(|net| net.contains(&client)) {
            return Err(Failure::PurgeForbidden.into());
        }
        match self.token.judge(head.headers.get(AUTHORIZATION)) {
            Verdict::Match => Ok(()),
            Verdict::Missing | Verdict::Wrong => {
                let mut refusal = Refusal::from(Failure::PurgeUnauthorized);
                let challenge = HeaderValue::from_static("Bearer realm=\"purge\"");
                refusal.fields.push((WWW_AUTHENTICATE, challenge));
                Err(refusal)
            }
        }
    }
}
