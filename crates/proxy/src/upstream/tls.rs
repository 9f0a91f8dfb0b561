//! TLS towards upstreams: whom we ask for, whom we believe, and who we are.
//!
//! The configuration is made once per upstream and kept, so that sessions are resumed. What the file
//! names is read when the policies are made ready: a certificate that cannot be used is found out
//! before the first client comes. The system's authorities are read when the first endpoint needs them,
//! because that takes milliseconds nobody else should pay.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use policy::{Upstream, UpstreamProtocol};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{
            CertificateDer, PrivateKeyDer, ServerName,
            pem::{self, PemObject},
        },
        version::{TLS12, TLS13},
    },
};

/// The system's certificate authorities, read at most once.
#[derive(Debug, Default)]
pub(crate) struct TlsClient {
    roots: OnceLock<Arc<RootCertStore>>,
}

/// TLS towards one upstream.
#[derive(Debug, Default)]
pub(crate) struct UpstreamTls {
    /// Instead of the system's.
    authorities: Option<Arc<RootCertStore>>,
    client: Option<Client>,
    server_name: Option<ServerName<'static>>,
    /// Offers both protocols.
    offering_both: OnceLock<Arc<ClientConfig>>,
    /// Offers HTTP/1.1 alone, which is also what an upgrade needs.
    offering_http1: OnceLock<Arc<ClientConfig>>,
    /// Offers HTTP/2 alone, which is also what a check of gRPC needs.
    offering_http2: OnceLock<Arc<ClientConfig>>,
}

/// Who we are.
#[derive(Debug)]
struct Client {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// TLS files of an upstream that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("upstreams.{upstream}.tls.{field}: {reason}")]
pub struct UpstreamTlsError {
    upstream: String,
    field: &'static str,
    reason: String,
}

/// What is wrong with a file, and in which field it is named.
type Wrong = (&'static str, String);

// === impl TlsClient ===

impl TlsClient {
    /// A connector for servers that belong to no upstream; it offers HTTP/1.1 alone.
    pub(crate) fn connector_for_http1(&self) -> Result<TlsConnector, rustls::Error> {
        let nobody = UpstreamTls::default();
        let config = nobody.config(self.roots(), UpstreamProtocol::Http1)?;
        Ok(Arc::new(config).into())
    }

    fn roots(&self) -> Arc<RootCertStore> {
        Arc::clone(self.roots.get_or_init(|| Arc::new(system_roots())))
    }
}

// === impl UpstreamTls ===

impl UpstreamTls {
    /// Reads the files that `upstream` names, and finds out whether they can be used.
    pub(super) fn load(upstream: &Upstream) -> Result<Self, UpstreamTlsError> {
        Self::read(upstream).map_err(|(field, reason)| UpstreamTlsError {
            upstream: upstream.name.clone(),
            field,
            reason,
        })
    }

    fn read(upstream: &Upstream) -> Result<Self, Wrong> {
        let policy = &upstream.tls;
        let authorities = policy.ca_file.as_deref().map(authorities).transpose()?;
        let client = policy.client.as_ref().map(Client::read).transpose()?;
        let server_name = policy.server_name.as_deref().map(|name| {
            ServerName::try_from(name.to_owned()).map_err(|_| {
                let reason = format!("{name:?} is not a name that a certificate can have");
                ("server_name", reason)
            })
        });
        let tls = Self {
            authorities,
            client,
            server_name: server_name.transpose()?,
            offering_both: OnceLock::new(),
            offering_http1: OnceLock::new(),
            offering_http2: OnceLock::new(),
        };
        if let Some(files) = &policy.client {
            let nobody = Arc::new(RootCertStore::empty());
            tls.config(nobody, UpstreamProtocol::Auto)
                .map_err(|error| {
                    let (certificate, key) = (&files.certificate_file, &files.key_file);
                    let pair = format!("{} and {}", certificate.display(), key.display());
                    (
                        "certificate_file",
                        format!("{pair} do not go together: {error}"),
                    )
                })?;
        }
        Ok(tls)
    }

    /// A connector that offers `protocol`, which need not be the upstream's own.
    pub(super) fn connector(
        &self,
        system: &TlsClient,
        protocol: UpstreamProtocol,
    ) -> Result<TlsConnector, rustls::Error> {
        let kept = match protocol {
            UpstreamProtocol::Auto => &self.offering_both,
            UpstreamProtocol::Http1 => &self.offering_http1,
            UpstreamProtocol::Http2 => &self.offering_http2,
        };
        if let Some(config) = kept.get() {
            return Ok(Arc::clone(config).into());
        }
        let roots = match &self.authorities {
            Some(authorities) => Arc::clone(authorities),
            None => system.roots(),
        };
        let config = Arc::new(self.config(roots, protocol)?);
        // Another thread may have been first: its sessions are the ones to go on with.
        Ok(Arc::clone(kept.get_or_init(|| config)).into())
    }

    /// Who the endpoint at `host` has to be.
    pub(super) fn name(&self, host: &str) -> Option<ServerName<'static>> {
        match &self.server_name {
            Some(name) => Some(name.clone()),
            None => ServerName::try_from(host.to_owned()).ok(),
        }
    }

    fn config(
        &self,
        roots: Arc<RootCertStore>,
        protocol: UpstreamProtocol,
    ) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_root_certificates(roots);
        let mut config = match &self.client {
            Some(client) => {
                builder.with_client_auth_cert(client.chain.clone(), client.key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = match protocol {
            UpstreamProtocol::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            UpstreamProtocol::Http1 => vec![b"http/1.1".to_vec()],
            UpstreamProtocol::Http2 => vec![b"h2".to_vec()],
        };
        Ok(config)
    }
}

// === impl Client ===

impl Client {
    fn read(files: &policy::Tls) -> Result<Self, Wrong> {
        Ok(Self {
            chain: certificates("certificate_file", &files.certificate_file)?,
            key: PrivateKeyDer::from_pem_file(&files.key_file).map_err(|error| {
                let reason = match error {
                    pem::Error::NoItemsFound => "there is no private key in PEM in it".to_owned(),
                    error => told(error),
                };
                ("key_file", of(&files.key_file, &reason))
            })?,
        })
    }
}

fn authorities(file: &Path) -> Result<Arc<RootCertStore>, Wrong> {
    let mut roots = RootCertStore::empty();
    for (position, certificate) in certificates("ca_file", file)?.into_iter().enumerate() {
        roots.add(certificate).map_err(|error| {
            let number = position + 1;
            let reason = format!("certificate {number} in it cannot be used: {error}");
            ("ca_file", of(file, &reason))
        })?;
    }
    Ok(Arc::new(roots))
}

fn certificates(field: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| (field, of(file, &told(error))))?;
    match found.is_empty() {
        true => Err((field, of(file, "there is no certificate in PEM in it"))),
        false => Ok(found),
    }
}

fn of(file: &Path, reason: &str) -> String {
    format!("{}: {reason}", file.display())
}

/// An error of reading, without what the library puts around it.
fn told(error: pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        error => format!("it is not PEM: {error}"),
    }
}

fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate of this system could not be read");
    }
    let mut roots = RootCertStore::empty();
    let (added, _ignored) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::error!("no certificate authority found: https upstreams will be refused");
    }
    roots
}

#[cfg(test)]
mod tests {
    use policy::{Endpoint, Scheme};

    use super::*;

    fn offered(tls: &UpstreamTls, protocol: UpstreamProtocol) -> Vec<Vec<u8>> {
        let system = TlsClient {
            roots: Arc::new(RootCertStore::empty()).into(),
        };
        let connector = tls.connector(&system, protocol).unwrap();
        connector.config().alpn_protocols.clone()
    }

    /// A check of gRPC comes before the first request as a rule, and must not decide what requests
    /// are offered to be sent by.
    #[test]
    fn who_asks_first_does_not_decide_what_is_offered_to_others() {
        let endpoint = Endpoint::tcp(Scheme::Https, "localhost", 443);
        let upstream = Upstream::plain("test".to_owned(), vec![endpoint]);
        let tls = UpstreamTls::load(&upstream).unwrap();
        for _ in 0..2 {
            assert_eq!(offered(&tls, UpstreamProtocol::Http2), [b"h2"]);
            assert_eq!(offered(&tls, UpstreamProtocol::Http1), [b"http/1.1"]);
            let both = offered(&tls, UpstreamProtocol::Auto);
            assert_eq!(both, [b"h2".as_slice(), b"http/1.1"]);
        }
    }
}
