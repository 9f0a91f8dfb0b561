//! Endpoints by a file that somebody else keeps up to date.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::symlink,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use harness::{Ask, Builder, Origin, Reply, Sidecar, eventually};

use super::{endpoints, looks, wait_for_found, wait_for_look};
use crate::forebay;

/// The usual sidecar, which looks at `endpoints.yaml`.
fn watching() -> Builder {
    forebay().upstream("discovery: {file: {path: \"{directory}/endpoints.yaml\", poll: 20ms}}")
}

/// The list of these endpoints.
fn list(of: &[SocketAddr]) -> String {
    of.iter().map(|it| format!("- http://{it}\n")).collect()
}

/// Puts a whole file in the place of the one before, at once.
fn replace(sidecar: &Sidecar, text: &str) {
    let (new, file) = (
        sidecar.directory().join("new"),
        sidecar.directory().join("endpoints.yaml"),
    );
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn changes_are_taken_up() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let [a, b] = origins.each_ref().map(Origin::address);
    let sidecar = watching()
        .upstream("balance: weighted")
        .file("endpoints.yaml", &list(&[a]))
        .start();
    assert_eq!(sidecar.get("/").text(), "a");
    replace(&sidecar, &list(&[a, b]));
    wait_for_found(&sidecar, &[a, b]);
    // Written in place, and in the form that says more.
    let file = sidecar.directory().join("endpoints.yaml");
    fs::write(file, format!("- {{url: \"http://{b}\", weight: 7}}\n")).unwrap();
    wait_for_found(&sidecar, &[b]);
    assert_eq!(sidecar.get("/").text(), "b");
}

/// As Kubernetes does it with a ConfigMap: the file is a link into a directory that is a link.
#[test]
fn a_link_that_leads_elsewhere_is_a_change() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let [a, b] = origins.each_ref().map(Origin::address);
    let sidecar = watching().start();
    let directory = sidecar.directory();
    for (name, origin) in [("1", a), ("2", b)] {
        fs::create_dir(directory.join(name)).unwrap();
        fs::write(directory.join(name).join("endpoints.yaml"), list(&[origin])).unwrap();
    }
    symlink("1", directory.join("data")).unwrap();
    symlink("data/endpoints.yaml", directory.join("endpoints.yaml")).unwrap();
    wait_for_found(&sidecar, &[a]);
    symlink("2", directory.join("data-new")).unwrap();
    fs::rename(directory.join("data-new"), directory.join("data")).unwrap();
    wait_for_found(&sidecar, &[b]);
    assert_eq!(sidecar.get("/").text(), "b");
}

#[test]
fn a_broken_file_leaves_the_last_good_list_and_its_mistakes_are_told() {
    let origins = [Origin::saying("a"), Origin::saying("b")];
    let [a, b] = origins.each_ref().map(Origin::address);
    let sidecar = watching().file("endpoints.yaml", &list(&[a])).start();
    for broken in ["- htp://127.0.0.1:1\n", "[", "", "- {weight: 3}\n"] {
        replace(&sidecar, broken);
        wait_for_look(&sidecar, "invalid");
        assert_eq!(sidecar.get("/").text(), "a", "{broken}");
    }
    replace(&sidecar, "[]\n");
    wait_for_look(&sidecar, "empty");
    fs::remove_file(sidecar.directory().join("endpoints.yaml")).unwrap();
    wait_for_look(&sidecar, "missing");
    assert_eq!(sidecar.get("/").text(), "a");
    let said = sidecar.stderr();
    assert!(said.contains("htp://127.0.0.1:1"), "{said}");
    replace(&sidecar, &list(&[b]));
    wait_for_found(&sidecar, &[b]);
    assert_eq!(sidecar.get("/").text(), "b");
}

#[test]
fn a_file_that_is_not_there_yet_is_waited_for() {
    let origin = Origin::saying("a");
    let sidecar = watching().start();
    sidecar.get("/").assert_problem(503, "no-endpoint");
    assert!(looks(&sidecar, "missing") > 0.0);
    replace(&sidecar, &list(&[origin.address()]));
    wait_for_found(&sidecar, &[origin.address()]);
    assert_eq!(sidecar.get("/").text(), "a");
}

/// All of a thousand are replaced by a thousand others, again and again, while requests run.
#[test]
fn a_thousand_endpoints_come_and_go_under_load() {
    let everywhere = Origin::http_at((Ipv4Addr::UNSPECIFIED, 0), |_| Reply::ok("x"));
    let port = everywhere.address().port();
    let thousand = |network: u8| -> Vec<SocketAddr> {
        let hosts = (0..1000_u32).map(|it| u32::from(Ipv4Addr::new(127, network, 0, 1)) + it);
        hosts
            .map(|host| (Ipv4Addr::from(host), port).into())
            .collect()
    };
    let sidecar = watching()
        .file("endpoints.yaml", &list(&thousand(1)))
        .start();
    let stop = Arc::new(AtomicBool::new(false));
    let load = thread::spawn({
        let (stop, address) = (Arc::clone(&stop), sidecar.address());
        move || {
            let mut asked = 0;
            while !stop.load(Ordering::SeqCst) {
                assert_eq!(Ask::get("/").send(address).status, 200);
                asked += 1;
            }
            asked
        }
    });
    for network in 2..6 {
        let expected = thousand(network);
        replace(&sidecar, &list(&expected));
        wait_for_found(&sidecar, &expected);
    }
    stop.store(true, Ordering::SeqCst);
    assert!(load.join().unwrap() > 0);
    eventually("nobody is leaving any more", || {
        endpoints(&sidecar, "draining").is_empty().then_some(())
    });
    let metrics = sidecar.metrics();
    let known = metrics.sum("forebay_upstream_endpoints", &[("upstream", "origin")]);
    assert_eq!(known, 1000.0);
    // However many there were, the series are bounded.
    let requests = metrics.samples.iter();
    let series = requests.filter(|it| it.name == "forebay_upstream_requests_total");
    assert!(series.count() <= 1026);
}
