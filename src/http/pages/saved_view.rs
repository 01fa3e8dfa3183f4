//! Saved views: the row of them above a list, saving what a list shows, and the page where they are renamed and removed.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::ids::SavedViewId;
use seatrial_domain::limits;
use seatrial_domain::saved_view::{Filters, ViewedList};
use seatrial_store::Page;
use seatrial_store::saved_view::SavedViewRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor, see_other};
use super::form::refusal;
use super::sign_in::Nothing;
use super::{flash, link};
use crate::app::error::AppError;
use crate::app::precondition::{IfMatch, etag};
use crate::app::saved_view::{ViewDraft, tag_of};
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::saved_view::{self as view, ViewBar, ViewsPage};
use crate::render::view::{Empty, FilterChip, Link, Pager, SelectOption, Time};

const PLACE: &str = "/saved-views";

/// The list with these filters.
pub(super) fn href(frame: &Frame, list: ViewedList, filters: &Filters) -> String {
    let parameters: Vec<_> = filters.iter().map(|(name, value)| (name, Some(value))).collect();
    link::with_query(&frame.href(&format!("/{}", list.as_str())), &parameters)
}

/// Filters as a form carries them: the query of the list.
fn query_of(filters: &Filters) -> String {
    let parameters: Vec<_> = filters.iter().map(|(name, value)| (name, Some(value))).collect();
    link::with_query("", &parameters).trim_start_matches('?').to_owned()
}

fn words(filters: &Filters) -> String {
    let word = |(name, value): (&str, &str)| {
        let name = if name == "q" { "id" } else { name };
        format!("{}: {value}", name.replace('_', " "))
    };
    filters.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn may_change(frame: &Frame, row: &SavedViewRow) -> bool {
    row.account.is_some() || frame.may(Permission::ShareViews)
}

/// The views of a list that is shown with these filters; nothing where there is neither a view nor a filter.
///
/// # Errors
/// When they may not read the list, or the database fails.
pub(super) async fn bar(
    frame: &Frame,
    list: ViewedList,
    given: &[(&str, Option<&str>)],
) -> Result<Option<ViewBar>, Problem> {
    let page = Page::new(None, Some(2 * limits::VIEWS_PER_LIST));
    let (mut rows, _) = frame.app().saved_views(frame.caller(), frame.slug(), Some(list), page).await?;
    rows.sort_by(|a, b| (a.account.is_none(), &a.name).cmp(&(b.account.is_none(), &b.name)));
    let given = given.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
    let shown = Filters::kept(list, given);
    if rows.is_empty() && shown.is_empty() {
        return Ok(None);
    }
    let is_shown = |row: &&SavedViewRow| row.filters == shown;
    let label = |row: &SavedViewRow| match row.account {
        Some(_) => row.name.clone(),
        None => format!("{} (shared)", row.name),
    };
    let mut replaceable = Vec::new();
    for row in rows.iter().filter(|row| may_change(frame, row)) {
        replaceable.push(SelectOption::new(format!("{} {}", row.id, etag(&tag_of(row))?), label(row)));
    }
    Ok(Some(ViewBar {
        list: list.as_str().to_owned(),
        filters: query_of(&shown),
        links: rows
            .iter()
            .map(|row| FilterChip { label: label(row), href: href(frame, list, &row.filters), on: is_shown(&row) })
            .collect(),
        may_save: !shown.is_empty() && !rows.iter().any(|row| is_shown(&row)),
        may_share: frame.may(Permission::ShareViews),
        replaceable,
        manage: (!rows.is_empty()).then(|| link::with_query(&frame.href(PLACE), &[("list", Some(list.as_str()))])),
    }))
}

/// Which views are wanted.
#[derive(Debug, Default, Deserialize)]
pub struct ViewQuery {
    list: Option<String>,
    cursor: Option<String>,
}

/// `GET /p/{project}/saved-views`.
///
/// # Errors
/// When the project is not theirs, they may not read the list, or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<ViewQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = views(&frame, &query).await?;
    frame.page("Saved views", body)
}

async fn views(frame: &Frame, query: &ViewQuery) -> Result<ViewsPage, Problem> {
    let chosen = query.list.as_deref().and_then(ViewedList::parse);
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().saved_views(frame.caller(), frame.slug(), chosen, page).await?;
    let next = next.map(|cursor| cursor.to_string());
    let at = |list: Option<ViewedList>, cursor: Option<&str>| {
        link::with_query(&frame.href(PLACE), &[("list", list.map(ViewedList::as_str)), ("cursor", cursor)])
    };
    let open = ViewedList::ALL.into_iter().filter(|list| frame.may(list.permission()));
    let chip = |list: ViewedList| {
        let on = chosen == Some(list);
        FilterChip { label: list.label().to_owned(), href: at((!on).then_some(list), None), on }
    };
    let mut shown = Vec::with_capacity(rows.len());
    for row in &rows {
        shown.push(view::SavedViewRow {
            id: row.id.to_string(),
            link: Link::new(href(frame, row.list, &row.filters), &row.name),
            list: row.list.label().to_owned(),
            filters: words(&row.filters),
            shared: row.account.is_none(),
            saved_by: row.saved_by.display_name.clone(),
            saved_at: Time(row.saved_at.micros()),
            may_change: may_change(frame, row),
            rests_on: etag(&tag_of(row))?,
            typed: row.name.clone(),
            typed_shared: row.account.is_none(),
            open: false,
        });
    }
    Ok(ViewsPage {
        chips: open.map(chip).collect(),
        pager: Pager {
            previous: query.cursor.as_ref().map(|_| at(chosen, None)),
            next: next.as_deref().map(|cursor| at(chosen, Some(cursor))),
            note: format!("{} views on this page, those made last first", shown.len()),
        },
        empty: shown.is_empty().then(|| Empty {
            title: "No saved view here".to_owned(),
            text: "Filter a list, then save what it shows under a name.".to_owned(),
            command: None,
            action: chosen.map(|list| Link::new(frame.href(&format!("/{}", list.as_str())), list.label())),
        }),
        rows: shown,
        may_share: frame.may(Permission::ShareViews),
        draft: None,
        error: None,
    })
}

/// What a list shows, to be saved: under a name, or in the place of a view with what that was.
#[derive(Debug, Deserialize)]
pub struct SaveForm {
    list: String,
    #[serde(default)]
    filters: String,
    #[serde(default)]
    name: String,
    shared: Option<String>,
    view: Option<String>,
}

impl SaveForm {
    fn filters(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(self.filters.as_bytes()).into_owned().collect()
    }
}

/// `POST /p/{project}/saved-views`.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn save(visitor: Visitor, project: Path<String>, form: PageForm<SaveForm>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let form = form.0;
    let list = ViewedList::parse(&form.list).ok_or_else(|| AppError::invalid("list", "name a list"))?;
    match keep(&frame, list, &form).await {
        Ok(row) => Ok(see_other(&flash::append(&href(&frame, list, &row.filters), "view_saved"))),
        Err(error) => {
            let error = Some(refusal(error)?);
            let query = ViewQuery { list: Some(form.list.clone()), cursor: None };
            let given = form.filters();
            let filters = Filters::kept(list, given.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let draft = view::ViewDraft {
                list: form.list,
                label: list.label().to_owned(),
                filters: query_of(&filters),
                words: words(&filters),
                name: form.name,
                shared: form.shared.is_some(),
            };
            let body = ViewsPage { draft: Some(draft), error, ..views(&frame, &query).await? };
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Saved views", body)
        }
    }
}

async fn keep(frame: &Frame, list: ViewedList, form: &SaveForm) -> Result<SavedViewRow, AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let filters = form.filters();
    let Some(instead) = form.view.as_deref() else {
        let draft = ViewDraft { name: form.name.trim().to_owned(), filters, shared: form.shared.is_some() };
        return app.save_view(caller, slug, list, draft).await;
    };
    let (id, tag) = instead.split_once(' ').unwrap_or((instead, ""));
    let id: SavedViewId = id.parse().map_err(|_| AppError::NotFound { noun: "saved view" })?;
    let known = app.saved_view(caller, slug, id).await?;
    let draft = ViewDraft { name: known.name, filters, shared: known.account.is_none() };
    app.put_saved_view(caller, slug, id, draft, &IfMatch::parse(tag)).await
}

/// What the form of one view says.
#[derive(Debug, Deserialize)]
pub struct ChangeForm {
    #[serde(default)]
    name: String,
    shared: Option<String>,
    #[serde(default)]
    rests_on: String,
}

/// `POST /p/{project}/saved-views/{view}`.
///
/// # Errors
/// When the token is wrong, there is no such view, they may not, or the database fails.
pub async fn change(visitor: Visitor, path: Path<(String, SavedViewId)>, form: PageForm<ChangeForm>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let form = form.0;
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let known = app.saved_view(caller, slug, id).await?;
    let filters = known.filters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    // Who may share none has no box for it: the view stays whose it is.
    let shared = if frame.may(Permission::ShareViews) { form.shared.is_some() } else { known.account.is_none() };
    let draft = ViewDraft { name: form.name.trim().to_owned(), filters, shared };
    match app.put_saved_view(caller, slug, id, draft, &IfMatch::parse(&form.rests_on)).await {
        Ok(_) => Ok(frame.done(PLACE, "view_changed")),
        Err(error) => {
            let error = Some(refusal(error)?);
            let mut body = ViewsPage { error, ..views(&frame, &ViewQuery::default()).await? };
            for row in body.rows.iter_mut().filter(|row| row.id == id.to_string()) {
                row.typed.clone_from(&form.name);
                (row.typed_shared, row.open) = (shared, true);
            }
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Saved views", body)
        }
    }
}

/// `POST /p/{project}/saved-views/{view}/remove`.
///
/// # Errors
/// When the token is wrong, there is no such view, they may not, or the database fails.
pub async fn remove(visitor: Visitor, path: Path<(String, SavedViewId)>, _form: PageForm<Nothing>) -> Answer {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.app().delete_saved_view(frame.caller(), frame.slug(), id).await?;
    Ok(frame.done(PLACE, "view_removed"))
}
