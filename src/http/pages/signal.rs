//! Every signal as it is defined, and whether a workflow knows it.

use actix_web::web::{Path, Query};
use seatrial_domain::signal::{BUILT_IN, Direction, Signal, SignalKind};
use seatrial_domain::workflow::{FactKind, FactSource, WorkflowRules};
use seatrial_store::workflow::WorkflowRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::given;
use super::link;
use crate::http::present::figure::{GROUPS, label, sentence};
use crate::render::view::signal::{SignalDefinition, SignalDefinitions, SignalSources, SignalsPage};
use crate::render::view::{FilterChip, Link};

/// The kinds of fact that somebody must report.
pub const FACTS: [FactKind; 3] = [FactKind::Approvals, FactKind::Escalations, FactKind::Rescues];

/// Of which workflow.
#[derive(Debug, Default, Deserialize)]
pub struct SignalsOf {
    workflow: Option<String>,
}

/// `GET /p/{project}/settings/signals`.
///
/// # Errors
/// When there is no such workflow, the project is not theirs, or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>, query: Query<SignalsOf>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let workflows = names.workflows();
    let wanted = query.workflow.as_deref().and_then(given).map(|name| names.workflow(&name)).transpose()?;
    let chosen = wanted.and_then(|id| names.workflow_row(id)).or_else(|| workflows.first().copied());
    let chip = |row: &&WorkflowRow| FilterChip {
        label: row.name.clone(),
        href: link::with_query(&frame.href("/settings/signals"), &[("workflow", Some(&row.name))]),
        on: chosen.is_some_and(|chosen| chosen.id == row.id),
    };
    let groups = GROUPS.iter().map(|group| SignalDefinitions {
        title: sentence(*group).to_owned(),
        signals: BUILT_IN
            .iter()
            .filter(|signal| signal.definition().group == *group)
            .map(|signal| definition(signal, chosen))
            .collect(),
    });
    let body = SignalsPage {
        chips: workflows.iter().map(chip).collect(),
        workflow: chosen.map(|row| workflow_link(&frame, row)),
        sources: workflows.iter().map(|row| sources(&frame, row)).collect(),
        groups: groups.collect(),
    };
    frame.page("Signals", body)
}

fn workflow_link(frame: &Frame, row: &WorkflowRow) -> Link {
    Link::new(frame.href(&format!("/settings/workflows/{}", row.id)), &row.name)
}

/// Who reports a kind of fact, in words.
pub const fn source(source: FactSource) -> &'static str {
    match source {
        FactSource::Traces => "the traces carry it",
        FactSource::Api => "another system posts it",
        FactSource::NotApplicable => "it cannot happen",
    }
}

fn sources(frame: &Frame, row: &WorkflowRow) -> SignalSources {
    let of = |kind: &FactKind| row.rules.observes.get(kind).map(|found| source(*found).to_owned());
    SignalSources { link: workflow_link(frame, row), facts: FACTS.iter().map(of).collect() }
}

fn definition(signal: &Signal, workflow: Option<&WorkflowRow>) -> SignalDefinition {
    let written = signal.definition();
    let (known, why) = match workflow {
        Some(row) => {
            let (known, why) = standing(signal, &row.name, &row.rules);
            (Some(known), why)
        }
        None => (None, String::new()),
    };
    SignalDefinition {
        label: label(signal),
        name: written.name.to_owned(),
        kind: match written.kind {
            SignalKind::Rate => "rate: a numerator over a denominator of runs",
            SignalKind::Amount => "amount: mean and quantiles over runs",
            SignalKind::Ratio => "ratio: one sum over another",
        }
        .to_owned(),
        direction: match written.direction {
            Direction::HigherIsBetter => "higher is better",
            Direction::LowerIsBetter => "lower is better",
            Direction::ChangeMatters => "neither way is better; a change matters",
        }
        .to_owned(),
        exactly: written.exactly.to_owned(),
        proves: written.proves.to_owned(),
        does_not_prove: written.does_not_prove.to_owned(),
        needs: match signal.needs() {
            Some(fact) => format!("that somebody reports {}", fact.noun()),
            None => format!("{}.", plain(&signal.missing())),
        },
        known,
        why,
    }
}

/// Whether a workflow's rules let a signal be known, and why.
fn standing(signal: &Signal, name: &str, rules: &WorkflowRules) -> (bool, String) {
    let Some(fact) = signal.needs() else {
        return (true, format!("In {name}: known for each run that carries it; the others are left out of it."));
    };
    match rules.observes.get(&fact) {
        Some(found) => (true, format!("In {name}: {}.", source(*found).replace("it", fact.noun()))),
        None => (false, format!("In {name} nobody reports {}. {}.", fact.noun(), plain(&signal.missing()))),
    }
}

/// A sentence without the marks of Markdown around names.
fn plain(text: &str) -> String {
    text.replace('`', "")
}
