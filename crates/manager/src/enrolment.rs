//! How a server becomes known: a token, a request, a certificate. All is
//! checked before anything is kept, and the token is spent in the same commit
//! that writes the server.

use crate::agents::clock_off;
use crate::ingest::{Order, cloned};
use crate::state::{Manager, ManagerError, Note, ServerState};
use link::authority::Granted as Certificate;
use link::token;
use model::event::Severity;
use model::ids::ServerId;
use std::sync::Arc;
use store::StoreError;
use store::record::{Enrolment, Server};
use store::server::Use;
use tokio::sync::oneshot;
use uuid::Uuid;
use wire::code::Code;
use wire::enrol::{Denied, Granted, Request};

/// Profile of a server that is only watched.
pub(crate) const PROFILE_MONITOR: &str = "monitor";
/// Profile of a server whose agent takes orders.
pub(crate) const PROFILE_MANAGED: &str = wire::enrol::MANAGED;

/// Characters of a machine-id or host name at most.
const NAME_MAX: usize = 64;

/// Enrols the server of a request. A refusal of someone who holds a token of
/// ours goes into the journal too; strangers cannot fill it.
pub(crate) async fn enrol(manager: &Arc<Manager>, request: Request) -> Result<Granted, Denied> {
    let who: String = request.hostname.chars().take(NAME_MAX).collect();
    let done = try_enrol(manager, request).await;
    if let Err(Denied { code, text }) = &done {
        tracing::warn!(%code, text, host = who, "Enrolment is refused.");
        let is_known = matches!(
            code,
            Code::TokenUsed | Code::TokenExpired | Code::MachineCloned | Code::ClockOff
        );
        if is_known {
            let text = format!("{who:?} was not enrolled: {text}.");
            let (severity, kind) = (Severity::Warning, "enrolment.refused");
            let note = Note {
                severity,
                kind,
                text,
                actor: None,
                server: None,
            };
            manager.record(note).await.map_err(|error| fault(&error))?;
        }
    }
    done
}

async fn try_enrol(manager: &Arc<Manager>, request: Request) -> Result<Granted, Denied> {
    let token = valid_token(manager, &request.token).await?;
    check(manager, &request)?;
    let server = server_of(manager, &request);
    let certificate = certificate(manager, &request, &server)?;
    let is_managed = token.profile == PROFILE_MANAGED;
    let server = Server {
        is_managed,
        certificate: Some(certificate.serial.clone()),
        ..server
    };
    match manager
        .store
        .enrol(token.id, manager.now(), server.clone())
        .await
    {
        Ok(Use::Enrolled) => {}
        Ok(Use::Spent) => return Err(used(&token)),
        // Two hosts with one machine-id enrolled at the same moment.
        Err(StoreError::Exists(_)) => return Err(denied_clone(&request)),
        Err(error) => return Err(fault(&error)),
    }
    let id = server.id;
    tracing::info!(server = %id, name = server.name, "Server is enrolled.");
    know(manager, server).await.map_err(|error| fault(&error))?;
    let kind = "server.enrolled";
    let text = format!("{} was enrolled.", request.hostname);
    let (actor, server) = (Some(token.created_by), Some(id));
    let note = Note {
        severity: Severity::Info,
        kind,
        text,
        actor,
        server,
    };
    manager.record(note).await.map_err(|error| fault(&error))?;
    Ok(Granted {
        server_id: id.to_string(),
        certificate: certificate.pem,
        ca: manager.ca_pem().to_owned(),
        expires_at: certificate.expires_at.to_string(),
        profile: token.profile.clone(),
    })
}

/// Tells the ingest task of a server that the store knows.
pub(crate) async fn know(manager: &Manager, server: Server) -> Result<(), ManagerError> {
    let (done, is_done) = oneshot::channel();
    let order = Order::Enrolled { server, done };
    manager
        .orders
        .send(order)
        .await
        .map_err(|_| ManagerError::Stopping)?;
    is_done.await.map_err(|_| ManagerError::Stopping)
}

async fn valid_token(manager: &Manager, text: &str) -> Result<Enrolment, Denied> {
    let (secret, fingerprint) = token::parse(text).map_err(|error| Denied {
        code: Code::TokenMalformed,
        text: error.to_string(),
    })?;
    let unknown = || {
        let text = "this manager made no such token; make one with `candela token create`";
        Denied {
            code: Code::TokenUnknown,
            text: text.to_owned(),
        }
    };
    if fingerprint != manager.authority.fingerprint() {
        return Err(unknown());
    }
    let found = manager
        .store
        .enrolment_by_hash(secret.hash())
        .await
        .map_err(|e| fault(&e))?;
    let token = found.ok_or_else(unknown)?;
    if token.used_at.is_some() {
        return Err(used(&token));
    }
    if token.expires_at <= manager.now() {
        let text = format!(
            "this token ended at {:.0}; make a new one with `candela token create`",
            token.expires_at
        );
        return Err(Denied {
            code: Code::TokenExpired,
            text,
        });
    }
    Ok(token)
}

fn used(token: &Enrolment) -> Denied {
    let when = token
        .used_at
        .map(|at| format!(" at {at:.0}"))
        .unwrap_or_default();
    let text = format!(
        "this token was used{when}; each enrols one server, so make another with `candela token create`"
    );
    Denied {
        code: Code::TokenUsed,
        text,
    }
}

fn check(manager: &Manager, request: &Request) -> Result<(), Denied> {
    let is_name = |text: &str, more: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
        (1..=NAME_MAX).contains(&text.len()) && text.chars().all(good)
    };
    if !is_name(&request.machine_id, "-") || !is_name(&request.hostname, "-._") {
        let text = format!(
            "machine-id {:?} or host name {:?} is not one",
            request.machine_id, request.hostname
        );
        return Err(Denied {
            code: Code::RequestBad,
            text,
        });
    }
    if let Some(off) = clock_off(request.sent_at_ms, manager.now()) {
        let text = format!(
            "this host's clock is {} s {} the manager's; set it (chronyc makestep) and enrol again",
            off.unsigned_abs() / 1000,
            if off < 0 { "behind" } else { "ahead of" }
        );
        return Err(Denied {
            code: Code::ClockOff,
            text,
        });
    }
    let world = manager.world();
    let known = world.server_of_machine(&request.machine_id);
    let is_here = known.is_some_and(|entry| entry.state == ServerState::Online);
    let boot = known.and_then(|entry| entry.boot_id.as_deref());
    if is_here && boot != Some(&*request.boot_id) {
        return Err(denied_clone(request));
    }
    Ok(())
}

fn denied_clone(request: &Request) -> Denied {
    let refusal = cloned(&request.machine_id);
    Denied {
        code: refusal.code,
        text: refusal.text,
    }
}

/// The server's row: the old id where the machine was enrolled before.
fn server_of(manager: &Manager, request: &Request) -> Server {
    let world = manager.world();
    let known = world.server_of_machine(&request.machine_id);
    Server {
        id: known.map_or_else(|| ServerId(Uuid::now_v7()), |entry| entry.record.id),
        machine_id: request.machine_id.clone(),
        name: request.hostname.clone(),
        certificate: None,
        certificate_next: None,
        is_managed: false,
        site: request.site.clone(),
        agent_version: request.agent_version.clone(),
        enrolled_at: manager.now(),
        seen_at: known.and_then(|entry| entry.seen_at),
        revoked_at: None,
    }
}

fn certificate(
    manager: &Manager,
    request: &Request,
    server: &Server,
) -> Result<Certificate, Denied> {
    let id = server.id.to_string();
    let granted = manager
        .authority
        .grant(&request.csr, &id, &server.machine_id, manager.now());
    granted.map_err(|error| Denied {
        code: Code::RequestBad,
        text: format!(
            "the certificate request cannot be signed: {}",
            stdx::chain::chain(&error)
        ),
    })
}

fn fault(error: &(dyn std::error::Error + 'static)) -> Denied {
    tracing::error!(error = stdx::chain::chain(error), "Enrolment failed.");
    let text = String::from("the manager could not enrol this server; its log says why");
    Denied {
        code: Code::ManagerFault,
        text,
    }
}
