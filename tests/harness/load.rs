//! Clients that go on asking, whatever comes back.

use std::{
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    client::{Ask, RawClient},
    deadline::{PATIENCE, timed},
};

/// Clients on threads of their own, each with a connection of its own.
#[derive(Debug)]
pub struct Load {
    clients: Vec<JoinHandle<Vec<Answer>>>,
    answered: Arc<Answered>,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status; `None` when the connection ended within the answer.
    pub status: Option<u16>,
    /// Its body, as far as it is whole.
    pub text: String,
    /// From asking to the last byte.
    pub took: Duration,
}

#[derive(Debug, Default)]
struct Answered {
    count: Mutex<usize>,
    more: Condvar,
}

// === impl Load ===

impl Load {
    /// So many clients that ask for this path so often each, one request after the other.
    pub fn start(address: SocketAddr, clients: usize, each: usize, path: &str) -> Self {
        let answered = Arc::<Answered>::default();
        let ask = Ask::get(path);
        let clients = (0..clients).map(|_| {
            let (answered, ask) = (Arc::clone(&answered), ask.clone());
            thread::spawn(move || asking(address, each, &ask, &answered))
        });
        Self {
            clients: clients.collect(),
            answered,
        }
    }

    /// Waits until so many requests have had their answer.
    #[track_caller]
    pub fn wait_for(&self, count: usize) {
        let answers = self.answered.count.lock().unwrap();
        let waited = self
            .answered
            .more
            .wait_timeout_while(answers, PATIENCE, |it| *it < count);
        let (answers, _) = waited.unwrap();
        assert!(*answers >= count, "{answers} of {count} answers came");
    }

    /// Every answer.
    #[track_caller]
    pub fn answers(self) -> Vec<Answer> {
        let answers = self
            .clients
            .into_iter()
            .map(|client| client.join().unwrap());
        answers.flatten().collect()
    }
}

fn asking(address: SocketAddr, each: usize, ask: &Ask, answered: &Answered) -> Vec<Answer> {
    let mut client = None;
    let mut answers = Vec::with_capacity(each);
    for _ in 0..each {
        let (response, took) = timed(|| {
            let client = client.get_or_insert_with(|| RawClient::connect(address));
            client
                .try_send(ask.bytes())
                .and_then(|()| client.try_response("GET"))
        });
        let last = response
            .as_ref()
            .map_or(Some("close"), |it| it.header("connection"));
        if last == Some("close") {
            client = None;
        }
        answers.push(Answer {
            status: response.as_ref().ok().map(|it| it.status),
            text: response.map(|it| it.text()).unwrap_or_default(),
            took,
        });
        *answered.count.lock().unwrap() += 1;
        answered.more.notify_all();
    }
    answers
}
