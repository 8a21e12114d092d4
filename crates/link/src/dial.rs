//! The agent's side: TCP, TLS with its certificate, WebSocket.

use crate::connection::AgentEnd;
use crate::{socket, tls};
use rt::Tasks;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{CertificateError, ClientConfig};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error as SocketError;
use wire::code::Code;
use wire::enrol::Denied;

/// Where the link is.
pub const LINK_PATH: &str = "/agent/v1/link";
/// Where enrolment is.
pub const ENROL_PATH: &str = "/agent/v1/enrol";
/// How long each step of dialling may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What an enrolled agent needs to dial. It holds a secret, so it has no `Debug`.
#[derive(Clone)]
pub struct Config {
    /// `HOST:PORT` of the manager.
    pub manager: String,
    /// The CA, PEM.
    pub ca_pem: String,
    /// The agent's certificate, PEM.
    pub cert_pem: String,
    /// The agent's key, PEM.
    pub key_pem: String,
    /// Runs the task that moves frames.
    pub tasks: Tasks,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No TCP connection.
    #[error("could not connect to the manager at {manager}")]
    Connect {
        /// Where.
        manager: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// What answers is not the manager that enrolled this agent.
    #[error("what answers at {0} does not have the certificate of this agent's manager")]
    Stranger(String),
    /// TLS failed otherwise; a revoked or expired certificate is one reason.
    #[error("could not agree on TLS with {manager}")]
    Tls {
        /// Where.
        manager: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The agent's own files.
    #[error("the certificate or the key of this agent cannot be used")]
    Own(#[source] rustls::Error),
    /// The manager says no.
    #[error("the manager refuses: {text} ({code})")]
    Refused {
        /// For programs.
        code: Code,
        /// For people.
        text: String,
    },
    /// It answers, but not as a manager would.
    #[error("what answers at {manager} is no manager: {what}")]
    Odd {
        /// Where.
        manager: String,
        /// What it did.
        what: String,
    },
    /// Too slow.
    #[error("the manager at {0} does not answer in time")]
    Late(String),
}

/// Dials the manager.
pub async fn dial(config: Config) -> Result<AgentEnd, DialError> {
    let manager = &config.manager;
    let tls = own(&config).map_err(DialError::Own)?;
    let stream = connect(manager, tls).await?;
    let url = format!("ws://{}{LINK_PATH}", crate::authority::MANAGER_NAME);
    let upgrade = client_async_with_config(url, stream, Some(socket::config()));
    match timeout(PATIENCE, upgrade).await {
        Err(_) => Err(DialError::Late(manager.clone())),
        Ok(Ok((socket, _))) => Ok(socket::pump(socket, &config.tasks, "link to the manager")),
        Ok(Err(error)) => Err(refusal(manager, error)),
    }
}

fn own(config: &Config) -> Result<Arc<ClientConfig>, rustls::Error> {
    let bad = |what: &str| rustls::Error::General(format!("{what} is not PEM"));
    let ca = CertificateDer::from_pem_slice(config.ca_pem.as_bytes()).map_err(|_| bad("the CA"))?;
    let chain = CertificateDer::pem_slice_iter(config.cert_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| bad("the certificate"))?;
    let key =
        PrivateKeyDer::from_pem_slice(config.key_pem.as_bytes()).map_err(|_| bad("the key"))?;
    tls::agent(&ca, chain, key)
}

/// A TLS connection to the manager.
pub(crate) async fn connect(
    manager: &str,
    config: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, DialError> {
    let late = |_| DialError::Late(manager.to_owned());
    let failed = |cause| DialError::Connect {
        manager: manager.to_owned(),
        cause,
    };
    let tcp = timeout(PATIENCE, TcpStream::connect(manager))
        .await
        .map_err(late)?;
    let tcp = tcp.map_err(failed)?;
    tcp.set_nodelay(true).map_err(failed)?;
    let handshake = TlsConnector::from(config).connect(tls::manager_name(), tcp);
    timeout(PATIENCE, handshake)
        .await
        .map_err(late)?
        .map_err(|cause| {
            let manager = manager.to_owned();
            if is_stranger(&cause) {
                DialError::Stranger(manager)
            } else {
                DialError::Tls { manager, cause }
            }
        })
}

fn is_stranger(cause: &io::Error) -> bool {
    let inner = cause
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        inner,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }
        ))
    )
}

fn refusal(manager: &str, error: SocketError) -> DialError {
    let manager = manager.to_owned();
    match error {
        SocketError::Http(answer) => {
            let body = answer.body().as_deref().unwrap_or_default();
            match serde_json::from_slice::<Denied>(body) {
                Ok(Denied { code, text }) => DialError::Refused { code, text },
                Err(_) => DialError::Odd {
                    manager,
                    what: format!("HTTP {}", answer.status()),
                },
            }
        }
        SocketError::Io(cause) => DialError::Tls { manager, cause },
        other => DialError::Odd {
            manager,
            what: other.to_string(),
        },
    }
}
