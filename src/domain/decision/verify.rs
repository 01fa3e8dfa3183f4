//! Verification of an export, offline: everything is looked at again, and what this build can is computed again.

use serde::Serialize;
use serde_json::Value;

use super::{Checkpoint, DecisionExport, EXPORT_FORMAT, SealedDecision, verify_chain};
use crate::canonical::{canonical_bytes, from_value, parse_strict, to_value};
use crate::digest::Digest;
use crate::evidence::{BUNDLE_SCHEMA, EvidenceBundle};
use crate::gate::{ENGINE, FIRST_ENGINE, RECOMMENDATION_SCHEMA, Recommendation, Verdict, evaluate};
use crate::ids::DecisionId;

/// One thing that was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerificationStep {
    /// What.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// In words.
    pub detail: String,
}

/// What verification found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerificationReport {
    /// Whether everything holds.
    pub ok: bool,
    /// Step by step; the last is the first that does not hold, when one does not.
    pub steps: Vec<VerificationStep>,
    /// The first thing wrong, in words.
    pub problem: Option<String>,
    /// What was decided, as far as it could be read.
    pub verdict: Option<Verdict>,
    /// The later decision that takes its place, when the export holds one.
    pub superseded_by: Option<DecisionId>,
    /// Whether the recommendation was computed again; absent when verification did not come that far.
    pub replay: Option<Replay>,
}

/// Whether a recommendation was computed again from the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Replay {
    /// It was, and is the same byte for byte.
    Same {
        /// The engine that made it, and of this build.
        engine: u32,
    },
    /// Another engine made it than this build has. Digests and chain hold: it is the one that was recorded.
    OtherEngine {
        /// The engine that made it.
        engine: u32,
        /// The engine of this build.
        this_build: u32,
        /// What this build's engine recommends on the same evidence, where it can read that.
        says: Option<Verdict>,
    },
}

/// Verifies an export offline: shape, chain, the checkpoints that were kept elsewhere, evidence, policy, scorecard, and
/// the recommendation computed again.
#[must_use]
pub fn verify_export(bytes: &[u8], checkpoints: &[Checkpoint]) -> VerificationReport {
    let mut report = VerificationReport {
        ok: false,
        steps: Vec::new(),
        problem: None,
        verdict: None,
        superseded_by: None,
        replay: None,
    };
    match verify(bytes, checkpoints, &mut report) {
        Ok(()) => report.ok = true,
        Err((name, detail)) => {
            report.problem = Some(detail.clone());
            report.steps.push(VerificationStep { name, ok: false, detail });
        }
    }
    report
}

type Step<T = ()> = Result<T, (&'static str, String)>;

fn verify(bytes: &[u8], checkpoints: &[Checkpoint], report: &mut VerificationReport) -> Step {
    let export = read(bytes).map_err(|detail| ("shape", detail))?;
    report.done("shape", format!("The document is a {EXPORT_FORMAT}."));
    let sealed = chain(&export, report)?;
    for checkpoint in checkpoints {
        let detail = checkpoint.holds_of(&export.decisions).map_err(|detail| ("checkpoint", detail))?;
        report.done("checkpoint", detail);
    }
    report.verdict = Some(sealed.record.verdict);
    let later = export.decisions.iter().find(|later| later.record.supersedes == Some(sealed.record.id));
    report.superseded_by = later.map(|later| later.record.id);
    evidence(&export, sealed, report)?;
    rules(&export, sealed, report)?;
    recommendation(&export, sealed, report)
}

fn read(bytes: &[u8]) -> Result<DecisionExport, String> {
    let value = parse_strict(bytes).map_err(|error| format!("The document cannot be read: {error}."))?;
    let export: DecisionExport =
        from_value(&value).map_err(|error| format!("The document is no decision export: {error}."))?;
    if export.format != EXPORT_FORMAT {
        let format: String = export.format.chars().take(60).collect();
        return Err(format!("The document says it is `{format}`; this version reads {EXPORT_FORMAT}."));
    }
    // Reading and writing again must give the same document, or something in it was read as something else.
    let again = to_value(&export).map_err(|error| error.to_string())?;
    // Equal values have equal bytes; writing both out takes as long as everything else here.
    let same = if value == again {
        Ok(true)
    } else {
        canonical_bytes(&value).and_then(|one| Ok(one == canonical_bytes(&again)?))
    };
    match same {
        Ok(true) => Ok(export),
        Ok(false) => Err("The document holds values written in a way that Seatrial never writes.".to_owned()),
        Err(error) => Err(format!("The document has no canonical form: {error}.")),
    }
}

fn chain<'a>(export: &'a DecisionExport, report: &mut VerificationReport) -> Step<&'a SealedDecision> {
    verify_chain(&export.decisions).map_err(|error| ("chain", format!("Decisions: {error}.")))?;
    let found = export.decisions.iter().find(|sealed| sealed.record.id == export.decision);
    let sealed = found.ok_or_else(|| ("chain", format!("The decision {} is not in the export.", export.decision)))?;
    let first = export.decisions.first().map_or(0, |first| first.record.sequence);
    let from = if first == 1 {
        "the first on".to_owned()
    } else {
        format!("sequence {first} on; earlier ones are not in the export")
    };
    report.done("chain", format!("{} decisions hold together, from {from}.", export.decisions.len()));
    Ok(sealed)
}

/// The evidence, as the JSON that it is: what an earlier or a later version knew of its shape does not matter here.
fn evidence(export: &DecisionExport, sealed: &SealedDecision, report: &mut VerificationReport) -> Step {
    let wrong = |detail: String| ("evidence", detail);
    let bytes = canonical_bytes(&export.bundle).map_err(|error| wrong(format!("The evidence: {error}.")))?;
    let (actual, record) = (Digest::of(&bytes), &sealed.record);
    if actual != record.bundle {
        return Err(wrong(format!(
            "The evidence has the digest {actual}, and the decision rests on {}: it was changed.",
            record.bundle
        )));
    }
    let bundle = &export.bundle;
    let about = [
        ("gate", &bundle["gate"], record.gate.to_string()),
        ("project", &bundle["project"]["id"], record.project.to_string()),
        ("workflow", &bundle["workflow"]["id"], record.workflow.to_string()),
        ("release", &bundle["release"]["id"], record.release.to_string()),
    ];
    if let Some((what, ..)) = about.into_iter().find(|(_, held, named)| held.as_str() != Some(named)) {
        return Err(wrong(format!("The evidence is about another {what} than the decision.")));
    }
    report.done("evidence", format!("The evidence is the one decided on: {actual}."));
    Ok(())
}

/// The rules: policy and scorecard are those the decision names. Their digests are of the parts of the evidence as
/// they were written, so that a later version which knows more settings finds the same.
fn rules(export: &DecisionExport, sealed: &SealedDecision, report: &mut VerificationReport) -> Step {
    let record = &sealed.record;
    let digest = |name: &'static str| {
        let part = &export.bundle[name];
        let bytes = canonical_bytes(part).map_err(|error| (name, format!("The {name}: {error}.")))?;
        Ok((!part.is_null()).then(|| Digest::of(&bytes)))
    };
    let words = |digest: Option<Digest>| digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
    let named = [("policy", Some(record.policy)), ("scorecard", record.scorecard)];
    for (name, named) in named.into_iter().take(if record.schema == 1 { 1 } else { 2 }) {
        let held = digest(name)?;
        if held != named {
            let (named, held) = (words(named), words(held));
            return Err((name, format!("The decision names the {name} {named}, and the evidence holds {held}.")));
        }
        report.done(name, format!("The {name} is the one decided under: {}.", words(held)));
    }
    Ok(())
}

/// The engine that a recommendation says it is of.
fn engine_of(recommendation: &Value) -> Result<u32, String> {
    match &recommendation["engine"] {
        Value::Null => Ok(FIRST_ENGINE),
        named => named
            .as_u64()
            .and_then(|engine| u32::try_from(engine).ok())
            .filter(|engine| *engine > FIRST_ENGINE)
            .ok_or_else(|| "The recommendation names its engine in a way that Seatrial never writes.".to_owned()),
    }
}

fn recommendation(export: &DecisionExport, sealed: &SealedDecision, report: &mut VerificationReport) -> Step {
    let wrong = |detail: String| ("recommendation", detail);
    let record = &sealed.record;
    let bytes = canonical_bytes(&export.recommendation).map_err(|error| wrong(format!("It: {error}.")))?;
    let stored = Digest::of(&bytes);
    if stored != record.recommendation {
        return Err(wrong(format!(
            "The recommendation has the digest {stored}, and the decision names {}: it was changed.",
            record.recommendation
        )));
    }
    let verdict = export.recommendation["verdict"].as_str().and_then(Verdict::parse);
    let verdict = verdict.ok_or_else(|| wrong("The recommendation names no verdict that is known here.".to_owned()))?;
    if verdict != record.recommended {
        return Err(wrong(format!(
            "The decision says that {} was recommended; it was {}.",
            record.recommended.words(),
            verdict.words()
        )));
    }
    let engine = engine_of(&export.recommendation).map_err(wrong)?;
    if engine == ENGINE {
        replay(export, &bytes).map_err(wrong)?;
        report.replay = Some(Replay::Same { engine });
        let detail = format!("Computed again from the evidence it is the same: {}.", verdict.words());
        report.done("recommendation", detail);
        return Ok(());
    }
    // What this build would say is told, and proves nothing about what was recorded.
    let says = from_value::<EvidenceBundle>(&export.bundle).ok().map(|bundle| evaluate(&bundle).verdict);
    report.replay = Some(Replay::OtherEngine { engine, this_build: ENGINE, says });
    let today = says.map_or_else(String::new, |says| {
        format!(" On the same evidence engine {ENGINE} recommends to {}.", says.words())
    });
    report.done(
        "recommendation",
        format!(
            "It is the one that was recorded: {}, {stored}. NOT COMPUTED AGAIN: engine {engine} made it, and this build has engine {ENGINE}; a build with engine {engine} computes it again.{today}",
            verdict.words()
        ),
    );
    Ok(())
}

/// Computes the recommendation again with the engine that made it, which is this build's.
fn replay(export: &DecisionExport, recorded: &[u8]) -> Result<(), String> {
    let bundle: EvidenceBundle =
        from_value(&export.bundle).map_err(|error| format!("The evidence cannot be read: {error}."))?;
    if bundle.schema != BUNDLE_SCHEMA {
        return Err(format!("The evidence has the shape {}; this version reads {BUNDLE_SCHEMA}.", bundle.schema));
    }
    let read: Recommendation =
        from_value(&export.recommendation).map_err(|error| format!("The recommendation cannot be read: {error}."))?;
    if read.schema != RECOMMENDATION_SCHEMA {
        let shape = read.schema;
        return Err(format!("The recommendation has the shape {shape}; this version reads {RECOMMENDATION_SCHEMA}."));
    }
    let again = evaluate(&bundle);
    let bytes = again.canonical_bytes().map_err(|error| format!("Computed again it has no form: {error}."))?;
    if bytes == recorded {
        return Ok(());
    }
    Err(format!(
        "Computed again from the evidence, the recommendation is {} and differs from the one that was recorded.",
        again.verdict.words()
    ))
}

impl VerificationReport {
    fn done(&mut self, name: &'static str, detail: String) {
        self.steps.push(VerificationStep { name, ok: true, detail });
    }
}
