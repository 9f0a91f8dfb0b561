//! Idle connections, one pool per worker.
//!
//! A request, its connection and the task that drives it stay on one worker, so the pool needs no
//! lock; the price is that workers do not lend each other connections. A connection is taken before
//! the request is sent and given back by the response body when it ends. The most recently used
//! goes out first, so that a quiet hour lets the others age out.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use hyper::client::conn::http2;
use telemetry::ConnectionState;

use super::{
    lease::Http1Sender,
    retired::{Tenure, tenure},
};
use crate::{body::RequestBody, clock};

thread_local! {
    static POOLS: RefCell<HashMap<u64, Pool>> = RefCell::default();
}

#[derive(Debug, Default)]
struct Pool {
    http1: Vec<Idle>,
    http2: Option<http2::SendRequest<RequestBody>>,
    keep_alive: Duration,
}

#[derive(Debug)]
struct Idle {
    sender: Http1Sender,
    since: Duration,
}

/// How many idle connections to keep, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    /// Beyond this many, the oldest is closed.
    pub(crate) max_idle: usize,
    /// Beyond this age, one is closed.
    pub(crate) keep_alive: Duration,
}

/// What a pool had.
#[derive(Debug)]
pub(crate) enum Taken {
    /// An idle connection.
    Http1(Http1Sender),
    /// A share of a multiplexed connection.
    Http2(http2::SendRequest<RequestBody>),
    /// Nothing usable.
    Nothing,
}

/// Takes a connection to `endpoint` that is neither closed nor too long idle.
pub(crate) fn take(endpoint: u64) -> Taken {
    POOLS.with_borrow_mut(|pools| {
        let Some(pool) = pools.get_mut(&endpoint) else {
            return Taken::Nothing;
        };
        if let Some(shared) = &pool.http2 {
            if !shared.is_closed() {
                return Taken::Http2(shared.clone());
            }
            pool.http2 = None;
        }
        let oldest = clock::monotonic().saturating_sub(pool.keep_alive);
        let usable = |idle: &Idle| idle.sender.requests.is_ready() && idle.since >= oldest;
        // One that is not ready yet has only just been given back: it stays for the next request.
        match pool.http1.iter().rposition(usable) {
            Some(newest) => {
                let mut sender = pool.http1.remove(newest).sender;
                sender.gauge.becomes(ConnectionState::Active);
                Taken::Http1(sender)
            }
            None => Taken::Nothing,
        }
    })
}

/// Puts a connection back, to be kept as `keeping` says.
pub(crate) fn put(endpoint: u64, sender: Http1Sender, keeping: Keeping) {
    let since = clock::monotonic();
    POOLS.with_borrow_mut(|pools| {
        let pool = pools.entry(endpoint).or_default();
        pool.keep_alive = keeping.keep_alive;
        pool.http1.push(Idle { sender, since });
        if pool.http1.len() > keeping.max_idle {
            pool.http1.remove(0);
        }
    });
}

/// Shares a new multiplexed connection with the requests to come.
pub(crate) fn share(endpoint: u64, sender: http2::SendRequest<RequestBody>) {
    POOLS.with_borrow_mut(|pools| {
        pools.entry(endpoint).or_default().http2 = Some(sender);
    });
}

/// Closes what has been idle too long, was closed by the other side, or leads to an endpoint that is
/// no more.
pub(crate) fn sweep(now: Duration) {
    POOLS.with_borrow_mut(|pools| {
        pools.retain(|endpoint, pool| {
            if tenure(*endpoint) == Tenure::Over {
                return false;
            }
            let oldest = now.saturating_sub(pool.keep_alive);
            pool.http1
                .retain(|idle| idle.since >= oldest && !idle.sender.requests.is_closed());
            pool.http2 = pool.http2.take().filter(|shared| !shared.is_closed());
            !pool.http1.is_empty() || pool.http2.is_some()
        });
    });
}
