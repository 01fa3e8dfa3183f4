//! How workflows are watched: the list, one workflow's settings, tried on past data and kept.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::alert::AlertKind;
use seatrial_domain::drift::{DriftSettings, KindSettings, QuietPeriod};
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::time::Timestamp;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::meanwhile;
use crate::app::drift::DriftPreview;
use crate::app::error::{AppError, FieldError};
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::render::view::alert_settings::{
    AlertPreviewPart, AlertSettingsList, AlertSettingsPage, AlertSettingsTyped, PreviewedAlert, PreviewedKind,
    QuietRow, WatchedKind, WatchedWorkflow,
};
use crate::render::view::{Empty, Link, MeanwhileRow, Time};

/// Days that a preview looks back unless somebody says otherwise.
const LOOK_BACK: &str = "30";
/// Most quiet periods that a form can hold; one more than settings may, so that the rule says so.
const QUIET_ROWS: usize = 51;
/// Alerts of a preview that are shown.
const SHOWN: usize = 50;

/// The fields of the form by name: there are as many as kinds and quiet periods.
type Fields = BTreeMap<String, String>;

/// `GET /p/{project}/alert-settings`.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn list(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let watched = frame.app().watched_workflows(frame.caller(), frame.slug()).await?;
    let now = frame.app().now();
    let rows: Vec<WatchedWorkflow> = watched
        .into_iter()
        .map(|(work, settings)| WatchedWorkflow {
            link: Link::new(frame.href(&path_of(work.id)), work.name),
            days: settings.days_between_false_alarms,
            kinds: format!(
                "{} of {}",
                AlertKind::ALL.iter().filter(|kind| settings.watches(**kind)).count(),
                AlertKind::ALL.len()
            ),
            segments: match &settings.dimensions {
                None => "every dimension".to_owned(),
                Some(names) if names.is_empty() => "none: all runs together".to_owned(),
                Some(names) => names.join(", "),
            },
            quiet_until: settings.quiet_until(now).map(|at| Time(at.micros())),
        })
        .collect();
    let empty = rows.is_empty().then(|| Empty {
        title: "No workflow yet".to_owned(),
        text: "A workflow is there from its first run on.".to_owned(),
        command: None,
        action: Some(Link::new(frame.href(""), "Overview")),
    });
    let body = AlertSettingsList { back: Link::new(frame.href("/alerts"), "Alerts"), rows, empty };
    frame.page("How workflows are watched", body)
}

fn path_of(workflow: WorkflowId) -> String {
    format!("/alert-settings/{workflow}")
}

/// `GET /p/{project}/alert-settings/{workflow}`.
///
/// # Errors
/// When there is no such workflow in the project, or the database fails.
pub async fn show(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (project, workflow) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let settings = frame.app().alert_settings(frame.caller(), frame.slug(), &workflow).await?;
    answer(frame, StatusCode::OK, &workflow, Shown { typed: typed_of(&settings)?, ..Shown::default() }).await
}

/// What a page of settings shows besides the workflow.
#[derive(Default)]
struct Shown {
    /// The form.
    typed: AlertSettingsTyped,
    /// Why it was not accepted.
    error: Option<String>,
    /// What somebody else kept while it was open.
    meanwhile: Vec<MeanwhileRow>,
    /// What it would have done.
    preview: Option<AlertPreviewPart>,
}

async fn answer(frame: Frame, status: StatusCode, workflow: &str, shown: Shown) -> Answer {
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    let id = names.workflow(workflow)?;
    let name = names.workflow_name(id);
    let body = AlertSettingsPage {
        workflow: name.clone(),
        path: frame.href(&path_of(id)),
        back: Link::new(frame.href("/alert-settings"), "How workflows are watched"),
        can_write: frame.may(Permission::EditWorkflows),
        error: shown.error,
        meanwhile: shown.meanwhile,
        typed: shown.typed,
        preview: shown.preview,
    };
    frame.page_as(status, format!("How {name} is watched"), body)
}

/// `POST /p/{project}/alert-settings/{workflow}`: keeps them.
///
/// # Errors
/// When the token is wrong, they may not, there is no such workflow, or the database fails.
pub async fn keep(visitor: Visitor, path: Path<(String, String)>, form: PageForm<Fields>) -> Answer {
    let (project, workflow) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::EditWorkflows)?;
    let PageForm(fields) = form;
    let kept = async {
        let settings = settings_of(&fields)?;
        let rests_on = IfMatch::parse(fields.get("rests_on").map_or("", String::as_str));
        frame.app().put_alert_settings(frame.caller(), frame.slug(), &workflow, settings, &rests_on).await
    };
    match kept.await {
        Ok(_) => Ok(frame.done(&format!("/alert-settings/{workflow}"), "alert_settings_kept")),
        Err(error) => refused(frame, &workflow, &fields, error).await,
    }
}

/// `POST /p/{project}/alert-settings/{workflow}/preview`: tries them on past data, beside those in force.
///
/// # Errors
/// When the token is wrong, there is no such workflow, or the database fails.
pub async fn preview(visitor: Visitor, path: Path<(String, String)>, form: PageForm<Fields>) -> Answer {
    let (project, workflow) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let PageForm(fields) = form;
    match tried(&frame, &workflow, &fields).await {
        Ok(part) => {
            let shown = Shown { typed: typed_in(&fields), preview: Some(part), ..Shown::default() };
            answer(frame, StatusCode::OK, &workflow, shown).await
        }
        Err(error) => refused(frame, &workflow, &fields, error).await,
    }
}

async fn refused(frame: Frame, workflow: &str, fields: &Fields, error: AppError) -> Answer {
    let mut shown = Shown { typed: typed_in(fields), ..Shown::default() };
    if meanwhile::happened(&error) {
        let now = typed_of(&frame.app().alert_settings(frame.caller(), frame.slug(), workflow).await?)?;
        shown.meanwhile = meanwhile::rows(said(&now), said(&shown.typed));
        shown.typed.rests_on = now.rests_on;
        shown.error = Some(meanwhile::SAID.to_owned());
    } else {
        shown.error = Some(refusal(error)?);
    }
    answer(frame, StatusCode::UNPROCESSABLE_ENTITY, workflow, shown).await
}

/// The form in words, field by field.
fn said(typed: &AlertSettingsTyped) -> Vec<(String, String)> {
    let kind = |kind: &WatchedKind| {
        let says = match (kind.on, kind.change.as_str()) {
            (false, _) => "not watched".to_owned(),
            (true, "") => format!("watched, {} points {}", kind.usual, kind.share_of),
            (true, change) => format!("watched, {change} points {}", kind.share_of),
        };
        (kind.label.clone(), says)
    };
    let filled = typed.quiet.iter().filter(|row| !row.from.is_empty() || !row.to.is_empty() || !row.reason.is_empty());
    let quiet: Vec<String> = filled.map(|row| format!("{} to {}: {}", row.from, row.to, row.reason)).collect();
    let segments = if typed.every { "every dimension".to_owned() } else { typed.dimensions.replace("\r\n", "\n") };
    let like_hours = if typed.like_hours { "like hours" } else { "all hours together" };
    std::iter::once(("Days to a false alarm, at least".to_owned(), typed.days.clone()))
        .chain(typed.kinds.iter().map(kind))
        .chain([
            ("Compared with".to_owned(), like_hours.to_owned()),
            ("Segments".to_owned(), segments),
            ("Quiet periods".to_owned(), quiet.join("\n")),
        ])
        .collect()
}

async fn tried(frame: &Frame, workflow: &str, fields: &Fields) -> Result<AlertPreviewPart, AppError> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let settings = settings_of(fields)?;
    let days = number(fields, "look_back", "Try on the last days")?;
    let would = app.preview_alerts(caller, slug, workflow, settings.clone(), days).await?;
    let present = app.alert_settings(caller, slug, workflow).await?;
    // Quiet periods change who is told, not what fires.
    let same = present == DriftSettings { quiet: present.quiet.clone(), ..settings.clone() };
    let in_force =
        if same { None } else { Some(app.preview_alerts(caller, slug, workflow, present, days).await?.fired.len()) };
    Ok(part(&settings, would, in_force))
}

fn times(n: usize) -> String {
    match n {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        n => format!("{n} times"),
    }
}

fn part(settings: &DriftSettings, would: DriftPreview, in_force: Option<usize>) -> AlertPreviewPart {
    let beside = in_force.map_or_else(
        || "these are the settings in force".to_owned(),
        |n| format!("the settings in force would have fired {}", times(n)),
    );
    let (from, to) = (minute(would.from).replace('T', " "), minute(would.to).replace('T', " "));
    let summary = format!("From {from} to {to} UTC they would have fired {}; {beside}.", times(would.fired.len()));
    let kinds = AlertKind::ALL.iter().map(|kind| PreviewedKind {
        label: kind.words().to_owned(),
        watched: match would.streams.get(kind) {
            _ if !settings.watches(*kind) => "not watched".to_owned(),
            None | Some(0) => "nothing yet: too little history".to_owned(),
            Some(1) => "1 stream".to_owned(),
            Some(n) => format!("{n} streams"),
        },
        fired: would.fired.iter().filter(|fired| fired.kind == *kind).count() as u64,
    });
    AlertPreviewPart {
        summary,
        kinds: kinds.collect(),
        more: would.fired.len().saturating_sub(SHOWN) as u64,
        fired: would
            .fired
            .iter()
            .take(SHOWN)
            .map(|fired| PreviewedAlert {
                at: Time(fired.at.micros()),
                label: fired.kind.words().to_owned(),
                why: fired.findings.first().map(|first| first.text.clone()).unwrap_or_default(),
            })
            .collect(),
    }
}

/// A time in UTC to the second, as a field for a local time has it.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    let seconds = if text.get(17..19) == Some("00") { 16 } else { 19 };
    text.chars().take(seconds).collect()
}

/// A share in points, without the noise of binary fractions.
fn points(share: f64) -> String {
    ((share * 1e8).round() / 1e6).to_string()
}

/// Settings as the form shows them.
fn typed_of(settings: &DriftSettings) -> Result<AlertSettingsTyped, AppError> {
    let kinds = AlertKind::ALL.iter().map(|kind| {
        let change = settings.kinds.get(kind).and_then(|kind| kind.change);
        (*kind, settings.watches(*kind), change.map(points).unwrap_or_default())
    });
    let quiet = settings.quiet.iter().map(|period| (minute(period.from), minute(period.to), period.reason.clone()));
    Ok(AlertSettingsTyped {
        rests_on: etag(settings)?,
        days: settings.days_between_false_alarms.to_string(),
        like_hours: settings.like_hours,
        kinds: watched_kinds(kinds),
        every: settings.dimensions.is_none(),
        dimensions: settings.dimensions.clone().unwrap_or_default().join("\n"),
        quiet: quiet_rows(quiet),
        look_back: LOOK_BACK.to_owned(),
    })
}

/// What was sent, as the form shows it again.
fn typed_in(fields: &Fields) -> AlertSettingsTyped {
    let of = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let kinds = AlertKind::ALL.iter().map(|kind| {
        let name = kind.as_str();
        (*kind, fields.contains_key(&format!("on_{name}")), of(&format!("change_{name}")))
    });
    AlertSettingsTyped {
        rests_on: of("rests_on"),
        days: of("days"),
        like_hours: fields.contains_key("like_hours"),
        kinds: watched_kinds(kinds),
        every: of("segments") != "these",
        dimensions: of("dimensions"),
        quiet: quiet_rows(quiet_in(fields)),
        look_back: of("look_back"),
    }
}

fn watched_kinds(kinds: impl Iterator<Item = (AlertKind, bool, String)>) -> Vec<WatchedKind> {
    let row = |(kind, on, change): (AlertKind, bool, String)| WatchedKind {
        kind: kind.as_str().to_owned(),
        label: kind.words().to_owned(),
        on,
        change,
        usual: points(kind.change()),
        share_of: kind.share_of().to_owned(),
    };
    kinds.map(row).collect()
}

/// The quiet periods that were sent; a line without a word is none.
fn quiet_in(fields: &Fields) -> impl Iterator<Item = (String, String, String)> {
    let of = |place: usize, name: &str| fields.get(&format!("quiet_{place}_{name}")).cloned().unwrap_or_default();
    let rows = (1..=QUIET_ROWS).map(move |place| (of(place, "from"), of(place, "to"), of(place, "reason")));
    rows.filter(|(from, to, reason)| [from, to, reason].iter().any(|text| !text.trim().is_empty()))
}

/// Quiet periods, and an empty line for another.
fn quiet_rows(periods: impl Iterator<Item = (String, String, String)>) -> Vec<QuietRow> {
    let rows = periods.chain([Default::default()]).take(QUIET_ROWS).zip(1..);
    rows.map(|((from, to, reason), place)| QuietRow { place, from, to, reason }).collect()
}

fn number<T: std::str::FromStr>(fields: &Fields, name: &str, label: &str) -> Result<T, AppError> {
    let text = fields.get(name).map_or("", |text| text.trim());
    text.parse().map_err(|_| AppError::invalid(label, "is a whole number"))
}

/// The settings that a form says.
fn settings_of(fields: &Fields) -> Result<DriftSettings, AppError> {
    let mut errors = Vec::new();
    let mut kinds = BTreeMap::new();
    for kind in AlertKind::ALL {
        let on = fields.contains_key(&format!("on_{}", kind.as_str()));
        let typed = fields.get(&format!("change_{}", kind.as_str())).and_then(|text| given(text));
        let change = typed.map(|text| text.replace(',', ".").parse::<f64>());
        if matches!(change, Some(Err(_))) {
            errors.push(FieldError::new(kind.words(), "the smallest change is a number of points, such as 5"));
        }
        let change = change.and_then(Result::ok).map(|points| points / 100.0);
        if !on || change.is_some() {
            kinds.insert(*kind, KindSettings { on, change });
        }
    }
    let mut quiet = Vec::new();
    for (from, to, reason) in quiet_in(fields) {
        match (time_of(&from), time_of(&to)) {
            (Some(from), Some(to)) => quiet.push(QuietPeriod { from, to, reason: reason.trim().to_owned() }),
            _ => errors.push(FieldError::new("Quiet periods", "each has a day and a time of day at both ends")),
        }
    }
    if !errors.is_empty() {
        return Err(AppError::Invalid { errors });
    }
    let these = fields.get("segments").is_some_and(|segments| segments == "these");
    let lines = fields.get("dimensions").map_or("", String::as_str).lines().filter_map(given);
    Ok(DriftSettings {
        days_between_false_alarms: number(fields, "days", "Days to a false alarm")?,
        kinds,
        dimensions: these.then(|| lines.collect()),
        like_hours: fields.contains_key("like_hours"),
        quiet,
    })
}

/// A time in UTC, as a field for a local time sends it.
fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let seconds = if text.len() == 16 { ":00Z" } else { "Z" };
    format!("{text}{seconds}").parse().ok()
}
