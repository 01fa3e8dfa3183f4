//! `seatrial gap`: what is missing from the evidence of releases, and exactly what to do.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial gap` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List open gaps, latest first: the gap, who has it, and what to do, a line each.
    List(List),
    /// Close one with what was done. When the rule still finds it, it opens again.
    Close(Close),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Those that are closed, too.
    #[arg(long)]
    all: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Close {
    #[command(flatten)]
    at: ProjectArguments,
    /// The gap's id.
    gap: String,
    /// What was done.
    #[arg(long)]
    done: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the project or the gap, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Close(arguments) => close(&arguments).await,
    }
}

async fn close(close: &Close) -> Result<Exit, Failure> {
    let path = ["projects", close.at.project.as_str(), "gaps", close.gap.as_str(), "close"];
    let gap: Value = Client::new(&close.at.service)?.send(&path, &json!({"done": close.done})).await?;
    close.format.print(&gap, || printer::say("Closed."))?;
    Ok(Exit::Ok)
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let mut query = vec![("limit", "200")];
    if !list.all {
        query.push(("state", "open"));
    }
    let path = ["projects", list.at.project.as_str(), "gaps"];
    let gaps = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&gaps, || {
        let text = |value: &Value| printer::text_or(value, "");
        for gap in &gaps {
            let owner = printer::text_or(&gap["owner"], "nobody");
            printer::data(&format!("{} ({}, {owner}): {}", text(&gap["gap"]), text(&gap["state"]), text(&gap["todo"])));
        }
    })?;
    Ok(Exit::Ok)
}
