//! How long the parts of a request may be.

use policy::ShieldPolicy;

use super::{Presented, Shielded};
use crate::{admit::DeclaredBody, failure::ShieldRefusal};

/// The longest of each, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    url: u64,
    query: u64,
    header: u64,
    body: Option<u64>,
}

// === impl Lengths ===

impl Lengths {
    pub(super) fn new(policy: &ShieldPolicy) -> Self {
        Self {
            url: policy.max_url.bytes(),
            query: policy.max_query.bytes(),
            header: policy.max_header.bytes(),
            body: policy.max_body.map(policy::ByteSize::bytes),
        }
    }

    pub(super) fn judge(&self, request: &Presented<'_>) -> Result<(), Shielded> {
        let path = request.uri.path().len() as u64;
        let query = request.uri.query().map(|query| query.len() as u64);
        let url = path + query.map_or(0, |query| query + 1);
        if url > self.url {
            return Err(too_long(ShieldRefusal::UrlTooLong, url));
        }
        if let Some(query) = query.filter(|query| *query > self.query) {
            return Err(too_long(ShieldRefusal::QueryTooLong, query));
        }
        for (name, value) in request.headers {
            if value.len() as u64 > self.header {
                let evidence = format!("{name}: {} bytes", value.len());
                return Err(Shielded::new(ShieldRefusal::HeaderTooLong, evidence));
            }
        }
        match (request.body, self.body) {
            (Some(DeclaredBody::Length(length)), Some(most)) if length > most => {
                Err(too_long(ShieldRefusal::BodyTooLong, length))
            }
            _ => Ok(()),
        }
    }
}

fn too_long(why: ShieldRefusal, bytes: u64) -> Shielded {
    Shielded::new(why, format!("{bytes} bytes"))
}
