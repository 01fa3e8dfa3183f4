//! What changed: tells whoever listens in this process that something of a project was committed. Pages that are open
//! look again then. Other processes on the same database are not heard; a page that is open looks now and then anyway.

use std::collections::BTreeMap;

use seatrial_domain::ids::ProjectId;
use tokio::sync::watch;

/// The sending side, held by the store.
#[derive(Clone, Debug, Default)]
pub struct Changes(watch::Sender<Told>);

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    /// How many transactions changed a project.
    commits: BTreeMap<ProjectId, u64>,
    /// The service stops: nothing more will be told.
    stopped: bool,
}

impl Told {
    fn commits(&self, project: ProjectId) -> u64 {
        self.commits.get(&project).copied().unwrap_or_default()
    }
}

impl Changes {
    /// Listens from now on.
    #[must_use]
    pub fn listen(&self, project: ProjectId) -> Listener {
        let told = self.0.subscribe();
        let seen = told.borrow().commits(project);
        Listener { project, seen, told }
    }

    /// Ends every listener.
    pub fn stop(&self) {
        self.0.send_modify(|told| told.stopped = true);
    }

    /// Something of these projects was committed.
    pub(crate) fn tell(&self, projects: impl IntoIterator<Item = ProjectId>) {
        self.0.send_modify(|told| {
            projects.into_iter().for_each(|project| *told.commits.entry(project).or_default() += 1)
        });
    }
}

/// The receiving side of one project.
#[derive(Debug)]
pub struct Listener {
    project: ProjectId,
    seen: u64,
    told: watch::Receiver<Told>,
}

impl Listener {
    /// Waits for the next change; those that came meanwhile count with it. `None` when the service stops.
    pub async fn changed(&mut self) -> Option<()> {
        let (project, seen) = (self.project, self.seen);
        let told = self.told.wait_for(|told| told.stopped || told.commits(project) != seen).await.ok()?;
        self.seen = told.commits(project);
        (!told.stopped).then_some(())
    }
}
