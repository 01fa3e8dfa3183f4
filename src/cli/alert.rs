//! `seatrial alert list`: what drifted in live releases.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
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
    at: ProjectArguments,
    /// Those that are calm or over, too.
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
        query.push(("state", "firing,acknowledged"));
    }
    let path = ["projects", list.at.project.as_str(), "alerts"];
    let alerts = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&alerts, || {
        let text = |value: &Value| printer::text_or(value, "");
        for alert in &alerts {
            let (kind, state, why) = (text(&alert["kind"]), text(&alert["state"]), text(&alert["text"]));
            printer::data(&format!("{kind} ({state} since {}): {why}", text(&alert["since"])));
        }
    })?;
    Ok(Exit::Ok)
}
