//! The agent's certificate is made anew long before it ends. The old one stays
//! good until the agent comes with the new one, so a crash at any point leaves
//! it with one that works.

use crate::state::{self, Enrolled};
use jiff::Timestamp;
use std::fmt;
use std::path::PathBuf;

/// The part of a certificate's life, in hundredths, after which a new one is
/// asked for: four months before the end of a year.
const DUE_PERCENT: i64 = 67;

/// Why the manager's answer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum RenewalError {
    /// No key could be made.
    #[error("no key could be made: {0}")]
    Key(String),
    /// An answer to no question.
    #[error("the manager sent a certificate that was not asked for")]
    NotAsked,
    /// Another key's, or another server's.
    #[error("the manager sent a certificate that is not of this server's key")]
    NotOurs,
    /// It cannot be written.
    #[error("cannot write {0}")]
    Write(PathBuf, #[source] std::io::Error),
}

/// An agent's enrolment, with the certificate that is being asked for.
pub struct Renewal {
    folder: PathBuf,
    enrolled: Enrolled,
    /// Key of the certificate that was asked for, PEM.
    asked: Option<String>,
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Renewal of {}", self.enrolled.server_id)
    }
}

impl Renewal {
    /// Of an enrolment that is kept in a folder.
    pub fn new(folder: PathBuf, enrolled: Enrolled) -> Self {
        Self {
            folder,
            enrolled,
            asked: None,
        }
    }

    /// The enrolment, with the newest certificate.
    pub fn enrolled(&self) -> &Enrolled {
        &self.enrolled
    }

    /// Whether a new certificate is to be asked for.
    pub fn is_due(&self, now: Timestamp) -> bool {
        let Some((begin, end)) = link::renew::life(&self.enrolled.cert_pem) else {
            return false;
        };
        let life = end.as_second().saturating_sub(begin.as_second());
        let gone = now.as_second().saturating_sub(begin.as_second());
        gone.saturating_mul(100) >= life.saturating_mul(DUE_PERCENT)
    }

    /// A request for the manager. Its key is held until the answer.
    pub fn ask(&mut self) -> Result<String, RenewalError> {
        let asked = link::renew::ask().map_err(|error| RenewalError::Key(error.to_string()))?;
        self.asked = Some(asked.key_pem);
        Ok(asked.csr_pem)
    }

    /// Takes the manager's answer: it is on disk before it is used.
    pub fn take(&mut self, cert_pem: String) -> Result<(), RenewalError> {
        let key_pem = self.asked.take().ok_or(RenewalError::NotAsked)?;
        if !link::renew::is_for(&cert_pem, &key_pem, &self.enrolled.server_id) {
            return Err(RenewalError::NotOurs);
        }
        let next = Enrolled {
            cert_pem,
            key_pem,
            ..self.enrolled.clone()
        };
        let failed = |error| RenewalError::Write(self.folder.clone(), error);
        state::save(&self.folder, &next).map_err(failed)?;
        self.enrolled = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use link::authority::Authority;

    const START: &str = "2026-01-01T00:00:00Z";

    fn day(n: i64) -> Timestamp {
        let start: Timestamp = START.parse().unwrap();
        start + jiff::SignedDuration::from_hours(24 * n)
    }

    /// An agent that was enrolled on day 0, and its manager's CA.
    fn enrolled(folder: &std::path::Path) -> (Renewal, Authority) {
        let authority = Authority::open(folder, day(0)).unwrap();
        let asked = link::renew::ask().unwrap();
        let granted = authority.grant(&asked.csr_pem, "s1", "m1", day(0)).unwrap();
        let enrolled = Enrolled {
            manager: "manager:7443".into(),
            server_id: "s1".into(),
            machine_id: "m1".into(),
            cert_pem: granted.pem,
            key_pem: asked.key_pem,
            ca_pem: authority.ca_pem().to_owned(),
            stream: 1,
            is_managed: false,
        };
        (Renewal::new(folder.join("state"), enrolled), authority)
    }

    #[test]
    fn it_is_due_after_two_thirds_of_its_life() {
        let folder = tempfile::tempdir().unwrap();
        let (mut renewal, _) = enrolled(folder.path());
        for (n, due) in [(0, false), (243, false), (246, true), (400, true)] {
            assert_eq!(renewal.is_due(day(n)), due, "day {n}");
        }
        renewal.enrolled.cert_pem = "damaged".into();
        assert!(!renewal.is_due(day(400)));
    }

    #[test]
    fn only_a_certificate_of_its_own_key_is_taken_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (mut renewal, authority) = enrolled(folder.path());
        let sign = |csr: &str, server: &str| authority.grant(csr, server, "m1", day(300)).unwrap();
        let before = renewal.enrolled().cert_pem.clone();
        let unasked = renewal.take(before.clone());
        assert!(matches!(unasked, Err(RenewalError::NotAsked)));
        let stranger = link::renew::ask().unwrap().csr_pem;
        for (is_ours, server) in [(false, "s1"), (true, "s2")] {
            let csr = renewal.ask().unwrap();
            let csr = if is_ours { &csr } else { &stranger };
            let refused = renewal.take(sign(csr, server).pem);
            assert!(matches!(refused, Err(RenewalError::NotOurs)));
        }
        assert_eq!(renewal.enrolled().cert_pem, before);
        assert!(!folder.path().join("state").exists(), "nothing was kept");
        let csr = renewal.ask().unwrap();
        renewal.take(sign(&csr, "s1").pem).unwrap();
        assert!(!renewal.is_due(day(400)));
        let kept = state::load(&folder.path().join("state")).unwrap().unwrap();
        assert_eq!(kept.cert_pem, renewal.enrolled().cert_pem);
        assert_eq!(kept.key_pem, renewal.enrolled().key_pem);
        assert_ne!(kept.cert_pem, before);
    }
}
