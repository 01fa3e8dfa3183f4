//! `seatrial scorecard`: a first scorecard from a workflow's history, and what differs between two versions.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial scorecard` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Propose a scorecard from the workflow's last 90 days: the body to write on standard output, the reasons beside it on
    /// standard error.
    Propose(Workflow),
    /// Say in words what differs between two versions.
    Diff(Diff),
}

#[derive(Debug, Args)]
struct Workflow {
    #[command(flatten)]
    at: ProjectArguments,
    /// The workflow, by name or id.
    workflow: String,
    /// How to print the answer; `json` is the whole of it.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Diff {
    #[command(flatten)]
    of: Workflow,
    /// The earlier version.
    #[arg(long)]
    from: u32,
    /// The later one.
    #[arg(long)]
    to: u32,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the workflow, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Propose(of) => propose(&of).await,
        Command::Diff(diff) => compare(&diff).await,
    }
}

async fn propose(of: &Workflow) -> Result<Exit, Failure> {
    let client = Client::new(&of.at.service)?;
    let path = ["projects", &of.at.project, "workflows", &of.workflow, "scorecard", "proposal"];
    let proposal: Value = client.json(&path, &[]).await?;
    let card = serde_json::to_string_pretty(&proposal["scorecard"]).map_err(Failure::new)?;
    of.format.print(&proposal, || {
        let text = |value: &Value| printer::safe(value.as_str().unwrap_or_default());
        for reason in proposal["reasons"].as_array().into_iter().flatten() {
            printer::say(&format!("{}: {}", text(&reason["part"]), text(&reason["text"])));
        }
        for left in proposal["left_out"].as_array().into_iter().flatten() {
            printer::say(&format!("not asked: {}: {}", text(&left["signal"]), text(&left["why"])));
        }
        printer::data(&card);
    })?;
    Ok(Exit::Ok)
}

async fn compare(diff: &Diff) -> Result<Exit, Failure> {
    let client = Client::new(&diff.of.at.service)?;
    let path = ["projects", &diff.of.at.project, "workflows", &diff.of.workflow, "scorecard", "diff"];
    let (from, to) = (diff.from.to_string(), diff.to.to_string());
    let found: Value = client.json(&path, &[("from", &from), ("to", &to)]).await?;
    diff.of.format.print(&found, || {
        for change in found["changes"].as_array().into_iter().flatten() {
            printer::data(&printer::safe(change["text"].as_str().unwrap_or_default()));
        }
    })?;
    Ok(Exit::Ok)
}
