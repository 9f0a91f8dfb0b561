//! The real program as a child process.

mod builder;

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;

pub use self::builder::Builder;
use crate::{
    client::{Ask, RawClient},
    command,
    deadline::eventually,
    h2::H2Client,
    message::Response,
    metrics::Metrics,
};

/// A running sidecar; it is killed when it is dropped.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    ports: Ports,
    stdout: Output,
    stderr: Output,
    directory: TempDir,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    listen: SocketAddr,
    telemetry: SocketAddr,
    admin: SocketAddr,
}

/// What a child has written so far.
#[derive(Clone, Debug, Default)]
struct Output(Arc<Mutex<String>>);

// === impl Sidecar ===

impl Sidecar {
    #[track_caller]
    fn spawn(mut command: Command, directory: TempDir, ports: Ports) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut sidecar = Self {
            stdout: Output::of(child.stdout.take().unwrap()),
            stderr: Output::of(child.stderr.take().unwrap()),
            child,
            ports,
            directory,
        };
        eventually("the sidecar is ready", || {
            if let Some(status) = sidecar.child.try_wait().unwrap() {
                let said = eventually("its last words", || Some(sidecar.stderr()));
                panic!("the sidecar ended with {status}: {said}");
            }
            std::net::TcpStream::connect(ports.telemetry).ok()?;
            (sidecar.telemetry("/readyz").status == 200).then_some(())
        });
        sidecar
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.ports.listen
    }

    /// Where metrics and probes are.
    pub fn telemetry_address(&self) -> SocketAddr {
        self.ports.telemetry
    }

    /// Where the operator asks.
    pub fn admin_address(&self) -> SocketAddr {
        self.ports.admin
    }

    /// `http://127.0.0.1:PORT` and this target.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.ports.listen)
    }

    /// Where its configuration and other files are.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// A new connection.
    #[track_caller]
    pub fn connect(&self) -> RawClient {
        RawClient::connect(self.ports.listen)
    }

    /// A new HTTP/2 connection by prior knowledge.
    #[track_caller]
    pub fn connect_h2(&self) -> H2Client {
        H2Client::connect(self.ports.listen)
    }

    /// Sends a GET on a connection of its own.
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        self.ask(&Ask::get(target))
    }

    /// Sends a request on a connection of its own.
    #[track_caller]
    pub fn ask(&self, ask: &Ask) -> Response {
        ask.send(self.ports.listen)
    }

    /// Sends these bytes on a connection of their own and reads one response.
    #[track_caller]
    pub fn raw(&self, bytes: impl AsRef<[u8]>) -> Response {
        self.connect().send(bytes).response("GET")
    }

    /// Asks the telemetry listener.
    #[track_caller]
    pub fn telemetry(&self, target: &str) -> Response {
        Ask::get(target)
            .header("Host", "localhost")
            .send(self.ports.telemetry)
    }

    /// Asks the admin listener.
    #[track_caller]
    pub fn admin(&self, target: &str) -> Response {
        Ask::get(target)
            .header("Host", "localhost")
            .send(self.ports.admin)
    }

    /// A scrape.
    #[track_caller]
    pub fn metrics(&self) -> Metrics {
        Metrics::parse(&self.telemetry("/metrics").text())
    }

    /// The sum of the series of that name that carry these labels.
    #[track_caller]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.metrics().sum(name, labels)
    }

    /// Waits until a metric has this value: counting may come after the last byte.
    #[track_caller]
    pub fn wait_for_metric(&self, name: &str, labels: &[(&str, &str)], value: f64) {
        eventually(&format!("{name}{labels:?} is {value}"), || {
            (self.metric(name, labels) == value).then_some(())
        });
    }

    /// What it has written to stdout: the access log and the security events.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The security events that it has written so far.
    #[track_caller]
    pub fn security_events(&self) -> Vec<Value> {
        self.lines(|line| line["kind"] == "security")
    }

    /// Waits for a security event of this kind, and gives the first one.
    #[track_caller]
    pub fn wait_for_security_event(&self, kind: &str) -> Value {
        eventually(&format!("a security event {kind}"), || {
            let events = self.security_events();
            events.into_iter().find(|line| line["event"] == kind)
        })
    }

    /// The lines of the access log that it has written so far.
    #[track_caller]
    pub fn access_log(&self) -> Vec<Value> {
        self.lines(|line| line["kind"] != "security")
    }

    #[track_caller]
    fn lines(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let text = self.stdout();
        let whole = text.split_inclusive('\n').filter(|it| it.ends_with('\n'));
        let lines = whole.map(|line| serde_json::from_str(line).expect("a line of JSON"));
        lines.filter(|line| wanted(line)).collect()
    }

    /// What it has written to stderr: its own log.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in bytes.
    pub fn resident_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes * 1024
    }

    /// Sends a signal, such as `TERM`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let sent = command::run("kill", &["-s", name, &self.pid().to_string()]);
        assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        command::wait(&mut self.child, "the sidecar ends")
    }

    /// SIGTERM, and then waits for the end.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Whether the process is still there, unharmed.
    #[track_caller]
    pub fn assert_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "the sidecar ended: {ended:?}\n{}",
            self.stderr()
        );
        assert!(!self.stderr().contains("panicked"), "{}", self.stderr());
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        if thread::panicking() {
            eprintln!("--- stderr of the sidecar\n{}", self.stderr());
            eprintln!("--- stdout of the sidecar\n{}", self.stdout());
        }
    }
}

// === impl Output ===

impl Output {
    fn of(from: impl Read + Send + 'static) -> Self {
        let output = Self::default();
        let text = Arc::clone(&output.0);
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                let mut text = text.lock().unwrap();
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
            }
        });
        output
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}
