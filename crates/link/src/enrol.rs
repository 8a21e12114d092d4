//! How an agent gets its certificate: it checks the manager against the
//! fingerprint in the token before it sends anything, makes its key, and
//! keeps both only when all went well.

use crate::dial::{DialError, ENROL_PATH, connect};
use crate::{authority, renew, tls, token};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rcgen::KeyPair;
use rt::Tasks;
use std::time::Duration;
use tokio::time::timeout;
use wire::code::Code;
use wire::enrol::{Denied, Granted, Request as Body};

/// Bytes of an answer at most.
const ANSWER_MAX: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// What an agent says of itself to be enrolled. It holds a secret, so it has
/// no `Debug`.
#[derive(Clone)]
pub struct Enrolment {
    /// `HOST:PORT` of the manager.
    pub manager: String,
    /// The token's text.
    pub token: String,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Boot id.
    pub boot_id: String,
    /// Host name.
    pub hostname: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Its clock.
    pub sent_at: Timestamp,
    /// Name of the site, in demonstrations.
    pub site: Option<String>,
    /// Runs the connection.
    pub tasks: Tasks,
}

/// What an enrolled agent keeps.
#[derive(Clone)]
pub struct Identity {
    /// Its id in the manager.
    pub server_id: String,
    /// Its certificate, PEM.
    pub cert_pem: String,
    /// Its key, PEM: a secret.
    pub key_pem: String,
    /// The manager's CA, PEM.
    pub ca_pem: String,
    /// Whether the server is to be managed; otherwise it is only watched.
    pub is_managed: bool,
}

/// Why an agent was not enrolled. Nothing is kept on either side.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The text is no token.
    #[error(transparent)]
    Token(#[from] token::Malformed),
    /// The manager is not the one the token is from; nothing was sent to it.
    #[error(
        "what answers at {manager} is not the manager that made this token (enrol-fingerprint-wrong); nothing was sent to it"
    )]
    FingerprintWrong {
        /// Where.
        manager: String,
    },
    /// No connection.
    #[error(transparent)]
    Dial(DialError),
    /// The manager says no.
    #[error("the manager refuses to enrol this server: {text} ({code})")]
    Refused {
        /// For programs.
        code: Code,
        /// For people.
        text: String,
    },
    /// It answers, but not as a manager would.
    #[error("the answer of the manager cannot be used: {0}")]
    Odd(String),
    /// No key could be made.
    #[error("could not make a key")]
    Key(#[source] rcgen::Error),
    /// The TLS library.
    #[error("could not set up TLS")]
    Tls(#[source] rustls::Error),
}

impl EnrolError {
    /// The stable code, where there is one.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Token(_) => Some(Code::TokenMalformed),
            Self::FingerprintWrong { .. } => Some(Code::FingerprintWrong),
            Self::Refused { code, .. } => Some(*code),
            Self::Dial(_) | Self::Odd(_) | Self::Key(_) | Self::Tls(_) => None,
        }
    }
}

/// Enrols this server.
pub async fn enrol(ask: Enrolment) -> Result<Identity, EnrolError> {
    let (_, fingerprint) = token::parse(&ask.token)?;
    let key = KeyPair::generate().map_err(EnrolError::Key)?;
    let csr = renew::request(&key).map_err(EnrolError::Key)?;
    let config = tls::newcomer(fingerprint).map_err(EnrolError::Tls)?;
    let stream = connect(&ask.manager, config)
        .await
        .map_err(|error| match error {
            DialError::Stranger(manager) => EnrolError::FingerprintWrong { manager },
            other => EnrolError::Dial(other),
        })?;
    let body = Body {
        token: ask.token,
        csr,
        machine_id: ask.machine_id,
        boot_id: ask.boot_id,
        hostname: ask.hostname,
        agent_version: ask.agent_version,
        sent_at_ms: ask.sent_at.as_millisecond(),
        site: ask.site,
    };
    let exchange = post(stream, &body, &ask.tasks);
    let late = |_| EnrolError::Dial(DialError::Late(ask.manager.clone()));
    let granted = timeout(PATIENCE, exchange).await.map_err(late)??;
    Ok(Identity {
        server_id: granted.server_id,
        cert_pem: granted.certificate,
        key_pem: key.serialize_pem(),
        ca_pem: granted.ca,
        is_managed: granted.profile == wire::enrol::MANAGED,
    })
}

async fn post<S>(stream: S, body: &Body, tasks: &Tasks) -> Result<Granted, EnrolError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let odd = |error: hyper::Error| EnrolError::Odd(error.to_string());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(odd)?;
    tasks.spawn("link", "enrolment", async move {
        // The exchange itself says what went wrong.
        let _ = connection.await;
    });
    let body = serde_json::to_vec(body).map_err(|error| EnrolError::Odd(error.to_string()))?;
    let request = Request::post(ENROL_PATH)
        .header("host", authority::MANAGER_NAME)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| EnrolError::Odd(error.to_string()))?;
    answer(sender.send_request(request).await.map_err(odd)?).await
}

async fn answer(response: Response<Incoming>) -> Result<Granted, EnrolError> {
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_MAX)
        .collect()
        .await;
    let body = body
        .map_err(|error| EnrolError::Odd(error.to_string()))?
        .to_bytes();
    if status == StatusCode::OK {
        return serde_json::from_slice(&body).map_err(|error| EnrolError::Odd(error.to_string()));
    }
    match serde_json::from_slice::<Denied>(&body) {
        Ok(Denied { code, text }) => Err(EnrolError::Refused { code, text }),
        Err(_) => Err(EnrolError::Odd(format!("HTTP {status}"))),
    }
}
