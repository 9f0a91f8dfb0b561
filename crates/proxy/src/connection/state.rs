//! What is known about a client connection while it lives.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use engine::{forwarding::Hop, proxy_protocol::Named};
use parking_lot::Mutex;
use policy::{Clients, Scheme};

/// Who is at the other end, and how they came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// The address of the peer, or of the client it names; loopback for a Unix socket.
    pub(crate) ip: IpAddr,
    /// The same with ports, and where it connected to, if anybody wants to know.
    pub(crate) named: Named,
    /// Whether TLS was spoken.
    pub(crate) scheme: Scheme,
    /// Which listener accepted it, as an index into the policies it began under.
    pub(crate) listener: usize,
    pub(crate) errands: Errands,
}

/// On whose behalf a connection asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errands {
    /// A client's.
    Clients,
    /// Our own: nobody waits for what it asks for.
    Warming,
}

/// The notes about one connection. Times are nanoseconds of [`crate::clock::monotonic`]; 0 means
/// "not happening".
#[derive(Debug)]
pub(crate) struct ConnectionState {
    pub(crate) peer: Peer,
    multiplexed: AtomicBool,
    upgraded: AtomicBool,
    active: AtomicU32,
    quiet_since: AtomicU64,
    head_began: AtomicBool,
    head_since: AtomicU64,
    write_blocked_since: AtomicU64,
    ending: AtomicU8,
    driver: Mutex<Option<Waker>>,
    /// What the last request that went to an upstream was forwarded with: the next is most often for
    /// the same host.
    hop: Mutex<Option<Arc<Hop>>>,
}

/// How a connection is to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It may go on.
    Open,
    /// Finish what is in flight, then close.
    Graceful,
    /// Close at once.
    Now,
}

// === impl ConnectionState ===

impl ConnectionState {
    pub(crate) fn new(peer: Peer, now: Duration) -> Self {
        Self {
            peer,
            multiplexed: AtomicBool::new(false),
            upgraded: AtomicBool::new(false),
            active: AtomicU32::new(0),
            quiet_since: AtomicU64::new(nanos(now)),
            head_began: AtomicBool::new(false),
            head_since: AtomicU64::new(0),
            write_blocked_since: AtomicU64::new(0),
            ending: AtomicU8::new(Ending::Open as u8),
            driver: Mutex::new(None),
            hop: Mutex::new(None),
        }
    }

    /// What a request of this connection to `authority` is forwarded with.
    pub(crate) fn hop(&self, authority: &str) -> Arc<Hop> {
        let mut last = self.hop.lock();
        match &*last {
            Some(hop) if hop.authority() == authority => Arc::clone(hop),
            _ => {
                let hop = Arc::new(Hop::new(self.peer.ip, self.peer.scheme, authority));
                Arc::clone(last.insert(hop))
            }
        }
    }

    /// HTTP/2 frames keep arriving between requests: a byte is not the beginning of a head.
    pub(crate) fn multiplexed(&self) {
        self.multiplexed.store(true, Ordering::Relaxed);
        self.head_began.store(false, Ordering::Relaxed);
    }

    /// Whether it speaks HTTP/2.
    pub(crate) fn is_multiplexed(&self) -> bool {
        self.multiplexed.load(Ordering::Relaxed)
    }

    /// The connection carries another protocol now and looks after itself.
    pub(crate) fn upgraded(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    /// A whole head was read; a request is in flight.
    pub(crate) fn request_began(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
        self.head_began.store(false, Ordering::Relaxed);
        self.head_since.store(0, Ordering::Relaxed);
    }

    /// The last byte of a response was handed over.
    pub(crate) fn request_ended(&self, now: Duration) {
        if self.active.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.quiet_since.store(nanos(now), Ordering::Relaxed);
        }
    }

    /// Bytes arrived. The clock is left to the next sweep: nearly every head is whole by then.
    pub(crate) fn bytes_read(&self) {
        if self.active.load(Ordering::Relaxed) == 0 && !self.multiplexed.load(Ordering::Relaxed) {
            self.head_began.store(true, Ordering::Relaxed);
        }
    }

    /// Bytes left, or nothing is waiting to.
    pub(crate) fn bytes_written(&self) {
        if self.write_blocked_since.load(Ordering::Relaxed) != 0 {
            self.write_blocked_since.store(0, Ordering::Relaxed);
        }
    }

    /// The client is not taking what it asked for.
    pub(crate) fn write_blocked(&self) {
        if self.write_blocked_since.load(Ordering::Relaxed) == 0 {
            let now = nanos(crate::clock::monotonic());
            self.write_blocked_since.store(now, Ordering::Relaxed);
        }
    }

    /// What the limits on clients say about this connection at `now`.
    pub(crate) fn judge(&self, clients: &Clients, now: Duration) -> Ending {
        if self.upgraded.load(Ordering::Relaxed) {
            return Ending::Open;
        }
        let exceeded = |since: u64, limit: Duration| {
            since != 0 && nanos(now).saturating_sub(since) > nanos(limit)
        };
        let load = |since: &AtomicU64| since.load(Ordering::Relaxed);
        if self.head_began.load(Ordering::Relaxed) && load(&self.head_since) == 0 {
            self.head_since.store(nanos(now), Ordering::Relaxed);
        }
        if exceeded(load(&self.write_blocked_since), clients.stall_timeout)
            || exceeded(load(&self.head_since), clients.head_timeout)
        {
            return Ending::Now;
        }
        let idle = self.active.load(Ordering::Relaxed) == 0
            && load(&self.head_since) == 0
            && exceeded(load(&self.quiet_since), clients.idle_timeout);
        if idle { Ending::Graceful } else { Ending::Open }
    }

    /// Tells the connection's driver to end it.
    pub(crate) fn end(&self, how: Ending) {
        if self.ending.fetch_max(how as u8, Ordering::Relaxed) < how as u8
            && let Some(waker) = self.driver.lock().take()
        {
            waker.wake();
        }
    }

    /// Whether the driver was told to end.
    pub(crate) fn ending(&self) -> Ending {
        match self.ending.load(Ordering::Relaxed) {
            0 => Ending::Open,
            1 => Ending::Graceful,
            _ => Ending::Now,
        }
    }

    /// Whom to wake when the ending changes.
    pub(crate) fn driven_by(&self, waker: &Waker) {
        *self.driver.lock() = Some(waker.clone());
    }
}

/// Nanoseconds since start, never 0, so that 0 can mean "not happening".
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests;
