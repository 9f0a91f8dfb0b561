//! How a port is to those who knock: it lets them in, refuses them, or lets them stand there.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::net::TcpSocket;

use crate::runtime::runtime;

/// What a queue that is full gives nobody in.
const KNOCK: Duration = Duration::from_millis(100);

/// A port, which stays the same whatever becomes of it.
#[derive(Debug)]
pub(super) enum Door {
    /// It listens, and its queue is full: nobody is told anything.
    Deaf {
        _listener: tokio::net::TcpListener,
        _queue: Vec<TcpStream>,
    },
    /// Somebody takes whoever comes.
    Open {
        address: SocketAddr,
        closed: Arc<AtomicBool>,
        porter: Option<JoinHandle<()>>,
    },
    /// Nobody listens: whoever comes is refused.
    Shut,
}

// === impl Door ===

impl Door {
    /// Everybody who comes to `address` is given to `takes`.
    pub(super) fn open(
        address: SocketAddr,
        mut takes: impl FnMut(TcpStream) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let closed = Arc::<AtomicBool>::default();
        let porter = thread::spawn({
            let closed = Arc::clone(&closed);
            move || {
                for near in listener.incoming().flatten() {
                    if closed.load(Ordering::SeqCst) {
                        return;
                    }
                    takes(near);
                }
            }
        });
        Self::Open {
            address,
            closed,
            porter: Some(porter),
        }
    }

    /// Fills the queue of `address`, so that the kernel answers no more.
    pub(super) fn deaf(address: SocketAddr) -> Self {
        let _context = runtime().enter();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let knock = || TcpStream::connect_timeout(&address, KNOCK).ok();
        Self::Deaf {
            _listener: listener,
            _queue: std::iter::from_fn(knock).collect(),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Self::Open {
            address,
            closed,
            porter,
        } = self
        {
            closed.store(true, Ordering::SeqCst);
            // Wakes the porter, who then ends and closes the listener.
            let _woken = TcpStream::connect(*address);
            let _gone = porter.take().map(JoinHandle::join);
        }
    }
}
