//! Asking for URLs, within a rate and a number at a time.
//!
//! Warming is a guest of the origin: it begins no more fetches than the operator allows, and has no more
//! under way. It asks as a client would, so that what is kept is what clients will find, and learns from
//! `Cache-Status` what became of each (RFC 9211).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::Full;
use policy::Rate;
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval},
};

use crate::{
    client::{Client, Door},
    entrance,
};

/// For each answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reasons that are told apart; the words may come from elsewhere.
const MOST_REASONS: usize = 32;

/// What browsers and most clients accept.
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("forebay-warm/", env!("CARGO_PKG_VERSION")));

/// How to ask.
#[derive(Clone)]
pub(crate) struct Runner {
    /// Where to ask for a URL.
    pub(crate) door: Arc<dyn Fn(&Uri) -> Door + Send + Sync>,
    /// Fetches begun at most.
    pub(crate) rate: Rate,
    /// Fetches under way at most.
    pub(crate) concurrency: usize,
    /// Told of each that is done.
    pub(crate) step: Arc<dyn Fn() + Send + Sync>,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Fetched from the origin, and kept now.
    pub(crate) fetched: u64,
    /// Held already.
    pub(crate) held: u64,
    /// Fetched and not kept, by reason.
    pub(crate) not_kept: BTreeMap<String, u64>,
    /// Not fetched, by reason.
    pub(crate) failed: BTreeMap<String, u64>,
}

/// What became of one.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Failed(String),
    Fetched,
    Held,
    NotKept(String),
}

/// What several clients take turns at.
struct Queue {
    urls: Mutex<std::vec::IntoIter<Uri>>,
    pace: Mutex<Interval>,
}

// === impl Runner ===

impl Runner {
    /// Asks for each once.
    pub(crate) async fn run(&self, urls: Vec<Uri>) -> Summary {
        let mut pace = interval(between(self.rate));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let clients = self.concurrency.min(urls.len());
        let queue = Arc::new(Queue {
            urls: Mutex::new(urls.into_iter()),
            pace: Mutex::new(pace),
        });
        let mut running = JoinSet::new();
        for _ in 0..clients {
            running.spawn(one_client(self.clone(), Arc::clone(&queue)));
        }
        let mut all = Summary::default();
        while let Some(one) = running.join_next().await {
            match one {
                Ok(one) => all.add(one),
                Err(error) => all.note(Outcome::Failed(error.to_string())),
            }
        }
        all
    }
}

/// Between two beginnings.
fn between(rate: Rate) -> Duration {
    let each = rate.per() / rate.events().max(1);
    each.max(Duration::from_micros(1))
}

async fn one_client(runner: Runner, queue: Arc<Queue>) -> Summary {
    let mut summary = Summary::default();
    let mut last: Option<(String, Client)> = None;
    while let Some(url) = queue.next().await {
        let door = (runner.door)(&url);
        let name = door.key();
        let mut client = match last.take() {
            Some((same, client)) if same == name => client,
            _ => Client::new(door, PATIENCE),
        };
        summary.note(ask(&mut client, &url).await);
        last = Some((name, client));
        (runner.step)();
    }
    summary
}

async fn ask(client: &mut Client, url: &Uri) -> Outcome {
    let request = match request(url) {
        Ok(request) => request,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    match client.ask(request, 0).await {
        Ok(answer) => outcome(answer.status.as_u16(), &answer.headers),
        Err(error) => Outcome::Failed(error.root_cause().to_string()),
    }
}

/// A GET for the URL, as a browser would send it.
pub(super) fn request(url: &Uri) -> Result<Request<Full<hyper::body::Bytes>>, http::Error> {
    let target = url.path_and_query().map_or("/", |target| target.as_str());
    Request::get(target)
        .header(header::HOST, entrance::host(url))
        .header(header::ACCEPT, "*/*")
        .header(header::ACCEPT_ENCODING, ENCODINGS)
        .header(header::USER_AGENT, AGENT)
        .body(Full::default())
}

/// What the last cache says of it, which is the one that was asked.
fn outcome(status: u16, headers: &HeaderMap) -> Outcome {
    let lines = headers.get_all("cache-status").iter();
    let said = lines.filter_map(|line| line.to_str().ok()).next_back();
    let said = said.and_then(|said| said.rsplit(',').next());
    let words = said.unwrap_or_default().split(';').map(str::trim);
    let mut detail = None;
    for word in words {
        match word.split_once('=') {
            None if word == "hit" => return Outcome::Held,
            None if word == "stored" => return Outcome::Fetched,
            Some(("detail", reason)) => detail = Some(reason.trim_matches('"').to_owned()),
            _ => {}
        }
    }
    match (status, detail) {
        (500.. | 429, _) => Outcome::Failed(format!("status {status}")),
        (_, Some(reason)) => Outcome::NotKept(reason),
        (_, None) if said.is_none() => Outcome::NotKept("no-cache-status".to_owned()),
        (_, None) => Outcome::NotKept(format!("status {status}")),
    }
}

// === impl Queue ===

impl Queue {
    /// The next URL, when it is time for it.
    async fn next(&self) -> Option<Uri> {
        let url = self.urls.lock().await.next()?;
        self.pace.lock().await.tick().await;
        Some(url)
    }
}

// === impl Summary ===

impl Summary {
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Failed(reason) => count(&mut self.failed, reason, 1),
            Outcome::Fetched => self.fetched += 1,
            Outcome::Held => self.held += 1,
            Outcome::NotKept(reason) => count(&mut self.not_kept, reason, 1),
        }
    }

    fn add(&mut self, other: Self) {
        self.fetched += other.fetched;
        self.held += other.held;
        for (reason, number) in other.not_kept {
            count(&mut self.not_kept, reason, number);
        }
        for (reason, number) in other.failed {
            count(&mut self.failed, reason, number);
        }
    }

    /// How many were not fetched.
    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }

    /// How many were fetched for nothing.
    pub(crate) fn unkept(&self) -> u64 {
        self.not_kept.values().sum()
    }
}

fn count(reasons: &mut BTreeMap<String, u64>, reason: String, number: u64) {
    let reason = match reasons.len() < MOST_REASONS || reasons.contains_key(&reason) {
        true => reason,
        false => "other".to_owned(),
    };
    *reasons.entry(reason).or_default() += number;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cache_is_believed() {
        let said = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("cache-status", line.parse().unwrap());
            }
            outcome(200, &headers)
        };
        assert_eq!(said(&["Forebay; hit; ttl=3"]), Outcome::Held);
        assert_eq!(
            said(&[
                "Origin; hit",
                "Forebay; fwd=uri-miss; fwd-status=200; stored"
            ]),
            Outcome::Fetched
        );
        assert_eq!(
            said(&["Origin; hit, Forebay; fwd=uri-miss; detail=private"]),
            Outcome::NotKept("private".to_owned())
        );
        assert_eq!(said(&[]), Outcome::NotKept("no-cache-status".to_owned()));
        let failed = Outcome::Failed("status 502".to_owned());
        assert_eq!(outcome(502, &HeaderMap::new()), failed);
    }

    #[test]
    fn it_asks_as_a_client_would() {
        for (url, expected, target) in [
            ("https://user@shop.test/a?b=c", "shop.test", "/a?b=c"),
            ("http://shop.test:80", "shop.test", "/"),
            ("https://shop.test:80/", "shop.test:80", "/"),
            ("http://[::1]:8080/x", "[::1]:8080", "/x"),
        ] {
            let request = request(&url.parse().unwrap()).unwrap();
            assert_eq!(request.headers()["host"], expected, "{url}");
            assert_eq!(request.uri(), target, "{url}");
        }
    }

    #[test]
    fn reasons_are_bounded() {
        let mut summary = Summary::default();
        for reason in 0..1000 {
            summary.note(Outcome::NotKept(reason.to_string()));
        }
        assert_eq!(summary.not_kept.len(), MOST_REASONS + 1);
        assert_eq!(summary.unkept(), 1000);
    }
}
