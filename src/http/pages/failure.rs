//! Triage: failures nobody has learned from, and the three things a reviewer does with one.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::failure::{LearningStatus, Severity};
use seatrial_domain::ids::RunId;
use seatrial_store::failure::{Assigned, FailureCount, FailureFilter, FailureRow};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::failure_review::{Draft, review};
use super::form::{given, refusal};
use super::link;
use crate::app::access::Caller;
use crate::app::error::AppError;
use crate::app::failure::Promotion;
use crate::app::names::Names;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::failure::{FailureGroup, FailureItem, FailureList};
use crate::render::view::{Empty, Filter, FilterChip, Link, Pager, SelectOption, Time};

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
    cursor: Option<String>,
    run: Option<String>,
}

const SEVERITIES: [Severity; 3] = [Severity::Critical, Severity::Major, Severity::Minor];

impl ListQuery {
    fn filter(&self, names: &Names, caller: &Caller) -> Result<FailureFilter, AppError> {
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

    /// The list with these parameters changed.
    fn href(&self, frame: &Frame, changed: &[(&str, Option<&str>)]) -> String {
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
        link::with_query(&frame.href("/failures"), &parameters)
    }
}

/// `GET /p/{project}/failures`.
///
/// # Errors
/// When the project is not theirs, a filter names nothing, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ListQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = page(&frame, &query, &Draft::default()).await?;
    frame.page("Triage", body)
}

async fn page(frame: &Frame, query: &ListQuery, draft: &Draft) -> Result<FailureList, Problem> {
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
        None => rows.first().cloned(),
    };
    let after =
        |row: &FailureRow| next_open(&rows, row).map(|next| query.href(frame, &[("run", Some(&next.run.to_string()))]));
    let selected = match &chosen {
        Some(row) => Some(review(frame, &names, row, after(row), draft).await?),
        None => None,
    };
    let cursor = next.map(|cursor| cursor.to_string());
    Ok(FailureList {
        chips: chips(frame, query),
        filters: filters(query, &names),
        groups: groups(frame, &names, query, (&rows, &counts), chosen.as_ref(), &filter),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| query.href(frame, &[])),
            next: cursor.as_deref().map(|cursor| query.href(frame, &[("cursor", Some(cursor))])),
            note: format!("{} failures on this page, critical first", rows.len()),
        },
        empty: (rows.is_empty() && chosen.is_none()).then(|| empty(frame)),
        selected,
    })
}

fn next_open<'a>(rows: &'a [FailureRow], row: &FailureRow) -> Option<&'a FailureRow> {
    let at = rows.iter().position(|other| other.run == row.run).map_or(0, |at| at + 1);
    let rest = rows[at..].iter().chain(&rows[..at]);
    rest.into_iter().find(|other| other.run != row.run && other.standing.status == LearningStatus::Open)
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

/// The rows by class and release, in the order in which the first of each comes.
fn groups(
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
        run_id: id,
    }
}

/// The form that promotes.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PromoteForm {
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) failure_class: String,
    #[serde(default)]
    pub(super) must: String,
    #[serde(default)]
    pub(super) must_not: String,
    #[serde(default)]
    pub(super) reference: String,
    #[serde(default)]
    pub(super) tags: String,
}

impl PromoteForm {
    fn promotion(&self) -> Promotion {
        let lines = |text: &str| text.lines().filter_map(given).collect();
        let mut promotion = Promotion {
            title: given(&self.title),
            failure_class: given(&self.failure_class),
            tags: self.tags.split(',').filter_map(given).collect(),
            ..Promotion::default()
        };
        promotion.assertions.must = lines(&self.must);
        promotion.assertions.must_not = lines(&self.must_not);
        promotion.assertions.reference = given(&self.reference);
        promotion
    }
}

/// `POST /p/{project}/failures/{run}/promote`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn promote(visitor: Visitor, path: Path<(String, String)>, form: PageForm<PromoteForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    let PageForm(form) = form;
    let promotion = form.promotion();
    if promotion.assertions.is_empty() {
        let error = "Write at least one line that must or must not hold, or a reference answer.".to_owned();
        return again(frame, id, Draft { promote: form, error: Some(error), ..Draft::default() }).await;
    }
    match frame.app().promote_failure(frame.caller(), frame.slug(), id, promotion).await {
        Ok(promoted) => Ok(frame.done(&format!("/cases/{}", promoted.case.id), "promoted")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, id, Draft { promote: form, error, ..Draft::default() }).await
        }
    }
}

/// The form that links.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct LinkForm {
    #[serde(default)]
    case_id: String,
}

/// `POST /p/{project}/failures/{run}/link`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn link_to_case(visitor: Visitor, path: Path<(String, String)>, form: PageForm<LinkForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    let linked = match form.0.case_id.trim().parse() {
        Ok(case) => frame.app().link_failure(frame.caller(), frame.slug(), id, case).await,
        Err(_) => Err(AppError::invalid("case_id", "is not the id of an eval case, `case_` and 32 digits")),
    };
    match linked {
        Ok(_) => Ok(frame.done(&format!("/failures?run={id}"), "linked")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, id, Draft { case_id: form.0.case_id, error, ..Draft::default() }).await
        }
    }
}

/// The form that dismisses.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct DismissForm {
    #[serde(default)]
    reason: String,
}

/// `POST /p/{project}/failures/{run}/dismiss`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such failure, or the database fails.
pub async fn dismiss(visitor: Visitor, path: Path<(String, String)>, form: PageForm<DismissForm>) -> Answer {
    let (frame, id) = enter(visitor, path).await?;
    match frame.app().dismiss_failure(frame.caller(), frame.slug(), id, &form.0.reason).await {
        Ok(_) => Ok(frame.done(&format!("/failures?run={id}"), "dismissed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            again(frame, id, Draft { reason: form.0.reason, error, ..Draft::default() }).await
        }
    }
}

async fn enter(visitor: Visitor, path: Path<(String, String)>) -> Result<(Frame, RunId), Problem> {
    let (project, run) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::Triage)?;
    let id = run.parse().map_err(|_| AppError::NotFound { noun: "failure" })?;
    Ok((frame, id))
}

/// The page again, with why the form was not accepted and what was typed.
async fn again(frame: Frame, id: RunId, draft: Draft) -> Answer {
    let query = ListQuery { run: Some(id.to_string()), ..ListQuery::default() };
    let body = page(&frame, &query, &draft).await?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Triage", body)
}
