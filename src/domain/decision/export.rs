//! The document that leaves with a decision, and its verification offline: everything is computed again.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Checkpoint, SealedDecision, verify_chain};
use crate::canonical::{CanonicalError, canonical_bytes, from_value, parse_strict, to_canonical, to_value};
use crate::digest::Digest;
use crate::evidence::{BUNDLE_SCHEMA, EvidenceBundle};
use crate::gate::{RECOMMENDATION_SCHEMA, Recommendation, Verdict, evaluate};
use crate::ids::DecisionId;

/// The name and version of the export's shape.
pub const EXPORT_FORMAT: &str = "seatrial.decision-export/1";

/// A decision with everything needed to verify it offline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionExport {
    /// [`EXPORT_FORMAT`].
    pub format: String,
    /// The decision this export is about.
    pub decision: DecisionId,
    /// The frozen evidence, as the JSON value of its canonical bytes.
    pub bundle: Value,
    /// The recommendation, likewise.
    pub recommendation: Value,
    /// The project's chain up to this decision and beyond; best from the first.
    pub decisions: Vec<SealedDecision>,
}

impl DecisionExport {
    /// An export from stored canonical bytes.
    ///
    /// # Errors
    /// When the stored bytes are not JSON.
    pub fn from_stored(
        decision: DecisionId,
        bundle: &[u8],
        recommendation: &[u8],
        decisions: Vec<SealedDecision>,
    ) -> Result<Self, CanonicalError> {
        Ok(Self {
            format: EXPORT_FORMAT.to_owned(),
            decision,
            bundle: parse_strict(bundle)?,
            recommendation: parse_strict(recommendation)?,
            decisions,
        })
    }

    /// The bytes to hand out. Reformatting them does not break verification; changing them does.
    ///
    /// # Errors
    /// When a number has no exact form.
    pub fn bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        to_canonical(self)
    }
}

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
}

/// Verifies an export offline: shape, chain, the checkpoints that were kept elsewhere, evidence, policy, scorecard, and
/// the recommendation computed again.
#[must_use]
pub fn verify_export(bytes: &[u8], checkpoints: &[Checkpoint]) -> VerificationReport {
    let mut report =
        VerificationReport { ok: false, steps: Vec::new(), problem: None, verdict: None, superseded_by: None };
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
    let bundle = evidence(&export, sealed, report)?;
    rules(&export, sealed, report)?;
    recommendation(&export, sealed, &bundle, report)
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

fn evidence(export: &DecisionExport, sealed: &SealedDecision, report: &mut VerificationReport) -> Step<EvidenceBundle> {
    let wrong = |detail: String| ("evidence", detail);
    let bytes = canonical_bytes(&export.bundle).map_err(|error| wrong(format!("The evidence: {error}.")))?;
    let (actual, record) = (Digest::of(&bytes), &sealed.record);
    if actual != record.bundle {
        return Err(wrong(format!(
            "The evidence has the digest {actual}, and the decision rests on {}: it was changed.",
            record.bundle
        )));
    }
    let bundle: EvidenceBundle =
        from_value(&export.bundle).map_err(|error| wrong(format!("The evidence cannot be read: {error}.")))?;
    if bundle.schema != BUNDLE_SCHEMA {
        return Err(wrong(format!(
            "The evidence has the shape {}; this version reads {BUNDLE_SCHEMA}.",
            bundle.schema
        )));
    }
    let about = [
        ("gate", bundle.gate == record.gate),
        ("project", bundle.project.id == record.project),
        ("workflow", bundle.workflow.id == record.workflow),
        ("release", bundle.release.id == record.release),
    ];
    if let Some((what, _)) = about.into_iter().find(|(_, same)| !same) {
        return Err(wrong(format!("The evidence is about another {what} than the decision.")));
    }
    report.done("evidence", format!("The evidence is the one decided on: {actual}."));
    Ok(bundle)
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

fn recommendation(
    export: &DecisionExport,
    sealed: &SealedDecision,
    bundle: &EvidenceBundle,
    report: &mut VerificationReport,
) -> Step {
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
    let read: Recommendation = from_value(&export.recommendation)
        .map_err(|error| wrong(format!("The recommendation cannot be read: {error}.")))?;
    if read.schema != RECOMMENDATION_SCHEMA {
        let shape = read.schema;
        return Err(wrong(format!(
            "The recommendation has the shape {shape}; this version reads {RECOMMENDATION_SCHEMA}."
        )));
    }
    let again = evaluate(bundle);
    let same =
        again.canonical_bytes().map_err(|error| wrong(format!("Computed again it has no form: {error}.")))? == bytes;
    if !same {
        return Err(wrong(format!(
            "Computed again from the evidence, the recommendation is {} and differs from the one that was recorded.",
            again.verdict.words()
        )));
    }
    if again.verdict != record.recommended {
        return Err(wrong(format!(
            "The decision says that {} was recommended; it was {}.",
            record.recommended.words(),
            again.verdict.words()
        )));
    }
    report
        .done("recommendation", format!("Computed again from the evidence it is the same: {}.", again.verdict.words()));
    Ok(())
}

impl VerificationReport {
    fn done(&mut self, name: &'static str, detail: String) {
        self.steps.push(VerificationStep { name, ok: true, detail });
    }
}
