//! `seatrial failure`: work the failures of a project from a terminal.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer::{self, text};

/// What `seatrial failure` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List failures, the worst and latest first: run, severity, class, status, release, a line each.
    List(List),
    /// Write down the kind of miss, the failing step, or a remark. What is not given stays; an empty text takes it away.
    Label(Label),
    /// Make a failure an eval case, and print the case's id. The same again is the same case.
    Promote(Promote),
    /// Link a failure to an eval case that covers it.
    Link(Link),
    /// Dismiss a failure: it teaches nothing, and the reason is kept.
    Dismiss(Dismiss),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Of this workflow, by name or id.
    #[arg(long)]
    workflow: Option<String>,
    /// Of this release, by name or id.
    #[arg(long)]
    release: Option<String>,
    /// With this learning status: open, promoted, linked or dismissed.
    #[arg(long, default_value = "open")]
    status: String,
    /// Of this failure class.
    #[arg(long)]
    class: Option<String>,
    /// Of this severity: critical, major or minor.
    #[arg(long)]
    severity: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Of {
    #[command(flatten)]
    at: ProjectArguments,
    /// The id of the failed run.
    run: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Label {
    #[command(flatten)]
    of: Of,
    /// The kind of miss: a class of the project's taxonomy.
    #[arg(long)]
    class: Option<String>,
    /// The failing step by name.
    #[arg(long)]
    step: Option<String>,
    /// A remark.
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, Args)]
struct Promote {
    #[command(flatten)]
    of: Of,
    /// The title; made from the input unless given.
    #[arg(long)]
    title: Option<String>,
    /// What the agent is to be given; what the run was given, unless given.
    #[arg(long)]
    input: Option<String>,
    /// What the answer must do or contain. May be given several times. Without any assertion the case is a draft.
    #[arg(long, value_name = "TEXT")]
    must: Vec<String>,
    /// What the answer must not do or contain. May be given several times.
    #[arg(long, value_name = "TEXT")]
    must_not: Vec<String>,
    /// A label. May be given several times.
    #[arg(long)]
    tag: Vec<String>,
}

#[derive(Debug, Args)]
struct Link {
    #[command(flatten)]
    of: Of,
    /// The eval case's id.
    #[arg(long)]
    case: String,
}

#[derive(Debug, Args)]
struct Dismiss {
    #[command(flatten)]
    of: Of,
    /// Why nothing is to be learned from it.
    #[arg(long)]
    reason: String,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, refuses the key or the act, or does not know the failure.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Label(Label { of, class, step, note }) => {
            let body = given([("failure_class", class), ("step", step), ("note", note)]);
            act(&of, "label", body, "Labelled.").await
        }
        Command::Promote(arguments) => promote(arguments).await,
        Command::Link(Link { of, case }) => act(&of, "link", json!({"case_id": case}), "Linked.").await,
        Command::Dismiss(Dismiss { of, reason }) => act(&of, "dismiss", json!({"reason": reason}), "Dismissed.").await,
    }
}

/// The fields that were given.
fn given<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    Value::Object(fields.collect::<Map<_, _>>())
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let filters = [
        ("workflow", &list.workflow),
        ("release", &list.release),
        ("failure_class", &list.class),
        ("severity", &list.severity),
    ];
    let mut query = vec![("limit", "200"), ("status", list.status.as_str())];
    query.extend(filters.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))));
    let path = ["projects", list.at.project.as_str(), "failures"];
    let failures = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&failures, || {
        for failure in &failures {
            let parts = ["run_id", "severity", "failure_class", "status", "workflow", "release", "occurred_at"];
            printer::data(&parts.map(|part| text(&failure[part])).join("  "));
        }
    })?;
    Ok(Exit::Ok)
}

async fn act(of: &Of, what: &str, body: Value, said: &str) -> Result<Exit, Failure> {
    let path = ["projects", of.at.project.as_str(), "failures", of.run.as_str(), what];
    let failure: Value = Client::new(&of.at.service)?.send(&path, &body).await?;
    of.format.print(&failure, || printer::say(said))?;
    Ok(Exit::Ok)
}

async fn promote(promote: Promote) -> Result<Exit, Failure> {
    let Promote { of, title, input, must, must_not, tag } = promote;
    let mut body = given([("title", title), ("input", input)]);
    body["assertions"] = json!({"must": must, "must_not": must_not});
    body["tags"] = json!(tag);
    let path = ["projects", of.at.project.as_str(), "failures", of.run.as_str(), "promote"];
    let made: Value = Client::new(&of.at.service)?.send(&path, &body).await?;
    of.format.print(&made, || {
        printer::data(&text(&made["case"]["id"]));
        printer::say(&format!("It is an eval case, {}.", text(&made["case"]["state"])));
    })?;
    Ok(Exit::Ok)
}
