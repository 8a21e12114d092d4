//! Passwords: argon2id with a random salt. Slow by intent: call it on a
//! blocking thread.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// Characters that a password has at least.
pub const LENGTH_MIN: usize = 12;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    Random,
    /// The hash function refused.
    #[error("the password cannot be hashed")]
    Hash,
}

/// The hash to keep, as PHC text.
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|_| PasswordError::Random)?;
    let made = Argon2::default().hash_password_with_salt(password.as_bytes(), &salt);
    made.map(|hash| hash.to_string())
        .map_err(|_| PasswordError::Hash)
}

/// Whether this is the password that was hashed. As slow for an unknown
/// account, when `hash` is none.
pub fn is_right(password: &str, hash: Option<&str>) -> bool {
    if let Some(hash) = hash {
        Argon2::default()
            .verify_password(password.as_bytes(), hash)
            .is_ok()
    } else {
        let mut out = [0_u8; 32];
        // The result does not matter, only the time it takes.
        let _ = Argon2::default().hash_password_into(password.as_bytes(), &[0; 16], &mut out);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let one = hash("correct horse battery").unwrap();
        assert!(one.starts_with("$argon2id$"));
        assert_ne!(one, hash("correct horse battery").unwrap());
        assert!(is_right("correct horse battery", Some(&one)));
        assert!(!is_right("correct horse batterz", Some(&one)));
        assert!(!is_right("x", None) && !is_right("x", Some("damaged")));
    }
}
