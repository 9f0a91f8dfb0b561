//! TLS towards endpoints: whom we believe, who we are, and what is said when it fails.

use std::sync::Arc;

use harness::{
    Builder, Front, H2Origin, Origin, Sidecar, eventually, front::Handshake, h2::H2Reply,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};

use crate::forebay;

/// An authority, and what it has signed.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
struct Signed {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, name: &str) -> Signed {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        Signed {
            certificate: params.signed_by(&key, &self.0).unwrap(),
            key,
        }
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server called `name` that speaks these protocols; clients show a certificate of this
    /// authority, or none is asked for.
    pub(crate) fn server(
        &self,
        name: &str,
        protocols: &[&str],
        clients: Clients,
    ) -> Arc<ServerConfig> {
        let signed = self.sign(name);
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            Clients::Anybody => builder.with_no_client_auth(),
            Clients::Known => {
                let mut roots = RootCertStore::empty();
                roots.add(self.0.der().clone()).unwrap();
                let roots = Arc::new(roots);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.key.serialize_der()));
        let mut config = builder
            .with_single_cert(vec![signed.certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        Arc::new(config)
    }
}

/// Who may connect.
pub(crate) enum Clients {
    Anybody,
    Known,
}

fn in_front_of(front: &Front, authority: &Authority, tls: &str) -> Builder {
    let endpoint = format!("https://localhost:{}", front.address().port());
    forebay()
        .endpoint(&endpoint)
        .upstream(&format!("tls: {{ca_file: \"{{directory}}/ca.pem\"{tls}}}"))
        .file("ca.pem", &authority.pem())
        .threads(1)
}

fn last(front: &Front) -> Handshake {
    front.handshakes().pop().expect("no handshake")
}

#[track_caller]
fn fails(sidecar: &Sidecar, reason: &str) {
    sidecar.get("/").assert_problem(502, "tls-failed");
    eventually("the log says why", || {
        sidecar.stderr().contains(reason).then_some(())
    });
    let labels = [("outcome", "tls-failed")];
    let failed = sidecar.metric("forebay_upstream_connects_total", &labels);
    assert!(failed >= 1.0, "none of it was counted");
}

#[test]
fn an_authority_of_ones_own_is_believed() {
    let authority = Authority::new();
    let origin = Origin::saying("secret");
    let front = Front::tls(
        origin.address(),
        authority.server("localhost", &["http/1.1"], Clients::Anybody),
    );
    let sidecar = in_front_of(&front, &authority, "").start();
    assert_eq!(sidecar.get("/").text(), "secret");
    let agreed = Handshake {
        server_name: Some("localhost".to_owned()),
        protocol: Some("http/1.1".to_owned()),
        certificates: 0,
        resumed: false,
    };
    assert_eq!(front.handshakes(), [agreed]);
}

#[test]
fn http2_is_spoken_where_both_sides_want_it() {
    let authority = Authority::new();
    let origin = H2Origin::new(|_| H2Reply::ok(b"two"));
    let front = Front::tls(
        origin.address(),
        authority.server("localhost", &["h2", "http/1.1"], Clients::Anybody),
    );
    let sidecar = in_front_of(&front, &authority, "").start();
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "two");
    }
    assert_eq!(last(&front).protocol.as_deref(), Some("h2"));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn the_name_to_ask_for_may_be_another_than_the_hosts() {
    let authority = Authority::new();
    let origin = Origin::saying("secret");
    let config = authority.server("api.internal.test", &["http/1.1"], Clients::Anybody);
    let front = Front::tls(origin.address(), config);
    let named = in_front_of(&front, &authority, ", server_name: api.internal.test").start();
    assert_eq!(named.get("/").text(), "secret");
    let asked = last(&front).server_name;
    assert_eq!(asked.as_deref(), Some("api.internal.test"));

    fails(
        &in_front_of(&front, &authority, "").start(),
        "not valid for name",
    );
}

#[test]
fn who_is_signed_by_somebody_else_is_not_believed() {
    let origin = Origin::saying("secret");
    let config = Authority::new().server("localhost", &["http/1.1"], Clients::Anybody);
    let front = Front::tls(origin.address(), config);
    fails(
        &in_front_of(&front, &Authority::new(), "").start(),
        "invalid peer certificate",
    );
    assert_eq!(origin.count(), 0);
}

#[test]
fn a_certificate_of_ones_own_is_shown_to_who_asks() {
    let authority = Authority::new();
    let origin = Origin::saying("secret");
    let config = authority.server("localhost", &["http/1.1"], Clients::Known);
    let front = Front::tls(origin.address(), config);
    let known = authority.sign("forebay.test");
    let files = ", certificate_file: \"{directory}/us.crt\", key_file: \"{directory}/us.key\"";
    let sidecar = in_front_of(&front, &authority, files)
        .file("us.crt", &known.certificate.pem())
        .file("us.key", &known.key.serialize_pem())
        .start();
    assert_eq!(sidecar.get("/").text(), "secret");
    assert_eq!(last(&front).certificates, 1);

    let nobody = in_front_of(&front, &authority, "").start();
    assert_eq!(nobody.get("/").status, 502);
    assert_eq!(origin.count(), 1);
}

#[test]
fn sessions_are_resumed() {
    let authority = Authority::new();
    let origin = Origin::http(|_| harness::Reply::ok("x").closing());
    let config = authority.server("localhost", &["http/1.1"], Clients::Anybody);
    let front = Front::tls(origin.address(), config);
    let sidecar = in_front_of(&front, &authority, "").start();
    for _ in 0..3 {
        assert_eq!(sidecar.get("/").text(), "x");
    }
    let resumed: Vec<_> = front.handshakes().iter().map(|it| it.resumed).collect();
    assert_eq!(resumed, [false, true, true]);
}

#[test]
fn tls_has_a_time_of_its_own() {
    let authority = Authority::new();
    // Takes the first bytes and never answers.
    let origin = Origin::scripted(|mut conversation| {
        let _until_given_up = conversation.hear_to_end();
    });
    let sidecar = forebay()
        .endpoint(&format!("https://localhost:{}", origin.address().port()))
        .upstream("tls: {ca_file: \"{directory}/ca.pem\"}\ntimeouts: {connect: 30s, tls: 200ms}")
        .file("ca.pem", &authority.pem())
        .start();
    sidecar.get("/").assert_problem(504, "tls-timed-out");
}

#[test]
fn an_endpoint_that_speaks_no_tls_is_502() {
    let authority = Authority::new();
    let origin = Origin::scripted(|mut conversation| {
        conversation.hear();
        conversation.say("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let sidecar = forebay()
        .endpoint(&format!("https://localhost:{}", origin.address().port()))
        .upstream("tls: {ca_file: \"{directory}/ca.pem\"}")
        .file("ca.pem", &authority.pem())
        .start();
    fails(&sidecar, "cannot connect to upstream");
}

#[test]
fn tls_may_run_over_a_unix_socket() {
    let authority = Authority::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.sock");
    let origin = H2Origin::new(|_| H2Reply::ok(b"x"));
    let config = authority.server("app.test", &["h2"], Clients::Anybody);
    let front = Front::unix(&path, origin.address(), Some(config));
    let sidecar = forebay()
        .endpoint(&format!("https+unix:{}", path.display()))
        .upstream("tls: {ca_file: \"{directory}/ca.pem\", server_name: app.test}")
        .file("ca.pem", &authority.pem())
        .start();
    assert_eq!(sidecar.get("/").text(), "x");
    assert_eq!(last(&front).server_name.as_deref(), Some("app.test"));
}

/// Files are read before anything listens, and what is wrong is said with the file's name.
#[test]
fn files_that_cannot_be_used_are_named_at_the_start() {
    let authority = Authority::new();
    let (ours, other) = (authority.sign("a.test"), authority.sign("b.test"));
    let pair = "certificate_file: \"{directory}/us.crt\", key_file: \"{directory}/us.key\"";
    let (certificate, key) = (ours.certificate.pem(), ours.key.serialize_pem());
    let not_this = other.key.serialize_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let none = "nothing to see".to_owned();
    for (tls, certificate, key, said) in [
        (
            "ca_file: \"{directory}/gone\"",
            &certificate,
            &key,
            "No such file",
        ),
        (
            "ca_file: \"{directory}/us.key\"",
            &certificate,
            &key,
            "no certificate in PEM",
        ),
        (
            "ca_file: \"{directory}/us.crt\"",
            &none,
            &key,
            "no certificate in PEM",
        ),
        (
            "ca_file: \"{directory}/us.crt\"",
            &broken,
            &key,
            "certificate 1 in it cannot be used",
        ),
        (pair, &none, &key, "no certificate in PEM"),
        (pair, &certificate, &none, "no private key in PEM"),
        (pair, &certificate, &not_this, "do not go together"),
    ] {
        let ran = forebay()
            .endpoint("https://localhost:1")
            .upstream(&format!("tls: {{{tls}}}"))
            .file("us.crt", certificate)
            .file("us.key", key)
            .run("run", &[]);
        assert_eq!(ran.code, Some(1), "{tls}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("upstreams.origin.tls."),
            "{}",
            ran.stderr
        );
    }
}
