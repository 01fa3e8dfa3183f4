//! `seatrial alert list`: what drifted in live releases.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::printer;

/// What `seatrial alert` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List alerts that are raised, those that changed last first: the kind, its state, and why, a line each.
    List(List),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long)]
    project: String,
    /// Those that are calm or over, too.
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
    let path = ["projects", list.project.as_str(), "alerts"];
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("limit", "200")];
        if !list.all {
            query.push(("state", "firing,acknowledged"));
        }
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let page: Value = client.json(&path, &query).await?;
        let text = |value: &Value| printer::safe(value.as_str().unwrap_or_default());
        for alert in page["items"].as_array().into_iter().flatten() {
            let (kind, state, why) = (text(&alert["kind"]), text(&alert["state"]), text(&alert["text"]));
            printer::data(&format!("{kind} ({state} since {}): {why}", text(&alert["since"])));
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(Exit::Ok);
        }
    }
}
