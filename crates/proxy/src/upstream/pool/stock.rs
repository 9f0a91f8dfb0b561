//! The connections to one endpoint that can be used, and those who wait for one.
//!
//! **Who gets what.** A request takes the connection that was used last, so that a quiet hour lets the
//! others age out; on HTTP/2 the first that has a stream left, so that the others empty. One that finds
//! nothing opens another, and where there may be no other, waits. Those who wait are served in the
//! order in which they came, before anybody who comes later: a place that becomes free is theirs at
//! once, so that nobody who comes later ever sees it. Only a stream passes by those who need a
//! connection of their own.
//!
//! **One handshake is enough for many.** Where the endpoint speaks HTTP/2, requests that come while a
//! connection is being opened wait for it, as many as will find a stream on it.
//!
//! Nothing is closed in here: what is to be closed is handed out, because closing frees a place, and
//! whoever frees a place comes back in here.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use telemetry::{CloseReason, ConnectionState};
use tokio::sync::oneshot;

use super::{Grant, Rules, Shared, Wanted};
use crate::upstream::{
    connect::Agreed,
    sender::{Http1Sender, Multiplexed, Sender},
};

/// The connections to one endpoint, of one worker or of all.
#[derive(Debug, Default)]
pub(super) struct Stock {
    http1: Vec<Idle>,
    http2: Vec<Multiplexed>,
    waiters: VecDeque<Waiter>,
    /// Connections that stand or are being opened.
    open: usize,
    /// Connections that are being opened.
    opening: usize,
    /// What the last connection speaks.
    spoken: Option<Agreed>,
    keep_alive: Duration,
}

#[derive(Debug)]
struct Idle {
    sender: Http1Sender,
    since: Duration,
}

#[derive(Debug)]
struct Waiter {
    wanted: Wanted,
    /// Whether a connection was closed for it already.
    room: Room,
    grant: oneshot::Sender<Grant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Made,
    NotMade,
}

/// Who is given something: a connection, or with `None` a place for one, counted already.
pub(super) type Dealt = (oneshot::Sender<Grant>, Option<Sender>);

/// What one who asks is told.
#[derive(Debug)]
pub(super) enum Told {
    /// Here is one.
    Connection(Sender),
    /// Open another; its place is counted already.
    Open,
    /// Wait for what comes.
    Wait(oneshot::Receiver<Grant>),
}

/// Connections that are to be closed, once nothing is locked any more.
#[derive(Debug, Default)]
pub(super) struct Discarded(Vec<Sender>, Vec<Multiplexed>);

// === impl Stock ===

impl Stock {
    /// A connection, a place for one, or a place in the queue.
    pub(super) fn ask(
        &mut self,
        rules: &Rules,
        shared: Option<&Arc<Shared>>,
        wanted: Wanted,
        now: Duration,
        discarded: &mut Discarded,
    ) -> Told {
        self.forget_the_gone();
        if wanted == Wanted::Any
            && let Some(sender) = self.take_unless_awaited(rules, shared, now, discarded)
        {
            return Told::Connection(sender);
        }
        if self.may_open(rules, wanted, self.waiters.len() + 1) {
            self.begin();
            return Told::Open;
        }
        let (grant, receiver) = oneshot::channel();
        self.waiters.push_back(Waiter {
            wanted,
            room: Room::NotMade,
            grant,
        });
        self.make_room(discarded);
        Told::Wait(receiver)
    }

    /// Takes a place for a connection that nobody waits for, if there is one to spare.
    pub(super) fn spare(&mut self, rules: &Rules) -> bool {
        let spare = self.waiters.is_empty() && self.has_room(rules);
        if spare {
            self.begin();
        }
        spare
    }

    fn begin(&mut self) {
        self.open += 1;
        self.opening += 1;
    }

    fn has_room(&self, rules: &Rules) -> bool {
        rules.max_open.is_none_or(|most| self.open < most)
    }

    /// A connection that was being opened stands, or does not.
    pub(super) fn opened(&mut self, agreed: Option<Agreed>) {
        self.opening = self.opening.saturating_sub(1);
        self.spoken = agreed.or(self.spoken);
    }

    /// A connection is closed, or was not opened.
    pub(super) fn closed(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Puts an unused connection in.
    pub(super) fn put(
        &mut self,
        rules: &Rules,
        sender: Http1Sender,
        now: Duration,
        discarded: &mut Discarded,
    ) {
        self.keep_alive = rules.keep_alive;
        sender.tally.becomes(ConnectionState::Idle);
        self.http1.push(Idle { sender, since: now });
        if self.waiters.is_empty() && self.http1.len() > rules.max_idle {
            discarded.http1(self.http1.remove(0).sender, CloseReason::Limit);
        }
    }

    /// Shares a multiplexed connection with the requests to come.
    pub(super) fn share(&mut self, rules: &Rules, connection: Multiplexed) {
        self.keep_alive = rules.keep_alive;
        self.http2.push(connection);
    }

    /// What the first one who waits gets now, if anything.
    pub(super) fn deal(
        &mut self,
        rules: &Rules,
        shared: Option<&Arc<Shared>>,
        now: Duration,
        discarded: &mut Discarded,
    ) -> Option<Dealt> {
        self.forget_the_gone();
        let wanted = self.waiters.front()?.wanted;
        let taken = match wanted {
            Wanted::Any => self.take(rules, shared, now, discarded),
            Wanted::New => None,
        };
        if taken.is_none() {
            if !self.may_open(rules, wanted, self.waiters.len()) {
                self.make_room(discarded);
                return self.overtake(rules, shared);
            }
            self.begin();
        }
        self.waiters.pop_front().map(|waiter| (waiter.grant, taken))
    }

    fn forget_the_gone(&mut self) {
        while let Some(waiter) = self.waiters.front()
            && waiter.grant.is_closed()
        {
            self.waiters.pop_front();
        }
    }

    /// Takes a connection, or a stream of one, that nobody waits for.
    fn take_unless_awaited(
        &mut self,
        rules: &Rules,
        shared: Option<&Arc<Shared>>,
        now: Duration,
        discarded: &mut Discarded,
    ) -> Option<Sender> {
        if self.waiters.is_empty() {
            return self.take(rules, shared, now, discarded);
        }
        let only_new = |waiter: &Waiter| waiter.wanted == Wanted::New;
        match self.waiters.iter().all(only_new) {
            true => {
                self.weed(now, discarded);
                self.stream(rules, shared)
            }
            false => None,
        }
    }

    /// A stream is of no use to one who needs a new connection, and whoever stands behind may have it:
    /// one upgrade must not hold up all the requests that a connection has room for.
    fn overtake(&mut self, rules: &Rules, shared: Option<&Arc<Shared>>) -> Option<Dealt> {
        let content = |waiter: &Waiter| waiter.wanted == Wanted::Any && !waiter.grant.is_closed();
        let at = self.waiters.iter().position(content)?;
        let sender = self.stream(rules, shared)?;
        self.waiters
            .remove(at)
            .map(|waiter| (waiter.grant, Some(sender)))
    }

    /// Closes a connection for one who can only use a new one: one that is unused, or the last of
    /// several with streams, which ends with those.
    fn make_room(&mut self, discarded: &mut Discarded) {
        let Some(first) = self.waiters.front_mut() else {
            return;
        };
        if first.wanted != Wanted::New || first.room == Room::Made {
            return;
        }
        if !self.http1.is_empty() {
            first.room = Room::Made;
            discarded.http1(self.http1.remove(0).sender, CloseReason::Limit);
            return;
        }
        let unused = self.http2.iter().rposition(Multiplexed::is_unused);
        let last = (self.http2.len() > 1).then(|| self.http2.len() - 1);
        if let Some(at) = unused.or(last) {
            first.room = Room::Made;
            discarded.http2(self.http2.remove(at), CloseReason::Limit);
        }
    }

    /// Whether the last of so many who wait may open a connection.
    fn may_open(&self, rules: &Rules, wanted: Wanted, waiting: usize) -> bool {
        let multiplexes = rules.multiplexes || self.spoken == Some(Agreed::Http2);
        let streams = usize::try_from(rules.max_streams).unwrap_or(usize::MAX);
        // Whoever opens a connection takes the first of its streams.
        let expected = self.opening.saturating_mul(streams.saturating_sub(1));
        let provided = wanted == Wanted::Any && multiplexes && waiting <= expected;
        !provided && self.has_room(rules)
    }

    fn take(
        &mut self,
        rules: &Rules,
        shared: Option<&Arc<Shared>>,
        now: Duration,
        discarded: &mut Discarded,
    ) -> Option<Sender> {
        self.keep_alive = rules.keep_alive;
        self.weed(now, discarded);
        if let Some(sender) = self.stream(rules, shared) {
            return Some(sender);
        }
        let ready = |idle: &Idle| idle.sender.requests.is_ready();
        let chosen = match self.http1.iter().rposition(ready) {
            Some(newest) => newest,
            // One that is not ready yet has only just been given back. Where another can be opened it
            // stays for the next request; where not, it is worth the wait.
            None if self.has_room(rules) => return None,
            None => self.http1.len().checked_sub(1)?,
        };
        let sender = self.http1.remove(chosen).sender;
        sender.tally.becomes(ConnectionState::Active);
        Some(Sender::Http1(sender))
    }

    fn stream(&self, rules: &Rules, shared: Option<&Arc<Shared>>) -> Option<Sender> {
        let mut connections = self.http2.iter();
        connections
            .find_map(|connection| connection.share(rules.max_streams, shared))
            .map(Sender::Http2)
    }

    /// Hands out what is of no use any more.
    pub(super) fn weed(&mut self, now: Duration, discarded: &mut Discarded) {
        let oldest = now.saturating_sub(self.keep_alive);
        let verdict = |idle: &Idle| match idle.sender.verdict(now) {
            None if idle.since < oldest => Some(CloseReason::Idle),
            verdict => verdict,
        };
        if self.http1.iter().any(|idle| verdict(idle).is_some()) {
            for idle in std::mem::take(&mut self.http1) {
                match verdict(&idle) {
                    Some(reason) => discarded.http1(idle.sender, reason),
                    None => self.http1.push(idle),
                }
            }
        }
        let keep_alive = self.keep_alive;
        let verdict = |connection: &Multiplexed| connection.verdict(now, keep_alive);
        if self.http2.iter().any(|it| verdict(it).is_some()) {
            for connection in std::mem::take(&mut self.http2) {
                match verdict(&connection) {
                    Some(reason) => discarded.http2(connection, reason),
                    None => self.http2.push(connection),
                }
            }
        }
    }

    /// Hands out all that is unused; what is in use goes on, and nobody else joins it.
    pub(super) fn empty(&mut self, discarded: &mut Discarded) {
        for idle in self.http1.drain(..) {
            discarded.http1(idle.sender, CloseReason::Removed);
        }
        for connection in self.http2.drain(..) {
            discarded.http2(connection, CloseReason::Removed);
        }
    }

    /// Whether there is nothing in it that anybody could miss.
    pub(super) fn is_empty(&self) -> bool {
        self.http1.is_empty()
            && self.http2.is_empty()
            && self.waiters.is_empty()
            && self.opening == 0
    }
}

// === impl Discarded ===

impl Discarded {
    pub(super) fn http1(&mut self, sender: Http1Sender, reason: CloseReason) {
        sender.tally.ends(reason);
        self.0.push(Sender::Http1(sender));
    }

    fn http2(&mut self, connection: Multiplexed, reason: CloseReason) {
        connection.streams.tally.ends(reason);
        self.1.push(connection);
    }
}
