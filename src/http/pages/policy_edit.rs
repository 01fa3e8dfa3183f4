//! Changing the gate policy: the fields as they were typed, what they say, and writing the next version.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::Path;
use seatrial_domain::access::{Permission, Role};
use seatrial_domain::gap::GapKind;
use seatrial_domain::policy::{Policy, WantedScorecard, WorkflowPolicy};
use seatrial_domain::stats::EvidenceMethod;
use seatrial_store::Page;

use super::context::{Answer, Frame, Visitor};
use super::form::{given, refusal};
use super::meanwhile;
use super::policy::gates;
use super::settings::{Fields, enter};
use crate::app::error::{AppError, FieldError};
use crate::app::precondition::{IfMatch, etag};
use crate::http::extract::PageForm;
use crate::http::present::policy::{self as words, ERROR, EVIDENCE, FieldWords, changes, hundredths};
use crate::http::problem::Problem;
use crate::render::view::policy::{PolicyChange, PolicyEdit, PolicyField, PolicyWorkflowFields};
use crate::render::view::{Link, MeanwhileRow, SelectOption};

/// Suites named as known; more are found on their own page.
const SUITES: u64 = 100;
const METHODS: [EvidenceMethod; 3] = [EvidenceMethod::Hedged, EvidenceMethod::Averaged, EvidenceMethod::PlugIn];
/// Numbers that a workflow can have of its own.
const OWN: [&str; 4] = ["default_margin", "floor_units", "planned_candidate_runs", "bake_seconds"];
const TITLE: &str = "Change the gate policy";

/// The fields as they were typed: those for all workflows, and those of each workflow.
#[derive(Clone, Debug, Default)]
struct Typed {
    all: BTreeMap<String, Vec<String>>,
    workflows: Vec<BTreeMap<String, String>>,
}

impl Typed {
    /// The fields of a form; those of a workflow follow its name.
    fn of(fields: Fields) -> Self {
        let mut typed = Self::default();
        for (name, value) in fields {
            if name == "workflow" {
                typed.workflows.push(BTreeMap::new());
            }
            match typed.workflows.last_mut() {
                Some(own) => drop(own.insert(name, value)),
                None => typed.all.entry(name).or_default().push(value),
            }
        }
        typed
    }

    /// What a policy says, and an empty place for each workflow it says nothing of.
    fn from(policy: &Policy, rests_on: String, known: &[String]) -> Self {
        let mut typed = Self::default();
        let mut set = |name: &str, values: Vec<String>| drop(typed.all.insert(name.to_owned(), values));
        set("version", vec![policy.version.to_string()]);
        set("rests_on", vec![rests_on]);
        set("name", vec![policy.name.clone()]);
        for (name, ..) in ERROR.iter().chain(&EVIDENCE) {
            set(name, vec![number_of(policy, name)]);
        }
        set("method", vec![words::method(policy.method).to_owned()]);
        set("required_suites", vec![policy.required_suites.join("\n")]);
        set("blocking_gaps", policy.blocking_gaps.iter().map(|kind| kind.as_str().to_owned()).collect());
        set("deciders", policy.deciders.iter().map(ToString::to_string).collect());
        set("second_persons", policy.second_persons.iter().map(ToString::to_string).collect());
        for (name, on) in
            [("ship_takes_two", policy.ship_takes_two), ("opener_needs_second", policy.opener_needs_second)]
        {
            set(name, if on { vec!["yes".to_owned()] } else { Vec::new() });
        }
        let said: Vec<&str> = policy.workflows.iter().map(|own| own.workflow.as_str()).collect();
        let silent = known.iter().filter(|name| !said.contains(&name.as_str()));
        let silent = silent.map(|name| WorkflowPolicy { workflow: name.clone(), ..WorkflowPolicy::default() });
        typed.workflows = policy.workflows.iter().cloned().chain(silent).map(|own| own_fields(&own)).collect();
        typed
    }

    fn one(&self, name: &str) -> &str {
        self.all.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.all.get(name).is_some_and(|values| values.iter().any(|is| is == value))
    }

    fn named<T: std::str::FromStr>(&self, name: &str) -> Vec<T> {
        self.all.get(name).into_iter().flatten().filter_map(|value| value.parse().ok()).collect()
    }

    /// The rules that the fields say. `before` gives what is not on the form, and a share that was not touched exactly.
    fn policy(&self, before: &Policy) -> Result<Policy, AppError> {
        let mut wrong = Vec::new();
        let share = |name: &str, was: f64, wrong: &mut Vec<FieldError>| share(name, self.one(name), was, wrong);
        let mut policy = before.clone();
        policy.version = self.one("version").parse().unwrap_or(0);
        self.one("name").trim().clone_into(&mut policy.name);
        policy.alpha = share("alpha", before.alpha, &mut wrong);
        policy.segment_fdr = share("segment_fdr", before.segment_fdr, &mut wrong);
        policy.default_margin = share("default_margin", before.default_margin, &mut wrong);
        policy.unknown_outcome_limit = share("unknown_outcome_limit", before.unknown_outcome_limit, &mut wrong);
        policy.floor_units = whole("floor_units", self.one("floor_units"), &mut wrong);
        policy.planned_candidate_runs = whole("planned_candidate_runs", self.one("planned_candidate_runs"), &mut wrong);
        policy.block_outcomes = whole("block_outcomes", self.one("block_outcomes"), &mut wrong);
        policy.pool_ratio = decimal("pool_ratio", self.one("pool_ratio"), &mut wrong);
        policy.bake_seconds = seconds("bake_seconds", self.one("bake_seconds"), &mut wrong);
        let method = METHODS.into_iter().find(|method| words::method(*method) == self.one("method"));
        policy.method = method.unwrap_or(before.method);
        policy.required_suites = lines(self.one("required_suites"));
        let blocks = |kind: &GapKind| *kind == GapKind::StaleScorecard || self.has("blocking_gaps", kind.as_str());
        policy.blocking_gaps = GapKind::ALL.into_iter().filter(blocks).collect();
        policy.deciders = self.named("deciders");
        policy.second_persons = self.named("second_persons");
        policy.ship_takes_two = self.has("ship_takes_two", "yes");
        policy.opener_needs_second = self.has("opener_needs_second", "yes");
        let own = |fields| own_policy(fields, before, &mut wrong);
        policy.workflows = self.workflows.iter().filter_map(own).collect();
        if wrong.is_empty() { Ok(policy) } else { Err(AppError::Invalid { errors: wrong }) }
    }
}

/// A number of a policy as the form shows it: shares in hundredths, times in hours.
fn number_of(policy: &Policy, name: &str) -> String {
    match name {
        "alpha" => hundredths(policy.alpha),
        "segment_fdr" => hundredths(policy.segment_fdr),
        "default_margin" => hundredths(policy.default_margin),
        "unknown_outcome_limit" => hundredths(policy.unknown_outcome_limit),
        "floor_units" => policy.floor_units.to_string(),
        "planned_candidate_runs" => policy.planned_candidate_runs.to_string(),
        "pool_ratio" => policy.pool_ratio.to_string(),
        "block_outcomes" => policy.block_outcomes.to_string(),
        "bake_seconds" => hours(policy.bake_seconds),
        _ => String::new(),
    }
}

fn unit(name: &str) -> &'static str {
    match name {
        "alpha" | "segment_fdr" | "unknown_outcome_limit" => "%",
        "default_margin" => "points",
        "floor_units" | "planned_candidate_runs" => "runs",
        "pool_ratio" => "baseline runs",
        "block_outcomes" => "outcomes",
        "bake_seconds" => "hours",
        _ => "",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bake time is at most 90 days")]
fn hours(seconds: u64) -> String {
    (seconds as f64 / 3_600.0).to_string()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().filter_map(given).collect()
}

fn decimal(name: &str, text: &str, wrong: &mut Vec<FieldError>) -> f64 {
    text.trim().replace(',', ".").parse().unwrap_or_else(|_| {
        wrong.push(FieldError::new(name, "is a number, such as 5 or 0.5"));
        0.0
    })
}

fn share(name: &str, text: &str, was: f64, wrong: &mut Vec<FieldError>) -> f64 {
    // What was not touched stays what it is, to the last digit.
    if text.trim() == hundredths(was) { was } else { decimal(name, text, wrong) / 100.0 }
}

fn whole(name: &str, text: &str, wrong: &mut Vec<FieldError>) -> u64 {
    text.trim().parse().unwrap_or_else(|_| {
        wrong.push(FieldError::new(name, "is a whole number, such as 50"));
        0
    })
}

fn seconds(name: &str, text: &str, wrong: &mut Vec<FieldError>) -> u64 {
    let hours = decimal(name, text, wrong);
    if !(0.0..=1e6).contains(&hours) {
        wrong.push(FieldError::new(name, "is a number of hours, such as 24"));
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was asked for above")]
    let seconds = (hours * 3_600.0).round() as u64;
    seconds
}

fn own_fields(own: &WorkflowPolicy) -> BTreeMap<String, String> {
    let card = own.scorecard.as_ref();
    let text = |n: Option<u64>| n.map(|n| n.to_string());
    let fields = [
        ("workflow", Some(own.workflow.clone())),
        ("scorecard", card.map(|card| card.name.clone())),
        ("at_least", card.map(|card| card.at_least.to_string())),
        ("suites_are", own.required_suites.as_ref().map(|_| "these".to_owned())),
        ("suites", own.required_suites.as_ref().map(|names| names.join("\n"))),
        ("default_margin", own.default_margin.map(hundredths)),
        ("floor_units", text(own.floor_units)),
        ("planned_candidate_runs", text(own.planned_candidate_runs)),
        ("bake_seconds", own.bake_seconds.map(hours)),
        ("takes_two", own.ship_takes_two.map(|two| if two { "yes" } else { "no" }.to_owned())),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.unwrap_or_default())).collect()
}

/// What the fields ask of one workflow; `None` when that is nothing of its own.
fn own_policy(
    fields: &BTreeMap<String, String>,
    before: &Policy,
    wrong: &mut Vec<FieldError>,
) -> Option<WorkflowPolicy> {
    let one = |name: &str| fields.get(name).and_then(|text| given(text));
    let workflow = one("workflow")?;
    let was = before.workflows.iter().find(|own| own.workflow == workflow);
    let label = |name: &str| format!("{workflow}: {name}");
    let scorecard = one("scorecard")
        .map(|name| WantedScorecard { name, at_least: one("at_least").map_or(1, |text| text.parse().unwrap_or(0)) });
    let margin = |text: String, wrong: &mut Vec<FieldError>| {
        share(&label("margin"), &text, was.and_then(|own| own.default_margin).unwrap_or(f64::NAN), wrong)
    };
    let own = WorkflowPolicy {
        scorecard,
        required_suites: (one("suites_are").as_deref() == Some("these"))
            .then(|| lines(fields.get("suites").map_or("", String::as_str))),
        default_margin: one("default_margin").map(|text| margin(text, wrong)),
        floor_units: one("floor_units").map(|text| whole(&label("floor"), &text, wrong)),
        planned_candidate_runs: one("planned_candidate_runs").map(|text| whole(&label("planned runs"), &text, wrong)),
        bake_seconds: one("bake_seconds").map(|text| seconds(&label("bake time"), &text, wrong)),
        ship_takes_two: one("takes_two").map(|two| two == "yes"),
        workflow: workflow.clone(),
    };
    (own != WorkflowPolicy { workflow, ..WorkflowPolicy::default() }).then_some(own)
}

/// `GET /p/{project}/settings/policy/edit`.
///
/// # Errors
/// When they may not, the project is not theirs, or the database fails.
pub async fn edit(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let current = current(&frame).await?;
    let workflows = workflows(&frame).await?;
    let typed = Typed::from(&current, etag(&current)?, &workflows);
    let body = page(&frame, &typed, None, Vec::new()).await?;
    frame.page(TITLE, body)
}

/// `POST /p/{project}/settings/policy/edit`: writes the next version.
///
/// # Errors
/// When the token is wrong, they may not, or the database fails.
pub async fn write(visitor: Visitor, project: Path<String>, form: PageForm<Fields>) -> Answer {
    let frame = enter(visitor, &project, Permission::ManageProject).await?;
    let mut typed = Typed::of(form.0);
    let rests_on = IfMatch::parse(typed.one("rests_on"));
    let before = current(&frame).await?;
    let written = match typed.policy(&before) {
        Ok(policy) => frame.app().put_policy(frame.caller(), frame.slug(), policy, &rests_on).await,
        Err(error) => Err(error),
    };
    let error = match written {
        Ok(_) => return Ok(frame.done("/settings/policy", "policy_written")),
        Err(error) => error,
    };
    let mut rows = Vec::new();
    let error = match meanwhile::happened(&error) {
        false => refusal(error)?,
        true => {
            let now = current(&frame).await?;
            let wanted = typed.policy(&now)?;
            let row = |change: PolicyChange| MeanwhileRow::new(change.label, change.before, change.after);
            rows = changes(&now, &wanted).into_iter().map(row).collect();
            typed.all.insert("version".to_owned(), vec![now.version.to_string()]);
            typed.all.insert("rests_on".to_owned(), vec![etag(&now)?]);
            meanwhile::SAID.to_owned()
        }
    };
    let body = page(&frame, &typed, Some(error), rows).await?;
    frame.page_as(StatusCode::UNPROCESSABLE_ENTITY, TITLE, body)
}

async fn current(frame: &Frame) -> Result<Policy, AppError> {
    Ok(frame.app().policy(frame.caller(), frame.slug()).await?.policy().clone())
}

async fn workflows(frame: &Frame) -> Result<Vec<String>, AppError> {
    let names = frame.app().names(frame.caller(), frame.slug()).await?;
    Ok(names.workflows().into_iter().map(|row| row.name.clone()).collect())
}

fn field(name: &str, label: &str, meaning: &str, value: &str) -> PolicyField {
    PolicyField {
        name: name.to_owned(),
        label: label.to_owned(),
        meaning: meaning.to_owned(),
        unit: unit(name).to_owned(),
        value: value.to_owned(),
    }
}

fn own_view(place: usize, own: &BTreeMap<String, String>) -> PolicyWorkflowFields {
    let one = |name: &str| own.get(name).cloned().unwrap_or_default();
    let choice = |name: &str, value: &str, label: &str| SelectOption::new(value, label).selected(one(name) == value);
    let label = |name: &str| {
        let known = ERROR.iter().chain(&EVIDENCE).find(|(known, ..)| *known == name);
        known.map_or("", |(_, label, _)| label)
    };
    let said = own.iter().any(|(name, value)| name != "workflow" && !value.trim().is_empty());
    PolicyWorkflowFields {
        workflow: one("workflow"),
        place,
        own: said,
        scorecard: one("scorecard"),
        at_least: one("at_least"),
        suites_are: vec![choice("suites_are", "", "as for all"), choice("suites_are", "these", "these")],
        suites: one("suites"),
        fields: OWN.iter().map(|name| field(name, label(name), "", &one(name))).collect(),
        takes_two: vec![
            choice("takes_two", "", "as for all"),
            choice("takes_two", "yes", "yes"),
            choice("takes_two", "no", "no"),
        ],
    }
}

async fn page(
    frame: &Frame,
    typed: &Typed,
    error: Option<String>,
    meanwhile: Vec<MeanwhileRow>,
) -> Result<PolicyEdit, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let (suites, _) = app.suites(caller, slug, None, Page::new(None, Some(SUITES))).await?;
    let fields = |fields: &[FieldWords]| -> Vec<PolicyField> {
        let numbers = fields.iter().filter(|(name, ..)| *name != "method");
        numbers.map(|(name, label, meaning)| field(name, label, meaning, typed.one(name))).collect()
    };
    let option =
        |list: &str, value: &str| SelectOption::new(value, value.replace('_', " ")).selected(typed.has(list, value));
    let able = |list: &str, permission: Permission| -> Vec<SelectOption> {
        Role::ALL.iter().filter(|role| role.grants(permission)).map(|role| option(list, role.as_str())).collect()
    };
    Ok(PolicyEdit {
        back: Link::new(frame.href("/settings/policy"), "Gate policy"),
        version: typed.one("version").parse().unwrap_or(0),
        rests_on: typed.one("rests_on").to_owned(),
        error,
        meanwhile,
        name: typed.one("name").to_owned(),
        error_fields: fields(&ERROR),
        evidence_fields: fields(&EVIDENCE),
        methods: METHODS.iter().map(|method| option("method", words::method(*method))).collect(),
        suites: typed.one("required_suites").to_owned(),
        known_suites: suites.into_iter().map(|suite| suite.name).collect(),
        // A stale scorecard always blocks; there is nothing to choose.
        gaps: GapKind::ALL
            .iter()
            .filter(|kind| **kind != GapKind::StaleScorecard)
            .map(|kind| option("blocking_gaps", kind.as_str()))
            .collect(),
        deciders: able("deciders", Permission::Decide),
        seconds: able("second_persons", Permission::ApproveSecond),
        ship_takes_two: typed.has("ship_takes_two", "yes"),
        opener_needs_second: typed.has("opener_needs_second", "yes"),
        workflows: typed.workflows.iter().zip(1..).map(|(own, place)| own_view(place, own)).collect(),
        gates: gates(frame).await?,
    })
}
