//! The connections to endpoints that can be used again, and whoever waits for one.
//!
//! **One stock per worker.** A request, its connection and the task that drives it stay on one worker,
//! so a stock needs no lock; the price is that workers do not lend each other connections. A connection
//! is taken before the request is sent and given back by the response body when it ends.
//!
//! **One stock for all under a cap.** Where the file says how many connections may be open
//! (`connections.max_open`), that is about all workers together, and one that lies unused with a worker
//! would be missing to the others. So the endpoint has one stock then, behind a lock that is held for a
//! few moves at a time: whatever is given back anywhere goes to whoever has waited longest, wherever
//! that is. A connection goes on being driven by the worker that opened it; a request of another worker
//! pays for two wake-ups across threads, which is less than a new connection costs.

mod place;
mod stock;

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use policy::{Connections, Upstream, UpstreamProtocol};
use telemetry::CloseReason;
use tokio::sync::oneshot;

use self::stock::{Discarded, Stock, Told};
use super::sender::{Http1Sender, Http2Sender, Multiplexed, Sender};
use crate::clock;

pub(super) use self::place::{Opening, Permit};

thread_local! {
    static LOCAL: RefCell<HashMap<u64, Local>> = RefCell::default();
}

/// Where the connections to one endpoint are while nobody uses them.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    /// The endpoint's.
    id: u64,
    rules: Rules,
    /// The stock of all workers; else each has its own.
    shared: Option<Arc<Shared>>,
    tenure: Tenure,
}

/// Whether an endpoint is still one, as all who keep its connections see it.
#[derive(Clone, Debug, Default)]
struct Tenure(Arc<AtomicBool>);

/// How connections are kept and shared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Beyond this many unused connections, the oldest is closed.
    max_idle: usize,
    /// Beyond this time without use, one is closed.
    keep_alive: Duration,
    /// Requests at a time on one connection of HTTP/2.
    max_streams: u32,
    /// Connections that may be open.
    max_open: Option<usize>,
    /// Whether HTTP/2 is spoken for certain.
    multiplexes: bool,
}

/// The stock of an endpoint whose connections are counted.
#[derive(Debug)]
pub(super) struct Shared {
    rules: Rules,
    stock: Mutex<Stock>,
    tenure: Tenure,
}

/// What a worker has of one endpoint.
#[derive(Debug, Default)]
struct Local {
    stock: Stock,
    /// The connections that this worker has opened.
    open: Arc<AtomicUsize>,
    /// The endpoint's, once this worker has opened a connection.
    tenure: Tenure,
    /// The stock of all workers, if that is where they are.
    shared: Option<Weak<Shared>>,
}

/// Whether a connection that has served before will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It will.
    Any,
    /// It will not.
    New,
}

/// What one who asks for a connection gets.
#[derive(Debug)]
pub(super) enum Asked {
    /// One that has served before.
    Connection(Sender),
    /// A place for a new one.
    Open(Opening),
    /// A place in the queue.
    Wait(Waiting),
}

/// What one who waits is given.
#[derive(Debug)]
pub(super) enum Grant {
    /// A connection; one of HTTP/1 may still be busy with its last bytes.
    Connection(Sender),
    /// A place for a new connection.
    Open(Opening),
}

/// A place in the queue for a connection.
#[derive(Debug)]
pub(super) struct Waiting {
    home: Home,
    grant: oneshot::Receiver<Grant>,
}

/// Takes a connection that is neither closed nor too old nor too long unused, or finds out what to do
/// without one.
pub(super) fn ask(home: &Home, wanted: Wanted) -> Asked {
    let now = clock::monotonic();
    let mut discarded = Discarded::default();
    let told = home.with(|stock| {
        let shared = home.shared.as_ref();
        stock.ask(&home.rules, shared, wanted, now, &mut discarded)
    });
    drop(discarded);
    match told {
        Told::Connection(sender) => Asked::Connection(sender),
        Told::Open => Asked::Open(Opening::new(home)),
        Told::Wait(grant) => Asked::Wait(Waiting {
            home: home.clone(),
            grant,
        }),
    }
}

/// A place for a connection that nobody waits for, if there is one to spare.
pub(super) fn spare(home: &Home) -> Option<Opening> {
    home.with(|stock| stock.spare(&home.rules))
        .then(|| Opening::new(home))
}

/// Puts back a connection that nobody uses now, or closes it when it is of no more use.
pub(super) fn put(home: &Home, sender: Http1Sender) {
    let now = clock::monotonic();
    let mut discarded = Discarded::default();
    match sender.verdict(now) {
        Some(reason) => discarded.http1(sender, reason),
        None if home.is_retired() => discarded.http1(sender, CloseReason::Removed),
        None => home.with(|stock| stock.put(&home.rules, sender, now, &mut discarded)),
    }
    drop(discarded);
    if home.shared.is_some() {
        settle(home);
    }
}

/// The first stream of a new multiplexed connection.
pub(super) fn first_of(home: &Home, connection: &Multiplexed) -> Http2Sender {
    connection.first(home.shared.as_ref())
}

/// Shares a new multiplexed connection with the requests to come.
pub(super) fn share(home: &Home, connection: Multiplexed) {
    home.with(|stock| stock.share(&home.rules, connection));
    settle(home);
}

/// Gives those who wait what there is.
pub(super) fn settle(home: &Home) {
    loop {
        let now = clock::monotonic();
        let mut discarded = Discarded::default();
        let dealt = home.with(|stock| {
            let shared = home.shared.as_ref();
            stock.deal(&home.rules, shared, now, &mut discarded)
        });
        drop(discarded);
        let Some((waiter, connection)) = dealt else {
            return;
        };
        let grant = match connection {
            Some(sender) => Grant::Connection(sender),
            None => Grant::Open(Opening::new(home)),
        };
        if let Err(Grant::Connection(Sender::Http1(sender))) = waiter.send(grant) {
            // Nobody waits there any more: the next one may.
            let mut discarded = Discarded::default();
            home.with(|stock| stock.put(&home.rules, sender, now, &mut discarded));
        }
    }
}

/// The connections to an endpoint that this worker has opened and that are open.
pub(super) fn opened_here(home: &Home) -> usize {
    LOCAL.with_borrow(|pools| {
        let local = pools.get(&home.id);
        local.map_or(0, |local| local.open.load(Ordering::Relaxed))
    })
}

/// Closes what has been unused or in use too long, was closed by the other side, or is for an endpoint
/// that is none any more.
pub(crate) fn sweep(now: Duration) {
    let mut discarded = Discarded::default();
    let mut all = Vec::new();
    LOCAL.with_borrow_mut(|pools| {
        pools.retain(|_, local| {
            local.stock.weed(now, &mut discarded);
            if local.tenure.is_over() {
                local.stock.empty(&mut discarded);
            }
            let shared = local.shared.as_ref().and_then(Weak::upgrade);
            let needed = shared.is_some()
                || !local.stock.is_empty()
                || local.open.load(Ordering::Relaxed) > 0;
            all.extend(shared);
            needed
        });
    });
    for shared in all {
        let mut stock = shared.stock.lock();
        stock.weed(now, &mut discarded);
        if shared.tenure.is_over() {
            stock.empty(&mut discarded);
        }
    }
    drop(discarded);
}

// === impl Home ===

impl Home {
    /// The home of the connections to an endpoint of `upstream` with this id.
    pub(super) fn new(id: u64, upstream: &Upstream) -> Self {
        let Connections {
            max_idle,
            max_open,
            max_streams,
            ..
        } = upstream.connections;
        let rules = Rules {
            max_idle,
            keep_alive: upstream.timeouts.keep_alive,
            max_streams,
            max_open,
            multiplexes: upstream.protocol == UpstreamProtocol::Http2,
        };
        let tenure = Tenure::default();
        let shared = || Shared {
            rules,
            stock: Mutex::default(),
            tenure: tenure.clone(),
        };
        Self {
            id,
            rules,
            shared: max_open.map(|_| Arc::new(shared())),
            tenure,
        }
    }

    /// The endpoint is none any more: what is given back is closed at once, and what is unused when
    /// its worker sweeps the next time.
    pub(super) fn retire(&self) {
        self.tenure.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is none any more.
    pub(super) fn is_retired(&self) -> bool {
        self.tenure.is_over()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Stock) -> T) -> T {
        match &self.shared {
            Some(shared) => act(&mut shared.stock.lock()),
            None => {
                LOCAL.with_borrow_mut(|pools| act(&mut pools.entry(self.id).or_default().stock))
            }
        }
    }

    /// Counts the connections that this worker opens.
    fn opened_by_me(&self) -> Arc<AtomicUsize> {
        LOCAL.with_borrow_mut(|pools| {
            let local = pools.entry(self.id).or_default();
            local.shared = self.shared.as_ref().map(Arc::downgrade);
            local.tenure = self.tenure.clone();
            Arc::clone(&local.open)
        })
    }
}

// === impl Tenure ===

impl Tenure {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Shared ===

impl Shared {
    /// The same, for whoever has only this half.
    pub(super) fn settle(self: &Arc<Self>) {
        settle(&Home {
            id: 0,
            rules: self.rules,
            shared: Some(Arc::clone(self)),
            tenure: self.tenure.clone(),
        });
    }

    fn closed(self: &Arc<Self>) {
        self.stock.lock().closed();
        self.settle();
    }
}

// === impl Waiting ===

impl Waiting {
    /// What comes, when it comes.
    pub(super) async fn granted(&mut self) -> Option<Grant> {
        (&mut self.grant).await.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.grant.close();
        if let Ok(Grant::Connection(Sender::Http1(sender))) = self.grant.try_recv() {
            // It came too late for this one.
            put(&self.home, sender);
        }
        // Who stood behind this one may be served with what this one could not use.
        settle(&self.home);
    }
}

#[cfg(test)]
mod tests;
