//! TLS towards clients: certificate and key from files, HTTP/2 and HTTP/1.1 by ALPN.

use std::sync::Arc;

use policy::Tls;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// Reads certificate and key; the error says which file, and what is wrong with it.
pub(crate) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, String> {
    let certificate = tls.certificate_file.display();
    let key = tls.key_file.display();
    let chain = CertificateDer::pem_file_iter(&tls.certificate_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("certificate_file {certificate}: {error}"))?;
    if chain.is_empty() {
        return Err(format!(
            "certificate_file {certificate}: no certificate in it"
        ));
    }
    let private = PrivateKeyDer::from_pem_file(&tls.key_file)
        .map_err(|error| format!("key_file {key}: {error}"))?;
    let mut config = ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            let builder = builder.with_no_client_auth();
            builder.with_single_cert(chain, private)
        })
        .map_err(|error| format!("{certificate} and {key} do not go together: {error}"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
