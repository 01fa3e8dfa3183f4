//! `seatrial gap list`: what is missing from the evidence of releases, and exactly what to do.

use clap::{Args, Subcommand};
use serde_json::Value;

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

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the project, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::List(list) = arguments.command;
    let mut query = vec![("limit", "200")];
    if !list.all {
        query.push(("state", "open"));
    }
    let path = ["projects", list.at.project.as_str(), "gaps"];
    let gaps = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&gaps, || {
        let text = |value: &Value| printer::safe(value.as_str().unwrap_or_default());
        for gap in &gaps {
            let owner = gap["owner"].as_str().map_or_else(|| "nobody".to_owned(), printer::safe);
            printer::data(&format!("{} ({}, {owner}): {}", text(&gap["gap"]), text(&gap["state"]), text(&gap["todo"])));
        }
    })?;
    Ok(Exit::Ok)
}
