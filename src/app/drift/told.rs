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

/// Events told in one pass; the others in the next.
const CHUNK: u64 = 200;

impl App {
    /// Tells what nobody was told yet, where no quiet period lasts.
    pub(super) async fn tell_alerts(&self) -> Result<(), AppError> {
        let mut quiet: HashMap<(Scope, WorkflowId), Option<Timestamp>> = HashMap::new();
        for (scope, event) in alert::untold(self.store.read(), CHUNK).await? {
            let db = self.store.read();
            let Some(row) = alert::find(db, scope, event.alert).await? else { continue };
            let key = (scope, row.workflow);
            let until = match quiet.get(&key) {
                Some(known) => *known,
                None => {
                    let settings = drift::settings(db, scope, row.workflow).await?.unwrap_or_default();
                    let until = settings.quiet_until(self.now());
                    quiet.insert(key, until);
                    until
                }
            };
            if until.is_none() {
                self.tell_alert(scope, &row, &event).await?;
            }
        }
        Ok(())
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
