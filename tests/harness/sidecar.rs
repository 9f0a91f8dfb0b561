//! The real program as a child process, configured by a text with placeholders.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use tempfile::TempDir;

use crate::{
    client::{Ask, RawClient},
    command::{self, Ran, run_command},
    deadline::eventually,
    h2::H2Client,
    message::Response,
    metrics::Metrics,
    origin::Origin,
    ports,
};

/// A configuration on its way to becoming a process.
#[derive(Clone, Debug)]
pub struct Builder {
    binary: String,
    whole: Option<String>,
    top: String,
    listener: String,
    endpoints: Vec<String>,
    upstream: String,
    policies: String,
    routes: Option<String>,
    files: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    ports: Ports,
}

/// A running sidecar; it is killed when it is dropped.
#[derive(Debug)]
pub struct Sidecar {
    child: Child,
    ports: Ports,
    stdout: Output,
    stderr: Output,
    _directory: TempDir,
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

// === impl Builder ===

impl Builder {
    /// The usual configuration: one listener, one upstream `origin`, one route `all` for everything
    /// and no policies. `binary` is `env!("CARGO_BIN_EXE_sidecar")`, which only tests have.
    pub fn new(binary: &str) -> Self {
        Self {
            binary: binary.to_owned(),
            whole: None,
            top: String::new(),
            listener: String::new(),
            endpoints: Vec::new(),
            upstream: String::new(),
            policies: String::new(),
            routes: None,
            files: Vec::new(),
            environment: Vec::new(),
            ports: Ports {
                listen: ports::free(),
                telemetry: ports::free(),
                admin: ports::free(),
            },
        }
    }

    /// A whole configuration, with `{listen}`, `{telemetry}`, `{admin}` and `{directory}`.
    pub fn config(mut self, yaml: &str) -> Self {
        self.whole = Some(yaml.to_owned());
        self
    }

    /// More lines at the top level, such as `clients: {idle_timeout: 300ms}`.
    pub fn top(mut self, yaml: &str) -> Self {
        self.top.push_str(&format!("{yaml}\n"));
        self
    }

    /// More lines for the listener.
    pub fn listener(mut self, yaml: &str) -> Self {
        self.listener.push_str(&indented(yaml));
        self
    }

    /// One more endpoint of the upstream.
    pub fn origin(self, origin: &Origin) -> Self {
        self.endpoint(&format!("http://{}", origin.address()))
    }

    /// One more endpoint of the upstream, as YAML.
    pub fn endpoint(mut self, yaml: &str) -> Self {
        let quoted = yaml.starts_with("http").then(|| format!("\"{yaml}\""));
        self.endpoints
            .push(quoted.unwrap_or_else(|| yaml.to_owned()));
        self
    }

    /// More lines for the upstream, such as `timeouts: {first_byte: 300ms}`.
    pub fn upstream(mut self, yaml: &str) -> Self {
        self.upstream.push_str(&indented(yaml));
        self
    }

    /// Policies of the route, such as `cache: {ttl: 60s}`.
    pub fn with_policies(mut self, yaml: &str) -> Self {
        self.policies.push_str(&indented(yaml));
        self
    }

    /// Other routes than the usual one, as a YAML list.
    pub fn routes(mut self, yaml: &str) -> Self {
        self.routes = Some(yaml.to_owned());
        self
    }

    /// One more file beside the configuration.
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// One more variable in its environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Another address to listen on.
    pub fn listen_on(mut self, address: SocketAddr) -> Self {
        self.ports.listen = address;
        self
    }

    /// Where it will listen.
    pub fn address(&self) -> SocketAddr {
        self.ports.listen
    }

    fn yaml(&self) -> String {
        let usual = || {
            let routes = self.routes.clone().unwrap_or_else(|| {
                format!("  - name: all\n    upstream: origin\n{}", self.policies)
            });
            format!(
                "version: 1\n\
                 listeners:\n  - address: {{listen}}\n{listener}\
                 admin: {{address: \"{{admin}}\", telemetry_address: \"{{telemetry}}\"}}\n\
                 access_log: all\n\
                 {top}\
                 upstreams:\n  origin:\n    endpoints: [{endpoints}]\n{upstream}\
                 routes:\n{routes}\n",
                listener = self.listener,
                top = self.top,
                endpoints = self.endpoints.join(", "),
                upstream = self.upstream,
            )
        };
        self.whole.clone().unwrap_or_else(usual)
    }

    fn write(&self) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let text = self
            .yaml()
            .replace("{listen}", &self.ports.listen.to_string())
            .replace("{telemetry}", &self.ports.telemetry.to_string())
            .replace("{admin}", &self.ports.admin.to_string())
            .replace("{directory}", &directory.path().display().to_string());
        let file = directory.path().join("forebay.yaml");
        std::fs::write(&file, text).unwrap();
        for (name, text) in &self.files {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        (directory, file)
    }

    /// Starts it and waits until it says that it is ready.
    #[track_caller]
    pub fn start(self) -> Sidecar {
        let (directory, file) = self.write();
        let mut command = Command::new(&self.binary);
        command
            .arg("run")
            .arg("-c")
            .arg(file)
            .envs(self.environment);
        Sidecar::spawn(command, directory, self.ports)
    }

    /// Runs a verb on the configuration, which comes to an end by itself.
    #[track_caller]
    pub fn run(&self, verb: &str, arguments: &[&str]) -> Ran {
        let (_directory, file) = self.write();
        let mut command = Command::new(&self.binary);
        run_command(command.arg(verb).arg("-c").arg(file).args(arguments))
    }
}

fn indented(yaml: &str) -> String {
    yaml.lines().map(|line| format!("    {line}\n")).collect()
}

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
            _directory: directory,
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

    /// What it has written to stdout: the access log.
    pub fn stdout(&self) -> String {
        self.stdout.text()
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
