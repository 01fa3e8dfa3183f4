//! `seatrial scorecard`: where scorecards stand, a first one from a workflow's history, what differs between two versions,
//! writing and attesting one.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::call::read;
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
    /// List scorecards: workflow, freshness, owner, and each reason below, a line each.
    List(List),
    /// Propose a scorecard from the workflow's last 90 days: the body to write on standard output, the reasons beside it on
    /// standard error.
    Propose(Workflow),
    /// Write a version from a file, as `propose` prints one, and print its number. `version` in it is the one it was made
    /// from; left out of the first.
    Write(Write),
    /// Say in words what differs between two versions.
    Diff(Diff),
    /// Say that you re-read it and that it holds. A person says so: with an access token as the key.
    Attest(Attest),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Write {
    #[command(flatten)]
    of: Workflow,
    /// The scorecard, as JSON; `-` for standard input.
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Attest {
    #[command(flatten)]
    of: Workflow,
    /// For those who read it later.
    #[arg(long, default_value = "")]
    note: String,
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
        Command::List(arguments) => list(&arguments).await,
        Command::Propose(of) => propose(&of).await,
        Command::Write(write) => put(&write).await,
        Command::Diff(diff) => compare(&diff).await,
        Command::Attest(arguments) => attest(&arguments).await,
    }
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let path = ["projects", list.at.project.as_str(), "scorecards"];
    let cards = Client::new(&list.at.service)?.items(&path, &[("limit", "200")]).await?;
    list.format.print(&cards, || {
        let text = |value: &Value| printer::text_or(value, "nobody");
        for card in &cards {
            let (workflow, state) = (text(&card["workflow"]), text(&card["freshness"]["state"]));
            printer::data(&format!("{workflow}  {state}  {}", text(&card["owner"]["name"])));
            for reason in card["freshness"]["reasons"].as_array().into_iter().flatten() {
                printer::data(&format!("  {}", text(&reason["text"])));
            }
        }
    })?;
    Ok(Exit::Ok)
}

async fn attest(attest: &Attest) -> Result<Exit, Failure> {
    let Attest { of, note } = attest;
    let path = ["projects", &of.at.project, "workflows", &of.workflow, "scorecard", "attestations"];
    let made: Value = Client::new(&of.at.service)?.send(&path, &json!({"note": note})).await?;
    of.format.print(&made, || printer::say(&format!("Version {} is attested.", made["version"])))?;
    Ok(Exit::Ok)
}

async fn propose(of: &Workflow) -> Result<Exit, Failure> {
    let client = Client::new(&of.at.service)?;
    let path = ["projects", &of.at.project, "workflows", &of.workflow, "scorecard", "proposal"];
    let proposal: Value = client.json(&path, &[]).await?;
    let card = serde_json::to_string_pretty(&proposal["scorecard"]).map_err(Failure::new)?;
    of.format.print(&proposal, || {
        let text = |value: &Value| printer::text_or(value, "");
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

async fn put(write: &Write) -> Result<Exit, Failure> {
    let path = ["projects", &write.of.at.project, "workflows", &write.of.workflow, "scorecard"];
    let card: Value = Client::new(&write.of.at.service)?.put(&path, &read(&write.file)?).await?;
    write.of.format.print(&card, || {
        printer::data(&card["version"].to_string());
        printer::say("Written. It counts as fresh once somebody attests it.");
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
