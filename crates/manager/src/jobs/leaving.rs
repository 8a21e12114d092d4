//! Servers that leave with a job: once it is done their enrolment ends.

use crate::state::{Manager, ManagerError, ServerState};
use engine::Desk;
use model::ids::{JobId, ServerId};
use model::job::JobState;
use std::sync::Arc;

/// A server whose enrolment is over.
struct Due {
    job: JobId,
    server: ServerId,
    by: String,
}

/// Servers whose job is done, and that are enrolled since before that job: one
/// that was enrolled again stays.
fn due(desk: &Desk, manager: &Manager, jobs: impl Iterator<Item = JobId>) -> Vec<Due> {
    let world = manager.world();
    let done = jobs.filter_map(|id| desk.engine().job(id));
    let done = done.filter(|job| job.state() == JobState::Done);
    let each = done.flat_map(|job| job.graph().removes.iter().map(move |id| (job, *id)));
    let each = each.filter(|(job, id)| {
        world.server(*id).is_some_and(|entry| {
            let enrolled_ms = entry.record.enrolled_at.as_millisecond();
            entry.state != ServerState::Revoked && enrolled_ms <= job.submitted_ms()
        })
    });
    let due = each.map(|(job, server)| Due {
        job: job.id(),
        server,
        by: job.by().to_owned(),
    });
    due.collect()
}

impl Manager {
    /// Ends the enrolment of servers that leave with these jobs. By a task of
    /// its own, since it waits for those that the jobs' task serves.
    pub(super) fn let_leave(self: &Arc<Self>, desk: &Desk, jobs: impl Iterator<Item = JobId>) {
        for one in due(desk, self, jobs) {
            let manager = Arc::clone(self);
            let name = format!("end of enrolment of {}", one.server);
            self.tasks.spawn("manager", name, async move {
                match manager.revoke(one.server, one.by).await {
                    Ok(()) | Err(ManagerError::RevokedAlready | ManagerError::Stopping) => {}
                    // It is tried again when the manager starts.
                    Err(error) => {
                        let error = stdx::chain::chain(&error);
                        tracing::error!(error, job = %one.job, server = %one.server, "An enrolment could not be ended.");
                    }
                }
            });
        }
    }
}
