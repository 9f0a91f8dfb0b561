//! Programs that are run to their end: the sidecar's other verbs, curl.

use std::{
    io::Read,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use crate::deadline::eventually;

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Runs a program to its end, which must come.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> Ran {
    let mut command = Command::new(program);
    run_command(command.args(arguments))
}

/// The same for a command that was put together by the caller.
#[track_caller]
pub fn run_command(command: &mut Command) -> Ran {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = read_all(child.stdout.take().unwrap());
    let stderr = read_all(child.stderr.take().unwrap());
    let status = wait(&mut child, &format!("{command:?} ends"));
    Ran {
        code: status.code(),
        stdout: stdout.join().unwrap(),
        stderr: String::from_utf8_lossy(&stderr.join().unwrap()).into_owned(),
    }
}

/// Waits for a child that must end.
#[track_caller]
pub(crate) fn wait(child: &mut Child, what: &str) -> ExitStatus {
    eventually(what, || child.try_wait().unwrap())
}

fn read_all(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is still worth showing.
        let _whole = from.read_to_end(&mut bytes);
        bytes
    })
}

// === impl Ran ===

impl Ran {
    /// stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// curl, quiet, bounded in time, and without the configuration of whoever runs the tests.
#[track_caller]
pub fn curl(arguments: &[&str]) -> Ran {
    let mut command = Command::new("curl");
    command.args([
        "--disable",
        "--silent",
        "--show-error",
        "--max-time",
        "15",
        "--noproxy",
        "*",
    ]);
    run_command(command.args(arguments))
}
