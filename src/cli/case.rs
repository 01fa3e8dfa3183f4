//! `seatrial case`: eval cases, and masking stored ones once more.

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, ProjectArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer::{self, text};

/// What `seatrial case` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List eval cases, the latest first: id, state, failure class, workflow, title, a line each.
    List(List),
    /// Mask stored cases once more, after the project's own patterns changed.
    Mask(Mask),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: ProjectArguments,
    /// Of this workflow, by name or id.
    #[arg(long)]
    workflow: Option<String>,
    /// In this state: draft, active, quarantined or retired.
    #[arg(long)]
    state: Option<String>,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["case", "all"])))]
struct Mask {
    #[command(flatten)]
    at: ProjectArguments,
    /// The case's id.
    case: Option<String>,
    /// Every case of the project.
    #[arg(long)]
    all: bool,
    /// Show what would be masked in the case, and change nothing.
    #[arg(long, conflicts_with = "all")]
    preview: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, refuses the key, or does not know the case.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::List(arguments) => list(&arguments).await,
        Command::Mask(arguments) => match &arguments.case {
            Some(case) => mask(&arguments, case).await,
            None => mask_all(&arguments).await,
        },
    }
}

async fn list(list: &List) -> Result<Exit, Failure> {
    let filters = [("workflow", list.workflow.as_deref()), ("state", list.state.as_deref())];
    let mut query = vec![("limit", "200")];
    query.extend(filters.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    let path = ["projects", list.at.project.as_str(), "cases"];
    let cases = Client::new(&list.at.service)?.items(&path, &query).await?;
    list.format.print(&cases, || {
        for case in &cases {
            printer::data(
                &["id", "state", "failure_class", "workflow", "title"].map(|part| text(&case[part])).join("  "),
            );
        }
    })?;
    Ok(Exit::Ok)
}

async fn mask(mask: &Mask, case: &str) -> Result<Exit, Failure> {
    let client = Client::new(&mask.at.service)?;
    let path = ["projects", mask.at.project.as_str(), "cases", case, "masking"];
    let masked: Value =
        if mask.preview { client.json(&path, &[]).await? } else { client.send(&path, &json!({})).await? };
    mask.format.print(&masked, || {
        for masking in masked["maskings"].as_array().into_iter().flatten() {
            let [at, kind, before, after] = ["path", "kind", "before", "after"].map(|part| text(&masking[part]));
            printer::data(&format!("{at} ({kind}): {before} -> {after}"));
        }
        let (found, version) = (&masked["masked"], &masked["version"]);
        printer::say(&match (mask.preview, found.as_u64()) {
            (true, _) => format!("{found} would be masked in all that is stored of it."),
            (false, Some(0)) => "Nothing more is masked.".to_owned(),
            (false, _) => format!("{found} masked in all that is stored of it; it has version {version} now."),
        });
    })?;
    Ok(Exit::Ok)
}

/// All cases, so many at a time as the service takes; each part is done whole, so a call that broke off goes on.
async fn mask_all(mask: &Mask) -> Result<Exit, Failure> {
    let client = Client::new(&mask.at.service)?;
    let path = ["projects", mask.at.project.as_str(), "cases", "masking"];
    let (mut looked_at, mut changed) = (0, Vec::new());
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<(&str, &str)> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        let mut part: Value = client.send_to(&path, &query, &json!({})).await?;
        looked_at += part["looked_at"].as_u64().unwrap_or(0);
        if let Value::Array(cases) = part["changed"].take() {
            changed.extend(cases);
        }
        cursor = part["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    mask.format.print(&json!({"looked_at": looked_at, "changed": changed}), || {
        for case in &changed {
            printer::data(&text(case));
        }
        printer::say(&format!("{} of {looked_at} cases were masked once more.", changed.len()));
    })?;
    Ok(Exit::Ok)
}
