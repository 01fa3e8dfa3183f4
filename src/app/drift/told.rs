//! Telling people and programs of alerts: once each, and not in a quiet period. What happened meanwhile is told when
//! it ends.

use std::collections::HashMap;

use seatrial_domain::alert::AlertState;
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::notice::Topic;
use seatrial_domain::time::Timestamp;
use seatrial_store::alert::{self, AlertEvent, AlertRow};
use seatrial_store::member::MemberRow;
use seatrial_store::{Scope, drift, owner, workflow};
use serde_json::json;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::notice::{Telling, event_body};
use crate::render::view::mail::Told;

/// Events read at once.
const CHUNK: u64 = 200;

impl App {
    /// Tells what nobody was told yet, where no quiet period lasts. What waits for the end of one holds up nothing behind
    /// it, and neither does what cannot be told.
    ///
    /// # Errors
    /// The first failure, after everything was tried.
    pub(super) async fn tell_alerts(&self) -> Result<(), AppError> {
        let mut quiet: HashMap<(Scope, WorkflowId), Option<Timestamp>> = HashMap::new();
        let (mut after, mut failure): (Option<AlertEvent>, _) = (None, None);
        loop {
            let events = alert::untold(self.store.read(), after.as_ref(), CHUNK).await?;
            let Some((_, last, _)) = events.last() else { return failure.map_or(Ok(()), Err) };
            after = Some(last.clone());
            for (scope, event, row) in events {
                let key = (scope, row.workflow);
                let until = match quiet.get(&key) {
                    Some(known) => *known,
                    None => {
                        let settings = drift::settings(self.store.read(), scope, row.workflow).await?;
                        let until = settings.unwrap_or_default().quiet_until(self.now());
                        quiet.insert(key, until);
                        until
                    }
                };
                if until.is_some() {
                    continue;
                }
                if let Err(error) = self.tell_alert(scope, &row, &event).await {
                    tracing::warn!(%error, event = %event.id, "an alert could not be told");
                    failure.get_or_insert(error);
                }
            }
        }
    }

    async fn tell_alert(&self, scope: Scope, row: &AlertRow, event: &AlertEvent) -> Result<(), AppError> {
        let db = self.store.read();
        let (slug, project) = self.project_names(db, scope.project()).await?;
        let work = workflow::find(db, scope, &row.workflow.to_string()).await?;
        let work = work.map_or_else(|| row.workflow.to_string(), |work| work.name);
        let (people, because) = self.alert_readers(scope, row.workflow).await?;
        let url = self.page_url(&slug, &format!("/alerts/{}", row.id));
        let what = Telling {
            scope,
            topic: Topic::Alert,
            key: event.id.to_string(),
            thread: row.id.to_string(),
            url: url.clone(),
        };
        let (title, lead) = match event.state {
            AlertState::Firing => {
                (format!("Alert on {work}: {}", row.kind.words()), "A live release behaves otherwise than before.")
            }
            _ => (format!("Resolved on {work}: {}", row.kind.words()), "An alert is resolved."),
        };
        let told = Told {
            project,
            recipient: String::new(),
            title,
            lead: lead.to_owned(),
            reasons: vec![event.text.clone()],
            because: because.to_owned(),
            act: "Open the alert".to_owned(),
            url: url.clone(),
        };
        let data = json!({
            "project": slug,
            "alert": {
                "id": row.id, "kind": row.kind, "state": event.state, "at": event.at, "text": event.text,
                "evidence": event.digest, "response": row.response, "gate": row.gate,
                "recommended": row.kind.response(),
            },
            "workflow": {"id": row.workflow, "name": work},
            "release": row.release,
            "url": url,
        });
        let body = event_body(&format!("alert.{}", event.state.as_str()), event.at, data)?;
        let tx = self.store.write().await?;
        // Another process told it meanwhile.
        if !alert::set_told(&tx, scope, event.id, self.now()).await? {
            return Ok(());
        }
        self.tell_all(&tx, &what, &people, &told).await?;
        self.announce(&tx, scope, &event.id.to_string(), &body).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Those who answer for the workflow and can act; without any, the project's admins.
    async fn alert_readers(&self, scope: Scope, work: WorkflowId) -> Result<(Vec<MemberRow>, &'static str), AppError> {
        let db = self.store.read();
        let holders = self.answerable(db, scope, work).await?;
        let mut people: Vec<MemberRow> =
            holders.into_iter().filter(|holder| holder.owner.active).flat_map(|holder| holder.people).collect();
        people.sort_by_key(|person| person.account);
        people.dedup_by_key(|person| person.account);
        if people.is_empty() {
            return Ok((owner::admins(db, scope).await?, "you administer the project"));
        }
        Ok((people, "you answer for the workflow"))
    }
}
