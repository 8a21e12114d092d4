//! The manager's own CA. It signs the manager's certificate, anew at each
//! start, and one certificate per agent.

use crate::tls;
use crate::token::Fingerprint;
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A name that every manager's certificate carries, so that agents need no
/// other: they trust the one CA that enrolled them, whatever the address.
pub const MANAGER_NAME: &str = "candela-manager";

const CA_LIFE: SignedDuration = SignedDuration::from_hours(20 * 365 * 24);
/// Browsers of one vendor take no longer one, even of a CA that the user
/// trusts. The manager makes a new one at each start.
const MANAGER_LIFE: SignedDuration = SignedDuration::from_hours(800 * 24);
const AGENT_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// Certificates hold from a little earlier, for clocks that are behind.
const BACKDATED: SignedDuration = SignedDuration::from_mins(15);

/// Why the CA cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of it.
    #[error("could not read or write {path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// What a file holds.
    #[error("{0} does not hold what the CA wrote there")]
    Content(PathBuf),
    /// Making a certificate.
    #[error("could not make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library.
    #[error("could not set up TLS")]
    Tls(#[source] rustls::Error),
    /// No randomness.
    #[error("the machine gives no random numbers")]
    Random,
}

/// The CA, and the manager's own certificate.
pub struct Authority {
    ca_pem: String,
    ca_der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate given to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// PEM.
    pub pem: String,
    /// Serial number, hexadecimal.
    pub serial: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What a certificate of ours says of its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Subject: the server's id.
    pub server: String,
    /// Serial number, hexadecimal.
    pub serial: String,
}

impl Authority {
    /// Reads the CA from its folder, or makes one there.
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, AuthorityError> {
        let (ca_path, key_path) = (folder.join("ca.pem"), folder.join("ca.key"));
        if !key_path.exists() {
            create(&ca_path, &key_path, now)?;
        }
        let ca_pem = read(&ca_path)?;
        let key = KeyPair::from_pem(&read(&key_path)?)
            .map_err(|_| AuthorityError::Content(key_path.clone()))?;
        let ca_der = CertificateDer::from_pem_slice(ca_pem.as_bytes())
            .map_err(|_| AuthorityError::Content(ca_path.clone()))?;
        let issuer = Issuer::from_ca_cert_der(&ca_der, key)
            .map_err(|_| AuthorityError::Content(ca_path.clone()))?;
        Ok(Self {
            ca_pem,
            ca_der,
            issuer,
        })
    }

    /// The CA's certificate, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// What enrolment tokens carry.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.ca_der)
    }

    /// TLS for the one port, with a fresh certificate for `names` (host names
    /// and addresses). Callers may come without a certificate; a certificate
    /// of another CA ends the handshake.
    pub fn server_config(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([names, &[MANAGER_NAME.to_owned()]].concat())?;
        dress(&mut params, MANAGER_NAME, now, MANAGER_LIFE)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let leaf = params.signed_by(&key, &self.issuer)?;
        let chain = vec![leaf.der().clone(), self.ca_der.clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        tls::server(&self.ca_der, chain, key).map_err(AuthorityError::Tls)
    }

    /// Signs an agent's request. Of the request only the key is taken.
    pub fn grant(
        &self,
        csr_pem: &str,
        server: &str,
        machine: &str,
        now: Timestamp,
    ) -> Result<Granted, AuthorityError> {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem)?;
        let mut params = CertificateParams::default();
        dress(&mut params, server, now, AGENT_LIFE)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let uri = format!("candela:machine:{}", machine_text(machine));
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        let serial = params
            .serial_number
            .as_ref()
            .map(SerialNumber::to_bytes)
            .unwrap_or_default();
        request.params = params;
        let certificate = request.signed_by(&self.issuer)?;
        let expires_at = now.checked_add(AGENT_LIFE).unwrap_or(now);
        Ok(Granted {
            pem: certificate.pem(),
            serial: hex(&serial),
            expires_at,
        })
    }
}

/// What a verified certificate says of its holder; none if it is not of the
/// shape that we give.
pub fn peer(certificate: &CertificateDer<'_>) -> Option<Peer> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let server = certificate
        .subject()
        .iter_common_name()
        .next()?
        .as_str()
        .ok()?
        .to_owned();
    let serial = certificate.raw_serial();
    // DER puts a zero before a first byte that would look negative.
    let serial = serial.strip_prefix(&[0]).unwrap_or(serial);
    Some(Peer {
        server,
        serial: hex(serial),
    })
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_secret(path: &Path, text: &str) -> Result<(), AuthorityError> {
    let failed = |cause| AuthorityError::File {
        path: path.to_owned(),
        cause,
    };
    let beside = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

fn create(ca_path: &Path, key_path: &Path, now: Timestamp) -> Result<(), AuthorityError> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    let mut random = [0; 4];
    getrandom::fill(&mut random).map_err(|_| AuthorityError::Random)?;
    dress(
        &mut params,
        &format!("Candela CA {}", hex(&random)),
        now,
        CA_LIFE,
    )?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    // The key comes last: it is the sign that both files are there.
    write_secret(ca_path, &certificate.pem())?;
    write_secret(key_path, &key.serialize_pem())
}

fn dress(
    params: &mut CertificateParams,
    name: &str,
    now: Timestamp,
    life: SignedDuration,
) -> Result<(), AuthorityError> {
    let epoch = date_time_ymd(1970, 1, 1);
    let since_epoch = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).unwrap_or(0);
        std::time::Duration::from_secs(seconds)
    };
    let begin = now.checked_sub(BACKDATED).unwrap_or(now);
    params.not_before = epoch + since_epoch(begin);
    params.not_after = epoch + since_epoch(now.checked_add(life).unwrap_or(Timestamp::MAX));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let mut serial = [0_u8; 16];
    getrandom::fill(&mut serial).map_err(|_| AuthorityError::Random)?;
    // Positive and of full length, whatever the dice say.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(())
}

/// A machine-id is hexadecimal; whatever else came is made harmless.
fn machine_text(machine: &str) -> String {
    machine
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .take(64)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(|cause| AuthorityError::File {
        path: path.to_owned(),
        cause,
    })
}
