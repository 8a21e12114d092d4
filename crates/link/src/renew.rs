//! A new certificate for an agent that has one: what it asks with, and what it
//! checks before it takes the answer for its own.

use crate::authority;
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A request, and the key that it is for. The key is a secret, so there is no
/// `Debug`.
#[derive(Clone)]
pub struct Asked {
    /// PKCS#10 request, PEM.
    pub csr_pem: String,
    /// Key, PEM.
    pub key_pem: String,
}

/// Makes a key, and a request for a certificate of it.
pub fn ask() -> Result<Asked, rcgen::Error> {
    let key = KeyPair::generate()?;
    Ok(Asked {
        csr_pem: request(&key)?,
        key_pem: key.serialize_pem(),
    })
}

/// The request for a key. The manager takes nothing of it but the key.
pub(crate) fn request(key: &KeyPair) -> Result<String, rcgen::Error> {
    CertificateParams::default().serialize_request(key)?.pem()
}

/// From when until when a certificate is good; none if it is not one.
pub fn life(cert_pem: &str) -> Option<(Timestamp, Timestamp)> {
    let der = CertificateDer::from_pem_slice(cert_pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let validity = certificate.validity();
    let at = |second| Timestamp::from_second(second).ok();
    Some((
        at(validity.not_before.timestamp())?,
        at(validity.not_after.timestamp())?,
    ))
}

/// Whether a certificate is of this key and names this server.
pub fn is_for(cert_pem: &str, key_pem: &str, server: &str) -> bool {
    let is_for = || {
        let der = CertificateDer::from_pem_slice(cert_pem.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        let key = KeyPair::from_pem(key_pem).ok()?;
        let is_of_key = certificate.public_key().subject_public_key.data == key.der_bytes();
        let peer = authority::peer(&der)?;
        Some(is_of_key && peer.server == server)
    };
    is_for().unwrap_or(false)
}
