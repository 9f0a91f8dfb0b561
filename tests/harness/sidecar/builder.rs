//! The configuration of a sidecar: the usual one with changes, or a text with placeholders.

use std::{net::SocketAddr, path::PathBuf, process::Command};

use tempfile::TempDir;

use super::{Ports, Sidecar};
use crate::{
    command::{Ran, run_command},
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
    threads: Option<u16>,
    ports: Ports,
}

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
            threads: None,
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

    /// So many worker threads, instead of one for each CPU.
    pub fn threads(mut self, threads: u16) -> Self {
        self.threads = Some(threads);
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
        if let Some(threads) = self.threads {
            command.arg("--threads").arg(threads.to_string());
        }
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
