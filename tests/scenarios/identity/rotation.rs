//! Keys come and go while Forebay runs, and whoever has them may be ill.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use harness::{Builder, Front, Origin, Reply, Response, Sidecar, eventually};

use super::{FRESH, Issuer, bearing};
use crate::{
    forebay, numbered,
    upstream_tls::{Authority, Clients},
};

const REFRESHES: &str = "forebay_identity_refreshes_total";
const KEYS: &str = "forebay_identity_keys";
const POLICIES: &str = "cache: {key: {per_user: sub}}";

/// A server for keys, which says whatever the test wants.
struct KeyServer {
    origin: Origin,
    said: Arc<Mutex<String>>,
}

// === impl KeyServer ===

impl KeyServer {
    fn saying(keys: String) -> Self {
        let said = Arc::new(Mutex::new(keys));
        let origin = Origin::http({
            let said = Arc::clone(&said);
            move |_| Reply::ok(said.lock().unwrap().clone())
        });
        Self { origin, said }
    }

    fn says(&self, keys: String) {
        *self.said.lock().unwrap() = keys;
    }

    fn url(&self) -> String {
        format!("http://{}/keys", self.origin.address())
    }
}

fn keys_at(url: &str, refresh: &str) -> Builder {
    forebay()
        .top(&format!(
            "identity: {{jwt: {{jwks_url: \"{url}\", timeout: 500ms}}, refresh: {refresh}}}"
        ))
        .with_policies(POLICIES)
}

fn is_proved(response: &Response) -> bool {
    assert_eq!(response.status, 200);
    !response.cache_status().contains("detail=unverified")
}

#[track_caller]
fn wait_until_proved(sidecar: &Sidecar, token: &str) {
    eventually("the token proves something", || {
        is_proved(&sidecar.ask(&bearing(token))).then_some(())
    });
}

#[test]
fn a_file_that_changes_is_read_again_and_what_its_keys_proved_goes_with_them() {
    let (old, new) = (Issuer::named("old"), Issuer::named("new"));
    let origin = numbered(FRESH);
    let sidecar = forebay()
        .origin(&origin)
        .file("jwks.json", &old.jwks())
        .top("identity: {jwt: {jwks_file: \"{directory}/jwks.json\"}, refresh: 1s}")
        .with_policies(POLICIES)
        .start();
    let (ada, bob) = (old.user("ada"), new.user("bob"));
    assert!(is_proved(&sidecar.ask(&bearing(&ada))));
    sidecar.ask(&bearing(&ada)).assert_hit();
    assert!(!is_proved(&sidecar.ask(&bearing(&bob))));
    let file = sidecar.directory().join("jwks.json");
    fs::write(&file, new.jwks()).unwrap();
    wait_until_proved(&sidecar, &bob);
    // It was known from before, and is not any more.
    assert!(!is_proved(&sidecar.ask(&bearing(&ada))));
    assert!(sidecar.metric(REFRESHES, &[("outcome", "changed")]) >= 1.0);

    // Whatever becomes of the file, the last good keys stay.
    for (broken, outcome) in [("{\"keys\": [", "invalid"), ("", "invalid")] {
        fs::write(&file, broken).unwrap();
        eventually("it was read", || {
            let read = sidecar.metric(REFRESHES, &[("outcome", outcome)]);
            (read >= 1.0).then_some(())
        });
        sidecar.ask(&bearing(&bob)).assert_hit();
    }
    fs::remove_file(&file).unwrap();
    eventually("it was missed", || {
        let missed = sidecar.metric(REFRESHES, &[("outcome", "unreachable")]);
        (missed >= 1.0).then_some(())
    });
    sidecar.ask(&bearing(&bob)).assert_hit();
    let event = sidecar.wait_for_security_event("keys_unavailable");
    assert_eq!(event["action"], "noted", "{event}");
    assert_eq!(event["severity"], "alert", "{event}");
    assert!(
        sidecar
            .stderr()
            .contains("the keys for tokens stay as they were")
    );
    assert_eq!(sidecar.metric(KEYS, &[]), 1.0);
}

/// An issuer that begins to use a new key does not have to wait for us.
#[test]
fn a_token_of_an_unknown_key_has_the_url_asked_again() {
    let (old, new) = (Issuer::named("old"), Issuer::named("new"));
    let (server, origin) = (KeyServer::saying(old.jwks()), numbered(FRESH));
    let sidecar = keys_at(&server.url(), "1h").origin(&origin).start();
    let (ada, bob) = (old.user("ada"), new.user("bob"));
    wait_until_proved(&sidecar, &ada);
    sidecar.ask(&bearing(&ada)).assert_hit();
    let asked = server.origin.count();
    server.says(new.jwks());
    wait_until_proved(&sidecar, &bob);
    assert!(!is_proved(&sidecar.ask(&bearing(&ada))));
    // However many such tokens came, and come.
    for _ in 0..50 {
        sidecar.ask(&bearing(&ada));
    }
    let more = server.origin.count() - asked;
    assert!((1..=2).contains(&more), "{more} looks");
    let request = server.origin.last();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", "/keys")
    );
    assert!(
        request
            .header("user-agent")
            .unwrap()
            .starts_with("forebay-identity/")
    );
}

/// Nobody waits for keys: without them a token proves nothing, which the policies are about.
#[test]
fn a_server_for_keys_may_be_as_ill_as_it_likes() {
    let issuer = Issuer::new();
    let elsewhere = KeyServer::saying(issuer.jwks());
    let hangs = Origin::scripted(|mut conversation| while !conversation.hear().is_empty() {});
    let closes = Origin::http(|_| Reply::hang_up());
    let says = |reply: fn(&KeyServer) -> Reply| {
        let elsewhere = KeyServer::saying(String::new());
        Origin::http(move |_| reply(&elsewhere))
    };
    let garbage = says(|_| Reply::ok("<html>"));
    let empty = says(|_| Reply::ok("{\"keys\": []}"));
    let failing = says(|_| Reply::status(500));
    let huge = says(|_| Reply::ok(vec![b'x'; 300 << 10]));
    let target = elsewhere.url();
    let redirects = Origin::http(move |_| Reply::status(302).header("Location", target.clone()));
    for (server, outcome) in [
        (&hangs, "timed_out"),
        (&closes, "unreachable"),
        (&garbage, "invalid"),
        (&empty, "invalid"),
        (&failing, "status"),
        (&huge, "oversized"),
        (&redirects, "status"),
    ] {
        let origin = numbered(FRESH);
        let url = format!("http://{}/keys", server.address());
        let mut sidecar = keys_at(&url, "1h").origin(&origin).start();
        let ada = bearing(&issuer.user("ada"));
        assert!(!is_proved(&sidecar.ask(&ada)), "{outcome}");
        assert!(is_proved(&sidecar.get("/account")), "{outcome}");
        eventually("it was tried again", || {
            let tried = sidecar.metric(REFRESHES, &[("outcome", outcome)]);
            (tried >= 2.0).then_some(())
        });
        assert!(!is_proved(&sidecar.ask(&ada)), "{outcome}");
        let events = sidecar.security_events();
        let of_url =
            |event: &&serde_json::Value| event["evidence"].as_str().unwrap().starts_with(outcome);
        let event = events.iter().find(of_url);
        let event = event.unwrap_or_else(|| panic!("{outcome}: {events:?}"));
        assert_eq!(event["event"], "keys_unavailable");
        assert!(events.iter().any(|event| event["evidence"] == "no_keys"));
        assert_eq!(sidecar.metric(KEYS, &[]), 0.0);
        sidecar.assert_alive();
    }
    assert_eq!(elsewhere.origin.count(), 0, "a redirect was followed");
}

#[test]
fn keys_that_come_late_are_taken_when_they_come() {
    let issuer = Issuer::new();
    let (server, origin) = (KeyServer::saying("later".to_owned()), numbered(FRESH));
    let sidecar = keys_at(&server.url(), "1h").origin(&origin).start();
    let ada = issuer.user("ada");
    sidecar.wait_for_security_event("keys_unavailable");
    assert!(!is_proved(&sidecar.ask(&bearing(&ada))));
    server.says(issuer.jwks());
    wait_until_proved(&sidecar, &ada);
    assert_eq!(sidecar.metric(KEYS, &[]), 1.0);
}

/// Over TLS, from a server that one of the system's authorities vouches for under its name, or not at
/// all.
#[test]
fn a_server_for_keys_has_to_prove_who_it_is() {
    let issuer = Issuer::new();
    let (server, ada) = (KeyServer::saying(issuer.jwks()), issuer.user("ada"));
    let (authority, stranger) = (Authority::new(), Authority::new());
    let front = |by: &Authority, name| {
        let config = by.server(name, &["http/1.1"], Clients::Anybody);
        Front::tls(server.origin.address(), config)
    };
    for (front, trusted) in [
        (front(&authority, "localhost"), true),
        (front(&authority, "elsewhere.test"), false),
        (front(&stranger, "localhost"), false),
    ] {
        let origin = numbered(FRESH);
        let url = format!("https://localhost:{}/keys", front.address().port());
        let directory = tempfile::tempdir().unwrap();
        let bundle = directory.path().join("authorities.pem");
        fs::write(&bundle, authority.pem()).unwrap();
        let sidecar = keys_at(&url, "1h")
            .origin(&origin)
            .env("SSL_CERT_FILE", bundle.to_str().unwrap())
            .start();
        if trusted {
            wait_until_proved(&sidecar, &ada);
        } else {
            sidecar.wait_for_security_event("keys_unavailable");
            assert!(!is_proved(&sidecar.ask(&bearing(&ada))));
        }
    }
    assert_eq!(server.origin.count(), 1, "a stranger was asked");
}
