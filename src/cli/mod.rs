//! The command line: one file per subcommand. Data goes to standard output, talk to standard error, and the exit code
//! says how it went ([`exit::Exit`]).

pub mod account;
pub mod alert;
pub mod audit;
pub mod call;
pub mod case;
pub mod client;
pub mod decision;
pub mod demo;
pub mod deployment;
pub mod doctor;
pub mod exit;
pub mod failure;
pub mod format;
pub mod gap;
pub mod gate;
pub mod key;
pub mod local;
pub mod openapi;
pub mod pattern;
pub mod printer;
pub mod project;
pub mod response;
pub mod run;
pub mod sample;
pub mod schema;
pub mod scorecard;
pub mod serve;
pub mod shell;
pub mod sign_in;
pub mod signing_key;
pub mod suite;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use exit::{Exit, Failure};

/// The release gate of record for AI agents.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, about, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the service.
    Serve(serve::Arguments),
    /// Ask whether a release may go on; open, evaluate, freeze, decide and approve its gate.
    Gate(gate::Arguments),
    /// Work the failures of a project: label, promote, link, dismiss.
    Failure(failure::Arguments),
    /// Group failures that belong together: confirm a pattern, say what fixes it.
    Pattern(pattern::Arguments),
    /// Look at successful runs that were sampled.
    Sample(sample::Arguments),
    /// List eval cases and mask them once more.
    Case(case::Arguments),
    /// List what is missing from the evidence of releases, and close it.
    Gap(gap::Arguments),
    /// List what is done about something, acknowledge and close it.
    Response(response::Arguments),
    /// List what drifted in live releases.
    Alert(alert::Arguments),
    /// List scorecards with their freshness; propose, write, compare and attest them.
    Scorecard(scorecard::Arguments),
    /// Say where a release went.
    Deployment(deployment::Arguments),
    /// Export decisions and verify exports offline.
    Decision(decision::Arguments),
    /// Send runs from a file.
    Run(run::Arguments),
    /// Hand eval cases to a runner and send its results.
    Suite(suite::Arguments),
    /// Do any operation of the API, by its id.
    Call(call::Arguments),
    /// Print the access token of a person, whose password is SEATRIAL_PASSWORD.
    SignIn(sign_in::Arguments),
    /// Make projects, on the server's own database.
    Project(project::Arguments),
    /// Make API keys, on the server's own database.
    Key(key::Arguments),
    /// Make accounts and set passwords, on the server's own database.
    Account(account::Arguments),
    /// Check the settings, the database, the disk and the mail server.
    Doctor(doctor::Arguments),
    /// Export the audit log and verify exports offline.
    Audit(audit::Arguments),
    /// Replace the key that signs access tokens, on the server itself.
    SigningKey(signing_key::Arguments),
    /// Print the OpenAPI document of this version.
    Openapi,
    /// Print the JSON Schema of a document that leaves.
    Schema(schema::Arguments),
    /// Print completions for a shell, such as `seatrial completions bash`.
    Completions(shell::Completions),
    /// Print the manual, as `man -l -` reads it.
    Man,
}

/// Reads the arguments, does what they ask, and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help goes to standard output with 0, a mistake to standard error with 2. A closed terminal is no mistake.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok }.into();
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments.command)),
        Err(error) => Err(Failure::new(format!("the program's threads cannot be started: {error}"))),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            printer::say(&format!("seatrial: {}", failure.message));
            failure.exit.into()
        }
    }
}

async fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Gate(arguments) => gate::run(arguments).await,
        Command::Failure(arguments) => failure::run(arguments).await,
        Command::Pattern(arguments) => pattern::run(arguments).await,
        Command::Sample(arguments) => sample::run(arguments).await,
        Command::Case(arguments) => case::run(arguments).await,
        Command::Gap(arguments) => gap::run(arguments).await,
        Command::Response(arguments) => response::run(arguments).await,
        Command::Alert(arguments) => alert::run(arguments).await,
        Command::Scorecard(arguments) => scorecard::run(arguments).await,
        Command::Deployment(arguments) => deployment::run(arguments).await,
        Command::Call(arguments) => call::run(arguments).await,
        Command::SignIn(arguments) => sign_in::run(arguments).await,
        Command::Decision(arguments) => decision::run(arguments).await,
        Command::Run(arguments) => run::run(arguments).await,
        Command::Suite(arguments) => suite::run(arguments).await,
        Command::Project(arguments) => project::run(arguments).await,
        Command::Key(arguments) => key::run(arguments).await,
        Command::Account(arguments) => account::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::SigningKey(arguments) => signing_key::run(arguments).await,
        Command::Openapi => {
            openapi::run();
            Ok(Exit::Ok)
        }
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Completions(arguments) => shell::completions(&arguments, Arguments::command()),
        Command::Man => shell::manual(Arguments::command()),
    }
}
