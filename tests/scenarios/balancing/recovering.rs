//! What balances when endpoints fall ill and get well again.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use harness::{Ask, Builder, Origin, Reply, Response, Sidecar};

use super::url;
use crate::forebay;

const CHECKED: &str = "health_check: {kind: http, path: /healthz, interval: 20ms, timeout: 5s, \
                       unhealthy_after: 1, healthy_after: 1}";

/// A server that says on its health page how it is.
struct Patient {
    origin: Origin,
    page: Arc<AtomicU16>,
}

// === impl Patient ===

impl Patient {
    fn new(name: &'static str) -> Self {
        let page = Arc::new(AtomicU16::new(200));
        let origin = Origin::http({
            let page = Arc::clone(&page);
            move |request| match request.target.as_str() {
                "/healthz" => Reply::status(page.load(Ordering::SeqCst)),
                _ => Reply::ok(name),
            }
        });
        Self { origin, page }
    }

    /// How many requests of clients it has had.
    fn asked(&self) -> usize {
        let requests = self.origin.requests();
        let of_clients = requests.iter().filter(|it| it.target != "/healthz");
        of_clients.count()
    }

    /// Makes it ill (503) or well (200), and waits until `sidecar` knows.
    fn becomes(&self, status: u16, sidecar: &Sidecar) {
        self.page.store(status, Ordering::SeqCst);
        let endpoint = self.origin.address().to_string();
        let wanted = if status == 200 { 1.0 } else { 0.0 };
        let labels = [("endpoint", endpoint.as_str())];
        let name = "forebay_upstream_endpoint_healthy";
        sidecar.wait_for_metric(name, &labels, wanted);
    }
}

fn checked(patients: &[&Patient], places: &[&str]) -> Builder {
    let builder = forebay().upstream(CHECKED);
    patients
        .iter()
        .zip(places)
        .fold(builder, |builder, (patient, place)| {
            let address = url(patient.origin.address());
            builder.endpoint(&format!("{{url: \"{address}\", {place}}}"))
        })
}

/// How many of 40 requests each gets.
fn shares<const N: usize>(sidecar: &Sidecar, patients: [&Patient; N]) -> [usize; N] {
    let before = patients.map(Patient::asked);
    for _ in 0..40 {
        assert_eq!(sidecar.get("/").status, 200);
    }
    let mut shares = patients.map(Patient::asked);
    for (share, before) in shares.iter_mut().zip(before) {
        *share -= before;
    }
    shares
}

#[test]
fn priorities_share_as_the_first_falls_ill() {
    let patients = ["a", "b", "c", "d"].map(Patient::new);
    let [a, b, c, d] = &patients;
    let places = ["priority: 0", "priority: 0", "priority: 1", "priority: 1"];
    let sidecar = checked(&[a, b, c, d], &places)
        .upstream("spill_below: 100%")
        .start();
    let shares = || shares(&sidecar, [a, b, c, d]);
    assert_eq!(shares(), [20, 20, 0, 0]);
    a.becomes(503, &sidecar);
    assert_eq!(shares(), [0, 20, 10, 10]);
    b.becomes(503, &sidecar);
    assert_eq!(shares(), [0, 0, 20, 20]);
    // Half of the second group has to do for everybody.
    c.becomes(503, &sidecar);
    assert_eq!(shares(), [0, 0, 0, 40]);
    a.becomes(200, &sidecar);
    b.becomes(200, &sidecar);
    assert_eq!(shares(), [20, 20, 0, 0]);
}

#[test]
fn below_the_panic_threshold_everybody_is_asked() {
    let patients = ["a", "b", "c", "d"].map(Patient::new);
    let [a, b, c, d] = &patients;
    let sidecar = checked(&[a, b, c, d], &["priority: 0"; 4])
        .upstream("panic_below: 50%")
        .start();
    let shares = || shares(&sidecar, [a, b, c, d]);
    a.becomes(503, &sidecar);
    b.becomes(503, &sidecar);
    assert_eq!(shares(), [0, 0, 20, 20]);
    c.becomes(503, &sidecar);
    assert_eq!(shares(), [10; 4]);
}

#[test]
fn who_has_recovered_begins_slowly() {
    let (old, new) = (Patient::new("old"), Patient::new("new"));
    let sidecar = checked(&[&old, &new], &["weight: 1"; 2])
        .upstream("balance: weighted\nslow_start: 1h")
        .start();
    let shares = || shares(&sidecar, [&old, &new]);
    assert_eq!(shares(), [20, 20], "who was there at the start is warm");
    new.becomes(503, &sidecar);
    assert_eq!(shares(), [40, 0]);
    new.becomes(200, &sidecar);
    // A tenth of a whole share, which is one of eleven.
    let [_, slowly] = shares();
    assert!((2..=5).contains(&slowly), "{slowly}");
}

#[test]
fn only_the_keys_of_the_ill_move_and_they_come_back() {
    for balance in ["maglev", "ring_hash"] {
        let patients = ["a", "b", "c"].map(Patient::new);
        let [a, b, c] = &patients;
        let sidecar = checked(&[a, b, c], &["priority: 0"; 3])
            .upstream(&format!(
                "balance: {balance}\nhash_on: [{{header: X-User}}]"
            ))
            .start();
        let homes = || -> Vec<String> {
            (0..60)
                .map(|user| {
                    let ask = Ask::get("/").header("X-User", &user.to_string());
                    sidecar.ask(&ask).text()
                })
                .collect()
        };
        let before = homes();
        b.becomes(503, &sidecar);
        for (before, while_ill) in before.iter().zip(homes()) {
            assert_ne!(while_ill, "b", "{balance}");
            assert!(*before == while_ill || before == "b", "{balance}");
        }
        b.becomes(200, &sidecar);
        assert_eq!(homes(), before, "{balance}");
    }
}

#[test]
fn a_client_moves_from_an_endpoint_that_is_ill_and_stays_where_it_went() {
    let (a, b) = (Patient::new("a"), Patient::new("b"));
    let sidecar = checked(&[&a, &b], &["priority: 0"; 2])
        .upstream("sticky: {cookie: at}")
        .start();
    let cookie = |response: &Response| {
        let set = response.header("set-cookie").unwrap();
        set.split(';').next().unwrap().to_owned()
    };
    let ask = |cookie: &str| sidecar.ask(&Ask::get("/").header("Cookie", cookie));
    let first = sidecar.get("/");
    let (home, other) = match first.text().as_str() {
        "a" => (&a, "b"),
        _ => (&b, "a"),
    };
    let old = cookie(&first);
    home.becomes(503, &sidecar);
    let moved = ask(&old);
    assert_eq!(moved.text(), other);
    let new = cookie(&moved);
    home.becomes(200, &sidecar);
    for _ in 0..4 {
        assert_eq!(ask(&new).text(), other);
    }
}
