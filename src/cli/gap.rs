//! `seatrial gap list`: what is missing from the evidence of releases, and exactly what to do.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
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
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long)]
    project: String,
    /// Those that are closed, too.
    #[arg(long)]
    all: bool,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the project, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::List(list) = arguments.command;
    let client = Client::new(&list.service)?;
    let path = ["projects", list.project.as_str(), "gaps"];
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "200")];
        if !list.all {
            query.push(("state", "open"));
        }
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let page: Value = client.json(&path, &query).await?;
        let text = |value: &Value| printer::safe(value.as_str().unwrap_or_default());
        for gap in page["items"].as_array().into_iter().flatten() {
            let owner = gap["owner"].as_str().map_or_else(|| "nobody".to_owned(), printer::safe);
            printer::data(&format!("{} ({}, {owner}): {}", text(&gap["gap"]), text(&gap["state"]), text(&gap["todo"])));
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(Exit::Ok);
        }
    }
}
