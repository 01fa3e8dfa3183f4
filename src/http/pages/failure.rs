//! Triage: failures nobody has learned from, with the one under review beside them.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::{ActId, RunId};
use seatrial_domain::saved_view::ViewedList;
use seatrial_store::failure::{Assigned, FailureFilter, FailureRow};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::failure_queue::{groups, progress, undo_of};
use super::failure_review::{Draft, Place, review};
use super::failure_work::class_options;
use super::form::given;
use super::link;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::names::Names;
use crate::http::extract::PageQuery;
use crate::http::problem::Problem;
use crate::render::view::failure::FailureList;
use crate::render::view::{Empty, Filter, FilterChip, Link, Pager, SelectOption};

/// Which failures are wanted.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    status: Option<String>,
    severity: Option<String>,
    workflow: Option<String>,
    release: Option<String>,
    failure_class: Option<String>,
    assigned: Option<String>,
    step: Option<String>,
    pattern: Option<String>,
    pub(super) cursor: Option<String>,
    run: Option<String>,
    undo: Option<String>,
}

const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Major, Severity::Minor];

impl ListQuery {
    pub(super) fn filter(&self, names: &Names, caller: &Caller) -> Result<FailureFilter, AppError> {
        let text = |field: &Option<String>| field.as_deref().and_then(given);
        let workflow = text(&self.workflow).map(|name| names.workflow(&name)).transpose()?;
        let release = text(&self.release).map(|name| names.release(workflow, &name)).transpose()?;
        let severity = text(&self.severity);
        Ok(FailureFilter {
            workflow,
            release,
            failure_class: text(&self.failure_class),
            status: match self.status.as_deref() {
                // What is not learned from yet is what the page is for.
                None | Some("" | "open") => Some(LearningStatus::Open),
                Some(name) => LearningStatus::parse(name),
            },
            severity: SEVERITIES.into_iter().find(|known| severity.as_deref() == Some(known.as_str())),
            assigned: match self.assigned.as_deref() {
                Some("me") => caller.account().map(Assigned::To),
                Some("nobody") => Some(Assigned::Nobody),
                _ => None,
            },
            step: text(&self.step),
            pattern: text(&self.pattern)
                .map(|id| id.parse().map_err(|_| AppError::NotFound { noun: "failure pattern" }))
                .transpose()?,
            ..FailureFilter::default()
        })
    }

    /// The list of a form's field, which is the query of the page that the form is on. One that cannot be read is the
    /// whole queue.
    pub(super) fn of_form(list: &str) -> Self {
        Query::<Self>::from_query(list).map(Query::into_inner).unwrap_or_default()
    }

    /// Another failure of the same list is under review.
    pub(super) fn showing(self, run: RunId) -> Self {
        Self { run: Some(run.to_string()), undo: None, ..self }
    }

    /// The list with these parameters changed.
    pub(super) fn href(&self, frame: &Frame, changed: &[(&str, Option<&str>)]) -> String {
        link::with_query(&frame.href("/failures"), &self.parameters(changed))
    }

    /// The list as a form carries it.
    fn list(&self) -> String {
        let all = link::with_query("", &self.parameters(&[("cursor", self.cursor.as_deref())]));
        all.trim_start_matches('?').to_owned()
    }

    /// The list with the failure under review, as a query.
    pub(super) fn query(&self) -> String {
        let all = [("cursor", self.cursor.as_deref()), ("run", self.run.as_deref())];
        link::with_query("", &self.parameters(&all)).trim_start_matches('?').to_owned()
    }

    fn parameters<'a>(&'a self, changed: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, Option<&'a str>)> {
        let mut parameters = vec![
            ("status", self.status.as_deref()),
            ("severity", self.severity.as_deref()),
            ("workflow", self.workflow.as_deref()),
            ("release", self.release.as_deref()),
            ("failure_class", self.failure_class.as_deref()),
            ("assigned", self.assigned.as_deref()),
            ("step", self.step.as_deref()),
            ("pattern", self.pattern.as_deref()),
        ];
        parameters.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
        parameters.extend(changed);
        parameters
    }
}

/// `GET /p/{project}/failures`.
///
/// # Errors
/// When the project is not theirs, a filter names nothing, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = page(&frame, &query, &Draft::default()).await?;
    let frame = frame.with_views(ViewedList::Failures, &query.parameters(&[])).await?;
    frame.page("Triage", body)
}

/// The page with a failure under review.
///
/// # Errors
/// When a filter names nothing, there is no such failure, or the database fails.
pub(super) async fn page(frame: &Frame, query: &ListQuery, draft: &Draft) -> Result<FailureList, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let filter = query.filter(&names, caller)?;
    let wanted = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = app.failures(caller, slug, &filter, wanted).await?;
    let counts = app.failure_counts(caller, slug, &filter).await?;
    let chosen = match query.run.as_deref().and_then(given) {
        Some(run) => {
            let id: RunId = run.parse().map_err(|_| AppError::NotFound { noun: "failure" })?;
            Some(app.failure(caller, slug, id).await?)
        }
        None => rows.iter().find(|row| is_free(frame, row)).or(rows.first()).cloned(),
    };
    let selected = match &chosen {
        Some(row) => {
            let following = next_open(frame, &rows, Some(row.run)).map(|next| next.run);
            let next = following.map(|next| query.href(frame, &[("run", Some(&next.to_string()))]));
            let place = Place { list: query.list(), following: following.map(|next| next.to_string()), next };
            Some(review(frame, &names, row, place, draft).await?)
        }
        None => None,
    };
    let may_triage = frame.may(Permission::Triage);
    let cursor = next.map(|cursor| cursor.to_string());
    Ok(FailureList {
        chips: chips(frame, query),
        filters: filters(query, &names),
        progress: progress(frame, &counts).await?,
        undo: undo_of(frame, query.undo.as_deref(), query.list()).await?,
        groups: groups(frame, &names, query, (&rows, &counts), chosen.as_ref(), &filter),
        classes: if may_triage { class_options(frame, None).await? } else { Vec::new() },
        may_triage,
        list: query.list(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| query.href(frame, &[])),
            next: cursor.as_deref().map(|cursor| query.href(frame, &[("cursor", Some(cursor))])),
            note: format!("{} failures on this page, critical first", rows.len()),
        },
        empty: (rows.is_empty() && chosen.is_none()).then(|| empty(frame)),
        selected,
    })
}

/// Whether nobody else works on it.
fn is_free(frame: &Frame, row: &FailureRow) -> bool {
    row.reserved(frame.app().now()).is_none_or(|kept| Some(kept.by.account) == frame.caller().account())
}

/// The failure that comes after one in its list: the first after it, then from the beginning, that is open and that nobody
/// else works on.
pub(super) fn next_open<'a>(frame: &Frame, rows: &'a [FailureRow], after: Option<RunId>) -> Option<&'a FailureRow> {
    let at = rows.iter().position(|other| Some(other.run) == after).map_or(0, |at| at + 1);
    let mut rest = rows[at..].iter().chain(&rows[..at]);
    rest.find(|row| Some(row.run) != after && row.standing.status == LearningStatus::Open && is_free(frame, row))
}

/// Where to go on after an act on a failure: the act can be taken back there.
///
/// # Errors
/// When a filter names nothing any more, or the database fails.
pub(super) async fn after_act(
    frame: &Frame,
    query: &ListQuery,
    following: &str,
    act: Option<ActId>,
) -> Result<String, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let wanted = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, _) = app.failures(caller, slug, &query.filter(&names, caller)?, wanted).await?;
    let promised = rows.iter().find(|row| row.run.to_string() == following);
    let promised = promised.filter(|row| row.standing.status == LearningStatus::Open && is_free(frame, row));
    let next = promised.or_else(|| next_open(frame, &rows, None)).map(|row| row.run.to_string());
    let act = act.map(|act| act.to_string());
    let mut parameters = query.parameters(&[("cursor", query.cursor.as_deref()), ("run", next.as_deref())]);
    parameters.push(("undo", act.as_deref()));
    Ok(link::with_query("/failures", &parameters))
}

fn empty(frame: &Frame) -> Empty {
    Empty {
        title: "Nothing to review".to_owned(),
        text: "No failure is in this list: each has become an eval case, is linked to one, or was dismissed with a \
               reason; or none has come in."
            .to_owned(),
        command: None,
        action: Some(Link::new(frame.href("/cases"), "Eval cases")),
    }
}

fn chips(frame: &Frame, query: &ListQuery) -> Vec<FilterChip> {
    let present = query.status.as_deref().and_then(given).unwrap_or_else(|| "open".to_owned());
    let statuses =
        [("open", "Open"), ("promoted", "Promoted"), ("linked", "Linked"), ("dismissed", "Dismissed"), ("any", "All")];
    let statuses = statuses.into_iter().map(|(status, label)| FilterChip {
        label: label.to_owned(),
        href: query.href(frame, &[("status", Some(status))]),
        on: present == status,
    });
    let severities =
        [("critical", "Critical"), ("major", "Major"), ("minor", "Minor")].into_iter().map(|(severity, label)| {
            let on = query.severity.as_deref() == Some(severity);
            FilterChip {
                label: label.to_owned(),
                href: query.href(frame, &[("severity", (!on).then_some(severity))]),
                on,
            }
        });
    let class = query.failure_class.as_deref().and_then(given).map(|class| FilterChip {
        label: format!("failure class: {class} ✕"),
        href: query.href(frame, &[("failure_class", None)]),
        on: true,
    });
    let assigned = [("me", "Mine"), ("nobody", "Unassigned")].into_iter().map(|(whom, label)| {
        let on = query.assigned.as_deref() == Some(whom);
        FilterChip { label: label.to_owned(), href: query.href(frame, &[("assigned", (!on).then_some(whom))]), on }
    });
    let step = query.step.as_deref().and_then(given).map(|step| FilterChip {
        label: format!("failing step: {step} ✕"),
        href: query.href(frame, &[("step", None)]),
        on: true,
    });
    let pattern = query.pattern.as_deref().and_then(given).map(|_| FilterChip {
        label: "one failure pattern ✕".to_owned(),
        href: query.href(frame, &[("pattern", None)]),
        on: true,
    });
    statuses.chain(severities).chain(assigned).chain(class).chain(step).chain(pattern).collect()
}

fn filters(query: &ListQuery, names: &Names) -> Vec<Filter> {
    let chosen = query.workflow.as_deref().unwrap_or_default();
    let mut options = vec![SelectOption::new("", "All workflows").selected(chosen.is_empty())];
    options.extend(
        names.workflows().into_iter().map(|row| SelectOption::new(&row.name, &row.name).selected(row.name == chosen)),
    );
    let text = |name: &str, label: &str, value: &Option<String>| Filter {
        name: name.to_owned(),
        label: label.to_owned(),
        options: Vec::new(),
        value: value.clone().unwrap_or_default(),
    };
    vec![
        Filter { name: "workflow".to_owned(), label: "Workflow".to_owned(), options, value: String::new() },
        text("release", "Release", &query.release),
        text("failure_class", "Failure class", &query.failure_class),
    ]
}

/// The page again, with why a form was not accepted and what was typed.
///
/// # Errors
/// When the failure is gone, or the database fails.
pub(super) async fn again(frame: Frame, query: ListQuery, draft: Draft) -> Answer {
    let body = page(&frame, &query, &draft).await?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Triage", body)
}
