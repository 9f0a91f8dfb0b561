//! A relay between sidecar and origin that does to a connection what networks and dying machines do.

mod door;

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use self::door::Door;
use crate::{
    deadline::{Deadline, PATIENCE},
    ports, runtime,
};

/// What happens to a connection, mostly to the bytes of the origin on their way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Requests are swallowed; nothing comes back.
    Blackhole,
    /// Nobody says that the connection stands, or that it does not.
    Deaf,
    /// One byte at a time, each in a packet of its own.
    Drip,
    /// Nothing at all.
    None,
    /// Nobody listens.
    Refuse,
    /// After so many bytes of an answer the connection is reset.
    ResetAfter(usize),
    /// This is the answer to whatever comes, and nothing goes on to the origin.
    Say(&'static str),
    /// After so many bytes nothing more comes, and the connection stays.
    StallAfter(usize),
    /// One byte at a time, each so much later than the last.
    Trickle(Duration),
    /// After so many bytes the connection is closed in order.
    TruncateAfter(usize),
}

/// A listener whose connections end at another address.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    way: Arc<Way>,
    door: Mutex<Door>,
}

/// What all connections of a relay know.
#[derive(Debug)]
struct Way {
    target: Mutex<SocketAddr>,
    mischief: Mutex<Mischief>,
    connections: AtomicUsize,
    /// The first lines of requests.
    requests: Mutex<Vec<String>>,
    /// Another handle of each connection that is open, by its number.
    open: Mutex<HashMap<usize, TcpStream>>,
    /// How often everything was cut.
    cuts: Mutex<u64>,
    cut: Condvar,
}

/// How a connection ends.
enum End {
    InOrder,
    Reset,
    /// When the sidecar ends it.
    Stalled,
}

// === impl Relay ===

impl Relay {
    /// A relay to `target`.
    pub fn to(target: SocketAddr, mischief: Mischief) -> Self {
        let relay = Self {
            address: ports::free(),
            way: Arc::new(Way {
                target: Mutex::new(target),
                mischief: Mutex::new(Mischief::None),
                connections: AtomicUsize::new(0),
                requests: Mutex::default(),
                open: Mutex::default(),
                cuts: Mutex::default(),
                cut: Condvar::new(),
            }),
            door: Mutex::new(Door::Shut),
        };
        relay.listen();
        relay.now(mischief);
        relay
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where connections end from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.way.target.lock().unwrap() = target;
    }

    /// What happens to connections from now on.
    pub fn now(&self, mischief: Mischief) {
        let before = std::mem::replace(&mut *self.way.mischief.lock().unwrap(), mischief);
        match mischief {
            Mischief::Deaf => {
                self.shut();
                *self.door.lock().unwrap() = Door::deaf(self.address);
            }
            Mischief::Refuse => self.shut(),
            _ if matches!(before, Mischief::Deaf | Mischief::Refuse) => {
                self.shut();
                self.listen();
            }
            _ => {}
        }
    }

    /// What happens to all connections from now on: those that are open end, as when a process dies.
    pub fn turn(&self, mischief: Mischief) {
        self.now(mischief);
        *self.way.cuts.lock().unwrap() += 1;
        self.way.cut.notify_all();
        for (_, near) in self.way.open.lock().unwrap().drain() {
            let _closed = near.shutdown(Shutdown::Both);
        }
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.way.connections.load(Ordering::SeqCst)
    }

    /// How many requests without a body have come for this path; for what is encrypted, none.
    pub fn requests(&self, path: &str) -> usize {
        let requests = self.way.requests.lock().unwrap();
        let for_it = requests
            .iter()
            .filter(|line| line.split(' ').nth(1) == Some(path));
        for_it.count()
    }

    fn shut(&self) {
        *self.door.lock().unwrap() = Door::Shut;
    }

    fn listen(&self) {
        let way = Arc::clone(&self.way);
        let door = Door::open(self.address, move |near| {
            let number = way.connections.fetch_add(1, Ordering::SeqCst);
            let way = Arc::clone(&way);
            thread::spawn(move || way.carry(number, near));
        });
        *self.door.lock().unwrap() = door;
    }
}

// === impl Way ===

impl Way {
    fn carry(&self, number: usize, near: TcpStream) {
        near.set_nodelay(true).unwrap();
        near.set_read_timeout(Some(PATIENCE)).unwrap();
        let cuts = *self.cuts.lock().unwrap();
        let handle = near.try_clone().unwrap();
        self.open.lock().unwrap().insert(number, handle);
        // Only now, so that a turn that comes meanwhile is seen or ends it.
        let mischief = *self.mischief.lock().unwrap();
        let end = match mischief {
            Mischief::Blackhole => self.answer(&near, ""),
            Mischief::Say(text) => self.answer(&near, text),
            _ => self.relay(&near, mischief, cuts),
        };
        // The other handle would keep it open.
        self.open.lock().unwrap().remove(&number);
        if matches!(end, End::Reset) {
            runtime::reset(near);
        }
    }

    /// Reads all that comes and answers it with `text`.
    fn answer(&self, mut near: &TcpStream, text: &str) -> End {
        let deadline = Deadline::after(PATIENCE);
        let (mut piece, mut head) = ([0; 4096], Vec::new());
        while deadline.left().is_some() {
            let Ok(n @ 1..) = near.read(&mut piece) else {
                break;
            };
            self.note(&mut head, &piece[..n]);
            if near.write_all(text.as_bytes()).is_err() {
                break;
            }
        }
        End::InOrder
    }

    fn relay(&self, near: &TcpStream, mischief: Mischief, cuts: u64) -> End {
        let target = *self.target.lock().unwrap();
        let Ok(far) = TcpStream::connect(target) else {
            return End::InOrder;
        };
        far.set_nodelay(true).unwrap();
        far.set_read_timeout(Some(PATIENCE)).unwrap();
        thread::scope(|scope| {
            let upward = scope.spawn(|| self.forward(near, &far));
            let end = self.backward(&far, near, mischief, cuts);
            if matches!(end, End::Stalled) {
                let _gone = upward.join();
            }
            // Also ends the other direction.
            let _closed = far.shutdown(Shutdown::Both);
            let _closed = near.shutdown(match end {
                // A FIN must not go out before the RST.
                End::Reset => Shutdown::Read,
                End::InOrder | End::Stalled => Shutdown::Both,
            });
            end
        })
    }

    fn forward(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let (mut piece, mut head) = (vec![0; 16 * 1024], Vec::new());
        // Ends with either side; what was lost is what the test is about.
        while let Ok(n @ 1..) = from.read(&mut piece) {
            self.note(&mut head, &piece[..n]);
            if to.write_all(&piece[..n]).is_err() {
                break;
            }
        }
        let _closed = to.shutdown(Shutdown::Write);
    }

    /// Carries the origin's bytes.
    fn backward(
        &self,
        mut from: &TcpStream,
        mut to: &TcpStream,
        mischief: Mischief,
        cuts: u64,
    ) -> End {
        let (mut left, end) = match mischief {
            Mischief::ResetAfter(bytes) => (bytes, End::Reset),
            Mischief::StallAfter(bytes) => (bytes, End::Stalled),
            Mischief::TruncateAfter(bytes) => (bytes, End::InOrder),
            _ => (usize::MAX, End::InOrder),
        };
        let mut piece = [0; 16 * 1024];
        loop {
            let Ok(n @ 1..) = from.read(&mut piece) else {
                return End::InOrder;
            };
            let n = n.min(left);
            left -= n;
            let step = match mischief {
                Mischief::Drip | Mischief::Trickle(_) => 1,
                _ => n.max(1),
            };
            for part in piece[..n].chunks(step) {
                if let Mischief::Trickle(pause) = mischief {
                    self.pause(pause, cuts);
                }
                if to.write_all(part).is_err() {
                    return End::InOrder;
                }
            }
            if left == 0 {
                return end;
            }
        }
    }

    /// Waits so long for a cut.
    fn pause(&self, pause: Duration, cuts: u64) {
        let now = self.cuts.lock().unwrap();
        let waited = self.cut.wait_timeout_while(now, pause, |now| *now == cuts);
        drop(waited.unwrap());
    }

    /// Notes the requests in what has come since the last of them.
    fn note(&self, head: &mut Vec<u8>, piece: &[u8]) {
        // One that is longer is a body, or encrypted.
        const LONGEST: usize = 64 * 1024;
        head.extend(piece);
        while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let request: Vec<u8> = head.drain(..end + 4).collect();
            let text = String::from_utf8_lossy(&request);
            let line = text.lines().next().unwrap_or_default();
            self.requests.lock().unwrap().push(line.to_owned());
        }
        if head.len() > LONGEST {
            head.clear();
        }
    }
}

#[cfg(test)]
mod tests;
