//! TLS, with HTTP/2 and HTTP/1.1 by ALPN, asked by curl.

use harness::{
    Origin, Reply, Sidecar,
    command::{Ran, curl},
};
use tempfile::TempDir;

use crate::forebay;

struct Secured {
    sidecar: Sidecar,
    authority: String,
    _directory: TempDir,
}

fn secured(origin: &Origin) -> Secured {
    let made = rcgen::generate_simple_self_signed(["shop.test".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (certificate, key) = (path("tls.crt"), path("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let sidecar = forebay()
        .origin(origin)
        .listener(&format!(
            "tls: {{certificate_file: \"{certificate}\", key_file: \"{key}\"}}"
        ))
        .start();
    Secured {
        sidecar,
        authority: certificate,
        _directory: directory,
    }
}

// === impl Secured ===

impl Secured {
    #[track_caller]
    fn curl(&self, arguments: &[&str]) -> Ran {
        let port = self.sidecar.address().port();
        let resolve = format!("shop.test:{port}:127.0.0.1");
        let url = format!("https://shop.test:{port}/x");
        let mut all = vec!["--cacert", &self.authority, "--resolve", &resolve];
        all.extend_from_slice(arguments);
        all.push(&url);
        curl(&all)
    }
}

#[test]
fn both_versions_of_http_are_spoken_over_tls() {
    let origin = Origin::http(|request| {
        assert_eq!(request.header("x-forwarded-proto"), Some("https"));
        Reply::ok("secret")
    });
    let secured = secured(&origin);
    for (version, expected) in [("--http1.1", "1.1"), ("--http2", "2")] {
        let ran = secured.curl(&[version, "--write-out", "\n%{http_version}"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(ran.text(), format!("secret\n{expected}"));
    }
    assert!(
        origin
            .last()
            .header("forwarded")
            .unwrap()
            .contains("proto=https")
    );
}

#[test]
fn http2_is_preferred_when_the_client_offers_both() {
    let origin = Origin::saying("x");
    let ran = secured(&origin).curl(&["--output", "/dev/null", "--write-out", "%{http_version}"]);
    assert_eq!(ran.text(), "2", "{}", ran.stderr);
}

#[test]
fn plain_text_on_a_tls_port_harms_nobody() {
    let origin = Origin::saying("x");
    let secured = secured(&origin);
    let mut client = secured.sidecar.connect();
    client.send("GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    while client.hear_some().is_ok_and(|bytes| !bytes.is_empty()) {}
    assert_eq!(secured.curl(&[]).text(), "x");
    assert_eq!(origin.count(), 1);
}

#[test]
fn a_handshake_that_fails_is_counted() {
    let origin = Origin::saying("x");
    let secured = secured(&origin);
    assert_ne!(
        secured.curl(&["--tlsv1.0", "--tls-max", "1.1"]).code,
        Some(0)
    );
    let labels = [("outcome", "tls-failed")];
    secured
        .sidecar
        .wait_for_metric("forebay_client_connections_total", &labels, 1.0);
}

#[test]
fn old_versions_of_tls_are_refused() {
    let origin = Origin::saying("x");
    let secured = secured(&origin);
    assert_ne!(
        secured.curl(&["--tlsv1.0", "--tls-max", "1.1"]).code,
        Some(0)
    );
    for version in ["1.2", "1.3"] {
        let ran = secured.curl(&[&format!("--tlsv{version}"), "--tls-max", version]);
        assert_eq!(ran.text(), "x", "{version}: {}", ran.stderr);
    }
}

#[test]
fn a_large_body_survives_tls() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let origin = Origin::http({
        let body = body.clone();
        move |_| Reply::ok(body.clone())
    });
    let secured = secured(&origin);
    for version in ["--http1.1", "--http2"] {
        assert!(secured.curl(&[version]).stdout == body, "{version}");
    }
}
