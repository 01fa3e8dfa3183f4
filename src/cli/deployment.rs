//! `seatrial deployment announce`: says where a release went, from the pipeline that took it there.

use clap::{Args, Subcommand, ValueEnum};
use seatrial_domain::release::DeploymentKind;
use seatrial_domain::time::Timestamp;
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial deployment` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say that a release was deployed, and print the event's id. It is marked on every time series, and moves the release.
    Announce(Announce),
}

#[derive(Debug, Args)]
struct Announce {
    #[command(flatten)]
    at: ProjectArguments,
    /// The workflow, by name or id.
    #[arg(long)]
    workflow: String,
    /// The release, by name or id; one nobody has heard of yet comes to be.
    #[arg(long)]
    release: String,
    /// Where it went.
    #[arg(long, default_value = "production")]
    environment: String,
    /// What happened.
    #[arg(long, value_enum, default_value = "deployed")]
    kind: Kind,
    /// When, such as 2026-01-31T12:00:00Z; now unless given.
    #[arg(long, value_name = "TIME")]
    when: Option<Timestamp>,
    /// Where more is told, such as the pipeline's page.
    #[arg(long, value_name = "ADDRESS")]
    link: Option<String>,
    /// In words.
    #[arg(long, default_value = "")]
    note: String,
    /// Your name for this event, such as the pipeline's run: the same again changes nothing.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// How to print the answer; as text the event's id alone.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A kind of event as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Deployed,
    RolledBack,
    Retired,
}

impl From<Kind> for DeploymentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Deployed => Self::Deployed,
            Kind::RolledBack => Self::RolledBack,
            Kind::Retired => Self::Retired,
        }
    }
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the workflow, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::Announce(told) = arguments.command;
    let body = json!({
        "workflow": told.workflow, "release": told.release, "environment": told.environment,
        "kind": DeploymentKind::from(told.kind), "at": told.when, "url": told.link, "note": told.note,
        "idempotency_key": told.idempotency_key,
    });
    let path = ["projects", told.at.project.as_str(), "deployments"];
    let event: Value = Client::new(&told.at.service)?.send(&path, &body).await?;
    told.format.print(&event, || {
        let text = |name: &str| printer::text_or(&event[name], "");
        printer::data(&text("id"));
        printer::say(&format!("{} is {} now.", text("release"), text("release_state").replace('_', " ")));
    })?;
    Ok(Exit::Ok)
}
