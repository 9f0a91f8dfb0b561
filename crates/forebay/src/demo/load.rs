//! Sends the traffic and measures what the clients see.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinSet, time::timeout};

use super::{progress::Progress, traffic::Planned};

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);

type Connection = http1::SendRequest<Empty<Bytes>>;

/// Where to send, and how.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// Each client keeps to one of them.
    pub(super) targets: Vec<SocketAddr>,
    /// Clients that ask at the same time, each on a connection of its own.
    pub(super) concurrency: usize,
    pub(super) progress: Progress,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// How long each request took that was not refused, shortest first.
    pub(super) latencies: Vec<Duration>,
    /// Requests that the API saw.
    pub(super) origin_requests: u64,
    /// Bytes of bodies that clients got.
    pub(super) bytes: u64,
    /// Requests refused with 429.
    pub(super) limited: u64,
    /// Requests answered from the cache.
    pub(super) hits: u64,
    /// Requests without an answer, or with a 5xx.
    pub(super) errors: u64,
    /// What went wrong first.
    pub(super) first_error: Option<String>,
    /// From the first request to the last answer.
    pub(super) took: Duration,
}

/// One answer.
struct Answer {
    status: StatusCode,
    bytes: u64,
    from_cache: FromCache,
}

/// What `Cache-Status` says.
enum FromCache {
    Hit,
    No,
}

// === impl Load ===

impl Load {
    /// Sends all of them, each once.
    pub(super) async fn send(&self, planned: &Arc<[Planned]>) -> Outcome {
        let next = Arc::new(AtomicUsize::new(0));
        let begun = proxy::monotonic();
        let mut clients = JoinSet::new();
        for client in 0..self.concurrency {
            let target = self.targets[client % self.targets.len()];
            let (planned, next) = (Arc::clone(planned), Arc::clone(&next));
            clients.spawn(one_client(target, planned, next, self.progress.clone()));
        }
        let mut all = Outcome::default();
        while let Some(one) = clients.join_next().await {
            match one {
                Ok(one) => all.add(one),
                Err(error) => all.fail(&anyhow::Error::from(error)),
            }
        }
        all.took = proxy::monotonic() - begun;
        all.latencies.sort_unstable();
        all
    }
}

async fn one_client(
    target: SocketAddr,
    planned: Arc<[Planned]>,
    next: Arc<AtomicUsize>,
    progress: Progress,
) -> Outcome {
    let mut outcome = Outcome::default();
    let mut connection = None;
    while let Some(planned) = planned.get(next.fetch_add(1, Ordering::Relaxed)) {
        let begun = proxy::monotonic();
        let asked = timeout(PATIENCE, ask(&mut connection, target, planned)).await;
        let answer = asked.unwrap_or_else(|_| Err(anyhow!("no answer within {PATIENCE:?}")));
        let took = proxy::monotonic() - begun;
        match answer {
            Ok(answer) => outcome.note(&answer, took, planned),
            Err(error) => {
                connection = None;
                outcome.fail(&error);
            }
        }
        progress.step();
    }
    outcome
}

async fn ask(
    connection: &mut Option<Connection>,
    target: SocketAddr,
    planned: &Planned,
) -> anyhow::Result<Answer> {
    let usable = match connection {
        Some(open) => open.ready().await.is_ok(),
        None => false,
    };
    if !usable {
        *connection = Some(connect(target).await?);
    }
    let sender = connection.as_mut().context("connected just now")?;
    let mut request = Request::new(Empty::new());
    request.method_mut().clone_from(&planned.method);
    request.uri_mut().clone_from(&planned.target);
    let headers = request.headers_mut();
    headers.insert(header::HOST, target.to_string().parse()?);
    let codings = HeaderValue::from_static("gzip, br");
    headers.insert(header::ACCEPT_ENCODING, codings);
    headers.insert("x-api-key", planned.client.clone());
    let response = sender.send_request(request).await?;
    let from_cache = from_cache(response.headers());
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Answer {
        status,
        bytes: body.len() as u64,
        from_cache,
    })
}

async fn connect(target: SocketAddr) -> anyhow::Result<Connection> {
    let stream = TcpStream::connect(target)
        .await
        .with_context(|| format!("no connection to {target}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Its errors come back from the requests on it.
    tokio::spawn(connection);
    Ok(sender)
}

/// What `Cache-Status` says (RFC 9211, section 2.1).
fn from_cache(headers: &HeaderMap) -> FromCache {
    let said = headers
        .get("cache-status")
        .and_then(|value| value.to_str().ok());
    let hit = said.is_some_and(|said| said.split(';').any(|word| word.trim() == "hit"));
    match hit {
        true => FromCache::Hit,
        false => FromCache::No,
    }
}

// === impl Outcome ===

impl Outcome {
    /// Requests that were answered with what they asked for.
    pub(super) fn answered(&self) -> u64 {
        self.latencies.len() as u64
    }

    /// The latency that so many thousandths of the answers do not exceed.
    pub(super) fn percentile(&self, thousandths: usize) -> Duration {
        let position = self.latencies.len().saturating_sub(1) * thousandths / 1000;
        self.latencies.get(position).copied().unwrap_or_default()
    }

    fn note(&mut self, answer: &Answer, took: Duration, planned: &Planned) {
        self.bytes += answer.bytes;
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => self.limited += 1,
            status if status.is_success() => {
                self.latencies.push(took);
                if let FromCache::Hit = answer.from_cache {
                    self.hits += 1;
                }
            }
            status => {
                let Planned { method, target, .. } = planned;
                self.fail(&anyhow!("{method} {target} was answered with {status}"));
            }
        }
    }

    fn fail(&mut self, error: &anyhow::Error) {
        self.errors += 1;
        self.first_error.get_or_insert_with(|| format!("{error:#}"));
    }

    fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.bytes += other.bytes;
        self.limited += other.limited;
        self.hits += other.hits;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_answers_there_are() {
        let latencies = (1..=1000).map(Duration::from_millis).collect();
        let outcome = Outcome {
            latencies,
            ..Outcome::default()
        };
        assert_eq!(outcome.percentile(500), Duration::from_millis(500));
        assert_eq!(outcome.percentile(990), Duration::from_millis(990));
        assert_eq!(Outcome::default().percentile(500), Duration::ZERO);
    }

    #[test]
    fn a_hit_is_a_word_of_its_own() {
        for (said, hit) in [
            ("Forebay; hit; ttl=3", true),
            ("Forebay; fwd=uri-miss; detail=hit-or-so", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("cache-status", said.parse().unwrap());
            assert_eq!(
                matches!(from_cache(&headers), FromCache::Hit),
                hit,
                "{said}"
            );
        }
    }
}
