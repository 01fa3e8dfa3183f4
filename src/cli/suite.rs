//! `seatrial suite …`: cases out to a runner, its results in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use seatrial_domain::digest::Digest;
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;
use crate::ingest::eval::{self, EvalFormat, EvalItem, Placed};

/// What `seatrial suite` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send the results of a runner. Safe to repeat: the same file again changes nothing.
    Import(ImportArguments),
    /// Print the cases that are tested, one JSON object a line, for a runner.
    Export(ExportArguments),
}

/// Which suite.
#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project's name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: String,
    /// The suite, by name or id.
    #[arg(long, value_name = "NAME")]
    suite: String,
}

/// What `seatrial suite import` takes.
#[derive(Debug, Args)]
struct ImportArguments {
    /// The file: JSON lines (Seatrial's or promptfoo's) or JUnit XML. A test names its case by id (`case_…`).
    file: PathBuf,
    #[command(flatten)]
    which: Which,
    /// The release that was tested.
    #[arg(long, value_name = "NAME")]
    release: String,
    /// The runner's name for this execution; the digest of the file unless given.
    #[arg(long, value_name = "NAME")]
    execution: Option<String>,
    /// Whichever runner ran it.
    #[arg(long, value_name = "NAME", default_value = "file")]
    runner: String,
    /// How the file is written; recognised unless given.
    #[arg(long, value_enum)]
    file_format: Option<FileFormat>,
    /// How the summary on standard output looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What `seatrial suite export` takes.
#[derive(Debug, Args)]
struct ExportArguments {
    #[command(flatten)]
    which: Which,
    /// The version of the suite; the latest unless given.
    #[arg(long)]
    version_number: Option<u32>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// A JSON object a line.
    Jsonl,
    /// JUnit XML.
    Junit,
}

/// Largest file that is read, in bytes.
const FILE_BYTES: u64 = 256 << 20;
/// Results sent at once: with what a runner says of each they stay within a JSON body.
const AT_ONCE: usize = 50;

#[derive(Deserialize)]
struct Taken {
    created: u64,
    unchanged: u64,
    rejected: u64,
    results: Vec<OneTaken>,
}

#[derive(Deserialize)]
struct OneTaken {
    index: usize,
    error: Option<String>,
}

/// Does what is asked of suites.
///
/// # Errors
/// When the file cannot be read, or the service refuses or does not answer.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Import(arguments) => import(arguments).await,
        Command::Export(ExportArguments { which, version_number }) => {
            let client = Client::new(&which.service)?;
            let version = version_number.map(|version| version.to_string());
            let query: Vec<(&str, &str)> = version.iter().map(|version| ("version", version.as_str())).collect();
            let path = ["projects", &which.project, "suites", &which.suite, "cases.ndjson"];
            let lines = client.read(&path, &query).await?;
            printer::data(String::from_utf8_lossy(&lines).trim_end());
            Ok(Exit::Ok)
        }
    }
}

async fn import(arguments: ImportArguments) -> Result<Exit, Failure> {
    let ImportArguments { file, which, release, execution, runner, file_format, format: summary } = arguments;
    let shown = file.display();
    let unreadable = |error: std::io::Error| Failure::new(format!("{shown} cannot be read: {error}"));
    let size = tokio::fs::metadata(&file).await.map_err(unreadable)?.len();
    if size > FILE_BYTES {
        return Err(Failure::new(format!("{shown} has {size} bytes; at most {FILE_BYTES} are read")));
    }
    let bytes = tokio::fs::read(&file).await.map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(format!("{shown} is no UTF-8 text")))?;
    let format = match file_format {
        Some(FileFormat::Jsonl) => EvalFormat::Jsonl,
        Some(FileFormat::Junit) => EvalFormat::Junit,
        None => EvalFormat::of(text),
    };
    let read = eval::read(format, text).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let execution = execution.unwrap_or_else(|| Digest::of(&bytes).to_string());
    let (items, mut rejected) = numbered(read);
    let client = Client::new(&which.service)?;
    let path = ["projects", &which.project, "suites", &which.suite, "results"];
    let (mut created, mut unchanged) = (0, 0);
    for chunk in items.chunks(AT_ONCE) {
        let results: Vec<&EvalItem> = chunk.iter().map(|(_, item)| item).collect();
        let body = json!({ "release": release, "execution": execution, "runner": runner, "results": results });
        let taken: Taken = client.send(&path, &body).await?;
        (created, unchanged, rejected) =
            (created + taken.created, unchanged + taken.unchanged, rejected + taken.rejected);
        for one in taken.results {
            if let Some((place, why)) = chunk.get(one.index).map(|(place, _)| place).zip(one.error) {
                printer::say(&format!("{place}: {}", why.replace('\n', " ")));
            }
        }
    }
    let answer = json!({"created": created, "unchanged": unchanged, "rejected": rejected});
    summary.print(&answer, || {
        printer::data(&format!("{created} results created, {unchanged} unchanged, {rejected} rejected"));
    })?;
    Ok(if rejected == 0 { Exit::Ok } else { Exit::Error })
}

/// The trials that could be read, each with its number in the file, and how many could not.
fn numbered(read: Vec<Placed>) -> (Vec<(String, EvalItem)>, u64) {
    let mut next: BTreeMap<String, u32> = BTreeMap::new();
    let mut items = Vec::with_capacity(read.len());
    let mut rejected = 0;
    for (place, item) in read {
        match item {
            Ok(mut item) => {
                let number = next.entry(item.case.clone()).or_default();
                *number += 1;
                item.trial = item.trial.or(Some(*number));
                items.push((place, item));
            }
            Err(why) => {
                rejected += 1;
                printer::say(&format!("{place}: {}", why.replace('\n', " ")));
            }
        }
    }
    (items, rejected)
}
