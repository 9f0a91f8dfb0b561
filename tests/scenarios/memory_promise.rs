//! `memory.limit` is a promise: a burst of misses does not break it, not even for a moment.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use harness::{Origin, PATIENCE, Sidecar};

use crate::forebay;

const MIB: u64 = 1024 * 1024;
const LIMIT: u64 = 64 * MIB;
/// What the program, its connections and its allocator may take beside the limit.
const BESIDE: u64 = 48 * MIB;
const BODY: usize = 8 * 1024;
/// Distinct objects: 25 times what fits.
const OBJECTS: usize = 200_000;
const CLIENTS: usize = 8;
/// Requests that a client sends before it reads, and between two looks at the memory.
const BATCH: usize = 32;
/// The last byte of each body and of nothing else, by which clients count them.
const END: u8 = 1;

/// Gives everybody 8 KiB that may be kept for an hour.
fn generous() -> Origin {
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=3600\r\n\
         Content-Length: {BODY}\r\n\r\n"
    )
    .into_bytes();
    answer.resize(answer.len() + BODY - 1, b'x');
    answer.push(END);
    Origin::scripted(move |mut conversation| {
        // A request at a time comes over a connection, and nothing in it looks like its end.
        let mut heard = conversation.hear();
        while !heard.is_empty() {
            if heard.ends_with(b"\r\n\r\n") {
                heard.clear();
                if conversation.try_say(&answer).is_err() {
                    return;
                }
            }
            let more = conversation.hear();
            if more.is_empty() {
                return;
            }
            heard.extend(more);
        }
    })
}

/// Asks for one object after the other, as long as there are any.
fn asks(sidecar: &Sidecar, next: &AtomicUsize, highest: &AtomicU64) {
    let mut stream = TcpStream::connect(sidecar.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = vec![0; 256 * 1024];
    loop {
        let first = next.fetch_add(BATCH, Ordering::Relaxed);
        if first >= OBJECTS {
            return;
        }
        let requests: String = (first..first + BATCH)
            .map(|number| format!("GET /objects/{number} HTTP/1.1\r\nHost: a.example\r\n\r\n"))
            .collect();
        stream.write_all(requests.as_bytes()).unwrap();
        let mut answers = 0;
        while answers < BATCH {
            let length = stream.read(&mut heard).unwrap();
            assert!(length > 0, "closed after {answers} answers");
            answers += heard[..length].iter().filter(|byte| **byte == END).count();
        }
        highest.fetch_max(sidecar.resident_memory(), Ordering::Relaxed);
    }
}

#[test]
fn a_burst_of_misses_stays_within_the_limit() {
    let origin = generous();
    let sidecar = forebay()
        .origin(&origin)
        .with_policies("cache: {ttl: 1h}\ndeduplication: {}")
        .top(&format!("memory: {{limit: {}MiB}}", LIMIT / MIB))
        .start();
    let sidecar = Arc::new(sidecar);
    let (next, highest) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
    let clients = (0..CLIENTS).map(|_| {
        let (sidecar, next, highest) = (
            Arc::clone(&sidecar),
            Arc::clone(&next),
            Arc::clone(&highest),
        );
        thread::spawn(move || asks(&sidecar, &next, &highest))
    });
    for client in clients.collect::<Vec<_>>() {
        client.join().unwrap();
    }
    let highest = highest.load(Ordering::Relaxed);
    println!("at most {} KiB resident", highest / 1024);
    assert!(highest <= LIMIT + BESIDE, "{} MiB", highest / MIB);
    // It was really full: most of the share of responses is taken.
    let held = sidecar.metric("forebay_cache_bytes", &[]);
    assert!(held >= LIMIT as f64 / 4.0, "{held}");
}
