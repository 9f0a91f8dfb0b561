//! Bodies stream both ways: whoever is slow slows the other side, and memory stays small.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use harness::{Ask, Conversation, Origin, PATIENCE, Sidecar, eventually};

use crate::forebay;

const PIECE: usize = 256 * 1024;
const SIZE: u64 = 256 * 1024 * 1024;
const MOST_GROWTH: u64 = 32 * 1024 * 1024;

/// Everything that could be tempted to gather a body.
const POLICIES: &str = "cache: {ttl: 60s}\ncompression: {}\ndeduplication: {}";

/// Sends a body of `SIZE` bytes, as fast as it is taken, and counts what was taken.
fn pours(taken: &Arc<AtomicU64>) -> Origin {
    let taken = Arc::clone(taken);
    Origin::scripted(move |mut conversation| {
        conversation.request();
        conversation.say(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {SIZE}\r\n\r\n"
        ));
        let piece = vec![b'x'; PIECE];
        while taken.load(Ordering::SeqCst) < SIZE && conversation.try_say(&piece).is_ok() {
            taken.fetch_add(PIECE as u64, Ordering::SeqCst);
        }
        let _closed = conversation.hear();
    })
}

/// The memory that the sidecar has gained since, at its highest.
struct Growth {
    before: u64,
    highest: u64,
}

// === impl Growth ===

impl Growth {
    fn since_now(sidecar: &Sidecar) -> Self {
        let before = sidecar.resident_memory();
        Self {
            before,
            highest: before,
        }
    }

    fn look(&mut self, sidecar: &Sidecar) {
        self.highest = self.highest.max(sidecar.resident_memory());
    }

    #[track_caller]
    fn assert_small(&self) {
        let growth = self.highest - self.before;
        assert!(
            growth < MOST_GROWTH,
            "it grew by {} MiB",
            growth / 1024 / 1024
        );
    }
}

/// Reads the rest of a body of which so much was read.
fn read_rest(mut stream: &TcpStream, mut read: u64, sidecar: &Sidecar, growth: &mut Growth) -> u64 {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut piece = vec![0; PIECE];
    let mut looked = 0;
    while read < SIZE {
        match stream.read(&mut piece).expect("the body goes on") {
            0 => break,
            n => read += n as u64,
        }
        if read - looked > SIZE / 20 {
            looked = read;
            growth.look(sidecar);
        }
    }
    read
}

#[test]
fn a_large_download_stays_out_of_memory() {
    for policies in ["", POLICIES] {
        let taken = Arc::new(AtomicU64::new(0));
        let origin = pours(&taken);
        let sidecar = forebay().origin(&origin).with_policies(policies).start();
        let mut client = sidecar.connect();
        client.send(Ask::get("/").bytes());
        let head = client.hear_until("\r\n\r\n");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let mut growth = Growth::since_now(&sidecar);
        // What was read together with the head counts, too.
        let early = client.hear_some().unwrap().len() as u64;
        let read = read_rest(client.stream(), early, &sidecar, &mut growth);
        assert_eq!(read, SIZE);
        growth.assert_small();
    }
}

#[test]
fn a_large_upload_stays_out_of_memory() {
    let origin = Origin::scripted(|mut conversation| {
        conversation.head();
        let mut read = 0;
        while read < SIZE {
            match conversation.hear().len() {
                0 => return,
                n => read += n as u64,
            }
        }
        conversation.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nread");
    });
    let sidecar = forebay().origin(&origin).with_policies(POLICIES).start();
    let mut client = sidecar.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {SIZE}\r\n\r\n"
    ));
    let mut growth = Growth::since_now(&sidecar);
    let piece = vec![b'x'; PIECE];
    for i in 0..SIZE / PIECE as u64 {
        client.send(&piece);
        if i % 50 == 0 {
            growth.look(&sidecar);
        }
    }
    assert_eq!(client.response("POST").text(), "read");
    growth.look(&sidecar);
    growth.assert_small();
}

/// Waits until a count does not move any more.
fn settled(count: &AtomicU64) -> u64 {
    let (mut last, mut same) = (u64::MAX, 0);
    eventually("the writer waits", || {
        let now = count.load(Ordering::SeqCst);
        same = if now == last { same + 1 } else { 0 };
        last = now;
        (same > 60).then_some(now)
    })
}

/// What fits into all the buffers of the kernel on the way, at most.
const BUFFERS: u64 = 64 * 1024 * 1024;

#[test]
fn a_reader_that_stops_stops_the_origin() {
    let taken = Arc::new(AtomicU64::new(0));
    let origin = pours(&taken);
    let sidecar = forebay().origin(&origin).with_policies(POLICIES).start();
    let mut client = sidecar.connect();
    client.send(Ask::get("/").bytes());
    client.hear_until("\r\n\r\n");
    let mut growth = Growth::since_now(&sidecar);
    let waiting_at = settled(&taken);
    assert!(
        waiting_at < BUFFERS,
        "{waiting_at} bytes were taken from the origin"
    );
    growth.look(&sidecar);
    growth.assert_small();
}

#[test]
fn an_origin_that_stops_reading_stops_the_client() {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::scripted(move |mut conversation: Conversation| {
        conversation.head();
        let _test_is_over = wait.lock().unwrap().recv();
    });
    let sidecar = forebay().origin(&origin).start();
    let mut client = sidecar.connect();
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {SIZE}\r\n\r\n"
    ));
    let sent = Arc::new(AtomicU64::new(0));
    let mut writer = client.stream().try_clone().unwrap();
    let counter = Arc::clone(&sent);
    let writing = thread::spawn(move || {
        let piece = vec![b'x'; PIECE];
        while writer.write_all(&piece).is_ok() {
            counter.fetch_add(PIECE as u64, Ordering::SeqCst);
        }
    });
    let mut growth = Growth::since_now(&sidecar);
    let waiting_at = settled(&sent);
    assert!(
        waiting_at < BUFFERS,
        "{waiting_at} bytes were taken from the client"
    );
    growth.look(&sidecar);
    growth.assert_small();
    drop(sidecar);
    drop(go_on);
    writing.join().unwrap();
}
