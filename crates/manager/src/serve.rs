//! The one port: TLS, then HTTP for callers, enrolment and the agents' link.

use crate::agents::{Proven, attend};
use crate::enrolment;
use crate::state::{Manager, ServerState};
use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use link::authority;
use link::dial::{ENROL_PATH, LINK_PATH};
use link::socket;
use model::ids::ServerId;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use wire::code::Code;
use wire::enrol::Denied;

/// How long a TLS handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a caller may take to send the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// Connections that are served at a time, without agents' links.
const CONNECTIONS_MAX: usize = 4096;
/// How long requests may go on when the manager stops.
const STOP_WITHIN: Duration = Duration::from_secs(1);
/// Pause when the machine takes no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Bytes of an enrolment request at most.
const ENROL_MAX: usize = 64 << 10;

/// Who showed a certificate of ours on this connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer(pub Option<authority::Peer>);

/// Agents' routes, and whatever else the port serves.
pub(crate) fn router(manager: &Arc<Manager>, others: Router) -> Router {
    Router::new()
        .route(LINK_PATH, get(link_of))
        .route(
            ENROL_PATH,
            post(enrol).layer(DefaultBodyLimit::max(ENROL_MAX)),
        )
        .with_state(Arc::clone(manager))
        .merge(others)
}

/// Accepts connections until the manager stops.
pub(crate) async fn accept(
    manager: Arc<Manager>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
) {
    let shutdown = manager.tasks.shutdown().clone();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &places) => accepted,
            () = shutdown.wait() => return,
        };
        match accepted {
            Ok((place, stream, from)) => {
                let (tls, router) = (tls.clone(), router.clone());
                let serving = connection(Arc::clone(&manager), stream, from, tls, router);
                let caller = async move {
                    serving.await;
                    drop(place);
                };
                manager
                    .tasks
                    .spawn("manager", format!("connection of {from}"), caller);
            }
            Err(error) => {
                tracing::warn!(%error, "Connection cannot be accepted.");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The next connection, once there is a place for it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(OwnedSemaphorePermit, TcpStream, SocketAddr)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, from) = listener.accept().await?;
    Ok((place, stream, from))
}

async fn connection(
    manager: Arc<Manager>,
    stream: TcpStream,
    from: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
) {
    // Without it small messages wait for each other; an error costs only that.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return http(&manager, stream, (from, Peer(None)), router).await;
    };
    match timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let shown = stream
                .get_ref()
                .1
                .peer_certificates()
                .and_then(<[_]>::first);
            let peer = Peer(shown.and_then(authority::peer));
            http(&manager, stream, (from, peer), router).await;
        }
        Ok(Err(error)) => tracing::debug!(%from, %error, "TLS handshake failed."),
        Err(_) => tracing::debug!(%from, "TLS handshake took too long."),
    }
}

async fn http<S>(manager: &Manager, stream: S, (from, peer): (SocketAddr, Peer), router: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<_>| {
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(peer.clone());
        router.clone().oneshot(request)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = manager.tasks.shutdown().wait() => {
            serving.as_mut().graceful_shutdown();
            // Streams of events never end by themselves.
            timeout(STOP_WITHIN, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%from, error, "Connection ended.");
    }
}

fn denied(status: StatusCode, denied: Denied) -> Response {
    (status, Json(denied)).into_response()
}

async fn enrol(
    State(manager): State<Arc<Manager>>,
    body: Result<Json<wire::enrol::Request>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let request = match body {
        Ok(Json(request)) => request,
        Err(error) => {
            let text = format!("the request cannot be read: {}", error.body_text());
            return denied(
                StatusCode::BAD_REQUEST,
                Denied {
                    code: Code::RequestBad,
                    text,
                },
            );
        }
    };
    match enrolment::enrol(&manager, request).await {
        Ok(granted) => Json(granted).into_response(),
        Err(why) => {
            let status = match why.code {
                Code::RequestBad | Code::TokenMalformed => StatusCode::BAD_REQUEST,
                Code::MachineCloned | Code::ClockOff => StatusCode::CONFLICT,
                Code::ManagerFault => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::FORBIDDEN,
            };
            denied(status, why)
        }
    }
}

async fn link_of(
    State(manager): State<Arc<Manager>>,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
) -> Response {
    let proven = match proven(&manager, peer) {
        Ok(proven) => proven,
        Err(why) => return denied(StatusCode::FORBIDDEN, why),
    };
    upgrade(manager, proven, request).unwrap_or_else(|| {
        let text = String::from("this address takes WebSocket connections of agents only");
        denied(
            StatusCode::BAD_REQUEST,
            Denied {
                code: Code::LinkMisused,
                text,
            },
        )
    })
}

fn proven(manager: &Manager, peer: Option<authority::Peer>) -> Result<Proven, Denied> {
    let unknown = |text: &str| Denied {
        code: Code::CertificateUnknown,
        text: text.to_owned(),
    };
    let peer = peer.ok_or_else(|| {
        unknown("an agent must show its certificate; enrol this host with `candela-agent enroll`")
    })?;
    let id = peer.server.parse::<ServerId>();
    let id = id.map_err(|_| unknown("this certificate is not an agent's"))?;
    let world = manager.world();
    let entry = world.server(id);
    let entry = entry.ok_or_else(|| unknown("no server has this certificate; enrol this host"))?;
    if entry.state == ServerState::Revoked {
        let text = String::from("this server was revoked; enrol it again if that was a mistake");
        return Err(Denied {
            code: Code::ServerRevoked,
            text,
        });
    }
    Ok(Proven {
        id,
        certificate: Some(peer.serial),
    })
}

fn upgrade(manager: Arc<Manager>, proven: Proven, mut request: Request) -> Option<Response> {
    let key = websocket_key(request.headers())?;
    let upgraded = request
        .extensions_mut()
        .remove::<hyper::upgrade::OnUpgrade>()?;
    let tasks = manager.tasks.clone();
    let name = format!("agent {}", proven.id);
    tasks.clone().spawn("manager", name, async move {
        match upgraded.await {
            Ok(stream) => {
                let end = socket::serve(TokioIo::new(stream), &tasks).await;
                attend(manager, proven, end).await;
            }
            Err(error) => tracing::debug!(%error, "Link was not set up."),
        }
    });
    let headers = [
        (header::CONNECTION, String::from("Upgrade")),
        (header::UPGRADE, String::from("websocket")),
        (header::SEC_WEBSOCKET_ACCEPT, key),
    ];
    Some((StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response())
}

/// The answer to the request's key, if it asks for a WebSocket (RFC 6455, 4.2.1).
fn websocket_key(headers: &HeaderMap) -> Option<String> {
    let says = |name, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|v| {
            v.split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(word))
        })
    };
    let asks = says(header::UPGRADE, "websocket")
        && says(header::CONNECTION, "upgrade")
        && says(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| asks)?;
    Some(socket::accept_key(key.as_bytes()))
}
