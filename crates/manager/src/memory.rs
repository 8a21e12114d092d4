//! Agents inside this process: demonstrations and tests. They are enrolled
//! without a token, since whoever runs the process decides what is in it.

use crate::agents::{Proven, attend};
use crate::enrolment;
use crate::state::{Manager, ManagerError, Note, ServerState};
use link::AgentEnd;
use model::event::Severity;
use model::ids::ServerId;
use std::sync::Arc;
use store::record::Server;
use uuid::Uuid;

/// Connects agents of this process; clones do the same.
#[derive(Clone)]
pub struct Connector {
    manager: Arc<Manager>,
}

impl Connector {
    pub(crate) fn new(manager: Arc<Manager>) -> Self {
        Self { manager }
    }

    /// A link for the host of this machine-id, which becomes a server when it
    /// comes for the first time.
    pub async fn connect(
        &self,
        machine_id: &str,
        hostname: &str,
        site: Option<&str>,
    ) -> Result<AgentEnd, ManagerError> {
        let id = self.known(machine_id)?;
        let id = match id {
            Some(id) => id,
            None => self.enrol(machine_id, hostname, site).await?,
        };
        let (agent, end) = link::memory();
        let proven = Proven {
            id,
            certificate: None,
        };
        let manager = Arc::clone(&self.manager);
        self.manager.tasks.spawn(
            "manager",
            format!("agent {hostname}"),
            attend(manager, proven, end),
        );
        Ok(agent)
    }

    fn known(&self, machine_id: &str) -> Result<Option<ServerId>, ManagerError> {
        let world = self.manager.world();
        let entry = world.server_of_machine(machine_id);
        match entry {
            Some(entry) if entry.state == ServerState::Revoked => Err(ManagerError::RevokedAlready),
            other => Ok(other.map(|entry| entry.record.id)),
        }
    }

    async fn enrol(
        &self,
        machine_id: &str,
        hostname: &str,
        site: Option<&str>,
    ) -> Result<ServerId, ManagerError> {
        let id = ServerId(Uuid::now_v7());
        let server = Server {
            id,
            machine_id: machine_id.to_owned(),
            name: hostname.to_owned(),
            certificate: None,
            certificate_next: None,
            is_managed: false,
            site: site.map(ToOwned::to_owned),
            agent_version: String::new(),
            enrolled_at: self.manager.now(),
            seen_at: None,
            revoked_at: None,
        };
        self.manager.store.put_server(server.clone()).await?;
        enrolment::know(&self.manager, server).await?;
        let kind = "server.enrolled";
        let text = format!("{hostname} was enrolled by the manager's own process.");
        let (severity, server) = (Severity::Info, Some(id));
        self.manager
            .record(Note {
                severity,
                kind,
                text,
                actor: None,
                server,
            })
            .await?;
        Ok(id)
    }
}
