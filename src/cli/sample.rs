//! `seatrial sample`: successful runs that people look at, and what they find.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer::{self, text};

/// What `seatrial sample` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List sampled runs, the latest first: run, status, workflow, release, a line each.
    List(List),
    /// Say whether a sampled run was the success that it reported to be. A person says so: with an access token as the key.
    Find(Find),
    /// Say how a workflow is sampled, and how many of the runs looked at were no success.
    Rate(Rate),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Of this workflow, by name or id.
    #[arg(long)]
    workflow: Option<String>,
    /// Of this release of the workflow, by name or id.
    #[arg(long, requires = "workflow")]
    release: Option<String>,
    /// With this status: open, upheld or overturned.
    #[arg(long, default_value = "open")]
    status: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("finding").required(true).args(["holds", "overturned"])))]
struct Find {
    #[command(flatten)]
    at: ProjectArguments,
    /// The id of the run.
    run: String,
    /// It was a success.
    #[arg(long)]
    holds: bool,
    /// It was none: it is a failure from then on, and waits in triage.
    #[arg(long)]
    overturned: bool,
    /// The kind of miss: a class of the project's taxonomy.
    #[arg(long, requires = "overturned")]
    class: Option<String>,
    /// A remark.
    #[arg(long, default_value = "")]
    note: String,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
struct Rate {
    #[command(flatten)]
    at: ProjectArguments,
    /// The workflow, by name or id.
    workflow: String,
    /// Of this release alone, by name or id.
    #[arg(long)]
    release: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, refuses the key or the act, or does not know the run or the workflow.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Find(arguments) => find(&arguments).await,
        Command::Rate(arguments) => rate(&arguments).await,
    }
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let filters = [("workflow", list.workflow.as_deref()), ("release", list.release.as_deref())];
    let mut query = vec![("limit", "200"), ("status", list.status.as_str())];
    query.extend(filters.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let path = ["projects", list.at.project.as_str(), "samples"];
    let samples = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&samples, || {
        for sample in &samples {
            let parts = ["run_id", "status", "workflow", "release", "occurred_at"].map(|part| text(&sample[part]));
            printer::data(&parts.join("  "));
        }
    })?;
    Ok(Exit::Ok)
}

async fn find(find: &Find) -> Result<Exit, Failure> {
    let mut body = json!({"holds": find.holds, "note": find.note});
    if let Some(class) = &find.class {
        body["failure_class"] = json!(class);
    }
    let path = ["projects", find.at.project.as_str(), "samples", find.run.as_str(), "finding"];
    let sample: Value = Client::new(&find.at.service)?.send(&path, &body).await?;
    let said = if find.holds { "It was a success." } else { "It was none, and waits in triage." };
    find.format.print(&sample, || printer::say(said))?;
    Ok(Exit::Ok)
}

async fn rate(rate: &Rate) -> Result<Exit, Failure> {
    let path = ["projects", rate.at.project.as_str(), "workflows", rate.workflow.as_str(), "sampling"];
    let query: Vec<(&str, &str)> = rate.release.iter().map(|release| ("release", release.as_str())).collect();
    let sampling: Value = Client::new(&rate.at.service)?.json(&path, &query).await?;
    rate.format.print(&sampling, || {
        let percent =
            |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share));
        let (share, open) = (percent(&sampling["sample_share"]), &sampling["open"]);
        printer::data(&format!("{share} of successful runs are looked at; {open} wait."));
        let (overturned, of) = (&sampling["overturned"], &sampling["looked_at"]);
        let [share, low, high] = ["overturned_rate", "low", "high"].map(|part| percent(&sampling[part]));
        printer::data(&format!("No success: {overturned}/{of}, {share} [{low}, {high}]."));
    })?;
    Ok(Exit::Ok)
}
