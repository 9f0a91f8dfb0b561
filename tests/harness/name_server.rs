//! A name server of which a test controls every answer (RFC 1035), on the loopback. What is too long
//! for UDP is said over TCP.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const INTERNET: u16 = 1;

/// An authoritative answer to a question, without a mistake.
const RESPONSE: u16 = 0x8580;
/// The rest is to be asked for over TCP.
const TRUNCATED: u16 = 0x0200;
/// What goes into one packet, whatever the network.
const PACKET: usize = 1232;

/// A server of names; it stops when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    zone: Arc<Zone>,
}

/// How the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It answers SERVFAIL.
    Failing,
    /// It says that every name exists and has nothing.
    Forgetful,
    /// It says that no name exists.
    Ignorant,
    /// It answers nothing.
    Silent,
    /// It answers what it was told to.
    #[default]
    Well,
}

/// One SRV record.
#[derive(Clone, Debug)]
pub struct Service<'a> {
    /// Lower ones come first.
    pub priority: u16,
    /// Its share.
    pub weight: u16,
    /// Its port.
    pub port: u16,
    /// The name of its target.
    pub target: &'a str,
}

#[derive(Debug, Default)]
struct Zone {
    records: Mutex<HashMap<(String, u16), Vec<Record>>>,
    mood: Mutex<Mood>,
    questions: AtomicUsize,
    stopped: AtomicBool,
}

#[derive(Clone, Debug)]
struct Record {
    ttl: u32,
    data: Vec<u8>,
    /// The name whose addresses are sent along.
    target: Option<String>,
}

/// What a message asks for.
struct Question<'a> {
    id: [u8; 2],
    name: String,
    kind: u16,
    /// As it came.
    bytes: &'a [u8],
}

// === impl NameServer ===

impl NameServer {
    /// One that knows no name.
    pub fn start() -> Self {
        let (socket, listener) = one_port();
        let server = Self {
            address: socket.local_addr().unwrap(),
            zone: Arc::default(),
        };
        let zone = Arc::clone(&server.zone);
        thread::spawn(move || zone.answer_packets(&socket));
        let zone = Arc::clone(&server.zone);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if zone.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let zone = Arc::clone(&zone);
                thread::spawn(move || zone.answer_stream(stream));
            }
        });
        server
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the name has these addresses, for `ttl` seconds.
    pub fn addresses(&self, name: &str, ttl: u32, addresses: &[IpAddr]) {
        let of = |wanted: u16| -> Vec<Record> {
            let data = addresses.iter().filter_map(|address| match address {
                IpAddr::V4(it) if wanted == A => Some(it.octets().to_vec()),
                IpAddr::V6(it) if wanted == AAAA => Some(it.octets().to_vec()),
                _ => None,
            });
            data.map(|data| Record {
                ttl,
                data,
                target: None,
            })
            .collect()
        };
        let mut records = self.zone.records.lock().unwrap();
        for kind in [A, AAAA] {
            records.insert((name.to_owned(), kind), of(kind));
        }
    }

    /// From now on the name has these services, for `ttl` seconds; addresses of their targets are
    /// sent along where they are known.
    pub fn services(&self, name: &str, ttl: u32, services: &[Service<'_>]) {
        let records = services.iter().map(|service| {
            let mut data = Vec::new();
            for number in [service.priority, service.weight, service.port] {
                data.extend(number.to_be_bytes());
            }
            data.extend(spelled(service.target));
            Record {
                ttl,
                data,
                target: Some(service.target.to_owned()),
            }
        });
        let key = (name.to_owned(), SRV);
        let records = records.collect();
        self.zone.records.lock().unwrap().insert(key, records);
    }

    /// How it answers from now on.
    pub fn now(&self, mood: Mood) {
        *self.zone.mood.lock().unwrap() = mood;
    }

    /// How many questions have come.
    pub fn questions(&self) -> usize {
        self.zone.questions.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.zone.stopped.store(true, Ordering::SeqCst);
        let waker = UdpSocket::bind("127.0.0.1:0").unwrap();
        let _woken = waker.send_to(&[], self.address);
        let _woken = TcpStream::connect(self.address);
    }
}

// === impl Zone ===

impl Zone {
    fn answer_packets(&self, socket: &UdpSocket) {
        let mut message = [0; 4096];
        while let Ok((length, client)) = socket.recv_from(&mut message) {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let Some(mut answer) = self.answer(&message[..length]) else {
                continue;
            };
            if answer.len() > PACKET {
                let flags = (RESPONSE | TRUNCATED).to_be_bytes();
                answer = [&message[..2], &flags, &[0, 1], &[0; 6], question(&message)].concat();
            }
            let _it_may_be_gone = socket.send_to(&answer, client);
        }
    }

    /// Each message after its length.
    fn answer_stream(&self, mut stream: TcpStream) {
        let mut length = [0; 2];
        while stream.read_exact(&mut length).is_ok() {
            let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
            if stream.read_exact(&mut message).is_err() {
                return;
            }
            if let Some(answer) = self.answer(&message) {
                let length = count(&answer).to_be_bytes();
                let _it_may_be_gone = stream.write_all(&[&length[..], &answer].concat());
            }
        }
    }

    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let question = Question::read(message)?;
        let records = self.records.lock().unwrap();
        let known = records.keys().any(|(name, _)| *name == question.name);
        let found = records.get(&(question.name.clone(), question.kind));
        let found = found.map_or(&[][..], Vec::as_slice);
        let (code, found) = match *self.mood.lock().unwrap() {
            Mood::Failing => (2, &[][..]),
            Mood::Forgetful => (0, &[][..]),
            Mood::Ignorant => (3, &[][..]),
            Mood::Silent => return None,
            Mood::Well if known => (0, found),
            Mood::Well => (3, &[][..]),
        };
        let along: Vec<_> = found
            .iter()
            .filter_map(|record| record.target.as_deref())
            .flat_map(|target| [(target, A), (target, AAAA)])
            .filter_map(|(target, kind)| {
                Some((target, kind, records.get(&(target.to_owned(), kind))?))
            })
            .flat_map(|(target, kind, records)| records.iter().map(move |it| (target, kind, it)))
            .collect();
        let mut answer = question.id.to_vec();
        for number in [RESPONSE | code, 1, count(found), 0, count(&along)] {
            answer.extend(number.to_be_bytes());
        }
        answer.extend(question.bytes);
        for record in found {
            record.write(&question.name, question.kind, &mut answer);
        }
        for (target, kind, record) in along {
            record.write(target, kind, &mut answer);
        }
        Some(answer)
    }
}

// === impl Record ===

impl Record {
    fn write(&self, name: &str, kind: u16, to: &mut Vec<u8>) {
        to.extend(spelled(name));
        to.extend(kind.to_be_bytes());
        to.extend(INTERNET.to_be_bytes());
        to.extend(self.ttl.to_be_bytes());
        to.extend(count(&self.data).to_be_bytes());
        to.extend(&self.data);
    }
}

// === impl Question ===

impl<'a> Question<'a> {
    /// Reads the first question of a message.
    fn read(message: &'a [u8]) -> Option<Self> {
        let id = message.get(..2)?.try_into().ok()?;
        let from = 12; // where the header ends
        let mut at = from;
        let mut labels = Vec::new();
        loop {
            let length = usize::from(*message.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            let label = message.get(at..at + length)?;
            labels.push(String::from_utf8_lossy(label).to_lowercase());
            at += length;
        }
        let kind = message.get(at..at + 2)?;
        Some(Self {
            id,
            name: labels.join("."),
            kind: u16::from_be_bytes(kind.try_into().ok()?),
            bytes: message.get(from..at + 4)?,
        })
    }
}

/// A name as messages have it: each label after its length.
fn spelled(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// The first question of a message, as it came.
fn question(message: &[u8]) -> &[u8] {
    Question::read(message).map_or(&[], |question| question.bytes)
}

/// A port that both protocols have.
fn one_port() -> (UdpSocket, TcpListener) {
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(listener) = TcpListener::bind(socket.local_addr().unwrap()) {
            return (socket, listener);
        }
    }
}

fn count<T>(of: &[T]) -> u16 {
    u16::try_from(of.len()).unwrap()
}
