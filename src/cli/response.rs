//! `seatrial response`: what is done about gaps, patterns, decisions and alerts, and what it moved.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer::{self, text};

/// What `seatrial response` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List responses that are not over, latest first: id, state, kind, due, owner, title, a line each.
    List(List),
    /// Say that it was done: how the system that rolled back, or took a permission away, closes the loop.
    Acknowledge(Acknowledge),
    /// Close it with what was done, and say what the signal did before and after.
    Close(Close),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Those that are closed or cancelled, too.
    #[arg(long)]
    all: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Of {
    #[command(flatten)]
    at: ProjectArguments,
    /// The response's id.
    response: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Acknowledge {
    #[command(flatten)]
    of: Of,
    /// How it was done.
    #[arg(long)]
    note: String,
}

#[derive(Debug, Args)]
struct Close {
    #[command(flatten)]
    of: Of,
    /// What was done.
    #[arg(long)]
    done: String,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, refuses the key or the act, or does not know the response.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Acknowledge(Acknowledge { of, note }) => act(&of, "acknowledgement", json!({"note": note})).await,
        Command::Close(Close { of, done }) => act(&of, "close", json!({"done": done})).await,
    }
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let path = ["projects", list.at.project.as_str(), "responses"];
    let mut responses = Client::new(&list.at.service)?.items(&path, &[("limit", "200")]).await?;
    responses.retain(|response| list.all || !matches!(response["state"].as_str(), Some("closed" | "cancelled")));
    list.format.print(&responses, || {
        for response in &responses {
            let parts = ["id", "state", "kind", "due_at", "owner", "title"].map(|part| text(&response[part]));
            printer::data(&parts.join("  "));
        }
    })?;
    Ok(Exit::Ok)
}

async fn act(of: &Of, what: &str, body: Value) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "responses", of.response.as_str(), what];
    let response: Value = Client::new(&of.at.service)?.send(&path, &body).await?;
    of.format.print(&response, || {
        printer::say(&format!("It is {}.", text(&response["state"])));
        let effect = if response["effect"].is_null() { &response["effect_now"] } else { &response["effect"] };
        if let Some(effect) = effect["text"].as_str() {
            printer::data(&printer::safe(effect));
        }
    })?;
    Ok(Exit::Ok)
}
