//! `seatrial scorecard`: a first scorecard from a workflow's history, a version written, attested, and compared.

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
    /// Propose a scorecard from the workflow's last 90 days: the body to write on standard output, the reasons beside it on
    /// standard error.
    Propose(Workflow),
    /// Write a version from a file, as `propose` prints one, and print its number. `version` in it is the one it was made
    /// from; left out of the first.
    Write(Write),
    /// Say that it was read and still holds, as the person whose access token is the key, and print which version.
    Attest(Attest),
    /// Say in words what differs between two versions.
    Diff(Diff),
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
    /// The version that was read; the present one unless given.
    #[arg(long, value_name = "NUMBER")]
    read: Option<u32>,
    /// A remark.
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
        Command::Propose(of) => propose(&of).await,
        Command::Write(write) => put(&write).await,
        Command::Attest(of) => attest(&of).await,
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

async fn put(write: &Write) -> Result<Exit, Failure> {
    let path = ["projects", &write.of.at.project, "workflows", &write.of.workflow, "scorecard"];
    let card: Value = Client::new(&write.of.at.service)?.put(&path, &read(&write.file)?).await?;
    write.of.format.print(&card, || {
        printer::data(&card["version"].to_string());
        printer::say("Written. It counts as fresh once somebody attests it.");
    })?;
    Ok(Exit::Ok)
}

async fn attest(attest: &Attest) -> Result<Exit, Failure> {
    let path = ["projects", &attest.of.at.project, "workflows", &attest.of.workflow, "scorecard", "attestations"];
    let body = json!({"version": attest.read, "note": attest.note});
    let made: Value = Client::new(&attest.of.at.service)?.send(&path, &body).await?;
    attest.of.format.print(&made, || {
        printer::data(&made["version"].to_string());
        printer::say("Attested.");
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
