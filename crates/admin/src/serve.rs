//! Serving a router on a socket, so that one bad client cannot lock the others out.
//!
//! A probe that cannot connect gets the process killed, so the listener must answer although
//! somebody opens connections and says nothing. Waiting for a free place would let such a client
//! stop everybody for as long as its timeout; instead the oldest connection makes room for the
//! newest. A probe or a scrape is over long before a whole round of newer connections has come.

use std::{collections::VecDeque, io, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

/// Open connections; beyond it the oldest is closed.
const MOST_CONNECTIONS: usize = 128;

/// From the first moment a request could come to the end of its head; also between requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest a connection may last: a client that does not read its answer is gone then.
const LONGEST_CONNECTION: Duration = Duration::from_secs(120);

/// How long answers in progress may take after the end was announced.
const FAREWELL: Duration = Duration::from_secs(5);

/// After the system had no socket to give.
const BREATH: Duration = Duration::from_millis(100);

/// The largest request head, in bytes.
const LARGEST_HEAD: usize = 16 * 1024;

/// Serves `router` over HTTP/1.1 until `shutdown` is done, and then until the answers in progress
/// are, for at most five seconds.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>) {
    let (ending, ended) = watch::channel(());
    let mut connections = JoinSet::new();
    let mut oldest_first = VecDeque::new();
    let mut shutdown = Box::pin(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                make_room(&mut oldest_first);
                let connection = connection(stream, router.clone(), ended.clone());
                oldest_first.push_back(connections.spawn(connection));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    drop(ending);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(FAREWELL, all).await.is_err() {
        connections.shutdown().await;
    }
}

/// Forgets what has ended, and ends the oldest when there are still too many.
fn make_room(oldest_first: &mut VecDeque<AbortHandle>) {
    if oldest_first.len() < MOST_CONNECTIONS {
        return;
    }
    oldest_first.retain(|connection| !connection.is_finished());
    if oldest_first.len() >= MOST_CONNECTIONS
        && let Some(oldest) = oldest_first.pop_front()
    {
        oldest.abort();
    }
}

async fn connection(stream: TcpStream, router: Router, mut ended: watch::Receiver<()>) {
    let _only_slower_without = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = Box::pin(connection);
    let served = timeout(LONGEST_CONNECTION, async {
        tokio::select! {
            served = &mut connection => return served,
            _ = ended.changed() => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    });
    if let Ok(Err(error)) = served.await {
        tracing::debug!(%error, "a client of the operator's side went wrong");
    }
}

/// Errors of `accept` that concern a client that has left, not the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
