//! Verification of the ledger and of one decision, as pages.

use actix_web::web::Path;
use seatrial_domain::decision::Replay;
use seatrial_domain::ids::DecisionId;

use super::context::{Answer, Visitor};
use super::link;
use crate::app::error::AppError;
use crate::http::present::artifact::verify_command;
use crate::render::view::verification::{VerificationPage, VerifiedStep};
use crate::render::view::{KeyValue, Link};

/// `GET /p/{project}/decisions/verification`: every entry of the chain.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn ledger(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let found = frame.app().verify_ledger(frame.caller(), frame.slug()).await?;
    let api = format!("/api/v1/projects/{}", link::part(frame.slug()));
    let entries = match found.entries {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    let problem = found.fault.as_ref().map(|(at, problem)| format!("Entry {at}: {problem}."));
    let checked = match found.fault {
        Some((at, _)) => format!("Every entry before {at} holds."),
        None if found.entries == 0 => "No decision has been recorded: the chain begins with the first.".to_owned(),
        None => format!("{entries}: each is what was sealed, and names the one before it."),
    };
    let facts = [
        Some(KeyValue::new("Entries read", found.entries.to_string())),
        found.head.map(|head| KeyValue::new("Newest entry", head.to_string())),
        Some(KeyValue::new("Engine of this build", found.engine.to_string())),
    ];
    let body = VerificationPage {
        heading: "The ledger, verified".to_owned(),
        back: Link::new(frame.href("/decisions"), "Decisions"),
        ok: problem.is_none(),
        summary: checked.clone(),
        // Of a chain without an entry there is nothing to say that could be wrong.
        steps: match found.entries {
            0 => Vec::new(),
            _ => vec![VerifiedStep { name: "chain".to_owned(), ok: problem.is_none(), detail: checked }],
        },
        problem,
        facts: facts.into_iter().flatten().collect(),
        downloads: match found.entries {
            0 => Vec::new(),
            _ => vec![Link::new(format!("{api}/checkpoint"), "Checkpoint of the chain")],
        },
        commands: match found.entries {
            0 => Vec::new(),
            _ => vec![format!("seatrial decision checkpoint --project {}", frame.slug())],
        },
    };
    frame.page("The ledger, verified", body)
}

/// `GET /p/{project}/decisions/{decision}/verification`: one decision with its evidence.
///
/// # Errors
/// When there is no such decision in the project, or the database fails.
pub async fn decision(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let id: DecisionId = id.parse().map_err(|_| AppError::NotFound { noun: "decision" })?;
    let sealed = frame.app().decision(frame.caller(), frame.slug(), id).await?.sealed;
    let report = frame.app().verify_decision(frame.caller(), frame.slug(), id).await?;
    let api = format!("/api/v1/projects/{}", link::part(frame.slug()));
    let again = match report.replay {
        None => "it did not come that far".to_owned(),
        Some(Replay::Same { engine }) => format!("by engine {engine}: the same, byte for byte"),
        Some(Replay::OtherEngine { engine, this_build, .. }) => {
            format!("not: engine {engine} made it, and this build has engine {this_build}")
        }
    };
    let title = format!("Decision {}, verified", sealed.record.sequence);
    let body = VerificationPage {
        heading: title.clone(),
        back: Link::new(frame.href(&format!("/decisions/{id}")), format!("Decision {}", sealed.record.sequence)),
        ok: report.ok,
        summary: if report.ok { "Every step holds." } else { "A step does not hold." }.to_owned(),
        problem: report.problem,
        steps: report
            .steps
            .into_iter()
            .map(|step| VerifiedStep { name: step.name.to_owned(), ok: step.ok, detail: step.detail })
            .collect(),
        facts: vec![
            KeyValue::new("Entry of the chain", sealed.record.sequence.to_string()),
            KeyValue::new("Digest", sealed.digest.to_string()),
            KeyValue::new("Recommendation computed again", again),
        ],
        downloads: vec![
            Link::new(format!("{api}/decisions/{id}/export"), "Export of the decision"),
            Link::new(format!("{api}/checkpoint"), "Checkpoint of the chain"),
        ],
        commands: vec![verify_command(id), format!("{} --checkpoint checkpoint.json", verify_command(id))],
    };
    frame.page(title, body)
}
