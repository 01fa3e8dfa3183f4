//! Editing a scorecard: the fields as they were typed, what they would have meant for the last decisions, and writing them.

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::Permission;
use seatrial_domain::gate::CheckVerdict;
use seatrial_domain::owner::OwnerId;
use seatrial_domain::scorecard::{Change, Check, CheckRole, Criterion, Scope, SegmentRef, Statistic, changes};
use seatrial_domain::signal::{BUILT_IN, Signal};
use seatrial_store::scorecard::Definition;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::gap::owner_options;
use super::meanwhile;
use super::scorecard::find;
use crate::app::error::{AppError, FieldError};
use crate::app::scorecard::ScorecardDetail;
use crate::app::scorecard_preview::Reconsidered;
use crate::http::extract::PageForm;
use crate::http::problem::Problem;
use crate::render::view::scorecard_edit::{CheckFields, ReconsideredDecision, ScorecardEdit};
use crate::render::view::{Link, MeanwhileRow, SelectOption, Time};

/// Empty checks to fill in.
const SPARE: usize = 2;

/// The fields as they were typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    version: Option<u32>,
    name: String,
    owner: String,
    backup: String,
    cadence_days: String,
    dimensions: String,
    required_segments: String,
    checks: Vec<TypedCheck>,
}

#[derive(Clone, Debug, Default)]
struct TypedCheck {
    key: String,
    signal: String,
    statistic: String,
    criterion: String,
    value: String,
    dimension: String,
    role: String,
}

impl Typed {
    /// The fields of a form, those of a check in the order of the checks.
    fn of(fields: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in fields {
            if name == "key" {
                typed.checks.push(TypedCheck::default());
            }
            let check = typed.checks.last_mut();
            match (name.as_str(), check) {
                ("version", _) => typed.version = value.parse().ok(),
                ("name", _) => typed.name = value,
                ("owner", _) => typed.owner = value,
                ("backup", _) => typed.backup = value,
                ("cadence_days", _) => typed.cadence_days = value,
                ("dimensions", _) => typed.dimensions = value,
                ("required_segments", _) => typed.required_segments = value,
                ("key", Some(check)) => check.key = value,
                ("signal", Some(check)) => check.signal = value,
                ("statistic", Some(check)) => check.statistic = value,
                ("criterion", Some(check)) => check.criterion = value,
                ("value", Some(check)) => check.value = value,
                ("dimension", Some(check)) => check.dimension = value,
                ("role", Some(check)) => check.role = value,
                _ => {}
            }
        }
        typed
    }

    /// What is written now.
    fn from(detail: &ScorecardDetail) -> Self {
        let definition = &detail.row.definition;
        let id = |owner: Option<OwnerId>| owner.map(|id| id.to_string()).unwrap_or_default();
        Self {
            version: Some(detail.row.version),
            name: definition.name.clone(),
            owner: id(definition.owner),
            backup: id(definition.backup),
            cadence_days: definition.cadence_days.to_string(),
            dimensions: definition.dimensions.join(", "),
            required_segments: definition.required_segments.iter().map(|s| s.words() + "\n").collect(),
            checks: definition.checks.iter().map(TypedCheck::from).collect(),
        }
    }

    /// What the fields say.
    fn definition(&self) -> Result<Definition, AppError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: &str| errors.push(FieldError::new(field, message));
        let owner = |field: &str, text: &str, wrong: &mut dyn FnMut(&str, &str)| {
            let id = given(text).map(|id| id.parse::<OwnerId>());
            id.and_then(|id| id.map_err(|_| wrong(field, "choose somebody")).ok())
        };
        let (first, second) = (owner("owner", &self.owner, &mut wrong), owner("backup", &self.backup, &mut wrong));
        let cadence_days = self.cadence_days.trim().parse().unwrap_or_else(|_| {
            wrong("cadence_days", "a whole number of days, 1 to 366");
            1
        });
        let mut required_segments = Vec::new();
        for line in self.required_segments.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once('=') {
                Some((dimension, value)) => required_segments
                    .push(SegmentRef { dimension: dimension.trim().to_owned(), value: value.trim().to_owned() }),
                None => wrong("required_segments", "a dimension and a value, such as customer_tier = enterprise"),
            }
        }
        let mut checks = Vec::new();
        for typed in self.checks.iter().filter(|check| !check.key.trim().is_empty()) {
            match typed.check() {
                Ok(check) => checks.push(check),
                Err(problem) => wrong(&format!("check {}", typed.key.trim()), &problem),
            }
        }
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        Ok(Definition {
            name: self.name.trim().to_owned(),
            owner: first,
            backup: second,
            cadence_days,
            checks,
            dimensions: self.dimensions.split(',').filter_map(given).collect(),
            required_segments,
        })
    }
}

/// Statistics by the name a form sends.
const STATISTICS: [(&str, Option<Statistic>); 4] =
    [("", None), ("mean", Some(Statistic::Mean)), ("p50", Some(Statistic::P50)), ("p95", Some(Statistic::P95))];
/// Roles by the name a form sends, and what they say.
const ROLES: [(&str, &str, CheckRole); 3] = [
    ("key", "key: must pass", CheckRole::Key),
    ("standard", "standard: must not fail", CheckRole::Standard),
    ("info", "info: shown only", CheckRole::Info),
];
/// Criteria by the name a form sends, and what they say.
const CRITERIA: [(&str, &str); 6] = [
    ("not_worse_than_baseline", "not worse than the baseline by"),
    ("within_baseline", "within the baseline by"),
    ("floor", "a rate above"),
    ("ceiling", "a rate below"),
    ("at_most", "an amount below"),
    ("at_least", "an amount above"),
];

impl From<&Check> for TypedCheck {
    fn from(check: &Check) -> Self {
        let margin = |margin: Option<f64>| margin.map(|margin| margin.to_string()).unwrap_or_default();
        let (criterion, value) = match check.criterion {
            Criterion::NotWorseThanBaseline { margin: own } => ("not_worse_than_baseline", margin(own)),
            Criterion::WithinBaseline { margin: own } => ("within_baseline", margin(own)),
            Criterion::Floor { rate } => ("floor", rate.to_string()),
            Criterion::Ceiling { rate } => ("ceiling", rate.to_string()),
            Criterion::AtMost { value } => ("at_most", value.to_string()),
            Criterion::AtLeast { value } => ("at_least", value.to_string()),
        };
        let role = ROLES.iter().find(|(_, _, role)| *role == check.role).map_or("", |(name, ..)| name);
        Self {
            key: check.key.clone(),
            signal: check.signal.to_string(),
            statistic: check.statistic.map_or_else(String::new, |statistic| statistic.as_str().to_owned()),
            criterion: criterion.to_owned(),
            value,
            dimension: match &check.scope {
                Scope::All => String::new(),
                Scope::Dimension { name } => name.clone(),
            },
            role: role.to_owned(),
        }
    }
}

impl TypedCheck {
    fn check(&self) -> Result<Check, String> {
        let signal: Signal = self.signal.trim().parse().map_err(|_| format!("there is no signal {:?}", self.signal))?;
        let statistic = STATISTICS.iter().find(|(name, _)| *name == self.statistic).and_then(|(_, known)| *known);
        let role = ROLES.iter().find(|(name, ..)| *name == self.role).map(|(.., role)| *role);
        let number = match given(&self.value) {
            Some(text) => Some(text.parse::<f64>().map_err(|_| format!("{text:?} is no number; write it as 0.05"))?),
            None => None,
        };
        let bound = || number.ok_or_else(|| "give it a bound".to_owned());
        let criterion = match self.criterion.as_str() {
            "not_worse_than_baseline" => Criterion::NotWorseThanBaseline { margin: number },
            "within_baseline" => Criterion::WithinBaseline { margin: number },
            "floor" => Criterion::Floor { rate: bound()? },
            "ceiling" => Criterion::Ceiling { rate: bound()? },
            "at_most" => Criterion::AtMost { value: bound()? },
            "at_least" => Criterion::AtLeast { value: bound()? },
            _ => return Err("choose a criterion".to_owned()),
        };
        Ok(Check {
            key: self.key.trim().to_owned(),
            signal,
            statistic,
            scope: given(&self.dimension).map_or(Scope::All, |name| Scope::Dimension { name }),
            criterion,
            role: role.ok_or("choose a role")?,
        })
    }

    fn fields(&self) -> CheckFields {
        let chosen = |value: &str, label: &str, is: &str| SelectOption::new(value, label).selected(value == is);
        CheckFields {
            key: self.key.clone(),
            signal: self.signal.clone(),
            statistics: STATISTICS
                .iter()
                .map(|(name, _)| chosen(name, if name.is_empty() { "the usual" } else { name }, &self.statistic))
                .collect(),
            dimension: self.dimension.clone(),
            criteria: CRITERIA.iter().map(|(name, label)| chosen(name, label, &self.criterion)).collect(),
            value: self.value.clone(),
            roles: ROLES.iter().map(|(name, label, _)| chosen(name, label, &self.role)).collect(),
        }
    }
}

/// `GET /p/{project}/scorecards/{scorecard}/edit`.
///
/// # Errors
/// When they may not, there is no such scorecard in the project, or the database fails.
pub async fn edit(visitor: Visitor, path: Path<(String, String)>) -> Answer {
    let (frame, detail) = entered(visitor, path).await?;
    let body = page(&frame, &detail, &Typed::from(&detail), None).await?;
    frame.page("Change a scorecard", body)
}

/// `POST /p/{project}/scorecards/{scorecard}/edit/preview`: what it would have meant. It writes nothing.
///
/// # Errors
/// When the token is wrong, they may not, there is no such scorecard in the project, or the database fails.
pub async fn preview(visitor: Visitor, path: Path<(String, String)>, form: PageForm<Vec<(String, String)>>) -> Answer {
    let (frame, detail) = entered(visitor, path).await?;
    let body = page(&frame, &detail, &Typed::of(form.0), None).await?;
    frame.page("Change a scorecard", body)
}

/// `POST /p/{project}/scorecards/{scorecard}/edit`.
///
/// # Errors
/// When the token is wrong, they may not, there is no such scorecard in the project, or the database fails.
pub async fn write(visitor: Visitor, path: Path<(String, String)>, form: PageForm<Vec<(String, String)>>) -> Answer {
    let (frame, detail) = entered(visitor, path).await?;
    let mut typed = Typed::of(form.0);
    let written = async {
        let (app, workflow) = (frame.app(), detail.row.workflow.to_string());
        app.put_scorecard(frame.caller(), frame.slug(), &workflow, typed.definition()?, typed.version).await
    };
    match written.await {
        Ok(_) => Ok(frame.done(&format!("/scorecards/{}", detail.row.id), "scorecard_written")),
        Err(error) => {
            let mut rows = Vec::new();
            let error = match meanwhile::happened(&error) {
                false => refusal(error)?,
                true => {
                    rows = differing(&frame, &detail.row.definition, &typed.definition()?).await?;
                    typed.version = Some(detail.row.version);
                    meanwhile::SAID.to_owned()
                }
            };
            let mut body = page(&frame, &detail, &typed, Some(error)).await?;
            body.meanwhile = rows;
            frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, "Change a scorecard", body)
        }
    }
}

/// What the version in force says otherwise than what was typed.
async fn differing(frame: &Frame, now: &Definition, typed: &Definition) -> Result<Vec<MeanwhileRow>, Problem> {
    let owners = owner_options(frame, None).await?;
    let name = |id: OwnerId| {
        let id = id.to_string();
        owners.iter().find(|owner| owner.value == id).map_or(id, |owner| owner.label.clone())
    };
    let said = |text: Option<String>| text.unwrap_or_else(|| "nothing".to_owned());
    let row = |change: Change| MeanwhileRow::new(label(&change.part), said(change.before), said(change.after));
    Ok(changes(now, typed, &name).into_iter().map(row).collect())
}

/// A part of a scorecard as people call it.
fn label(part: &str) -> String {
    part.strip_prefix("checks.").map_or_else(|| part.replace('_', " "), |key| format!("check {key}"))
}

async fn entered(visitor: Visitor, path: Path<(String, String)>) -> Result<(Frame, ScorecardDetail), Problem> {
    let (project, id) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    frame.project.require(Permission::EditScorecards)?;
    let detail = find(&frame, &id).await?;
    Ok((frame, detail))
}

async fn page(
    frame: &Frame,
    detail: &ScorecardDetail,
    typed: &Typed,
    error: Option<String>,
) -> Result<ScorecardEdit, Problem> {
    let (app, workflow) = (frame.app(), detail.row.workflow.to_string());
    let looked = async { app.preview_scorecard(frame.caller(), frame.slug(), &workflow, &typed.definition()?).await };
    let (preview, preview_error) = match looked.await {
        Ok(found) => (found.iter().map(|one| reconsidered(frame, one)).collect(), None),
        Err(error) => (Vec::new(), Some(refusal(error)?)),
    };
    let people = |chosen: &str| {
        let chosen = chosen.parse().ok();
        async move {
            let nobody = SelectOption::new("", "nobody").selected(chosen.is_none());
            Ok::<_, Problem>([vec![nobody], owner_options(frame, chosen).await?].concat())
        }
    };
    let spare = std::iter::repeat_n(TypedCheck::default(), SPARE);
    let filled = typed.checks.iter().filter(|check| !check.key.trim().is_empty()).cloned();
    Ok(ScorecardEdit {
        id: detail.row.id.to_string(),
        back: Link::new(frame.href(&format!("/scorecards/{}", detail.row.id)), &detail.row.definition.name),
        version: typed.version.unwrap_or(detail.row.version),
        workflow: detail.workflow.clone(),
        name: typed.name.clone(),
        owners: people(&typed.owner).await?,
        backups: people(&typed.backup).await?,
        cadence_days: typed.cadence_days.clone(),
        dimensions: typed.dimensions.clone(),
        required_segments: typed.required_segments.clone(),
        checks: filled.chain(spare).map(|check| check.fields()).collect(),
        signals: BUILT_IN.iter().map(ToString::to_string).collect(),
        error,
        meanwhile: Vec::new(),
        preview_error,
        preview,
    })
}

fn reconsidered(frame: &Frame, one: &Reconsidered) -> ReconsideredDecision {
    let record = &one.decision.record;
    let said = |verdict: Option<CheckVerdict>| verdict.map_or("nothing", CheckVerdict::as_str);
    let mut changes: Vec<String> = one.untold.iter().map(|one| format!("{}: {}.", one.check, one.why)).collect();
    let differing = one.changes.iter().flat_map(|changes| &changes.checks);
    changes.extend(differing.map(|c| format!("{} would say {} instead of {}.", c.key, said(c.now), said(c.then))));
    if one.changes.as_ref().is_some_and(|changes| changes.engine_changed) {
        changes.push("Part of this may come from newer rules than the decision was made under.".to_owned());
    }
    ReconsideredDecision {
        link: Link::new(frame.href(&format!("/decisions/{}", record.id)), &one.release),
        verdict: record.verdict.as_str().to_owned(),
        at: Time(record.decided_at.micros()),
        recommended: one.changes.as_ref().map(|changes| changes.verdict_now.as_str().to_owned()),
        turned: one.changes.as_ref().is_some_and(|changes| changes.verdict_now != changes.verdict_then),
        changes,
    }
}
