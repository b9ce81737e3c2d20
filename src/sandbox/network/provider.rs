//! The cryptography that a TLS client needs: no keys of its own, and no QUIC.
//!
//! rustls' own table refers to both, so that the linker would keep their code. This table has everything else
//! that a server may choose: TLS 1.2 and 1.3, AES and `ChaCha20` (for machines without instructions for AES),
//! all curves and all signatures.
//!
//! A test compares the table with rustls' own, so that an update which offers more is noticed.

use std::sync::Arc;

use futures_rustls::pki_types::PrivateKeyDer;
use futures_rustls::rustls::crypto::ring::{cipher_suite, kx_group};
use futures_rustls::rustls::crypto::{
    CipherSuiteCommon, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom,
    WebPkiSupportedAlgorithms,
};
use futures_rustls::rustls::sign::SigningKey;
use futures_rustls::rustls::{Error, SignatureScheme, SupportedCipherSuite, Tls13CipherSuite};
use webpki::ring::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    RSA_PSS_2048_8192_SHA256_LEGACY_KEY, RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
};

/// A suite of TLS 1.3 without its half for QUIC.
const fn without_quic(suite: &SupportedCipherSuite) -> Tls13CipherSuite {
    match suite {
        SupportedCipherSuite::Tls13(suite) => Tls13CipherSuite {
            common: CipherSuiteCommon {
                suite: suite.common.suite,
                hash_provider: suite.common.hash_provider,
                confidentiality_limit: suite.common.confidentiality_limit,
            },
            hkdf_provider: suite.hkdf_provider,
            aead_alg: suite.aead_alg,
            quic: None,
        },
        // The compiler evaluates this function, and would report an error here.
        SupportedCipherSuite::Tls12(_) => unreachable!(),
    }
}

/// A suite of TLS 1.3; [`provider`] has the order in which they are offered.
static AES_256_GCM: Tls13CipherSuite = without_quic(&cipher_suite::TLS13_AES_256_GCM_SHA384);
/// As [`AES_256_GCM`].
static AES_128_GCM: Tls13CipherSuite = without_quic(&cipher_suite::TLS13_AES_128_GCM_SHA256);
/// As [`AES_256_GCM`], for machines without instructions for AES.
static CHACHA20_POLY1305: Tls13CipherSuite =
    without_quic(&cipher_suite::TLS13_CHACHA20_POLY1305_SHA256);

/// The signatures of certificates, and of servers' handshakes, the best first.
static SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        ECDSA_P256_SHA256,
        ECDSA_P256_SHA384,
        ECDSA_P384_SHA256,
        ECDSA_P384_SHA384,
        ED25519,
        RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384,
        RSA_PKCS1_2048_8192_SHA512,
        RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    // In TLS 1.2 a scheme doesn't determine its curve.
    mapping: &[
        (SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384, ECDSA_P256_SHA384]),
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[ECDSA_P256_SHA256, ECDSA_P384_SHA256]),
        (SignatureScheme::ED25519, &[ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA256, &[RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_2048_8192_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_2048_8192_SHA256]),
    ],
};

/// The system's random numbers, and no private keys.
#[derive(Debug)]
struct ClientProvider;

impl SecureRandom for ClientProvider {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        getrandom::fill(bytes).map_err(|_| GetRandomFailed)
    }
}

impl KeyProvider for ClientProvider {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        // The configuration has no client authentication, so nothing asks for a key.
        Err(Error::General("a client has no key here".into()))
    }
}

/// The cryptography for [`ClientConfig`](futures_rustls::rustls::ClientConfig).
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            SupportedCipherSuite::Tls13(&AES_256_GCM),
            SupportedCipherSuite::Tls13(&AES_128_GCM),
            SupportedCipherSuite::Tls13(&CHACHA20_POLY1305),
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &ClientProvider,
        key_provider: &ClientProvider,
    }
}

#[cfg(test)]
mod tests {
    use futures_rustls::rustls::crypto::ring;

    use super::provider;

    /// Fails when an update of rustls offers more.
    #[test]
    fn servers_may_choose_from_all_that_rustls_offers() {
        let (ours, theirs) = (provider(), ring::default_provider());
        let suites = |suites: &[super::SupportedCipherSuite]| -> Vec<_> {
            suites.iter().map(super::SupportedCipherSuite::suite).collect()
        };
        assert_eq!(suites(&ours.cipher_suites), suites(&theirs.cipher_suites));
        let groups =
            |groups: &[&'static dyn futures_rustls::rustls::crypto::SupportedKxGroup]| {
                groups.iter().map(|group| group.name()).collect::<Vec<_>>()
            };
        assert_eq!(groups(&ours.kx_groups), groups(&theirs.kx_groups));
        let (ours, theirs) =
            (ours.signature_verification_algorithms, theirs.signature_verification_algorithms);
        assert_eq!(format!("{:?}", ours.mapping), format!("{:?}", theirs.mapping));
        assert_eq!(ours.supported_schemes(), theirs.supported_schemes());
        assert_eq!(ours.all.len(), theirs.all.len());
    }
}
