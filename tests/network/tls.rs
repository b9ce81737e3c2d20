//! HTTPS against a server whose authority only the test trusts.

use std::sync::Arc;

use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::ServerConfig;
use futures_rustls::rustls::crypto::ring;
use serde_json::json;
use weft_lite::errors::NetworkOptionsError;
use weft_lite::sandbox::NetworkOptions;

use crate::server::{Server, ok};
use crate::world::{PUBLIC, Setup, World};

pub(crate) fn server(
    reply: impl Fn(&str) -> crate::server::Reply + Send + Sync + 'static,
) -> Server {
    let pem = include_bytes!("certificates/server.pem");
    server_with(pem, include_bytes!("certificates/server-key.pem"), reply)
}

fn server_with(
    certificate: &[u8],
    key: &[u8],
    reply: impl Fn(&str) -> crate::server::Reply + Send + Sync + 'static,
) -> Server {
    let certificate = CertificateDer::from_pem_slice(certificate);
    let key = PrivateKeyDer::from_pem_slice(key);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap()], key.unwrap())
        .unwrap();
    Server::start_with(Some(TlsAcceptor::from(Arc::new(config))), reply)
}

pub(crate) fn trusting(options: NetworkOptions) -> NetworkOptions {
    options.trust_pem(include_bytes!("certificates/authority.pem")).unwrap()
}

fn secure(network: fn(NetworkOptions) -> NetworkOptions) -> World {
    let permissions = json!({ "network": ["*"] });
    World::new(Setup { permissions, server: server(|_| ok("sealed")), network, ..Setup::default() })
}

#[test]
fn https_to_a_trusted_server() {
    let world = secure(trusting);
    for _ in 0..2 {
        assert_eq!(world.get("https://secure.example/x").unwrap(), "sealed");
    }
    assert_eq!(world.dialed(), [(PUBLIC, 443).into(); 2]);
    let request = world.server.requests().remove(0);
    assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: secure.example\r\n"), "{request}");
}

#[test]
fn the_certificate_must_name_the_host() {
    let world = secure(trusting);
    for url in ["https://other.example/", "https://93.184.216.34/"] {
        let text = world.get_refused(url);
        assert!(text.starts_with("TLS failed: ") && text.contains("not valid for name"), "{text}");
    }
    assert!(world.server.requests().is_empty());
    assert_eq!(world.record().rule.as_deref(), Some("TLS failed"));
}

#[test]
fn an_unknown_authority_is_not_trusted() {
    let world = secure(|options| options);
    let text = world.get_refused("https://secure.example/");
    let reason = "TLS failed: secure.example: the certificate's issuer is not known; if it is yours, \
                  name its certificate in `network.ca_file` in `config.yaml`";
    assert_eq!(text, reason);
    assert!(world.server.requests().is_empty());
}

#[test]
fn a_server_showing_an_authority_certificate_is_refused() {
    let own = include_bytes!("certificates/own.pem");
    let server = server_with(own, include_bytes!("certificates/own-key.pem"), |_| ok("sealed"));
    let permissions = json!({ "network": ["*"] });
    let network = |options: NetworkOptions| {
        options.trust_pem(include_bytes!("certificates/own.pem")).unwrap()
    };
    let world = World::new(Setup { permissions, server, network, ..Setup::default() });
    let text = world.get_refused("https://secure.example/");
    assert!(text.contains("the certificate is an authority's own; give the server one"), "{text}");
    assert!(world.server.requests().is_empty());
}

#[test]
fn a_server_without_tls() {
    let world = World::allowing(&["example.com"]);
    let text = world.get_refused("https://example.com/");
    let ended = "the server ended the connection before TLS was set up";
    assert_eq!(text, format!("TLS failed: example.com: {ended}"));
}

#[test]
fn roots_must_be_certificates() {
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no PEM", broken] {
        let error = NetworkOptions::default().trust_pem(pem.as_bytes()).err().unwrap();
        assert!(matches!(error, NetworkOptionsError::Roots { .. }), "{error}");
    }
}
