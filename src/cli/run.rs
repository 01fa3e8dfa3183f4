//! `seatrial run …`: sending runs from a file.

mod import;
mod lines;
mod progress;
mod sender;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use url::Url;

use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;
use crate::auth::secret::Secret;
use import::{Event, Import, Summary, import};

/// What `seatrial run` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send the runs of a file, one JSON object a line, plain or gzipped. Safe to repeat; goes on where it was stopped.
    Import(ImportArguments),
}

/// What `seatrial run import` takes.
#[derive(Debug, Args)]
struct ImportArguments {
    /// The file: one run a line, as POST /api/v1/projects/{project}/runs takes them. Gzip is recognised.
    file: PathBuf,
    /// Where the service is.
    #[arg(long, value_name = "URL", env = "SEATRIAL_URL", default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// An API key with the scope `ingest`. Better given in the environment: arguments can be seen by others on the machine.
    #[arg(long, value_name = "KEY", alias = "api-key", env = "SEATRIAL_API_KEY", hide_env_values = true, value_parser = secret)]
    key: Secret,
    /// The project's name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: String,
    /// How the summary on standard output looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn secret(text: &str) -> Result<Secret, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(Secret::new(text)) }
}

/// Does what is asked of runs.
///
/// # Errors
/// When the file cannot be read, or the service refuses or does not answer.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let Command::Import(arguments) = arguments.command;
    let what = Import { file: arguments.file, url: arguments.url, key: arguments.key, project: arguments.project };
    let summary = import(&what, &mut |event| printer::say(&sentence(event))).await.map_err(Failure::new)?;
    match arguments.format {
        Format::Text => printer::data(&text(&summary)),
        Format::Json => printer::data(&serde_json::to_string(&summary).map_err(Failure::new)?),
    }
    Ok(if summary.counts.rejected == 0 { Exit::Ok } else { Exit::Error })
}

fn sentence(event: Event<'_>) -> String {
    match event {
        Event::Resumed { lines } => format!("going on after line {lines}"),
        // On one line each, so that they can be counted and cut.
        Event::Rejected { line, why } => format!("line {line}: {}", why.replace('\n', " ")),
        Event::Waiting { seconds, why } => format!("waiting {seconds} s: {}", why.replace('\n', " ")),
        Event::NotResumable { why } => {
            format!("the state cannot be kept beside the file ({why}); if it is stopped, the import begins anew")
        }
    }
}

fn text(summary: &Summary) -> String {
    let counts = summary.counts;
    let mut text = format!(
        "{} lines: {} runs created, {} updated, {} unchanged, {} rejected",
        counts.lines, counts.created, counts.updated, counts.unchanged, counts.rejected
    );
    if summary.resumed_after_line > 0 {
        text.push_str(&format!(" (of them {} lines by an earlier call)", summary.resumed_after_line));
    }
    text
}
