//! Log records: the evaluation results among them are scores, everything else is accepted and dropped.

use seatrial_domain::limits;
use seatrial_domain::time::Timestamp;

use super::attributes::Attribute;
use super::decode::snake_case;
use super::normalize::{span_id, trace_id};
use super::wire::{Fields, Malformed};
use super::{DecodeError, Decoded, Format, ScorePiece, dialect, json, malformed, malformed_json};

/// The event whose records are read.
const EVALUATION: &str = "gen_ai.evaluation.result";

/// Decodes the log records of a decompressed body into [`Decoded::scores`].
///
/// # Errors
/// [`DecodeError`] when nothing of the body can be used.
pub fn decode_logs(body: &[u8], format: Format, now: Timestamp) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    match format {
        Format::Protobuf => read_all(body, now, &mut decoded).map_err(malformed)?,
        Format::Json => {
            let encoded = json::logs(body).map_err(|error| malformed_json(&error))?;
            if let Some(key) = encoded.snake_case.filter(|_| encoded.bytes.is_empty()) {
                return Err(snake_case(&key));
            }
            read_all(&encoded.bytes, now, &mut decoded).map_err(malformed)?;
        }
    }
    Ok(decoded)
}

fn read_all(body: &[u8], now: Timestamp, decoded: &mut Decoded) -> Result<(), Malformed> {
    const RESOURCE_LOGS: u32 = 1;
    const SCOPE_LOGS: u32 = 2;
    const LOG_RECORDS: u32 = 2;
    for resource in numbered(body, RESOURCE_LOGS) {
        for scope in numbered(resource?, SCOPE_LOGS) {
            for record in numbered(scope?, LOG_RECORDS) {
                read_record(record?, now, decoded)?;
            }
        }
    }
    Ok(())
}

/// The messages in fields of one number.
fn numbered(message: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields::of(message).filter_map(move |field| match field {
        Ok(field) if field.number == number => Some(field.value.bytes()),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

fn read_record(record: &[u8], now: Timestamp, decoded: &mut Decoded) -> Result<(), Malformed> {
    let (mut name, mut trace, mut span, mut nanos, mut observed) = ("", &[][..], &[][..], 0, 0);
    for field in Fields::of(record) {
        let field = field?;
        match field.number {
            1 => nanos = field.value.number(),
            9 => trace = field.value.bytes()?,
            10 => span = field.value.bytes()?,
            11 => observed = field.value.number(),
            12 => name = field.value.text()?,
            _ => {}
        }
    }
    let attributes = || numbered(record, 6).filter_map(|message| Attribute::read(message.ok()?).ok());
    // Before records had a field for it, the name of an event was an attribute.
    let named = name == EVALUATION
        || (name.is_empty() && attributes().any(|a| a.key == "event.name" && a.value.text() == Some(EVALUATION)));
    if !named {
        return Ok(());
    }
    let Some(trace_id) = trace_id(trace) else {
        let reason = format!("the evaluation's trace id has {} bytes; it must have 16, not all zero", trace.len());
        decoded.note(trace, span, reason, true);
        return Ok(());
    };
    let read = dialect::evaluation(attributes()).and_then(|(name, value)| Some((limits::label(&name)?, value)));
    let Some((name, value)) = read else {
        decoded.note(trace, span, "the evaluation has no name or no score; set both", true);
        return Ok(());
    };
    if decoded.scores.len() >= limits::SPANS_PER_REQUEST {
        decoded.note(trace, span, "the request has too many evaluations; send fewer in each request", true);
        return Ok(());
    }
    let stated = Timestamp::from_unix_nanos(if nanos > 0 { nanos } else { observed });
    let credible = stated.micros() > 0 && stated <= now.plus_micros(limits::CLOCK_SKEW_MICROS);
    let at = if credible { stated } else { now };
    decoded.scores.push(ScorePiece { trace_id, span_id: span_id(span), name, value, at });
    Ok(())
}
