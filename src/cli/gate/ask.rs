//! Opening, evaluating, freezing and deciding gates from a terminal.

use clap::{Args, ValueEnum};
use seatrial_domain::gate::Verdict;
use serde_json::{Value, json};

use super::super::client::{Client, ProjectArguments};
use super::super::exit::{Exit, Failure};
use super::super::format::Format;
use super::super::printer;

/// Which release a gate is opened for.
#[derive(Debug, Args)]
pub struct Open {
    #[command(flatten)]
    at: ProjectArguments,
    /// The workflow, by name or id.
    #[arg(long)]
    workflow: String,
    /// The release that wants to go on, by name or id.
    #[arg(long)]
    release: String,
    /// The release it is compared with; its own baseline, or the one that went live last, unless given.
    #[arg(long)]
    baseline: Option<String>,
    /// How to print the answer; as text the gate's id alone.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Which gate.
#[derive(Debug, Args)]
pub struct OfGate {
    #[command(flatten)]
    at: ProjectArguments,
    /// The gate's id.
    gate: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// An answer to a gate.
#[derive(Debug, Args)]
pub struct Decide {
    #[command(flatten)]
    of: OfGate,
    /// What is decided.
    #[arg(long, value_enum)]
    verdict: Answer,
    /// The digest of the frozen evidence that was looked at.
    #[arg(long, value_name = "DIGEST")]
    bundle: String,
    /// Why. Needed when it goes against the recommendation.
    #[arg(long, default_value = "")]
    reason: String,
    /// The decision of this gate that stands and that this one takes the place of, by id.
    #[arg(long, value_name = "DECISION")]
    supersedes: Option<String>,
}

/// What a second person approves.
#[derive(Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    at: ProjectArguments,
    /// The proposal's id.
    proposal: String,
    /// How to print the answer; as text the decision's id alone.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A verdict as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Answer {
    Ship,
    Hold,
    Rollback,
    CollectMoreEvidence,
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Ship => Self::Ship,
            Answer::Hold => Self::Hold,
            Answer::Rollback => Self::Rollback,
            Answer::CollectMoreEvidence => Self::CollectMoreEvidence,
        }
    }
}

fn text(value: &Value) -> String {
    printer::text_or(value, "")
}

/// Opens a gate.
pub(super) async fn open(open: &Open) -> Result<Exit, Failure> {
    let body = json!({"workflow": open.workflow, "release": open.release, "baseline": open.baseline});
    let path = ["projects", open.at.project.as_str(), "gates"];
    let gate: Value = Client::new(&open.at.service)?.send(&path, &body).await?;
    open.format.print(&gate, || {
        printer::data(&text(&gate["id"]));
        let baseline = printer::text_or(&gate["baseline"], "nothing");
        let (workflow, release) = (text(&gate["workflow"]), text(&gate["release"]));
        printer::say(&format!("Opened for {workflow} {release}, compared with {baseline}."));
    })?;
    Ok(Exit::Ok)
}

/// Says what the machine recommends as of now. Nothing is kept, and nothing is decided.
pub(super) async fn evaluate(of: &OfGate) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "gates", of.gate.as_str(), "evaluation"];
    let seen: Value = Client::new(&of.at.service)?.json(&path, &[]).await?;
    of.format.print(&seen, || tell(&seen["recommendation"]))?;
    Ok(Exit::Ok)
}

/// Freezes what the gate sees now.
pub(super) async fn freeze(of: &OfGate) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "gates", of.gate.as_str(), "freeze"];
    let frozen: Value = Client::new(&of.at.service)?.send(&path, &json!({})).await?;
    of.format.print(&frozen, || {
        printer::data(&text(&frozen["bundle"]["digest"]));
        printer::say(&format!("Frozen. Recommended: {}.", words(&frozen["recommendation"]["verdict"])));
    })?;
    Ok(Exit::Ok)
}

/// Records an answer, or keeps it for a second person.
pub(super) async fn decide(decide: &Decide) -> Result<Exit, Failure> {
    let of = &decide.of;
    let verdict = Verdict::from(decide.verdict);
    let mut body = json!({"verdict": verdict, "reason": decide.reason, "bundle": decide.bundle});
    if let Some(known) = &decide.supersedes {
        body["supersedes"] = json!(known);
    }
    let path = ["projects", of.at.project.as_str(), "gates", of.gate.as_str(), "decisions"];
    let made: Value = Client::new(&of.at.service)?.send(&path, &body).await?;
    of.format.print(&made, || {
        printer::data(&text(&made["id"]));
        match made["takes_two_because"].as_str() {
            Some(why) => printer::say(&format!("It waits for a second person: {why}")),
            None => printer::say(&format!("Recorded: {}.", verdict.words())),
        }
    })?;
    Ok(Exit::Ok)
}

/// Approves what somebody else proposed.
pub(super) async fn approve(approve: &Approve) -> Result<Exit, Failure> {
    let path = ["projects", approve.at.project.as_str(), "proposals", approve.proposal.as_str(), "approve"];
    let made: Value = Client::new(&approve.at.service)?.send(&path, &json!({})).await?;
    approve.format.print(&made, || {
        printer::data(&text(&made["id"]));
        printer::say(&format!("Recorded: {}.", words(&made["verdict"])));
    })?;
    Ok(Exit::Ok)
}

fn words(verdict: &Value) -> &'static str {
    verdict.as_str().and_then(Verdict::parse).map_or("something this version does not know", Verdict::words)
}

fn tell(recommendation: &Value) {
    printer::data(&format!("recommended as of now: {}", words(&recommendation["verdict"])));
    for reason in recommendation["reasons"].as_array().into_iter().flatten() {
        printer::data(&format!("  - {}", text(&reason["text"])));
    }
    if let Some(step) = recommendation["next_step"]["text"].as_str() {
        printer::data(&format!("next: {}", printer::safe(step)));
    }
}
