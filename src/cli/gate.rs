//! `seatrial gate`: may this release go on? Asked by pipelines, answered by what a person decided; and everything on the
//! way to that answer.

mod ask;

use clap::{Args, Subcommand};
use seatrial_domain::gate::{Recommendation, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, ServiceArguments};
use super::exit::{Exit, Failure};
use super::format::Format;
use super::printer;

/// What `seatrial gate` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ask whether a release may go on. Exits 0 only for a recorded, unsuperseded decision to ship; 10 for hold, 11 for
    /// rollback, 12 to collect more evidence or while nobody has decided; 1 when it fails, 2 for wrong arguments.
    Check(Check),
    /// Ask whether a release may go on: open its gate, and print the gate's id.
    Open(ask::Open),
    /// Say what the machine recommends as of now, and what is missing. Keeps nothing and decides nothing.
    Evaluate(ask::OfGate),
    /// Freeze the gate's evidence for a decision, and print its digest.
    Freeze(ask::OfGate),
    /// Record what a person decided on frozen evidence, and print the decision's id. Takes the access token of a person as
    /// the key: a machine decides nothing. Where two people are needed, the proposal's id.
    Decide(ask::Decide),
    /// Approve, as the second person, what somebody proposed, and print the decision's id. Takes the access token of a
    /// person as the key.
    Approve(ask::Approve),
}

#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    service: ServiceArguments,
    /// The project, by its name in URLs.
    #[arg(long, value_name = "NAME", env = "SEATRIAL_PROJECT")]
    project: String,
    /// The workflow, by name or id.
    #[arg(long)]
    workflow: String,
    /// The release, by name or id.
    #[arg(long)]
    release: String,
    /// Preview what the machine recommends as of now. A recommendation to ship is no decision and exits 12 unless one
    /// stands; the other recommendations exit as decisions do.
    #[arg(long)]
    recommendation: bool,
    /// How to print the answer.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Deserialize)]
struct Standing {
    decision: Option<Value>,
    gate: Option<Value>,
}

#[derive(Deserialize)]
struct Evaluation {
    recommendation: Recommendation,
}

/// The answer for programs.
#[derive(Serialize)]
struct Answer {
    exit_code: u8,
    answer: &'static str,
    decision: Option<Value>,
    gate: Option<Value>,
    recommendation: Option<Recommendation>,
}

const fn exit_of(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Ship => Exit::Ok,
        Verdict::Hold => Exit::Hold,
        Verdict::Rollback => Exit::Rollback,
        Verdict::CollectMoreEvidence => Exit::CollectOrUndecided,
    }
}

/// The exit code: of the decision; of a preview, of the recommendation, save that nothing but a decision ships.
fn conclude(decided: Option<Verdict>, recommended: Option<Verdict>) -> Exit {
    match (decided, recommended) {
        (Some(Verdict::Ship), None | Some(Verdict::Ship)) => Exit::Ok,
        (_, Some(Verdict::Ship)) | (None, None) => Exit::CollectOrUndecided,
        (_, Some(recommended)) => exit_of(recommended),
        (Some(decided), None) => exit_of(decided),
    }
}

/// Does what the arguments ask.
///
/// # Errors
/// When the service cannot be reached, does not know the release, or refuses the key.
pub async fn run(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.command {
        Command::Check(arguments) => check(arguments).await,
        Command::Open(arguments) => ask::open(&arguments).await,
        Command::Evaluate(arguments) => ask::evaluate(&arguments).await,
        Command::Freeze(arguments) => ask::freeze(&arguments).await,
        Command::Decide(arguments) => ask::decide(&arguments).await,
        Command::Approve(arguments) => ask::approve(&arguments).await,
    }
}

async fn check(check: Check) -> Result<Exit, Failure> {
    let client = Client::new(&check.service)?;
    let (project, workflow, release) = (check.project.as_str(), check.workflow.as_str(), check.release.as_str());
    let path = ["projects", project, "workflows", workflow, "releases", release, "decision"];
    let standing: Standing = client.json(&path, &[]).await?;
    let recommendation = match (check.recommendation, standing.gate.as_ref().and_then(|gate| gate["id"].as_str())) {
        (true, Some(gate)) => {
            let path = ["projects", project, "gates", gate, "evaluation"];
            Some(client.json::<Evaluation>(&path, &[]).await?.recommendation)
        }
        _ => None,
    };
    let decided = standing.decision.as_ref().map(verdict_of).transpose()?;
    let exit = conclude(decided, recommendation.as_ref().map(|recommendation| recommendation.verdict));
    match check.format {
        Format::Text => tell(&check, &standing, decided, recommendation.as_ref()),
        Format::Json => {
            let answer = Answer {
                exit_code: exit.code(),
                answer: decided.map_or("undecided", Verdict::as_str),
                decision: standing.decision,
                gate: standing.gate,
                recommendation,
            };
            printer::data(&serde_json::to_string(&answer).map_err(Failure::new)?);
        }
    }
    Ok(exit)
}

/// A verdict this version does not know must stop a pipeline, not let it through.
fn verdict_of(decision: &Value) -> Result<Verdict, Failure> {
    let verdict = decision["verdict"].as_str().and_then(Verdict::parse);
    verdict.ok_or_else(|| Failure::new("the service's decision cannot be read; is this program as new as the service?"))
}

fn tell(check: &Check, standing: &Standing, decided: Option<Verdict>, recommendation: Option<&Recommendation>) {
    let text = |value: &Value| printer::text_or(value, "");
    let line = |line: String| printer::data(&line);
    let subject = format!("{} {}", printer::safe(&check.workflow), printer::safe(&check.release));
    match (decided, &standing.decision, &standing.gate) {
        (Some(verdict), Some(decision), _) => {
            line(format!("{subject}: decided to {}", verdict.words()));
            let second = match &decision["approved_by"]["display_name"] {
                Value::String(name) => format!(", approved by {}", printer::safe(name)),
                _ => String::new(),
            };
            let by = text(&decision["decided_by"]["display_name"]);
            line(format!("  by {by}{second}, {}", text(&decision["decided_at"])));
            if decision["reason"].as_str().is_some_and(|reason| !reason.is_empty()) {
                line(format!("  reason: {}", text(&decision["reason"])));
            }
            line(format!("  decision {} on evidence {}", text(&decision["id"]), text(&decision["bundle"])));
        }
        (_, _, Some(gate)) => {
            line(format!("{subject}: nobody has decided yet; {} is {}", text(&gate["id"]), text(&gate["state"])));
        }
        _ => line(format!("{subject}: nobody has decided yet, and no gate is open for it")),
    }
    if let Some(recommendation) = recommendation {
        line(format!("  recommended as of now: {}", recommendation.verdict.words()));
        for reason in &recommendation.reasons {
            line(format!("    - {}", printer::safe(&reason.text)));
        }
        if let Some(step) = &recommendation.next_step {
            line(format!("  next: {}", printer::safe(&step.text)));
        }
    } else if check.recommendation {
        line("  no gate was ever opened for it, so there is nothing to recommend".to_owned());
    }
}
