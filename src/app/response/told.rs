//! What is told of a response: to its owner in words, to other systems as an event.

use seatrial_domain::notice::Topic;
use seatrial_domain::time::Timestamp;
use seatrial_store::response::ResponseRow;
use seatrial_store::workflow::WorkflowRow;
use seatrial_store::{Scope, WriteTx};
use serde_json::json;

use crate::app::App;
use crate::app::access::ProjectAccess;
use crate::app::error::AppError;
use crate::app::notice::Telling;
use crate::render::view::mail::Told;

impl App {
    pub(in crate::app) fn response_data(
        &self,
        project: &ProjectAccess,
        row: &ResponseRow,
        work: &WorkflowRow,
    ) -> serde_json::Value {
        let slug = &project.slug;
        let acknowledge = (!row.kind.is_internal()).then(|| {
            let base = &self.config.server.public_url;
            json!({
                "method": "POST",
                "url": format!("{base}/api/v1/projects/{slug}/responses/{}/acknowledgement", row.id),
                "body": {"note": "what was done"},
            })
        });
        json!({
            "project": slug,
            "response": {
                "id": row.id, "kind": row.kind, "title": row.title, "state": row.state, "signal": row.signal,
                "detail": row.detail, "owner": row.owner, "due_at": row.due_at, "opened_at": row.opened_at,
                "origin": {"kind": row.origin, "id": row.origin_id}, "effect": row.effect,
            },
            "workflow": {"id": work.id, "name": work.name},
            "release": row.release,
            "acknowledge": acknowledge,
            "url": self.page_url(slug, &format!("/responses/{}", row.id)),
        })
    }

    pub(in crate::app) async fn tell_response(
        &self,
        tx: &WriteTx,
        project: &ProjectAccess,
        row: &ResponseRow,
        what: &str,
    ) -> Result<(), AppError> {
        let Some(owner) = row.owner else { return Ok(()) };
        let holder = self.holders(tx, project.scope, [owner]).await?.remove(&owner);
        let mut people = holder.map(|holder| holder.people).unwrap_or_default();
        people.retain(|person| person.account.to_string() != project.actor().id);
        let names = (project.scope, project.slug.as_str(), project.name.as_str());
        let (telling, told) = self.response_telling(names, row, what, self.now());
        self.tell_all(tx, &telling, &people, &told).await?;
        Ok(())
    }

    /// What is told of a response.
    pub(in crate::app) fn response_telling(
        &self,
        (scope, slug, project): (Scope, &str, &str),
        row: &ResponseRow,
        what: &str,
        at: Timestamp,
    ) -> (Telling, Told) {
        let url = self.page_url(slug, &format!("/responses/{}", row.id));
        let due = &row.due_at.to_string()[..10];
        let (title, lead) = match what {
            "overdue" => {
                (format!("Overdue response: {}", row.title), format!("A response was due on {due} and is open."))
            }
            "closed" => (format!("Closed: {}", row.title), "A response of yours was closed.".to_owned()),
            _ => {
                (format!("A response is yours: {}", row.title), format!("A response is yours now. It is due on {due}."))
            }
        };
        let mut reasons = vec![row.title.clone(), format!("It is meant to move {}.", row.signal)];
        reasons.extend(row.closed.as_ref().map(|act| act.note.clone()));
        reasons.extend(row.effect.as_ref().map(|effect| effect.text.clone()));
        let telling = Telling {
            scope,
            topic: Topic::Response,
            key: format!("{}:{what}:{}", row.id, at.micros()),
            thread: row.id.to_string(),
            url: url.clone(),
        };
        let told = Told {
            project: project.to_owned(),
            recipient: String::new(),
            title,
            lead,
            reasons,
            because: "you own it".to_owned(),
            act: "Open the response".to_owned(),
            url,
        };
        (telling, told)
    }
}
