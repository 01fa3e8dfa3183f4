//! What a gate's evidence says: a part of its page, which is fetched again while runs come in and people act.

use actix_web::web::{Path, Query};
use seatrial_domain::decision::ProposalState;
use seatrial_domain::evidence::EvidenceBundle;
use seatrial_domain::gate::{GateState, Recommendation};
use seatrial_domain::ids::GateId;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::gate::gate_id;
use crate::app::error::AppError;
use crate::app::gate::WholeGate;
use crate::http::present::gate as present;
use crate::http::problem::Problem;
use crate::render::artifact::{check_map, check_plot};
use crate::render::text::url_component;
use crate::render::view::gate::{GateFindings, Meanwhile};
use crate::render::view::{Link, Time};

/// A gate with what it rests on: its frozen evidence, or what it would freeze now.
pub(super) struct Found {
    pub whole: WholeGate,
    pub bundle: EvidenceBundle,
    pub recommendation: Recommendation,
    changes: Vec<String>,
}

impl Found {
    pub async fn read(frame: &Frame, id: GateId) -> Result<Self, AppError> {
        let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
        let whole = app.gate(caller, slug, id).await?;
        let Some(digest) = whole.gate.bundle else {
            let seen = app.evaluate_gate(caller, slug, id).await?.evaluation;
            let changes = Vec::new();
            return Ok(Self { whole, bundle: seen.bundle, recommendation: seen.recommendation, changes });
        };
        let frozen = app.frozen_evidence(caller, slug, digest).await?;
        // What is new matters while somebody still has to decide.
        let changes = if whole.gate.state == GateState::Frozen {
            app.evaluate_gate(caller, slug, id).await?.changes
        } else {
            None
        };
        let changes = changes.as_ref().map(present::changes).unwrap_or_default();
        Ok(Self { whole, bundle: frozen.bundle, recommendation: frozen.recommendation, changes })
    }

    /// As the page shows it to somebody whose page was loaded when the gate was as `seen`; now, when that is not said.
    pub async fn findings(&self, frame: &Frame, seen: Option<&str>) -> Result<GateFindings, AppError> {
        let (gate, recommendation) = (&self.whole.gate, &self.recommendation);
        let mut checks = present::checks(&self.bundle, recommendation);
        let undecided = gate.state != GateState::Decided;
        if undecided && let Some(kept) = frame.app().kept_forecast(frame.caller(), frame.slug(), gate.id).await? {
            present::forecast(&mut checks, recommendation, &kept.forecasts);
        }
        let (sufficiency, sufficiency_note) = present::sufficiency(recommendation);
        let now = standing(&self.whole);
        let seen = seen.unwrap_or(&now);
        let href = frame.href(&format!("/gates/{}/findings?seen={}", gate.id, url_component(seen)));
        Ok(GateFindings {
            // What was decided stays as it is.
            href: undecided.then_some(href),
            meanwhile: (seen != now).then(|| self.meanwhile(frame, seen)),
            as_of: (gate.state == GateState::Open).then(|| Time(self.bundle.as_of.micros())),
            recommendation: present::recommendation(recommendation),
            sufficiency,
            sufficiency_note,
            changes: self.changes.clone(),
            map: check_map("map", &checks),
            plot: check_plot("plot", &checks),
            checks,
        })
    }

    /// What somebody did since: the latest that matters to whoever is about to act.
    fn meanwhile(&self, frame: &Frame, seen: &str) -> Meanwhile {
        let whole = &self.whole;
        let page = || Link::new(frame.href(&format!("/gates/{}", whole.gate.id)), "Load the page again");
        if let Some(sealed) = whole.decision.as_ref().filter(|_| whole.gate.state == GateState::Decided) {
            let record = &sealed.record;
            let link = Link::new(frame.href(&format!("/decisions/{}", record.id)), "See the decision");
            let text = format!("{} decided to {}.", record.decided_by.display_name, record.verdict.words());
            return Meanwhile { text, at: Time(record.decided_at.micros()), link };
        }
        let proposal = whole.proposals.iter().find(|row| row.state == ProposalState::Open);
        if let Some(row) = proposal.filter(|row| !seen.contains(&row.id.to_string())) {
            let text = format!(
                "{} proposes to {}: that waits for a second person.",
                row.proposed_by.display_name,
                row.verdict.words()
            );
            return Meanwhile { text, at: Time(row.proposed_at.micros()), link: page() };
        }
        let frozen = whole.gate.bundle.and_then(|digest| whole.bundles.iter().find(|frozen| frozen.digest == digest));
        let (who, at) = frozen.map_or_else(
            || ("Somebody".to_owned(), self.bundle.as_of),
            |frozen| (frozen.frozen_by.display_name.clone(), frozen.frozen_at),
        );
        let text = format!("{who} froze the evidence: what you decide has to rest on that.");
        Meanwhile { text, at: Time(at.micros()), link: page() }
    }
}

/// What people have done with a gate, so that two states of it can be told apart.
fn standing(whole: &WholeGate) -> String {
    let proposal = whole.proposals.iter().find(|row| row.state == ProposalState::Open);
    let parts = [
        Some(whole.gate.state.as_str().to_owned()),
        whole.gate.bundle.map(|digest| digest.to_string()),
        proposal.map(|row| row.id.to_string()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What whoever asks has seen.
#[derive(Debug, Deserialize)]
pub struct FindingsQuery {
    #[serde(default)]
    seen: Option<String>,
}

/// `GET /p/{project}/gates/{gate}/findings`: what the evidence says, as the part of the gate's page.
///
/// # Errors
/// When there is no such gate in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>, query: Query<FindingsQuery>) -> Answer {
    let (project, gate) = path.into_inner();
    let frame = visitor.enter_for_part(&project).await?;
    let found = Found::read(&frame, gate_id(&gate)?).await?;
    let findings = found.findings(&frame, query.seen.as_deref()).await.map_err(Problem::from)?;
    frame.fragment("partials/gate_findings", &findings)
}
