//! What the upstream answers now.
//!
//! Asked through a sidecar of this process, so that the upstream sees what it will see when Forebay
//! serves: the same fields, the same protocol, the same certificates. Limits, compression and sharing are
//! left out, because the answer is to be judged as the upstream gave it.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use engine::cache::response::Framing;
use http::Method;
use http_body_util::Full;
use policy::{Mode, Policies};
use proxy::Sidecar;
use telemetry::{Health, Metrics};

use super::{
    request::Request,
    verdict::{Given, Source},
};
use crate::client::{Answer, Client, Door};

/// For the whole answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks once.
pub(super) fn ask(
    policies: &Policies,
    request: &Request,
    listener: usize,
    upstream: &str,
) -> anyhow::Result<Given> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        bail!("only GET and HEAD are sent with --ask; anything else might change something");
    }
    let health = Health::new();
    let policies = bare(policies.clone());
    let metrics = Metrics::new(&policies, &health)?;
    let sidecar = Sidecar::new(policies, "forebay-explain", metrics, None, health)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answer = runtime.block_on(async {
        let mut client = Client::new(Door::Inside(Arc::new(sidecar), listener), PATIENCE);
        let mut asked = http::Request::new(Full::default());
        asked.method_mut().clone_from(&request.method);
        asked.uri_mut().clone_from(&request.target);
        asked.headers_mut().clone_from(&request.headers);
        client.ask(asked, 0).await
    });
    let answer = answer.with_context(|| format!("upstream {upstream}"))?;
    given(answer, upstream)
}

fn given(answer: Answer, upstream: &str) -> anyhow::Result<Given> {
    let text = |name| {
        let value = answer.headers.get(name);
        value.and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    if let Some(said) = text("proxy-status").filter(|said| said.starts_with("Forebay;")) {
        bail!("upstream {upstream} gave no answer: {said}");
    }
    // How its end is known is settled before the answer is passed on, and told only here.
    let cut_off = text("cache-status").is_some_and(|said| said.contains("detail=close-delimited"));
    let framing = match cut_off {
        true => Framing::CloseDelimited,
        false => Framing::Delimited,
    };
    Ok(Given {
        source: Source::Asked(upstream.to_owned()),
        status: answer.status,
        headers: answer.headers,
        framing,
        at: proxy::now(),
    })
}

/// The policies without what would come between the upstream's answer and us.
fn bare(mut policies: Policies) -> Policies {
    for route in &mut policies.routes {
        route.rate_limits.clear();
        route.concurrency.clear();
        route.bans.clear();
        route.shield = None;
        route.transform = None;
        route.compression = None;
        route.deduplication = None;
        let cache = route.cache.get_or_insert_default();
        cache.mode = Mode::Enforce;
    }
    policies
}
