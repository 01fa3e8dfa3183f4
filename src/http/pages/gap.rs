//! Gaps: what is missing, who has it, exactly what to do; giving one to somebody and closing it.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::gap::{GapKind, GapState};
use seatrial_domain::ids::{GapId, GateId};
use seatrial_domain::owner::OwnerId;
use seatrial_domain::saved_view::ViewedList;
use seatrial_domain::time::Timestamp;
use seatrial_store::gap::{GapFilter, GapRow};
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::link;
use crate::app::error::AppError;
use crate::http::extract::{PageForm, PageQuery};
use crate::http::problem::Problem;
use crate::render::view::task::{TaskField, TaskForm, TaskList, TaskNote, TaskPage, TaskRow};
use crate::render::view::{Empty, FilterChip, KeyValue, Link, Pager, SelectOption, Time};

/// Which gaps or responses are wanted.
#[derive(Debug, Deserialize)]
pub struct TaskQuery {
    /// `yes`: those of whoever looks.
    pub mine: Option<String>,
    /// `me`: the same, as failures say it.
    pub owner: Option<String>,
    /// `yes`: those that are over too.
    pub all: Option<String>,
    /// Where to begin.
    pub cursor: Option<String>,
}

impl TaskQuery {
    /// The address of the same list with other filters.
    pub fn href(&self, base: &str, mine: bool, all: bool, cursor: Option<&str>) -> String {
        let yes = |on: bool| on.then_some("yes");
        link::with_query(base, &[("mine", yes(mine)), ("all", yes(all)), ("cursor", cursor)])
    }

    /// Whether only those of whoever looks are wanted.
    pub fn is_mine(&self) -> bool {
        self.mine.as_deref() == Some("yes") || self.owner.as_deref() == Some("me")
    }

    /// Whether those that are over are wanted too.
    pub fn is_all(&self) -> bool {
        self.all.as_deref() == Some("yes")
    }

    /// The filters that are on.
    pub fn parameters(&self) -> [(&'static str, Option<&'static str>); 2] {
        [("mine", self.is_mine().then_some("yes")), ("all", self.is_all().then_some("yes"))]
    }

    /// The chips above the list.
    pub fn chips(&self, base: &str) -> Vec<FilterChip> {
        let (mine, all) = (self.is_mine(), self.is_all());
        vec![
            FilterChip { label: "Mine".to_owned(), href: self.href(base, !mine, all, None), on: mine },
            FilterChip {
                label: "Those that are over too".to_owned(),
                href: self.href(base, mine, !all, None),
                on: all,
            },
        ]
    }

    /// The neighbouring pages.
    pub fn pager(&self, base: &str, next: Option<String>, note: String) -> Pager {
        let (mine, all) = (self.is_mine(), self.is_all());
        Pager {
            previous: self.cursor.as_ref().map(|_| self.href(base, mine, all, None)),
            next: next.map(|cursor| self.href(base, mine, all, Some(&cursor))),
            note,
        }
    }
}

/// `GET /p/{project}/gaps`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>, query: Query<TaskQuery>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let filter = GapFilter {
        state: (!query.is_all()).then_some(GapState::Open),
        owners: if query.is_mine() { Some(frame.own().await?) } else { None },
        ..GapFilter::default()
    };
    let page = PageQuery { cursor: query.cursor.clone(), limit: None }.page()?;
    let (rows, next) = frame.app().gaps(frame.caller(), frame.slug(), &filter, page).await?;
    let held = rows.iter().filter_map(|row| row.owner).collect();
    let owners = frame.app().owner_names(frame.caller(), frame.slug(), held).await?;
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let base = frame.href("/gaps");
    let body = TaskList {
        order: None,
        heading: "Gaps".to_owned(),
        sub: "What is missing from the evidence of releases. With an unowned gap the machine never recommends to ship."
            .to_owned(),
        chips: query.chips(&base),
        pager: query.pager(
            &base,
            next.map(|c| c.to_string()),
            format!("{} gaps on this page, latest first", rows.len()),
        ),
        empty: rows.is_empty().then(|| Empty {
            title: "No gap here".to_owned(),
            text: "Gaps are found when the evidence of a gate is frozen, and every hour while a gate waits.".to_owned(),
            command: None,
            action: Some(Link::new(frame.href("/releases"), "Releases")),
        }),
        act: None,
        more: None,
        rows: rows
            .iter()
            .map(|row| TaskRow {
                link: Link::new(frame.href(&format!("/gaps/{}", row.id)), &row.key),
                state: row.state.as_str().to_owned(),
                detail: format!(
                    "{} {}: {}",
                    names.workflow_name(row.workflow),
                    names.release_name(row.release),
                    row.text
                ),
                owner: row.owner.and_then(|id| owners.get(&id)).map(|owner| owner.name.clone()),
                due_at: row.due_at.map(|at| Time(at.micros())),
                since: Time(row.found_at.micros()),
            })
            .collect(),
    };
    let frame = frame.with_views(ViewedList::Gaps, &query.parameters()).await?;
    frame.page("Gaps", body)
}

fn gap_id(text: &str) -> Result<GapId, AppError> {
    text.parse().map_err(|_| AppError::NotFound { noun: "gap" })
}

/// `GET /p/{project}/gaps/{gap}`.
///
/// # Errors
/// When there is no such gap in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, gap) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let row = frame.app().gap(frame.caller(), frame.slug(), gap_id(&gap)?).await?;
    let body = gap_page(&frame, &row, None, "").await?;
    frame.page(format!("Gap {}", row.key), body)
}

/// Members and teams that can own something.
pub async fn owner_options(frame: &Frame, chosen: Option<OwnerId>) -> Result<Vec<SelectOption>, Problem> {
    let members = frame.app().members(frame.caller(), frame.slug()).await?;
    let teams = frame.app().teams(frame.caller(), frame.slug()).await?;
    let option =
        |id: OwnerId, label: String| SelectOption { value: id.to_string(), label, selected: Some(id) == chosen };
    let people = members.into_iter().filter(|member| member.active).map(|m| option(m.account.into(), m.name));
    Ok(people.chain(teams.into_iter().map(|team| option(team.id.into(), format!("Team {}", team.name)))).collect())
}

/// A field of a form.
pub fn field(name: &str, label: &str, value: String) -> TaskField {
    TaskField {
        id: format!("task-{name}"),
        name: name.to_owned(),
        label: label.to_owned(),
        value,
        options: Vec::new(),
        optional: false,
    }
}

/// A date as a form sends it.
pub fn date_of(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// The end of a day as a form sends it: whoever is to do something until a day may do it on that day.
pub fn end_of(day: &str) -> Result<Timestamp, AppError> {
    let midnight: Timestamp =
        format!("{day}T00:00:00Z").parse().map_err(|_| AppError::invalid("due", "use a day such as 2026-12-31"))?;
    Ok(midnight.plus_days(1))
}

async fn gap_page(frame: &Frame, row: &GapRow, error: Option<String>, done: &str) -> Result<TaskPage, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let owners = app.owner_names(caller, slug, row.owner.into_iter().collect()).await?;
    let owner = row.owner.and_then(|id| owners.get(&id)).map_or("nobody", |owner| owner.name.as_str());
    let gate = app.gate_of_gap(caller, slug, row).await?;
    let href = |act: &str| frame.href(&format!("/gaps/{}/{act}", row.id));
    let mut forms = Vec::new();
    if frame.may(Permission::ManageResponses) && row.state == GapState::Open {
        if !GapKind::of_key(&row.key).is_some_and(GapKind::cannot_be_owned) {
            let due = row.due_at.map(date_of).unwrap_or_default();
            let options = owner_options(frame, row.owner).await?;
            forms.push(TaskForm {
                action: href("owner"),
                selects: vec![TaskField { options, ..field("owner", "Owner", String::new()) }],
                dates: vec![field("due", "Due", due)],
                texts: Vec::new(),
                button: "Give it to them".to_owned(),
                primary: row.owner.is_none(),
            });
        }
        forms.push(TaskForm {
            action: href("close"),
            selects: Vec::new(),
            dates: Vec::new(),
            texts: vec![field("done", "What was done", done.to_owned())],
            button: "Close the gap".to_owned(),
            primary: row.owner.is_some(),
        });
    }
    let mut notes =
        vec![TaskNote { at: Time(row.found_at.micros()), what: "Found.".to_owned(), by: "the rules".to_owned() }];
    if let (Some(at), Some(by)) = (row.assigned_at, &row.assigned_by) {
        let what = format!("Given to {owner}.");
        notes.push(TaskNote { at: Time(at.micros()), what, by: by.display_name.clone() });
    }
    if let (Some(at), Some(by)) = (row.closed_at, &row.closed_by) {
        let what = format!("Closed: {}", row.done.clone().unwrap_or_default());
        notes.push(TaskNote { at: Time(at.micros()), what, by: by.display_name.clone() });
    }
    Ok(TaskPage {
        heading: row.key.clone(),
        back: Link::new(frame.href("/gaps"), "Gaps"),
        state: row.state.as_str().to_owned(),
        sub: format!("{} {}", names.workflow_name(row.workflow), names.release_name(row.release)),
        lead: format!("Next step: {}", row.next_step.words()),
        paragraphs: vec![row.text.clone(), row.todo.clone()],
        notes,
        facts: vec![
            KeyValue::new("Owner", owner),
            KeyValue::new("Due", row.due_at.map_or_else(|| "no date".to_owned(), date_of)),
            KeyValue::new("Last found", date_of(row.seen_at)),
        ],
        link: gate.map(|gate| Link::new(frame.href(&format!("/gates/{gate}")), "The gate of this release")),
        forms,
        error,
    })
}

/// The form that gives a gap to somebody.
#[derive(Debug, Deserialize)]
pub struct OwnerForm {
    owner: String,
    #[serde(default)]
    due: String,
    /// The gate on whose page it was given, to go back to.
    #[serde(default)]
    gate: String,
}

/// `POST /p/{project}/gaps/{gap}/owner`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such gap, or the database fails.
pub async fn assign(visitor: Visitor, path: Path<(String, String)>, form: PageForm<OwnerForm>) -> Answer {
    let (project, gap) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::ManageResponses)?;
    let (id, PageForm(form)) = (gap_id(&gap)?, form);
    let given_to = async {
        let owner = form.owner.parse().map_err(|_| AppError::invalid("owner", "choose somebody"))?;
        let due = given(&form.due).map(|day| end_of(&day)).transpose()?;
        frame.app().put_gap_owner(frame.caller(), frame.slug(), id, owner, due).await
    };
    match given_to.await {
        Ok(_) => {
            let gate = form.gate.parse::<GateId>().ok();
            let back = gate.map_or_else(|| format!("/gaps/{id}"), |gate| format!("/gates/{gate}"));
            Ok(frame.done(&back, "gap_assigned"))
        }
        Err(error) => shown_again(frame, id, error, "").await,
    }
}

/// The form that closes a gap.
#[derive(Debug, Deserialize)]
pub struct CloseForm {
    #[serde(default)]
    done: String,
}

/// `POST /p/{project}/gaps/{gap}/close`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such gap, or the database fails.
pub async fn close(visitor: Visitor, path: Path<(String, String)>, form: PageForm<CloseForm>) -> Answer {
    let (project, gap) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::ManageResponses)?;
    let (id, PageForm(form)) = (gap_id(&gap)?, form);
    match frame.app().close_gap(frame.caller(), frame.slug(), id, &form.done).await {
        Ok(_) => Ok(frame.done(&format!("/gaps/{id}"), "gap_closed")),
        Err(error) => shown_again(frame, id, error, &form.done).await,
    }
}

async fn shown_again(frame: Frame, id: GapId, error: AppError, done: &str) -> Answer {
    let error = refusal(error)?;
    let row = frame.app().gap(frame.caller(), frame.slug(), id).await?;
    let body = gap_page(&frame, &row, Some(error), done).await?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, format!("Gap {}", row.key), body)
}
