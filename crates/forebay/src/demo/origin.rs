//! A slow API of the kind that nobody dares to touch: no caching headers, no compression, few
//! workers, and a database behind it that takes its time.

mod pages;

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime::Builder, sync::Semaphore, time::sleep};

/// What one replica works on at the same time; the rest waits.
const WORKERS: usize = 12;

/// The shortest and the longest a request takes once a worker has it, in milliseconds.
const LATENCY: std::ops::RangeInclusive<u64> = 30..=150;

/// The running API; it lasts as long as the process.
#[derive(Debug)]
pub(super) struct Origin {
    addresses: Vec<SocketAddr>,
    requests: Arc<AtomicU64>,
}

/// One replica.
#[derive(Debug)]
struct Replica {
    seed: u64,
    workers: Semaphore,
    requests: Arc<AtomicU64>,
}

// === impl Origin ===

impl Origin {
    /// Starts so many replicas on free ports, each on a thread of its own.
    pub(super) fn start(replicas: usize, seed: u64) -> io::Result<Self> {
        let requests = Arc::new(AtomicU64::new(0));
        let mut addresses = Vec::new();
        for number in 0..replicas {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            addresses.push(listener.local_addr()?);
            let replica = Arc::new(Replica {
                seed,
                workers: Semaphore::new(WORKERS),
                requests: Arc::clone(&requests),
            });
            thread::Builder::new()
                .name(format!("api-{number}"))
                .spawn(move || run(listener, replica))?;
        }
        Ok(Self {
            addresses,
            requests,
        })
    }

    /// Where the replicas are.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many requests all of them have seen.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// A replica that cannot run is noticed by those who ask it.
fn run(listener: TcpListener, replica: Arc<Replica>) {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return;
    };
    runtime.block_on(async move {
        let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
            return;
        };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(serve(stream, Arc::clone(&replica)));
                }
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    });
}

async fn serve(stream: TcpStream, replica: Arc<Replica>) {
    let _only_slower_without = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let replica = Arc::clone(&replica);
        async move { Ok::<_, Infallible>(replica.answer(request).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let _client_left = connection.await;
}

// === impl Replica ===

impl Replica {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let (head, body) = request.into_parts();
        let _all_of_it = body.collect().await;
        // Never closed, so that there is always a permit in the end.
        let _working = self.workers.acquire().await;
        let millis = fastrand::Rng::with_seed(self.seed ^ number << 16).u64(LATENCY);
        sleep(Duration::from_millis(millis)).await;
        pages::answer(&head)
    }
}
