//! TLS towards upstreams, verified against the system's certificate authorities.

use std::sync::{Arc, OnceLock};

use policy::UpstreamProtocol;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, crypto::ring::default_provider, version::TLS12, version::TLS13,
    },
};

/// One TLS client per protocol preference; made when the first `https` endpoint is connected to,
/// because reading the system's certificates takes milliseconds nobody else should pay.
#[derive(Debug, Default)]
pub(crate) struct TlsClient {
    roots: OnceLock<Arc<RootCertStore>>,
}

// === impl TlsClient ===

impl TlsClient {
    /// A connector that offers what `protocol` allows.
    pub(crate) fn connector(
        &self,
        protocol: UpstreamProtocol,
    ) -> Result<TlsConnector, tokio_rustls::rustls::Error> {
        let roots = Arc::clone(self.roots.get_or_init(|| Arc::new(system_roots())));
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = match protocol {
            UpstreamProtocol::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            UpstreamProtocol::Http1 => vec![b"http/1.1".to_vec()],
            UpstreamProtocol::Http2 => vec![b"h2".to_vec()],
        };
        Ok(TlsConnector::from(Arc::new(config)))
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
