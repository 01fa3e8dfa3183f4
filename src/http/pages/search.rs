//! Search: the page, and the list below the search field.

use actix_web::web::{Path, Query};
use seatrial_domain::limits;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::{link, saved_view};
use crate::app::names::Names;
use crate::app::search::{Exact, Found};
use crate::render::format::short_id;
use crate::render::view::Link;
use crate::render::view::nav;
use crate::render::view::search::{SearchGroup, SearchItem, SearchPage};

/// Longer text is cut: nothing is called so.
const Q_BYTES: usize = 200;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct SearchQuery {
    #[serde(default)]
    q: String,
    part: Option<String>,
}

/// `GET /p/{project}/search`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>, query: Query<SearchQuery>) -> Answer {
    let part = query.part.as_deref() == Some("found");
    let frame = if part { visitor.enter_for_part(&project).await? } else { visitor.enter(&project).await? };
    let q = limits::clip(&query.q, Q_BYTES).to_owned();
    let (found, names) = frame.app().search(frame.caller(), frame.slug(), &q).await?;
    let body = SearchPage { groups: groups(&frame, &names, &found, &q), q };
    if part {
        return frame.fragment("partials/found", &body);
    }
    frame.page("Search", body)
}

fn groups(frame: &Frame, names: &Names, found: &Found, q: &str) -> Vec<SearchGroup> {
    let item = |path: String, label: &str, note: String| SearchItem { link: Link::new(frame.href(&path), label), note };
    let exact = found.exact.map(|exact| match exact {
        Exact::Run(id) => item(format!("/runs/{id}"), &format!("Run {}", short_id(&id.to_string())), String::new()),
        Exact::Case(id) => item(format!("/cases/{id}"), "Eval case", id.to_string()),
        Exact::Gate(id) => item(format!("/gates/{id}"), "Gate", id.to_string()),
        Exact::Decision(id) => item(format!("/decisions/{id}"), "Decision", id.to_string()),
    });
    let runs = found.runs.iter().map(|row| {
        let note = format!("{}, {}", names.workflow_name(row.workflow), row.facts.outcome.as_str());
        item(format!("/runs/{}", row.id), &row.external_id, note)
    });
    let workflows = found.workflows.iter().map(|row| {
        let path = link::with_query("/runs", &[("workflow", Some(&row.name))]);
        item(path, &row.name, "its runs".to_owned())
    });
    let releases = found.releases.iter().map(|row| {
        let note = format!("{}, {}", names.workflow_name(row.workflow), row.state.as_str().replace('_', " "));
        item(format!("/releases/{}", row.id), &row.name, note)
    });
    let scorecards = found.scorecards.iter().map(|detail| {
        let definition = &detail.row.definition;
        item(format!("/scorecards/{}", detail.row.id), &definition.name, names.workflow_name(detail.row.workflow))
    });
    let cases = found.cases.iter().map(|row| {
        let note = format!("{}, {}", names.workflow_name(row.workflow), row.case.state.as_str());
        item(format!("/cases/{}", row.id), &row.case.title, note)
    });
    let views = found.views.iter().map(|row| {
        let whose = if row.account.is_none() { "shared" } else { "yours" };
        let note = format!("{}, {whose}", row.list.label());
        SearchItem { link: Link::new(saved_view::href(frame, row.list, &row.filters), &row.name), note }
    });
    let by_kind: [(&str, Vec<SearchItem>); 8] = [
        ("By id", exact.into_iter().collect()),
        ("Pages", pages(frame, q)),
        ("Saved views", views.collect()),
        ("Runs", runs.collect()),
        ("Workflows", workflows.collect()),
        ("Releases", releases.collect()),
        ("Scorecards", scorecards.collect()),
        ("Eval cases", cases.collect()),
    ];
    let found = by_kind.into_iter().filter(|(_, items)| !items.is_empty());
    found.map(|(title, items)| SearchGroup { title: title.to_owned(), items }).collect()
}

/// Pages of the rail that are called so: what is typed is a command as well.
fn pages(frame: &Frame, q: &str) -> Vec<SearchItem> {
    let words = q.trim().to_lowercase();
    let items = nav::Rail::of(&frame.href(""), "", frame.counts()).items.into_iter();
    let called_so = items.filter(|item| !words.is_empty() && item.label.to_lowercase().starts_with(&words));
    let entry =
        |item: nav::NavItem| SearchItem { link: Link::new(item.href, item.label), note: format!("g {}", item.go) };
    called_so.map(entry).collect()
}
