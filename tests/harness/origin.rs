//! Origins of which a test controls every byte.

use std::{
    net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    deadline::PATIENCE,
    message::{Fields, Request},
    ports,
    reply::{After, Reply},
    wire::Wire,
};

/// A server on the loopback; it stops listening when it is dropped.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    notes: Arc<Notes>,
}

/// One connection that the sidecar opened.
#[derive(Debug)]
pub struct Conversation {
    /// The number of the connection, from 0.
    pub index: usize,
    wire: Wire,
    notes: Arc<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    requests: Mutex<Vec<Request>>,
    arrived: Condvar,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

/// What is done with a connection whose requests are answered one after the other.
fn answering(handler: impl Fn(&Request) -> Reply) -> impl Fn(Conversation) {
    move |mut conversation| {
        while let Some(request) = conversation.request() {
            let reply = handler(&request);
            if conversation.answer(&request, reply) == After::Close {
                return;
            }
        }
    }
}

// === impl Origin ===

impl Origin {
    /// Answers each request as the handler says, keeping connections alive.
    ///
    /// Each connection has its own thread: a handler may wait as long as it likes.
    pub fn http(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::scripted(answering(handler))
    }

    /// As [`Self::http`], at an address of the test's choice.
    pub fn http_at(
        address: impl ToSocketAddrs,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listening(TcpListener::bind(address).unwrap(), answering(handler))
    }

    /// Answers everything with 200 and this body.
    pub fn saying(body: &'static str) -> Self {
        Self::http(move |_| Reply::ok(body))
    }

    /// Does with each connection what the script says; the connection ends with the script.
    pub fn scripted(script: impl Fn(Conversation) + Send + Sync + 'static) -> Self {
        Self::listening(ports::listener(), script)
    }

    fn listening(
        listener: TcpListener,
        script: impl Fn(Conversation) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let notes = Arc::new(Notes::default());
        let script = Arc::new(script);
        thread::spawn({
            let notes = Arc::clone(&notes);
            move || {
                for stream in listener.incoming() {
                    if notes.stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let conversation = Conversation {
                        index: notes.connections.fetch_add(1, Ordering::SeqCst),
                        wire: Wire::new(stream),
                        notes: Arc::clone(&notes),
                    };
                    let script = Arc::clone(&script);
                    thread::spawn(move || script(conversation));
                }
            }
        });
        Self { address, notes }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many requests have arrived.
    pub fn count(&self) -> usize {
        self.notes.requests.lock().unwrap().len()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.notes.connections.load(Ordering::SeqCst)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.notes.requests.lock().unwrap().clone()
    }

    /// The last request.
    #[track_caller]
    pub fn last(&self) -> Request {
        self.requests().pop().expect("the origin was not asked")
    }

    /// Waits until so many requests have arrived.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let requests = self.notes.requests.lock().unwrap();
        let (requests, _) = self
            .notes
            .arrived
            .wait_timeout_while(requests, PATIENCE, |requests| requests.len() < count)
            .unwrap();
        assert!(
            requests.len() >= count,
            "{} of {count} requests came",
            requests.len()
        );
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.notes.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts, which then ends and closes the listener.
        let _woken = TcpStream::connect(self.address);
    }
}

// === impl Conversation ===

impl Conversation {
    /// The next whole request; `None` when the sidecar closed or broke the connection.
    pub fn request(&mut self) -> Option<Request> {
        let request = self.wire.request().ok().flatten()?;
        Some(self.note(request))
    }

    /// The head of the next request.
    pub fn head(&mut self) -> Option<Request> {
        let request = self.wire.request_head().ok().flatten()?;
        Some(self.note(request))
    }

    /// The body that belongs to a head; `None` when it ends early.
    pub fn body(&mut self, head: &Request) -> Option<(Vec<u8>, Fields)> {
        self.wire.request_body(head).ok()
    }

    /// Sends these bytes; nobody minds when the sidecar is gone.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _gone = self.wire.write(bytes.as_ref());
    }

    /// Sends these bytes and tells whether the sidecar's end took them.
    pub fn try_say(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.wire.write(bytes.as_ref())
    }

    /// Whatever comes next; empty when the sidecar closed.
    pub fn hear(&mut self) -> Vec<u8> {
        self.wire.some().unwrap_or_default()
    }

    /// Exactly so many bytes.
    pub fn hear_exactly(&mut self, length: usize) -> std::io::Result<Vec<u8>> {
        self.wire.exactly(length)
    }

    /// Everything until the sidecar closes.
    pub fn hear_to_end(&mut self) -> std::io::Result<Vec<u8>> {
        self.wire.rest()
    }

    /// Says nothing more, but goes on listening.
    pub fn half_close(&self) {
        let _gone = self.wire.half_close();
    }

    /// Breaks the connection with a RST.
    pub fn reset(self) {
        self.wire.reset();
    }

    pub(crate) fn answer(&mut self, request: &Request, reply: Reply) -> After {
        reply
            .write(&mut self.wire, &request.method)
            .unwrap_or(After::Close)
    }

    /// Numbers it in the order in which a test sees requests arrive.
    fn note(&self, mut request: Request) -> Request {
        let mut requests = self.notes.requests.lock().unwrap();
        request.number = requests.len() + 1;
        requests.push(request.clone());
        self.notes.arrived.notify_all();
        request
    }
}
