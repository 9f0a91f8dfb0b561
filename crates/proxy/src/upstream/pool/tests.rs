use std::collections::VecDeque;

use policy::{Endpoint, Policies, Source};
use telemetry::{Health, Metrics};
use tokio::io::DuplexStream;

use super::*;
use crate::upstream::{connect::Agreed, sender::Driver};

fn metrics() -> Arc<Metrics> {
    let text = policy::single_upstream("http://127.0.0.1:1", "127.0.0.1:0");
    let source = Source {
        name: "test",
        bytes: text.as_bytes(),
    };
    let policies: Policies = policy::parse(source, &|_| None).unwrap().policies;
    Arc::new(Metrics::new(&policies, &Health::new()).unwrap())
}

fn home(id: u64, connections: Connections) -> Home {
    let endpoint = Endpoint::tcp(policy::Scheme::Http, "127.0.0.1", 1);
    let upstream = Upstream {
        connections,
        ..Upstream::plain("test".to_owned(), vec![endpoint])
    };
    Home::new(id, &upstream)
}

/// A connection to somebody who says nothing, and that somebody.
async fn open(place: Opening, metrics: &Arc<Metrics>) -> (Http1Sender, DuplexStream) {
    let (near, far) = tokio::io::duplex(1024);
    let io = hyper_util::rt::TokioIo::new(near);
    let (requests, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
    let tally = place.stands(Agreed::Http1, metrics, 0);
    let driver = tokio::spawn({
        let tally = Arc::clone(&tally);
        async move {
            let _tally = tally;
            let _ended = connection.await;
        }
    });
    let sender = Http1Sender {
        requests,
        tally,
        retires: None,
        _driver: Driver(driver),
    };
    (sender, far)
}

/// Lets the tasks of connections run.
async fn settled() {
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
}

/// One run of things that happen to an endpoint with a cap, drawn from a seed.
struct Run {
    home: Home,
    metrics: Arc<Metrics>,
    most: usize,
    opening: Vec<Opening>,
    used: Vec<(Http1Sender, DuplexStream)>,
    /// The other ends of the connections that nobody uses.
    unused: Vec<DuplexStream>,
    waiting: VecDeque<(u32, Waiting)>,
    asked: u32,
}

impl Run {
    fn new(most: usize) -> Self {
        let connections = Connections {
            max_open: Some(most),
            ..Connections::default()
        };
        Self {
            home: home(0, connections),
            metrics: metrics(),
            most,
            opening: Vec::new(),
            used: Vec::new(),
            unused: Vec::new(),
            waiting: VecDeque::new(),
            asked: 0,
        }
    }

    fn ask(&mut self, wanted: Wanted) {
        match ask(&self.home, wanted) {
            Asked::Connection(Sender::Http1(sender)) => self.use_again(sender),
            Asked::Connection(Sender::Http2(_)) => unreachable!("nobody speaks HTTP/2"),
            Asked::Open(place) => self.opening.push(place),
            Asked::Wait(waiting) => self.waiting.push_back((self.asked, waiting)),
        }
        self.asked += 1;
    }

    fn use_again(&mut self, sender: Http1Sender) {
        // Which of the other ends it has does not matter: none says anything.
        let far = self.unused.pop().unwrap();
        self.used.push((sender, far));
    }

    /// Those who were given something, who must be those that waited longest.
    fn collect(&mut self) {
        let mut passed_over = None;
        for (number, mut waiting) in std::mem::take(&mut self.waiting) {
            let granted = tokio_test::task::spawn(waiting.granted()).poll();
            match granted {
                std::task::Poll::Ready(grant) => {
                    assert_eq!(passed_over, None, "{number} was served before");
                    match grant.unwrap() {
                        Grant::Connection(Sender::Http1(sender)) => self.use_again(sender),
                        Grant::Connection(Sender::Http2(_)) => unreachable!(),
                        Grant::Open(place) => self.opening.push(place),
                    }
                }
                std::task::Poll::Pending => {
                    passed_over = passed_over.or(Some(number));
                    self.waiting.push_back((number, waiting));
                }
            }
        }
    }

    fn check(&self) {
        let open = self.opening.len() + self.used.len() + self.unused.len();
        assert!(open <= self.most, "{open} of {}", self.most);
        // Nobody waits while there is something to be had.
        let free = open < self.most || !self.unused.is_empty();
        assert!(self.waiting.is_empty() || !free, "{open} are open");
    }

    async fn step(&mut self, draw: &mut fastrand::Rng) {
        match draw.u8(..8) {
            0..=2 => self.ask(Wanted::Any),
            3 if !self.opening.is_empty() => {
                let place = self.opening.swap_remove(draw.usize(..self.opening.len()));
                if draw.bool() {
                    let opened = open(place, &self.metrics).await;
                    self.used.push(opened);
                }
            }
            4 | 5 if !self.used.is_empty() => {
                let (sender, far) = self.used.swap_remove(draw.usize(..self.used.len()));
                self.unused.push(far);
                put(&self.home, sender);
            }
            6 if !self.used.is_empty() => drop(self.used.swap_remove(0)),
            7 if !self.waiting.is_empty() => {
                drop(self.waiting.remove(draw.usize(..self.waiting.len())));
            }
            _ => {}
        }
        settled().await;
        self.collect();
        self.check();
    }
}

#[tokio::test(start_paused = true)]
async fn a_cap_is_never_passed_and_nobody_is_passed_over() {
    for seed in 0..60 {
        let mut draw = fastrand::Rng::with_seed(seed);
        let mut run = Run::new(draw.usize(1..5));
        for _ in 0..300 {
            run.step(&mut draw).await;
        }
        // When all are gone, all places are free.
        let Run { home, most, .. } = {
            run.waiting.clear();
            run.opening.clear();
            run.used.clear();
            run
        };
        settled().await;
        let later = clock::monotonic() + Duration::from_secs(3600);
        let mut discarded = Discarded::default();
        home.with(|stock| stock.weed(later, &mut discarded));
        drop(discarded);
        settled().await;
        let places: Vec<_> = (0..=most).map(|_| ask(&home, Wanted::Any)).collect();
        let opened = places.iter().filter(|it| matches!(it, Asked::Open(_)));
        assert_eq!(opened.count(), most, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_cap_nobody_waits() {
    let home = home(1, Connections::default());
    let metrics = metrics();
    let mut used = Vec::new();
    for _ in 0..10 {
        let Asked::Open(place) = ask(&home, Wanted::Any) else {
            panic!("there is nothing to be used again");
        };
        used.push(open(place, &metrics).await);
    }
    assert_eq!(opened_here(&home), 10);
    settled().await;
    let (last, _far) = used.pop().unwrap();
    put(&home, last);
    assert!(matches!(ask(&home, Wanted::New), Asked::Open(_)));
    assert!(matches!(ask(&home, Wanted::Any), Asked::Connection(_)));
    drop(used);
    settled().await;
    assert_eq!(opened_here(&home), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_unused_too_long_is_closed() {
    let home = home(2, Connections::default());
    let Asked::Open(place) = ask(&home, Wanted::Any) else {
        panic!("there is nothing to be used again");
    };
    let (sender, _far) = open(place, &metrics()).await;
    put(&home, sender);
    settled().await;
    tokio::time::advance(Duration::from_secs(59)).await;
    sweep(clock::monotonic());
    settled().await;
    assert_eq!(opened_here(&home), 1);
    tokio::time::advance(Duration::from_secs(2)).await;
    sweep(clock::monotonic());
    settled().await;
    assert_eq!(opened_here(&home), 0);
}

/// Who can only use a new connection gets the place of one that nobody uses.
#[tokio::test(start_paused = true)]
async fn an_unused_connection_makes_room_for_a_new_one() {
    let connections = Connections {
        max_open: Some(1),
        ..Connections::default()
    };
    let home = home(3, connections);
    let Asked::Open(place) = ask(&home, Wanted::New) else {
        panic!("there is a place");
    };
    let (sender, _far) = open(place, &metrics()).await;
    put(&home, sender);
    let Asked::Wait(mut waiting) = ask(&home, Wanted::New) else {
        panic!("the only place is taken until the socket is closed");
    };
    settled().await;
    assert!(matches!(waiting.granted().await, Some(Grant::Open(_))));
}

/// A connection of HTTP/2 to somebody who answers, which is in the stock, and its first stream.
async fn multiplexed(home: &Home, place: Opening, metrics: &Arc<Metrics>) -> Http2Sender {
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let (near, far) = tokio::io::duplex(1024);
    tokio::spawn(async move {
        let answer = |_| async { Ok::<_, std::io::Error>(http::Response::new(String::new())) };
        let service = hyper::service::service_fn(answer);
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ended = server.serve_connection(TokioIo::new(far), service).await;
    });
    let client = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (requests, connection) = client.handshake(TokioIo::new(near)).await.unwrap();
    let tally = place.stands(Agreed::Http2, metrics, 0);
    tokio::spawn({
        let tally = Arc::clone(&tally);
        async move {
            let _tally = tally;
            let _ended = connection.await;
        }
    });
    let connection = Multiplexed {
        requests,
        streams: crate::upstream::sender::Streams::new(tally),
        retires: None,
    };
    let first = first_of(home, &connection);
    share(home, connection);
    first
}

/// Who needs a connection of its own must not keep others from the streams of one that stands.
#[tokio::test(start_paused = true)]
async fn one_who_needs_a_new_connection_does_not_hold_up_those_who_need_a_stream() {
    let connections = Connections {
        max_open: Some(1),
        max_streams: 2,
        ..Connections::default()
    };
    let (home, metrics) = (home(4, connections), metrics());
    let Asked::Open(place) = ask(&home, Wanted::Any) else {
        panic!("there is a place");
    };
    let first = multiplexed(&home, place, &metrics).await;
    let Asked::Wait(mut new) = ask(&home, Wanted::New) else {
        panic!("the only place is taken");
    };
    let Asked::Connection(second) = ask(&home, Wanted::Any) else {
        panic!("there is a stream");
    };
    let Asked::Wait(mut third) = ask(&home, Wanted::Any) else {
        panic!("there are two streams");
    };
    drop(first);
    let Some(Grant::Connection(third)) = third.granted().await else {
        panic!("there is a stream again");
    };
    // When nobody uses it, it makes room for a connection that is new.
    drop((second, third));
    assert!(matches!(new.granted().await, Some(Grant::Open(_))));
}
