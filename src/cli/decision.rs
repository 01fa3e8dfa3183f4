//! `seatrial decision`: export a decision with its evidence, and verify an export offline.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use seatrial_domain::decision::verify_export;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::printer;

/// What `seatrial decision` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fetch a decision with its evidence, its recommendation and the project's chain.
    Export(Export),
    /// Verify an export without any network: digests, the recommendation computed again, the chain. Exits 1 naming the
    /// first thing that is wrong.
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long)]
    project: String,
    /// Write it here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The decision's id.
    decision: String,
}

#[derive(Debug, Args)]
struct Verify {
    /// The export; `-` reads it from standard input.
    file: PathBuf,
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, a file cannot be read or written, or the export does not hold.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Export(arguments) => export(arguments).await,
        Command::Verify(arguments) => verify(&arguments.file),
    }
}

async fn export(arguments: Export) -> Result<Exit, Failure> {
    let client = Client::new(&arguments.service)?;
    let path = ["projects", &arguments.project, "decisions", &arguments.decision, "export"];
    let bytes = client.read(&path, &[]).await?;
    match arguments.out {
        Some(file) => {
            let failed = |error| Failure::new(format!("{} cannot be written: {error}", file.display()));
            std::fs::write(&file, &bytes).map_err(failed)?;
            printer::say(&format!("Wrote {}. Verify it with `seatrial decision verify`.", file.display()));
        }
        None => {
            let text = String::from_utf8(bytes).map_err(|_| Failure::new("the service's answer is no text"))?;
            printer::document(&format!("{text}\n"));
        }
    }
    Ok(Exit::Ok)
}

fn verify(file: &Path) -> Result<Exit, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be read: {error}", file.display()));
    let bytes = if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(failed)?;
        bytes
    } else {
        std::fs::read(file).map_err(failed)?
    };
    let report = verify_export(&bytes);
    for step in &report.steps {
        let word = if step.ok { "ok" } else { "WRONG" };
        printer::data(&format!("{word:5}  {}: {}", step.name, printer::safe(&step.detail)));
    }
    if let Some(problem) = &report.problem {
        return Err(Failure::new(format!("the export does not hold: {problem}")));
    }
    if let Some(verdict) = report.verdict {
        printer::data(&format!("The decision to {} holds.", verdict.words()));
    }
    if let Some(later) = report.superseded_by {
        printer::data(&format!("It does not stand any more: {later} takes its place."));
    }
    Ok(Exit::Ok)
}
