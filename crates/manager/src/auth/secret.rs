//! Secrets of sessions and API tokens: 256 random bits, kept only as hashes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What API tokens begin with, so that one is known for what it is in a log.
pub const TOKEN_MARK: &str = "candela_";

/// A new secret as text.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is kept of a secret. A look-up by it tells nothing by its time: whoever
/// can choose the hash can invert SHA-256.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares in a time that does not depend on where they differ.
pub fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |odd, (a, b)| odd | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_hash_alike() {
        let (a, b) = (random().unwrap(), random().unwrap());
        assert_eq!((a.len(), a == b), (43, false));
        assert_eq!(hash(&a), hash(&a));
        assert!(is_same(&a, &a) && !is_same(&a, &b) && !is_same(&a, "x"));
    }
}
