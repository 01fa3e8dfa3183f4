//! Who changed: tells whoever listens in this process that something of a project was committed. Pages that are open
//! look again then. Other processes on the same database are not heard; a page that is open looks now and then anyway.

use seatrial_domain::ids::ProjectId;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Changes a listener may be behind before it only hears that it missed some.
const BEHIND: usize = 64;

/// The sending side, held by the store.
#[derive(Clone, Debug)]
pub struct Changes(broadcast::Sender<Change>);

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Something of this project was committed.
    Project(ProjectId),
    /// The service stops: nothing more will be told.
    Stop,
}

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }
}

impl Changes {
    /// Listens from now on.
    #[must_use]
    pub fn listen(&self, project: ProjectId) -> Listener {
        Listener { project, changes: self.0.subscribe() }
    }

    /// Ends every listener.
    pub fn stop(&self) {
        self.tell(Change::Stop);
    }

    pub(crate) fn tell(&self, change: Change) {
        // It fails when nobody listens, which is usual.
        let _ = self.0.send(change);
    }
}

/// The receiving side of one project.
#[derive(Debug)]
pub struct Listener {
    project: ProjectId,
    changes: broadcast::Receiver<Change>,
}

impl Listener {
    /// Waits for the next change; those that came meanwhile count with it. `None` when the service stops.
    pub async fn changed(&mut self) -> Option<()> {
        let mut told = self.next().await?;
        let mut concerned = false;
        loop {
            match told {
                Some(Change::Stop) => return None,
                Some(Change::Project(project)) => concerned |= project == self.project,
                // It missed some, perhaps of its project.
                None => concerned = true,
            }
            told = match self.changes.try_recv() {
                Ok(change) => Some(change),
                Err(TryRecvError::Lagged(_)) => None,
                Err(TryRecvError::Closed) => return None,
                Err(TryRecvError::Empty) if concerned => return Some(()),
                Err(TryRecvError::Empty) => self.next().await?,
            };
        }
    }

    /// The next that is told: `Some(None)` for changes that were missed, `None` when there will be no more.
    async fn next(&mut self) -> Option<Option<Change>> {
        match self.changes.recv().await {
            Ok(change) => Some(Some(change)),
            Err(RecvError::Lagged(_)) => Some(None),
            Err(RecvError::Closed) => None,
        }
    }
}
