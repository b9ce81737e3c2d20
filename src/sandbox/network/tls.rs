//! The roots that TLS trusts: webpki-roots and those of the operator. TLS 1.2 and 1.3, HTTP/1.1 only.

use std::sync::{Arc, OnceLock};

use futures_rustls::TlsConnector;
use futures_rustls::pki_types::CertificateDer;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::{ClientConfig, RootCertStore};

use super::provider::provider;

/// The roots, and the configuration that is built from them once, at the first `https` request.
#[derive(Clone)]
pub(super) struct TrustedRoots {
    extra: RootCertStore,
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl TrustedRoots {
    /// No roots beside those that come with the program.
    pub(super) fn new() -> Self {
        Self { extra: RootCertStore::empty(), config: Arc::default() }
    }

    /// Trusts every certificate in `pem` as a root too.
    ///
    /// # Errors
    ///
    /// The problem: it holds no certificate, or one that can't be a root.
    pub(super) fn add_pem(&mut self, pem: &[u8]) -> Result<(), String> {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            self.extra.add(certificate).map_err(|error| error.to_string())?;
            found = true;
        }
        if !found {
            return Err("it holds no certificate".into());
        }
        self.config = Arc::default();
        Ok(())
    }

    /// A connector with the roots so far. The first call builds the configuration, and later ones share it.
    pub(super) fn connector(&self) -> TlsConnector {
        let config = self.config.get_or_init(|| {
            let mut roots = self.extra.clone();
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            let provider = Arc::new(provider());
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("there are cipher suites for both versions")
                .with_root_certificates(roots)
                .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            Arc::new(config)
        });
        TlsConnector::from(Arc::clone(config))
    }
}
