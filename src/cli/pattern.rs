//! `seatrial pattern`: failures that belong together, and what becomes of them.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer::{self, text};

/// What `seatrial pattern` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List patterns, that of the latest failure first: id, state, failures, class, step, workflow, a line each.
    List(List),
    /// Show one: where it stands, its failures by release, and what became of it.
    Show(Of),
    /// Say that these failures are one thing that goes wrong.
    Confirm(Confirm),
    /// Say which release fixes it. A failure of it on that release or a later one opens it again.
    Fix(Fix),
    /// Take a fix back.
    Reopen(Reopen),
}

/// Where a pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    New,
    Confirmed,
    Fixed,
    Watching,
    Reopened,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Of this workflow, by name or id.
    #[arg(long)]
    workflow: Option<String>,
    /// In this state.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Of this failure class.
    #[arg(long)]
    class: Option<String>,
    /// With at least so many failures.
    #[arg(long, default_value_t = 2, value_name = "N")]
    at_least: u64,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Of {
    #[command(flatten)]
    at: ProjectArguments,
    /// The pattern's id.
    pattern: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Confirm {
    #[command(flatten)]
    of: Of,
    /// What it is.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
struct Fix {
    #[command(flatten)]
    of: Of,
    /// The release that fixes it, by name or id.
    #[arg(long)]
    release: String,
    /// How.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
struct Reopen {
    #[command(flatten)]
    of: Of,
    /// Why it is not fixed after all.
    #[arg(long)]
    note: String,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, refuses the key or the act, or does not know the pattern.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Show(of) => show(&of).await,
        Command::Confirm(Confirm { of, note }) => act(&of, "confirm", json!({"note": note})).await,
        Command::Fix(Fix { of, release, note }) => act(&of, "fix", json!({"release": release, "note": note})).await,
        Command::Reopen(Reopen { of, note }) => act(&of, "reopen", json!({"note": note})).await,
    }
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let at_least = list.at_least.to_string();
    let state = list.state.and_then(|state| state.to_possible_value());
    let filters = [
        ("workflow", list.workflow.as_deref()),
        ("state", state.as_ref().map(|state| state.get_name())),
        ("failure_class", list.class.as_deref()),
    ];
    let mut query = vec![("limit", "200"), ("at_least", at_least.as_str())];
    query.extend(filters.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let path = ["projects", list.at.project.as_str(), "patterns"];
    let patterns = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&patterns, || {
        for pattern in &patterns {
            let parts = ["failure_class", "step", "workflow", "latest_at"].map(|part| text(&pattern[part]));
            let (id, state) = (text(&pattern["id"]), text(&pattern["state"]));
            printer::data(&format!("{id}  {state}  {}  {}", pattern["failures"], parts.join("  ")));
        }
    })?;
    Ok(Exit::Ok)
}

async fn show(of: &Of) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "patterns", of.pattern.as_str()];
    let pattern: Value = Client::new(&of.at.service)?.json(&path, &[]).await?;
    of.format.print(&pattern, || told(&pattern))?;
    Ok(Exit::Ok)
}

/// A pattern in lines: what it is, its failures by release, its history.
fn told(pattern: &Value) {
    let (class, step) = (text(&pattern["failure_class"]), text(&pattern["step"]));
    let (state, failures) = (text(&pattern["state"]), &pattern["failures"]);
    printer::data(&format!("{class} at {step} ({state}), {failures} failures of {}", text(&pattern["workflow"])));
    for count in pattern["counts"].as_array().into_iter().flatten() {
        let (release, class) = (text(&count["release"]), text(&count["failure_class"]));
        let learned = ["open", "promoted", "linked", "dismissed"].map(|status| format!("{} {status}", count[status]));
        printer::data(&format!("  {release}  {class}: {}", learned.join(", ")));
    }
    let watched = &pattern["watched"];
    if watched.is_object() {
        let of = &watched["denominator"];
        let high = watched["high"].as_f64().map_or_else(|| "-".to_owned(), |high| format!("{:.1} %", 100.0 * high));
        printer::data(&format!("  Not seen in {of} runs since; its share can still be {high}."));
    }
    for event in pattern["history"].as_array().into_iter().flatten() {
        let (at, state) = (text(&event["at"]), text(&event["state"]));
        printer::data(&format!("  {at}  {state} by {}: {}", text(&event["by"]["name"]), text(&event["note"])));
    }
}

async fn act(of: &Of, what: &str, body: Value) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "patterns", of.pattern.as_str(), what];
    let pattern: Value = Client::new(&of.at.service)?.send(&path, &body).await?;
    of.format.print(&pattern, || printer::say(&format!("It is {}.", text(&pattern["state"]))))?;
    Ok(Exit::Ok)
}
