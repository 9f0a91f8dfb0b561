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

use engine::{
    body_rate::{self, Pace},
    forwarding::Hop,
    proxy_protocol::Named,
};
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
    taking_since: AtomicU64,
    taken: AtomicU64,
    resets_since: AtomicU64,
    resets: AtomicU32,
    cut: AtomicU8,
    over: AtomicBool,
    ending: AtomicU8,
    driver: Mutex<Option<Waker>>,
    /// The client that a trusted proxy named with the last request.
    asked_by: Mutex<Option<IpAddr>>,
    /// What the last request that went to an upstream was forwarded with: the next is most often for
    /// the same host.
    hop: Mutex<Option<Arc<Hop>>>,
}

/// What the limits on clients say about a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is to be closed at once.
    Cut(Cut),
    /// It is to finish what is in flight.
    Graceful,
    /// It may go on.
    Open,
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

/// Why a connection is closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The head of a request did not arrive in time.
    HeadTimedOut,
    /// It was to end, and its client does not let it.
    Lingered,
    /// Its client reset too many streams.
    Resets,
    /// Its client takes its answers too slowly.
    TooSlow,
    /// Its client does not take its answers.
    WriteStalled,
}

/// What telling a connection to end came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told so before.
    Before,
    /// It is told now.
    Now,
}

/// How many streams a client has reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resets {
    /// Not more than it may.
    Few,
    /// More than it may.
    TooMany,
}

/// The time in which resets are counted.
const MINUTE: Duration = Duration::from_secs(60);

// === impl Cut ===

impl Cut {
    const ALL: [Self; 5] = [
        Self::HeadTimedOut,
        Self::Lingered,
        Self::Resets,
        Self::TooSlow,
        Self::WriteStalled,
    ];
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
            taking_since: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            resets_since: AtomicU64::new(0),
            resets: AtomicU32::new(0),
            cut: AtomicU8::new(Cut::HeadTimedOut as u8),
            over: AtomicBool::new(false),
            ending: AtomicU8::new(Ending::Open as u8),
            driver: Mutex::new(None),
            asked_by: Mutex::new(None),
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

    /// A trusted proxy asks for this client.
    pub(crate) fn asked_by(&self, client: IpAddr) {
        // Then nobody asks: see below.
        if self.is_multiplexed() {
            return;
        }
        *self.asked_by.lock() = Some(client);
    }

    /// Who is answered at the moment. On a connection with many streams a proxy may ask for several, and
    /// what it does not take is none of theirs alone: then it is the peer.
    pub(crate) fn answered(&self) -> IpAddr {
        let asked_by = match self.is_multiplexed() {
            true => None,
            false => *self.asked_by.lock(),
        };
        asked_by.unwrap_or(self.peer.ip)
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

    /// So many bytes left, or nothing is waiting to.
    pub(crate) fn bytes_written(&self, bytes: usize) {
        if self.taking_since.load(Ordering::Relaxed) != 0 {
            self.taken.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        if self.write_blocked_since.load(Ordering::Relaxed) != 0 {
            self.write_blocked_since.store(0, Ordering::Relaxed);
        }
    }

    /// The client is not taking what it asked for.
    pub(crate) fn write_blocked(&self) {
        if self.write_blocked_since.load(Ordering::Relaxed) == 0 {
            let now = nanos(crate::clock::monotonic());
            self.write_blocked_since.store(now, Ordering::Relaxed);
            if self.taking_since.load(Ordering::Relaxed) == 0 {
                self.taken.store(0, Ordering::Relaxed);
                self.taking_since.store(now, Ordering::Relaxed);
            }
        }
    }

    /// The client reset a stream: whether that is more than `most` in a minute.
    pub(crate) fn stream_reset(&self, most: u32, now: Duration) -> Resets {
        if self.over.load(Ordering::Relaxed) {
            return Resets::Few;
        }
        let since = self.resets_since.load(Ordering::Relaxed);
        if since == 0 || nanos(now).saturating_sub(since) > nanos(MINUTE) {
            self.resets_since.store(nanos(now), Ordering::Relaxed);
            self.resets.store(0, Ordering::Relaxed);
        }
        match self.resets.fetch_add(1, Ordering::Relaxed) >= most {
            true => Resets::TooMany,
            false => Resets::Few,
        }
    }

    /// It has ended: what is still in flight on it ends with it, and nobody resets it.
    pub(crate) fn ended(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Closes it at once.
    pub(crate) fn cut(&self, why: Cut) -> Ended {
        if self.ending() != Ending::Now {
            self.cut.store(why as u8, Ordering::Relaxed);
        }
        self.end(Ending::Now)
    }

    /// Why it was closed at once.
    pub(crate) fn why_cut(&self) -> Cut {
        let why = usize::from(self.cut.load(Ordering::Relaxed));
        Cut::ALL.get(why).copied().unwrap_or(Cut::HeadTimedOut)
    }

    /// What the limits on clients say about this connection at `now`.
    pub(crate) fn judge(&self, clients: &Clients, now: Duration) -> Judged {
        if self.upgraded.load(Ordering::Relaxed) {
            return Judged::Open;
        }
        let exceeded = |since: u64, limit: Duration| {
            since != 0 && nanos(now).saturating_sub(since) > nanos(limit)
        };
        let load = |since: &AtomicU64| since.load(Ordering::Relaxed);
        if self.head_began.load(Ordering::Relaxed) && load(&self.head_since) == 0 {
            self.head_since.store(nanos(now), Ordering::Relaxed);
        }
        if exceeded(load(&self.write_blocked_since), clients.stall_timeout) {
            return Judged::Cut(Cut::WriteStalled);
        }
        if self.pace(clients, now) == Pace::TooSlow {
            return Judged::Cut(Cut::TooSlow);
        }
        if exceeded(load(&self.head_since), clients.head_timeout) {
            return Judged::Cut(Cut::HeadTimedOut);
        }
        if self.active.load(Ordering::Relaxed) > 0 || load(&self.head_since) != 0 {
            return Judged::Open;
        }
        let quiet = load(&self.quiet_since);
        // What a client of HTTP/2 was given and does not take keeps its connection from ending.
        if exceeded(
            quiet,
            clients.idle_timeout.saturating_add(clients.stall_timeout),
        ) {
            return Judged::Cut(Cut::Lingered);
        }
        match exceeded(quiet, clients.idle_timeout) {
            true => Judged::Graceful,
            false => Judged::Open,
        }
    }

    /// Whether the client takes fast enough what is waiting for it. One that has taken all of it for a
    /// moment begins anew.
    fn pace(&self, clients: &Clients, now: Duration) -> Pace {
        let since = self.taking_since.load(Ordering::Relaxed);
        if since == 0 {
            return Pace::Enough;
        }
        if self.write_blocked_since.load(Ordering::Relaxed) == 0 {
            self.taking_since.store(0, Ordering::Relaxed);
            return Pace::Enough;
        }
        let waited = Duration::from_nanos(nanos(now).saturating_sub(since));
        let taken = self.taken.load(Ordering::Relaxed);
        let least = clients.min_body_rate.bytes();
        body_rate::judge(least, clients.stall_timeout, waited, taken)
    }

    /// Tells the connection's driver to end it.
    pub(crate) fn end(&self, how: Ending) -> Ended {
        if self.ending.fetch_max(how as u8, Ordering::Relaxed) >= how as u8 {
            return Ended::Before;
        }
        if let Some(waker) = self.driver.lock().take() {
            waker.wake();
        }
        Ended::Now
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
