//! Whether a certificate and its key can be used, found out before pingora would panic over them.

use policy::Tls;
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

/// Reads both files and puts them together once; the reason when that does not work.
pub(crate) fn check(tls: &Tls) -> Result<(), String> {
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
    ServerConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, private)
        })
        .map(drop)
        .map_err(|error| format!("{certificate} and {key} do not go together: {error}"))
}
