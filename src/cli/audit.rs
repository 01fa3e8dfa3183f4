//! `seatrial audit`: take the audit log out, and verify it offline.

use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use futures_util::TryStreamExt as _;
use seatrial_domain::audit::{ChainCheck, SealedEntry};
use serde::Serialize;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::local::{SettingsArguments, open};
use super::printer;

/// What `seatrial audit` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch a project's audit log in the order of its chain. The key needs the scope `admin`.
    Export(Export),
    /// Print the log of what belongs to no project (accounts, sessions, signing keys), from the server's own database.
    Installation(Installation),
    /// Verify an export without any network: every digest and the chain. Exits 1 naming the first entry that is wrong.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: String,
    /// In which form. Only `ndjson` can be verified.
    #[arg(long, value_enum, default_value = "ndjson")]
    format: LogFormat,
    /// Write it here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// A sealed entry on each line.
    Ndjson,
    /// A row for each entry, for a spreadsheet.
    Csv,
}

#[derive(Debug, Args)]
struct Installation {
    #[command(flatten)]
    settings: SettingsArguments,
}

#[derive(Debug, Args)]
struct Verify {
    /// The export as NDJSON; `-` reads it from standard input.
    file: PathBuf,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What a verification found, for programs.
#[derive(Serialize)]
struct Verified {
    holds: bool,
    entries: u64,
    first_sequence: Option<u64>,
    last_sequence: Option<u64>,
    digest: Option<String>,
    problem: Option<String>,
}

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, a file cannot be read or written, or the log does not hold.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Export(arguments) => export(arguments).await,
        Command::Installation(arguments) => installation(arguments).await,
        Command::Verify(arguments) => verify(&arguments),
    }
}

async fn export(arguments: Export) -> Result<Exit, Failure> {
    let client = Client::new(&arguments.service)?;
    let format = match arguments.format {
        LogFormat::Ndjson => "ndjson",
        LogFormat::Csv => "csv",
    };
    let bytes = client.read(&["projects", &arguments.project, "audit-log"], &[("format", format)]).await?;
    match arguments.out {
        Some(file) => {
            let failed = |error| Failure::new(format!("{} cannot be written: {error}", file.display()));
            std::fs::File::create(&file).and_then(|mut out| out.write_all(&bytes)).map_err(failed)?;
            printer::say(&format!("Wrote {}. Verify it with `seatrial audit verify`.", file.display()));
        }
        None => printer::document(&String::from_utf8_lossy(&bytes)),
    }
    Ok(Exit::Ok)
}

async fn installation(arguments: Installation) -> Result<Exit, Failure> {
    let app = open(arguments.settings.load(Vec::new())?).await?;
    let batches = Arc::clone(&app).installation_audit();
    let told = batches
        .try_for_each(|batch| async move {
            for entry in batch {
                printer::data(&serde_json::to_string(&entry).unwrap_or_default());
            }
            Ok(())
        })
        .await;
    app.finish(CLOSING).await;
    told?;
    Ok(Exit::Ok)
}

fn verify(arguments: &Verify) -> Result<Exit, Failure> {
    let file = &arguments.file;
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", file.display()));
    let input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(std::fs::File::open(file).map_err(failed)?))
    };
    let mut check = ChainCheck::new();
    let mut problem = None;
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(failed)?;
        if let Err(why) = entry(&mut check, &line) {
            problem = Some(format!("line {}: {why}", index + 1));
            break;
        }
    }
    let (sequence, digest) = check.head().unzip();
    let digest = digest.map(|digest| digest.to_string());
    let (entries, first_sequence) = (check.entries(), check.first_sequence());
    if arguments.format == Format::Json {
        let holds = problem.is_none();
        let found = Verified { holds, entries, first_sequence, last_sequence: sequence, digest, problem };
        printer::data(&serde_json::to_string(&found).map_err(Failure::new)?);
        return Ok(if holds { Exit::Ok } else { Exit::Error });
    }
    if let Some(problem) = problem {
        return Err(Failure::new(format!("the log does not hold after {entries} entries: {problem}")));
    }
    match (first_sequence, sequence, digest) {
        (Some(first), Some(last), Some(digest)) => {
            printer::data(&format!("{entries} entries hold, {first} to {last}. The last one's digest is {digest}."));
            if first > 1 {
                printer::data("What came before them is not in this file.");
            }
        }
        _ => printer::data("There is no entry in it."),
    }
    Ok(Exit::Ok)
}

fn entry(check: &mut ChainCheck, line: &str) -> Result<(), String> {
    let entry: SealedEntry = serde_json::from_str(line).map_err(|error| format!("it is no sealed entry: {error}"))?;
    check.take(&entry).map_err(|problem| format!("entry {}: {problem}", entry.record.sequence))
}
