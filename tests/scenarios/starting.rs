//! It starts, or it says in plain words why not.

use std::{net::TcpListener, os::unix::fs::PermissionsExt, process::Command};

use harness::{
    Origin,
    command::{Ran, curl, run, run_command},
    eventually,
};

use crate::forebay;

const BINARY: &str = env!("CARGO_BIN_EXE_sidecar");

/// It must not have panicked, and must have said something that names this.
#[track_caller]
fn said_clearly(ran: &Ran, code: i32, names: &str) {
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(names),
        "it does not name {names}: {}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let origin = Origin::saying("x");
    let ran = forebay().origin(&origin).listen_on(address).run("run", &[]);
    said_clearly(&ran, 1, &address.to_string());
}

#[test]
fn it_listens_on_a_unix_socket_too() {
    let origin = Origin::saying("over a socket");
    let sidecar = forebay()
        .config(&format!(
            "version: 1\nlisteners:\n  - address: \"{{listen}}\"\n  \
             - address: unix:{{directory}}/forebay.sock\n\
             admin: {{address: off, telemetry_address: \"{{telemetry}}\"}}\n\
             upstreams: {{o: {{endpoints: [\"http://{}\"]}}}}\n\
             routes: [{{name: all, upstream: o}}]\n",
            origin.address()
        ))
        .start();
    let socket = sidecar
        .directory()
        .join("forebay.sock")
        .display()
        .to_string();
    let ran = curl(&["--unix-socket", &socket, "http://shop.test/x"]);
    assert_eq!(
        (ran.text().as_str(), ran.code),
        ("over a socket", Some(0)),
        "{}",
        ran.stderr
    );
    assert_eq!(sidecar.get("/").text(), "over a socket");
}

#[test]
fn a_file_that_is_missing_is_named() {
    for verb in ["run", "check"] {
        let ran = run(BINARY, &[verb, "-c", "/nowhere/forebay.yaml"]);
        said_clearly(&ran, 3, "/nowhere/forebay.yaml");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let directory = tempfile::tempdir().unwrap();
    // A directory cannot be read as a file, whoever asks.
    let path = directory.path().display().to_string();
    said_clearly(&run(BINARY, &["run", "-c", &path]), 3, &path);
    let file = directory.path().join("forebay.yaml");
    std::fs::write(&file, "version: 1\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&file).is_err() {
        let path = file.display().to_string();
        said_clearly(&run(BINARY, &["run", "-c", &path]), 3, &path);
    }
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let yaml = "version: 1\n\
                listeners:\n  - address: nonsense\n\
                upstreams:\n  app: {endpoints: [\"http://127.0.0.1:1\"], balnce: weighted}\n\
                routes:\n  - name: a\n    upstream: ap\n    cache: {ttl: 5 parsecs}\n  \
                - name: a\n    upstream: app\n";
    for verb in ["run", "check"] {
        let ran = forebay().config(yaml).run(verb, &[]);
        for (line, mistake) in [
            (3, "nonsense"),
            (5, "balnce"),
            (8, "ap"),
            (9, "parsecs"),
            (10, "a"),
        ] {
            said_clearly(&ran, 3, mistake);
            said_clearly(&ran, 3, &format!("forebay.yaml:{line}:"));
        }
        said_clearly(&ran, 3, "balance");
    }
}

#[test]
fn hostile_files_are_refused_and_soon() {
    let bomb = format!(
        "version: 1\nx-a: &a [x, x, x, x, x, x, x, x, x]\n{}",
        (1..30)
            .map(|i| format!("x-{i}: &a{i} [*a, *a, *a, *a, *a, *a, *a, *a]\n"))
            .collect::<String>()
    );
    let deep = format!(
        "version: 1\nx-deep: {}{}\n",
        "[".repeat(2000),
        "]".repeat(2000)
    );
    let files: [(&str, Vec<u8>); 6] = [
        ("a bomb of aliases", bomb.into_bytes()),
        ("2,000 levels", deep.into_bytes()),
        ("50 MB", vec![b'#'; 50_000_000]),
        ("no UTF-8", b"version: 1\nx: \xff\xfe\n".to_vec()),
        ("a key twice", b"version: 1\nversion: 1\n".to_vec()),
        ("nothing", Vec::new()),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (what, bytes) in files {
        let file = directory.path().join("forebay.yaml");
        std::fs::write(&file, bytes).unwrap();
        let ran = run(BINARY, &["check", "-c", &file.display().to_string()]);
        assert_eq!(ran.code, Some(3), "{what}: {}", ran.stderr);
        assert!(
            ran.stderr.len() < 20_000,
            "{what}: {} bytes of report",
            ran.stderr.len()
        );
        said_clearly(&ran, 3, "error");
    }
}

#[test]
fn a_certificate_that_is_missing_is_named() {
    let origin = Origin::saying("x");
    let ran = forebay()
        .origin(&origin)
        .listener("tls: {certificate_file: /nowhere/tls.crt, key_file: /nowhere/tls.key}")
        .run("run", &[]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}", ran.code);
    assert!(ran.stderr.contains("/nowhere/tls"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn a_token_file_that_is_missing_is_named() {
    let ran = forebay()
        .config(
            "version: 1\nlisteners: [{address: \"{listen}\"}]\n\
             admin: {address: \"{admin}\", telemetry_address: \"{telemetry}\", token_file: /nowhere/token}\n\
             upstreams: {o: {endpoints: [\"http://127.0.0.1:1\"]}}\nroutes: [{name: a, upstream: o}]\n",
        )
        .run("run", &[]);
    assert!(matches!(ran.code, Some(1 | 3)), "{:?}", ran.code);
    assert!(ran.stderr.contains("/nowhere/token"), "{}", ran.stderr);
}

#[test]
fn wrong_arguments_are_exit_code_2() {
    for arguments in [
        &["run", "--no-such-flag"][..],
        &["no-such-verb"],
        &["explain"],
        &[],
    ] {
        assert_eq!(run(BINARY, arguments).code, Some(2), "{arguments:?}");
    }
    let both = run(
        BINARY,
        &["run", "-c", "x.yaml", "--upstream", "http://127.0.0.1:1"],
    );
    assert_eq!(both.code, Some(2));
    assert_eq!(
        run(BINARY, &["run", "--upstream", "nonsense"]).code,
        Some(2)
    );
}

#[test]
fn variables_are_filled_in_and_what_they_hold_is_never_shown() {
    let yaml = "version: 1\nlisteners: [{address: \"127.0.0.1:0\"}]\n\
                upstreams: {o: {endpoints: [\"${FOREBAY_TEST_URL}\"]}}\n\
                routes: [{name: a, upstream: o}]\n";
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("forebay.yaml");
    std::fs::write(&file, yaml).unwrap();
    let check = |value: Option<&str>| {
        let mut command = Command::new(BINARY);
        command
            .arg("check")
            .arg("-c")
            .arg(&file)
            .env_remove("FOREBAY_TEST_URL");
        run_command(command.envs(value.map(|value| ("FOREBAY_TEST_URL", value))))
    };
    assert_eq!(check(Some("http://127.0.0.1:3000")).code, Some(0));
    said_clearly(&check(None), 3, "FOREBAY_TEST_URL");
    let wrong = check(Some("not-a-url-but-hunter2"));
    assert_eq!(wrong.code, Some(3));
    assert!(!wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
}

#[test]
fn without_a_file_it_serves_in_front_of_an_upstream() {
    let origin =
        Origin::http(|_| harness::Reply::ok("hello").header("Cache-Control", "max-age=60"));
    // The usual addresses of the operator's listeners are used, so they must be free.
    for port in [9901, 9902] {
        eventually("the usual ports are free", || {
            TcpListener::bind(("0.0.0.0", port)).ok()
        });
    }
    let address = forebay().address();
    let mut child = Command::new(BINARY)
        .args(["run", "--upstream", &format!("http://{}", origin.address())])
        .args(["--listen", &address.to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    eventually("it listens", || std::net::TcpStream::connect(address).ok());
    assert_eq!(harness::Ask::get("/").send(address).text(), "hello");
    harness::Ask::get("/").send(address).assert_hit();
    assert_eq!(run(BINARY, &["healthcheck"]).code, Some(0));
    assert_eq!(
        run("kill", &["-s", "TERM", &child.id().to_string()]).code,
        Some(0)
    );
    let status = eventually("it ends", || child.try_wait().unwrap());
    assert!(status.success(), "{status}");
}
