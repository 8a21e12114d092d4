//! Secrets that steps need: keys of clusters, passwords of BMCs. In the store
//! they are sealed; the key that opens them is a file that only the manager's
//! user can read, beside the database and never in a copy of it.

use crate::state::Manager;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use store::StoreError;

/// Bytes of a key that the manager makes: what `corosync-keygen` makes.
const MADE_LEN: usize = 256;
/// Secrets of this name are made when they are first needed.
const MADE: &str = "corosync-";
/// Bytes of a secret at most.
pub const LEN_MAX: usize = 16 << 10;

/// Why a secret is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody gave it.
    #[error("there is no secret {0:?}; set it with `candela secret set`")]
    Unknown(String),
    /// Another key sealed it.
    #[error("the secret {0:?} cannot be opened: it was sealed with another key file")]
    Sealed(String),
    /// The machine gives no randomness.
    #[error("the machine gives no random numbers")]
    Random,
}

/// Seals and opens.
pub struct Sealer(LessSafeKey);

impl Sealer {
    /// With the key in a file, which is made if it is not there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut key = [0; 32];
        match OpenOptions::new().read(true).open(path) {
            Ok(mut file) => file.read_exact(&mut key)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                getrandom::fill(&mut key).map_err(io::Error::other)?;
                let mut options = OpenOptions::new();
                let mut file = options
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)?;
                file.write_all(&key)?;
                file.sync_all()?;
            }
            Err(error) => return Err(error),
        }
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key);
        let key = key.map_err(|_| io::Error::other("the key has the wrong length"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Seals a secret under its name, so that it cannot stand for another.
    fn seal(&self, name: &str, secret: &[u8]) -> Result<Vec<u8>, SecretError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SecretError::Random)?;
        let mut sealed = secret.to_vec();
        let about = Aad::from(name.as_bytes());
        let unique = Nonce::assume_unique_for_key(nonce);
        let done = self.0.seal_in_place_append_tag(unique, about, &mut sealed);
        done.map_err(|_| SecretError::Random)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = sealed.to_vec();
        let about = Aad::from(name.as_bytes());
        Some(
            self.0
                .open_in_place(nonce, about, &mut bytes)
                .ok()?
                .to_vec(),
        )
    }
}

impl Manager {
    /// A secret's content; one that the manager itself makes is made now.
    pub(crate) async fn secret(&self, name: &str) -> Result<Vec<u8>, SecretError> {
        match self.store.secret(name.to_owned()).await? {
            Some(sealed) => {
                let opened = self.sealer.unseal(name, &sealed);
                opened.ok_or_else(|| SecretError::Sealed(name.to_owned()))
            }
            None if name.starts_with(MADE) => {
                let mut made = vec![0; MADE_LEN];
                getrandom::fill(&mut made).map_err(|_| SecretError::Random)?;
                self.put_secret(name, &made).await?;
                Ok(made)
            }
            None => Err(SecretError::Unknown(name.to_owned())),
        }
    }

    /// Keeps a secret.
    pub async fn put_secret(&self, name: &str, bytes: &[u8]) -> Result<(), SecretError> {
        let sealed = self.sealer.seal(name, bytes)?;
        Ok(self.store.put_secret(name.to_owned(), sealed).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_its_name_and_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let sealer = Sealer::open(&path).unwrap();
        let sealed = sealer.seal("bmc/oss1", b"swordfish").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"swordfish"));
        let again = Sealer::open(&path).unwrap();
        assert_eq!(again.unseal("bmc/oss1", &sealed).unwrap(), b"swordfish");
        assert_eq!(again.unseal("bmc/oss2", &sealed), None);
        let other = Sealer::open(&folder.path().join("other.key")).unwrap();
        assert_eq!(other.unseal("bmc/oss1", &sealed), None);
        assert_eq!(again.unseal("bmc/oss1", &sealed[..10]), None);
    }
}
