//! The queue of triage: failures in groups, who works on which, how far everybody has come, and taking the last act back.

use std::collections::BTreeMap;

use seatrial_domain::failure::LearningStatus;
use seatrial_domain::ids::ActId;
use seatrial_domain::triage::ActKind;
use seatrial_store::failure::{FailureCount, FailureFilter, FailureRow};

use super::context::Frame;
use super::failure::ListQuery;
use crate::app::names::Names;
use crate::http::problem::Problem;
use crate::render::view::Time;
use crate::render::view::failure::{FailureGroup, FailureItem};
use crate::render::view::triage::{ClassProgress, PersonProgress, Progress, Undo};

/// Classes whose progress is shown.
const CLASSES_SHOWN: usize = 12;

/// How far the failures of the list's workflows, releases and classes are learned from, and what people decided today.
///
/// # Errors
/// When the database fails.
pub(super) async fn progress(frame: &Frame, counts: &[FailureCount]) -> Result<Progress, Problem> {
    let mut by_class: BTreeMap<Option<&str>, (u64, u64, Option<&'static str>)> = BTreeMap::new();
    for count in counts {
        let (learned, total, severity) = by_class.entry(count.failure_class.as_deref()).or_default();
        let decided = count.promoted + count.linked + count.dismissed;
        *learned += decided;
        *total += decided + count.open;
        *severity = count.severity.map(|severity| severity.as_str());
    }
    let (learned, total) = by_class.values().fold((0, 0), |sum, class| (sum.0 + class.0, sum.1 + class.1));
    let mut classes: Vec<ClassProgress> = by_class
        .into_iter()
        .map(|(class, (learned, total, severity))| ClassProgress {
            class: class.map(str::to_owned),
            severity: severity.map(str::to_owned),
            learned,
            total,
        })
        .collect();
    classes.sort_by_key(|class| std::cmp::Reverse(class.total - class.learned));
    classes.truncate(CLASSES_SHOWN);
    let today = frame.app().triage_today(frame.caller(), frame.slug()).await?;
    let people = today.into_iter().map(|(by, decided)| PersonProgress {
        me: frame.caller().account().is_some_and(|own| own.to_string() == by.id),
        name: by.display_name,
        decided,
    });
    Ok(Progress { learned, total, classes, people: people.collect() })
}

/// The act that may be taken back, where it is one that stands.
///
/// # Errors
/// When the database fails.
pub(super) async fn undo_of(frame: &Frame, act: Option<&str>, list: String) -> Result<Option<Undo>, Problem> {
    let Some(act) = act.and_then(|act| act.parse::<ActId>().ok()) else { return Ok(None) };
    let rows = frame.app().triage_act(frame.caller(), frame.slug(), act).await?;
    let standing: Vec<_> = rows.iter().filter(|row| row.undone_at.is_none()).collect();
    let Some(first) = standing.first() else { return Ok(None) };
    let what = match first.kind {
        ActKind::Promote => "promoted to an eval case",
        ActKind::Link => "linked to a case",
        ActKind::Dismiss => "dismissed",
        ActKind::Reopen => "opened again",
        ActKind::Assign => "assigned",
        ActKind::Label => "labelled",
    };
    let case = first.after.standing.case.map(|case| frame.href(&format!("/cases/{case}")));
    Ok(Some(Undo { act: act.to_string(), failures: standing.len() as u64, what: what.to_owned(), case, list }))
}

/// The rows by class and release, in the order in which the first of each comes.
pub(super) fn groups(
    frame: &Frame,
    names: &Names,
    query: &ListQuery,
    (rows, counts): (&[FailureRow], &[FailureCount]),
    chosen: Option<&FailureRow>,
    filter: &FailureFilter,
) -> Vec<FailureGroup> {
    let same = |row: &FailureRow, count: &FailureCount| {
        row.workflow == count.workflow && row.release == count.release && row.failure_class == count.failure_class
    };
    let mut groups: Vec<(FailureGroup, &FailureRow)> = Vec::new();
    for row in rows {
        let shown = item(frame, query, row, chosen);
        let known = groups.iter_mut().find(|(_, first)| {
            first.workflow == row.workflow && first.release == row.release && first.failure_class == row.failure_class
        });
        if let Some((group, _)) = known {
            group.items.push(shown);
            continue;
        }
        let total = counts.iter().find(|count| same(row, count)).map_or(0, |count| match filter.status {
            Some(LearningStatus::Open) => count.open,
            Some(LearningStatus::Promoted) => count.promoted,
            Some(LearningStatus::Linked) => count.linked,
            Some(LearningStatus::Dismissed) => count.dismissed,
            None => count.open + count.promoted + count.linked + count.dismissed,
        });
        let group = FailureGroup {
            workflow_id: row.workflow.to_string(),
            release_id: row.release.to_string(),
            class: row.failure_class.clone(),
            severity: row.severity.map(|severity| severity.as_str().to_owned()),
            workflow: names.workflow_name(row.workflow),
            release: names.release_name(row.release),
            total,
            items: vec![shown],
        };
        groups.push((group, row));
    }
    let groups = groups.into_iter().map(|(group, _)| FailureGroup {
        // Of very many groups some are not counted; those on the page are there.
        total: group.total.max(group.items.len() as u64),
        ..group
    });
    groups.collect()
}

fn item(frame: &Frame, query: &ListQuery, row: &FailureRow, chosen: Option<&FailureRow>) -> FailureItem {
    let id = row.run.to_string();
    FailureItem {
        summary: row.external_id.clone(),
        outcome: row.outcome.as_str().to_owned(),
        rescued: row.rescued,
        status: row.standing.status.as_str().to_owned(),
        started_at: Time(row.occurred_at.micros()),
        href: query.href(frame, &[("cursor", query.cursor.as_deref()), ("run", Some(&id))]),
        selected: chosen.is_some_and(|chosen| chosen.run == row.run),
        reserved_by: row.reserved(frame.app().now()).map(|kept| kept.by.name.clone()),
        assigned_to: row.assignee.as_ref().map(|person| person.name.clone()),
        run_id: id,
    }
}
