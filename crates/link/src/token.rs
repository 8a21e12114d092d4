//! The text of an enrolment token: `candela1.SECRET.FINGERPRINT`, both parts
//! base64url. The fingerprint lets an agent know the manager before it sends
//! the secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;

const PREFIX: &str = "candela1";

/// SHA-256 of a CA certificate (DER).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// Of a certificate.
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }
}

/// The secret part. It has no `Display`, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What the manager keeps of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an enrolment token; it looks like candela1.….… and is printed by `candela token create`"
)]
pub struct Malformed;

/// The token's text.
pub fn print(secret: &Secret, fingerprint: &Fingerprint) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!("{PREFIX}.{}.{}", part(&secret.0), part(&fingerprint.0))
}

/// What a token's text says.
pub fn parse(text: &str) -> Result<(Secret, Fingerprint), Malformed> {
    let mut parts = text.trim().split('.');
    let (Some(PREFIX), Some(secret), Some(fingerprint), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Malformed);
    };
    Ok((Secret(bytes(secret)?), Fingerprint(bytes(fingerprint)?)))
}

fn bytes(part: &str) -> Result<[u8; 32], Malformed> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed)?;
    bytes.try_into().map_err(|_| Malformed)
}
