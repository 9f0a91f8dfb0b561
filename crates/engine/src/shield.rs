//! What a route's requests may look like.
//!
//! # In which order
//! What costs least and says most comes first: from where, how, to what. The first thing that is wrong
//! is the reason; a client is not told of several, and neither is the log.
//!
//! # What is not looked at
//! A body in a content coding is opaque: neither its type's rules nor its depth can be judged before
//! it is decoded, and what has to be decoded is decided elsewhere. That it says so is not enough.

mod address;
mod claim;
mod content;
mod json_depth;
mod lengths;
mod paths;
pub mod patterns;

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, Method, Uri};
use policy::{PathReading, ShieldPolicy};

use self::{address::Addresses, content::ContentTypes, lengths::Lengths};
pub use self::{
    claim::{Claim, Guise, TELLING},
    content::{BodyKind, body_kind},
    json_depth::{JsonDepth, Nesting},
    paths::{Ambiguity, Elsewhere},
};
use crate::{admit::DeclaredBody, failure::ShieldRefusal, path::NormalPath};

/// What the shield of one route looks at in a request's head.
#[derive(Clone, Debug)]
pub struct Shield {
    addresses: Addresses,
    content_types: ContentTypes,
    lengths: Lengths,
    methods: Vec<Method>,
    allow: Option<HeaderValue>,
    paths: PathReading,
}

/// What is known of a request before its body is read.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The client, as far as trusted proxies tell it.
    pub client: IpAddr,
    /// The method.
    pub method: &'a Method,
    /// The target as the client spelled it.
    pub uri: &'a Uri,
    /// How its path reads.
    pub path: &'a NormalPath<'a>,
    /// Where its path leads when it is read otherwise.
    pub elsewhere: Elsewhere,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// What it says of its body; `None` when there is none.
    pub body: Option<DeclaredBody>,
}

/// A request that is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shielded {
    /// Why.
    pub why: ShieldRefusal,
    /// What of the request it was decided on.
    pub evidence: String,
}

// === impl Shield ===

impl Shield {
    /// The shield of a policy, whatever its mode.
    pub fn new(policy: &ShieldPolicy) -> Self {
        Self {
            addresses: Addresses::new(&policy.allow, &policy.deny),
            content_types: ContentTypes::new(&policy.content_types),
            lengths: Lengths::new(policy),
            allow: allow(&policy.methods),
            methods: policy.methods.clone(),
            paths: policy.paths,
        }
    }

    /// The `Allow` field for a method that is not taken (RFC 9110 10.2.1); none when all are.
    pub const fn allow(&self) -> Option<&HeaderValue> {
        self.allow.as_ref()
    }

    /// How it takes paths that can be read in several ways.
    pub const fn paths(&self) -> PathReading {
        self.paths
    }

    /// Looks at the head of a request.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn judge(&self, request: &Presented<'_>) -> Result<(), Shielded> {
        self.addresses.judge(request.client)?;
        self.judge_method(request.method)?;
        if self.paths == PathReading::Strict {
            paths::judge(request.path, request.uri.path(), request.elsewhere)?;
        }
        self.lengths.judge(request)?;
        match request.body {
            Some(_) => self.content_types.judge(request.headers),
            None => Ok(()),
        }
    }

    fn judge_method(&self, method: &Method) -> Result<(), Shielded> {
        match self.methods.is_empty() || self.methods.contains(method) {
            true => Ok(()),
            false => Err(Shielded::new(ShieldRefusal::Method, method.as_str())),
        }
    }
}

fn allow(methods: &[Method]) -> Option<HeaderValue> {
    if methods.is_empty() {
        return None;
    }
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).ok()
}

// === impl Shielded ===

impl Shielded {
    fn new(why: ShieldRefusal, evidence: impl Into<String>) -> Self {
        Self {
            why,
            evidence: evidence.into(),
        }
    }

    /// One whose path is ambiguous.
    pub fn ambiguous(how: Ambiguity) -> Self {
        Self::new(ShieldRefusal::PathAmbiguous, how.as_str())
    }
}

#[cfg(test)]
mod tests;
