//! JSON lines: Seatrial's own shape, and what promptfoo writes as `.jsonl`.

use seatrial_domain::limits;
use seatrial_domain::suite::EvalVerdict;
use serde_json::Value;

use super::{EvalItem, Placed, message, named};

pub(super) fn read(text: &str) -> Vec<Placed> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(index, line)| (format!("line {}", index + 1), item(line))).collect()
}

fn item(line: &str) -> Result<EvalItem, String> {
    if line.len() > limits::RUN_LINE_BYTES {
        return Err(format!("it is {} bytes long; at most {} are accepted", line.len(), limits::RUN_LINE_BYTES));
    }
    let value: Value = serde_json::from_str(line).map_err(|error| format!("it is no JSON: {error}"))?;
    if !value.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    let case = case(&value).ok_or("it names no case; add `case_id`, or the id as metadata of the test")?;
    let number = |names: &[&str]| names.iter().find_map(|name| value[*name].as_f64());
    Ok(EvalItem {
        case,
        trial: number(&["trial", "epoch"]).and_then(whole),
        verdict: verdict(&value)?,
        score: number(&["score"]),
        message: said(&value).and_then(message),
        duration_ms: number(&["duration_ms", "latencyMs", "latency_ms"]).and_then(whole).map(u64::from),
    })
}

/// A count, when the number is one.
fn whole(number: f64) -> Option<u32> {
    let inside = number >= 0.0 && number <= f64::from(u32::MAX);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just before")]
    inside.then(|| number.round() as u32)
}

fn case(value: &Value) -> Option<String> {
    let own = ["case_id", "case"].into_iter().filter_map(|name| value[name].as_str());
    let test = &value["testCase"];
    let kept = [&value["metadata"], &test["metadata"], &value["vars"], &test["vars"]];
    let kept =
        kept.into_iter().filter_map(Value::as_object).flat_map(|fields| fields.values()).filter_map(Value::as_str);
    // A variable may hold anything; it names the case only by an id.
    let kept = kept.filter(|text| text.contains("case_") && text.len() <= limits::LABEL_BYTES);
    let described = [&test["description"], &value["description"], &value["title"], &value["name"]];
    let described = described.into_iter().filter_map(Value::as_str);
    let candidates: Vec<&str> = own.chain(kept).chain(described).collect();
    named(candidates.into_iter())
}

fn verdict(value: &Value) -> Result<EvalVerdict, String> {
    // promptfoo: 0 none, 1 an assertion, 2 an error.
    if value["failureReason"].as_u64() == Some(2) {
        return Ok(EvalVerdict::Error);
    }
    for name in ["verdict", "status", "result"] {
        let Some(text) = value[name].as_str() else { continue };
        return match text.to_ascii_lowercase().as_str() {
            "passed" | "pass" | "success" | "ok" => Ok(EvalVerdict::Passed),
            "failed" | "fail" | "failure" => Ok(EvalVerdict::Failed),
            "error" | "errored" => Ok(EvalVerdict::Error),
            "skipped" | "skip" => Ok(EvalVerdict::Skipped),
            _ => Err(format!("`{name}` is `{}`; write passed, failed, error or skipped", limits::clip(text, 40))),
        };
    }
    let flag = ["success", "passed", "pass"].iter().find_map(|name| value[*name].as_bool());
    match flag {
        Some(true) => Ok(EvalVerdict::Passed),
        Some(false) => Ok(EvalVerdict::Failed),
        None => Err("it has no `verdict`; write passed, failed, error or skipped".to_owned()),
    }
}

fn said(value: &Value) -> Option<&str> {
    let places = [&value["message"], &value["error"], &value["gradingResult"]["reason"], &value["reason"]];
    places.into_iter().find_map(Value::as_str)
}
