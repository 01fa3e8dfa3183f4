//! A request's body into pieces of runs.

use std::collections::HashMap;

use seatrial_domain::limits;
use seatrial_domain::span::{Span, TraceId};
use seatrial_domain::time::Timestamp;
use seatrial_domain::trace::identity;

use super::attributes::Attribute;
use super::draft::Draft;
use super::normalize::{Normalized, normalize};
use super::split::{Bodies, MakePlace, Place, Visit, walk};
use super::wire::Malformed;
use super::{DecodeError, Decoded, Format, ScorePiece, TracePiece, dialect, json, malformed, malformed_json, run_key};

/// Decodes the traces of a decompressed body. Pure, and meant for a thread that may block; `now` bounds clocks.
///
/// A span that is wrong is rejected alone, with a note.
///
/// # Errors
/// [`DecodeError`] when nothing of the body can be used: it is no OTLP, or too large.
pub fn decode(body: &[u8], format: Format, now: Timestamp) -> Result<Decoded, DecodeError> {
    match format {
        Format::Protobuf => decode_protobuf(body, now),
        Format::Json => {
            let encoded = json::traces(body).map_err(|error| malformed_json(&error))?;
            let decoded = decode_protobuf(&encoded.bytes, now)?;
            match encoded.snake_case {
                Some(key) if decoded.spans == 0 => Err(snake_case(&key)),
                _ => Ok(decoded),
            }
        }
    }
}

pub(super) fn snake_case(key: &str) -> DecodeError {
    DecodeError::Malformed(format!(
        "nothing in the body could be read: `{}` is not a field of OTLP/JSON, whose names are lowerCamelCase such as \
         `resourceSpans`, `scopeSpans` and `traceId`",
        limits::clip(key, 60)
    ))
}

fn decode_protobuf(body: &[u8], now: Timestamp) -> Result<Decoded, DecodeError> {
    let mut reader = Reader {
        now,
        resource: Draft::default(),
        places: Vec::new(),
        fresh_scope: true,
        taken: Vec::new(),
        decoded: Decoded::default(),
    };
    walk(body, &mut reader)?;
    reader.finish()
}

impl From<Malformed> for DecodeError {
    fn from(error: Malformed) -> Self {
        malformed(error)
    }
}

/// A span that was taken, with the bytes it came in.
struct Taken<'a> {
    span: Span,
    run_key: Option<String>,
    place: usize,
    raw: &'a [u8],
}

struct Reader<'a> {
    now: Timestamp,
    /// What the current resource states for its spans.
    resource: Draft<'a>,
    places: Vec<Place<'a>>,
    fresh_scope: bool,
    taken: Vec<Taken<'a>>,
    decoded: Decoded,
}

impl<'a> Visit<'a> for Reader<'a> {
    type Stop = DecodeError;

    fn resource(&mut self, attributes: impl Iterator<Item = Result<&'a [u8], Malformed>>) -> Result<(), DecodeError> {
        let mut draft = Draft::of_resource();
        for attribute in attributes {
            // An attribute that cannot be read is one less; the spans under it are still worth having.
            if let Ok(attribute) = Attribute::read(attribute?) {
                dialect::read_resource(&mut draft, attribute);
            }
        }
        self.resource = draft.for_spans();
        Ok(())
    }

    fn scope(&mut self) {
        self.fresh_scope = true;
    }

    fn span(&mut self, message: &'a [u8], raw: &'a [u8], place: MakePlace<'_, 'a>) -> Result<(), DecodeError> {
        match normalize(message, &self.resource, self.now) {
            Err(refused) => self.decoded.note(refused.trace_id, refused.span_id, refused.reason, true),
            Ok(normalized) => self.take(normalized, raw, place)?,
        }
        Ok(())
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, normalized: Normalized, raw: &'a [u8], place: MakePlace<'_, 'a>) -> Result<(), DecodeError> {
        let Normalized { span, run_key, feedback, warnings } = normalized;
        if !warnings.is_empty() {
            self.decoded.note(&span.trace_id.0, &span.id.0, warnings.join("; "), false);
        }
        self.decoded.spans += 1;
        if self.decoded.spans > limits::SPANS_PER_REQUEST {
            return Err(DecodeError::TooManySpans { cap: limits::SPANS_PER_REQUEST });
        }
        if let Some(feedback) = feedback {
            let at = span.started_at;
            self.decoded.scores.extend(feedback.scores.into_iter().map(|(name, value)| ScorePiece {
                trace_id: feedback.trace_id,
                span_id: feedback.span_id,
                name,
                value,
                at,
            }));
            return Ok(());
        }
        if std::mem::take(&mut self.fresh_scope) {
            self.places.push(place()?);
        }
        self.taken.push(Taken { span, run_key, place: self.places.len() - 1, raw });
        Ok(())
    }

    fn finish(self) -> Result<Decoded, DecodeError> {
        let Self { places, mut taken, mut decoded, .. } = self;
        if taken.iter().any(|taken| taken.run_key.is_some()) {
            let mut keys: Vec<Option<String>> = taken.iter_mut().map(|taken| taken.run_key.take()).collect();
            let spans: Vec<&Span> = taken.iter().map(|taken| &taken.span).collect();
            run_key::inherit(&spans, &mut keys);
            taken.iter_mut().zip(keys).for_each(|(taken, key)| taken.run_key = key);
        }
        let mut bodies = Bodies::new();
        for group in group(taken) {
            let piece = piece(group, &places, &mut bodies, &mut decoded)?;
            decoded.pieces.push(piece);
        }
        Ok(decoded)
    }
}

/// Spans by trace and run, in order of arrival.
fn group(taken: Vec<Taken<'_>>) -> Vec<Vec<Taken<'_>>> {
    let mut groups: Vec<Vec<Taken<'_>>> = Vec::new();
    let mut index: HashMap<(TraceId, Option<String>), usize> = HashMap::new();
    // Exporters send the spans of a trace in a row more often than not.
    let mut last: Option<usize> = None;
    for taken in taken {
        let same = |group: usize| {
            let first = &groups[group][0];
            first.span.trace_id == taken.span.trace_id && first.run_key == taken.run_key
        };
        let at = match last.filter(|last| same(*last)) {
            Some(at) => at,
            None => *index.entry((taken.span.trace_id, taken.run_key.clone())).or_insert_with(|| {
                groups.push(Vec::new());
                groups.len() - 1
            }),
        };
        last = Some(at);
        groups[at].push(taken);
    }
    groups
}

fn piece(
    mut group: Vec<Taken<'_>>,
    places: &[Place<'_>],
    bodies: &mut Bodies,
    decoded: &mut Decoded,
) -> Result<TracePiece, DecodeError> {
    for over in group.drain(limits::SPANS_PER_RUN.min(group.len())..) {
        let reason = format!("the run has more than {} spans; a run that long is a loop", limits::SPANS_PER_RUN);
        decoded.note(&over.span.trace_id.0, &over.span.id.0, reason, true);
        decoded.spans -= 1;
    }
    let raws: Vec<(usize, &[u8])> = group.iter().map(|taken| (taken.place, taken.raw)).collect();
    let body = bodies.build(places, &raws)?;
    let run_key = group.first_mut().and_then(|taken| taken.run_key.take());
    let spans: Vec<Span> = group.into_iter().map(|taken| taken.span).collect();
    let trace_id = spans.first().map_or(TraceId([0; 16]), |span| span.trace_id);
    let identity = identity(&spans);
    Ok(TracePiece { trace_id, run_key, workflow: identity.workflow, release: identity.release, spans, body })
}
