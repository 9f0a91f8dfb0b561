//! What the admin listener is told about the cache, in its own words.

use std::sync::Arc;

use admin::{Holding, LastAnswer, Lookup, NoHolding, Question, Variant};
use engine::outcome::CacheOutcome;
use http::{HeaderValue, Request, header};
use proxy::{HeldVariant, Inspection, LastSkipped, Sidecar, Uninspectable};

use crate::entrance;

/// Answers questions about what a sidecar holds.
pub(super) fn lookup(sidecar: Arc<Sidecar>) -> Lookup {
    Arc::new(move |question| {
        let Question { url, headers } = question;
        let listener = entrance::of(&sidecar.policies(), &url);
        let mut request = Request::new(());
        let target = url.path_and_query().map_or("/", |target| target.as_str());
        // What was a path and query within a URL is one alone.
        *request.uri_mut() = target.parse().unwrap_or_default();
        *request.headers_mut() = headers;
        if !request.headers().contains_key(header::HOST) {
            let host = HeaderValue::from_str(&entrance::host(&url))
                .map_err(|_| NoHolding::Malformed("bad-host"))?;
            request.headers_mut().insert(header::HOST, host);
        }
        match sidecar.inspect(request, listener) {
            Ok(inspection) => Ok(holding(inspection)),
            Err(Uninspectable::Malformed(why)) => Err(NoHolding::Malformed(why.as_str())),
            Err(Uninspectable::Unrouted) => Err(NoHolding::Unrouted),
        }
    })
}

fn holding(found: Inspection) -> Holding {
    Holding {
        route: found.route,
        cache: found.outcome.as_str(),
        reason: match found.outcome {
            CacheOutcome::Bypass(reason) => Some(reason.as_str()),
            _ => None,
        },
        variants: found.variants.iter().map(variant).collect(),
        last_answer: found.last.map(last_answer),
        advice: found.advice,
    }
}

fn variant(held: &HeldVariant) -> Variant {
    Variant {
        selected: held.selected,
        status: held.status.as_u16(),
        age_seconds: held.age.as_secs(),
        ttl_seconds: held.ttl.as_secs(),
        grace_seconds: held.grace.as_secs(),
        lifetime_source: held.lifetime_source.as_str(),
        size_bytes: held.size,
        encodings: held.encodings.clone(),
        tags: held.tags.clone(),
        varies_by: held.vary.iter().map(ToString::to_string).collect(),
    }
}

fn last_answer(last: LastSkipped) -> LastAnswer {
    LastAnswer {
        status: last.skipped.status.as_u16(),
        reason: last.skipped.reason.as_str(),
        seconds_ago: last.ago.as_secs(),
    }
}
