//! A relay between sidecar and origin that does to a connection what networks do.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    deadline::{Deadline, PATIENCE},
    runtime,
};

/// What happens to the bytes of the origin on their way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Requests are swallowed; nothing comes back.
    Blackhole,
    /// One byte at a time, each in a packet of its own.
    Drip,
    /// Nothing at all.
    None,
    /// After so many bytes the connection is reset.
    ResetAfter(usize),
    /// After so many bytes the connection is closed in order.
    TruncateAfter(usize),
}

/// A listener whose connections end at another address.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    mischief: Arc<Mutex<Mischief>>,
    stopped: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

// === impl Relay ===

impl Relay {
    /// A relay to `target`.
    pub fn to(target: SocketAddr, mischief: Mischief) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            mischief: Arc::new(Mutex::new(mischief)),
            stopped: Arc::default(),
            connections: Arc::default(),
        };
        let (mischief, stopped) = (Arc::clone(&relay.mischief), Arc::clone(&relay.stopped));
        let connections = Arc::clone(&relay.connections);
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let mischief = *mischief.lock().unwrap();
                thread::spawn(move || carry(near, target, mischief));
            }
        });
        relay
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What happens to connections from now on.
    pub fn now(&self, mischief: Mischief) {
        *self.mischief.lock().unwrap() = mischief;
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _woken = TcpStream::connect(self.address);
    }
}

fn carry(near: TcpStream, target: SocketAddr, mischief: Mischief) {
    near.set_nodelay(true).unwrap();
    near.set_read_timeout(Some(PATIENCE)).unwrap();
    if mischief == Mischief::Blackhole {
        swallow(near);
        return;
    }
    let Ok(far) = TcpStream::connect(target) else {
        return;
    };
    far.set_nodelay(true).unwrap();
    far.set_read_timeout(Some(PATIENCE)).unwrap();
    let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let upward = thread::spawn(move || forward(from, to));
    let reset = backward(&far, &near, mischief);
    // Also ends the other direction, which holds the second handle of `near`.
    let _closed = far.shutdown(Shutdown::Both);
    if reset {
        // Only the read side: a FIN must not go out before the RST.
        let _closed = near.shutdown(Shutdown::Read);
    } else {
        let _closed = near.shutdown(Shutdown::Both);
    }
    let _joined = upward.join();
    if reset {
        runtime::reset(near);
    }
}

fn swallow(mut near: TcpStream) {
    let deadline = Deadline::after(PATIENCE);
    let mut piece = [0; 4096];
    while deadline.left().is_some() && near.read(&mut piece).is_ok_and(|n| n > 0) {}
}

fn forward(mut from: TcpStream, mut to: TcpStream) {
    // Ends with either side; what was lost is what the test is about.
    let _ended = std::io::copy(&mut from, &mut to);
    let _closed = to.shutdown(Shutdown::Write);
}

/// Carries the origin's bytes; tells whether the connection is to be reset.
fn backward(mut from: &TcpStream, mut to: &TcpStream, mischief: Mischief) -> bool {
    let mut left = match mischief {
        Mischief::ResetAfter(bytes) | Mischief::TruncateAfter(bytes) => bytes,
        Mischief::Blackhole | Mischief::Drip | Mischief::None => usize::MAX,
    };
    let mut piece = [0; 16 * 1024];
    while left > 0 {
        let Ok(n @ 1..) = from.read(&mut piece) else {
            return false;
        };
        let n = n.min(left);
        left -= n;
        let step = if mischief == Mischief::Drip { 1 } else { n };
        for part in piece[..n].chunks(step) {
            if to.write_all(part).is_err() {
                return false;
            }
        }
    }
    matches!(mischief, Mischief::ResetAfter(_))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::{Ask, Origin, RawClient};

    fn ask(mischief: Mischief) -> io::Result<String> {
        let origin = Origin::saying("a body of some length");
        let relay = Relay::to(origin.address(), mischief);
        let mut client = RawClient::connect(relay.address());
        client.send(Ask::get("/").bytes());
        client.try_response("GET").map(|response| response.text())
    }

    #[test]
    fn a_slow_drip_arrives_whole() {
        assert_eq!(ask(Mischief::Drip).unwrap(), "a body of some length");
        assert_eq!(ask(Mischief::None).unwrap(), "a body of some length");
    }

    #[test]
    fn truncation_and_reset_are_what_they_say() {
        let truncated = ask(Mischief::TruncateAfter(50)).unwrap_err();
        assert_eq!(truncated.kind(), io::ErrorKind::UnexpectedEof);
        let reset = ask(Mischief::ResetAfter(50)).unwrap_err();
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    }
}
