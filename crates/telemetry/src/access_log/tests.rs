//! Lines are JSON whatever a client sends, and logging never waits.

use std::{
    io,
    sync::{Condvar, Mutex},
    time::Duration,
};

use engine::outcome::{BypassReason, CacheOutcome, EncodeOutcome, SkipReason, StoreOutcome};
use policy::Coding;
use serde_json::Value;

use super::*;

/// A pipe whose reader can be told to stop, and to go away.
#[derive(Clone, Default)]
struct Pipe(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    blocked: bool,
    broken: bool,
    writes: usize,
}

impl Pipe {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock().unwrap());
        self.0.1.notify_all();
    }

    /// Waits until so many writes have been tried.
    fn tried(&self, writes: usize) {
        let state = self.0.0.lock().unwrap();
        drop(
            self.0
                .1
                .wait_while(state, |state| state.writes < writes)
                .unwrap(),
        );
    }

    fn lines(&self) -> Vec<Value> {
        let state = self.0.0.lock().unwrap();
        let text = std::str::from_utf8(&state.bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.0.lock().unwrap();
        state.writes += 1;
        self.0.1.notify_all();
        let mut state = self.0.1.wait_while(state, |state| state.blocked).unwrap();
        if state.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        state.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn record<'a>(event: &'a RequestEvent) -> AccessRecord<'a> {
    AccessRecord {
        event,
        method: "GET",
        path: "/",
        query: None,
        host: None,
        client: None,
        protocol_version: "1.1",
        user_agent: None,
        request_id: "r1",
        trace_id: None,
        route: None,
        upstream: None,
        endpoint: None,
    }
}

fn logged(record: &AccessRecord<'_>) -> Value {
    let bytes = line::line(record);
    assert_eq!(bytes.iter().filter(|&&byte| byte == b'\n').count(), 1);
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_line_tells_what_became_of_a_request() {
    let event = RequestEvent {
        status: 502,
        cache: CacheOutcome::Bypass(BypassReason::Cookie),
        store: Some(StoreOutcome::Skipped(SkipReason::SetCookie)),
        failure: Some(Failure::ConnectFailed),
        duration: Duration::from_micros(1_250_003),
        upstream_time: Some(Duration::from_millis(7)),
        encode: EncodeOutcome::Encoded(Coding::Gzip),
        response_bytes: 10,
        uncompressed_bytes: 40,
        ..RequestEvent::default()
    };
    let line = logged(&AccessRecord {
        query: Some("page=2&token=abc"),
        host: Some("api.example.com"),
        client: Some(IpAddr::from([192, 0, 2, 1])),
        user_agent: Some(b"curl/8"),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        route: Some("api"),
        upstream: Some("legacy"),
        endpoint: Some("127.0.0.1:3000"),
        ..record(&event)
    });
    for (field, value) in [
        ("timestamp", Value::from("1970-01-01T00:00:00.000000Z")),
        ("http.request.method", "GET".into()),
        ("url.path", "/".into()),
        ("url.query", "page=2&token=REDACTED".into()),
        ("http.response.status_code", 502.into()),
        ("server.address", "api.example.com".into()),
        ("client.address", "192.0.2.1".into()),
        ("network.protocol.version", "1.1".into()),
        ("user_agent.original", "curl/8".into()),
        ("request_id", "r1".into()),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736".into()),
        ("route", "api".into()),
        ("cache", "bypass".into()),
        ("cache_reason", "cookie".into()),
        ("store", "set-cookie".into()),
        ("failure", "connect-failed".into()),
        ("blame", "upstream".into()),
        ("upstream", "legacy".into()),
        ("endpoint", "127.0.0.1:3000".into()),
        ("duration", 1.250_003.into()),
        ("upstream_duration", 0.007.into()),
        ("http.response.body.size", 10.into()),
        ("uncompressed_size", 40.into()),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
}

#[test]
fn nothing_a_client_sends_breaks_out_of_its_field() {
    let event = RequestEvent::default();
    let nasty = "\"},\n{\"url.path\":\"x\"\r\u{1b}[2J\0\\\u{9b}\u{2028}é";
    let line = logged(&AccessRecord {
        path: nasty,
        host: Some(nasty),
        user_agent: Some(b"\xff\"\n\x9b"),
        ..record(&event)
    });
    assert_eq!(line["url.path"], nasty);
    assert_eq!(line["server.address"], nasty);
    assert_eq!(line["user_agent.original"], "\u{fffd}\"\n\u{fffd}");
    let raw = line::line(&AccessRecord {
        path: nasty,
        ..record(&event)
    });
    let raw = String::from_utf8(raw).unwrap();
    assert!(!raw.trim_end().contains(char::is_control), "{raw:?}");
}

#[test]
fn a_long_path_is_cut_between_characters() {
    let event = RequestEvent::default();
    let path = format!("/{}", "é".repeat(5000));
    let line = logged(&AccessRecord {
        path: &path,
        ..record(&event)
    });
    let logged = line["url.path"].as_str().unwrap();
    assert!(logged.len() <= 1024 + '…'.len_utf8(), "{}", logged.len());
    assert!(logged.ends_with("é…"), "{logged}");
}

#[test]
fn everything_is_written_before_the_log_ends() {
    let pipe = Pipe::default();
    let log = AccessLog::start(pipe.clone(), 1000).unwrap();
    let event = RequestEvent::default();
    (0..500).for_each(|_| log.write(&record(&event)));
    drop(log);
    assert_eq!(pipe.lines().len(), 500);
}

#[test]
fn a_reader_that_stopped_costs_lines_and_not_requests() {
    let pipe = Pipe::default();
    pipe.set(|state| state.blocked = true);
    let log = AccessLog::start(pipe.clone(), 10).unwrap();
    let event = RequestEvent::default();
    log.write(&record(&event));
    pipe.tried(1); // the writer is stuck now, and the queue is empty
    (0..25).for_each(|_| log.write(&record(&event)));
    assert_eq!(log.dropped(), 15);
    pipe.set(|state| state.blocked = false);
    drop(log);
    assert_eq!(pipe.lines().len(), 11);
}

#[test]
fn a_reader_that_went_away_is_not_a_panic() {
    let pipe = Pipe::default();
    pipe.set(|state| state.broken = true);
    let log = AccessLog::start(pipe.clone(), 10).unwrap();
    let event = RequestEvent::default();
    log.write(&record(&event));
    pipe.tried(1);
    // Only when the writer has come back for more has it counted the loss.
    log.write(&record(&event));
    pipe.tried(2);
    assert!(log.dropped() >= 1);
    pipe.set(|state| state.broken = false);
    log.write(&record(&event));
    drop(log);
    let state = pipe.0.0.lock().unwrap();
    assert!(state.bytes.ends_with(b"}\n"));
}

#[test]
fn only_what_is_wanted_is_written() {
    use policy::AccessLog as Wanted;

    let with = |status, failure| RequestEvent {
        status,
        failure,
        ..RequestEvent::default()
    };
    for (wanted, event, expected) in [
        (Wanted::Off, with(500, None), Selection::Skip),
        (Wanted::All, with(200, None), Selection::Write),
        (Wanted::Errors, with(200, None), Selection::Skip),
        (Wanted::Errors, with(503, None), Selection::Write),
        (
            Wanted::Errors,
            with(200, Some(Failure::UpstreamTruncated)),
            Selection::Write,
        ),
        (
            Wanted::Errors,
            with(200, Some(Failure::ClientGone)),
            Selection::Write,
        ),
        (
            Wanted::Errors,
            with(429, Some(Failure::RateLimited)),
            Selection::Skip,
        ),
    ] {
        assert_eq!(
            Selection::of(wanted, &event),
            expected,
            "{wanted:?} {event:?}"
        );
    }
}
