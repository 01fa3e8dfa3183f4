//! Taking in OpenTelemetry traces and scores: decoded on a thread that may block, queued for the writer.

use bytes::Bytes;
use seatrial_domain::access::Permission;
use seatrial_domain::ids::RunId;
use seatrial_domain::span::{Marks, Span, SpanClass, SpanId};
use seatrial_domain::time::Timestamp;
use seatrial_store::blob::compress;
use seatrial_store::ingest::{Change, RunWrite, Target, WriteResult};
use seatrial_store::{Scope, StoreError};
use sha2::{Digest as _, Sha256};

use super::App;
use super::access::{Caller, ProjectAccess};
use super::error::AppError;
use super::ingest::Reservation;
use super::ports::Ids;
use crate::ingest::otlp::{
    DecodeError, Decoded, Encoding, Format, ScorePiece, TracePiece, decode, decode_logs, decompress,
};

/// Which OTLP signal a body carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtlpSignal {
    /// Spans.
    Traces,
    /// Log records, of which evaluation results become scores.
    Logs,
}

/// An OTLP body as it arrived.
#[derive(Clone, Debug)]
pub struct OtlpBody {
    /// What it carries.
    pub signal: OtlpSignal,
    /// Its encoding.
    pub format: Format,
    /// How it is compressed.
    pub encoding: Encoding,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Why an OTLP request got no 200.
#[derive(Debug, thiserror::Error)]
pub enum OtlpRefusal {
    /// The body cannot be used; sending it again cannot help.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Anything else: not allowed, overloaded, a database that refuses.
    #[error(transparent)]
    App(#[from] AppError),
}

impl App {
    /// The project an OTLP request is for: an API key opens exactly one.
    ///
    /// # Errors
    /// When the caller is no API key or may not send runs.
    pub async fn enter_by_key(&self, caller: &Caller) -> Result<ProjectAccess, AppError> {
        let Caller::ApiKey { project, .. } = caller else {
            return Err(AppError::invalid(
                "authorization",
                "send an API key of the project with the scope `ingest` (a person's token does not name a project)",
            ));
        };
        let row = seatrial_store::project::by_id(self.store.read(), *project).await?;
        let slug = row.ok_or(AppError::NotFound { noun: "project" })?.slug;
        self.enter(caller, &slug, Permission::WriteRuns).await
    }

    /// Takes in an OTLP body, for which there is `room`. `Ok` means that everything not rejected is on disk.
    ///
    /// # Errors
    /// When nothing of the body can be used, the queue is full, or the database refuses.
    pub async fn take_in(
        &self,
        project: &ProjectAccess,
        body: OtlpBody,
        room: Reservation,
    ) -> Result<Decoded, OtlpRefusal> {
        self.metrics.ingest_bytes.inc_by(body.bytes.len() as u64);
        let now = self.now();
        let ids = self.ids.clone();
        let scope = project.scope;
        let (decoded, writes) = self.ingest.decode(move || prepare(&body, scope, &ids, now)).await??;
        let sizes: Vec<usize> = writes.iter().map(span_count).collect();
        let results = self.ingest.write(writes, room).await?;
        self.metrics.ingest_spans.inc_by(decoded.spans as u64);
        Ok(with_refusals(decoded, &sizes, &results))
    }
}

/// Runs refused by the writer are rejected spans for the sender.
fn with_refusals(mut decoded: Decoded, sizes: &[usize], results: &[WriteResult]) -> Decoded {
    for ((piece, spans), result) in decoded.pieces.iter().zip(sizes).zip(results) {
        if let Err(refused) = result {
            decoded.rejected += spans;
            decoded.notes.push(crate::ingest::otlp::Note {
                trace_id: piece.trace_id.to_string(),
                span_id: String::new(),
                reason: refused.to_string(),
                rejected: true,
            });
        }
    }
    decoded
}

fn span_count(write: &RunWrite) -> usize {
    match &write.change {
        Change::Trace { spans, .. } => spans.len(),
        _ => 0,
    }
}

/// Decodes a body and makes its writes. The spans and the bodies of the pieces move into the writes.
fn prepare(body: &OtlpBody, scope: Scope, ids: &Ids, now: Timestamp) -> Result<(Decoded, Vec<RunWrite>), OtlpRefusal> {
    let plain = decompress(&body.bytes, body.encoding)?;
    let mut decoded = match body.signal {
        OtlpSignal::Traces => decode(&plain, body.format, now)?,
        OtlpSignal::Logs => decode_logs(&plain, body.format, now)?,
    };
    let mut writes = Vec::with_capacity(decoded.pieces.len() + decoded.scores.len());
    for piece in &mut decoded.pieces {
        writes.push(piece_write(piece, scope, ids).map_err(AppError::from)?);
    }
    for score in &decoded.scores {
        writes.push(score_write(score, scope, ids).map_err(AppError::from)?);
    }
    Ok((decoded, writes))
}

fn piece_write(piece: &mut TracePiece, scope: Scope, ids: &Ids) -> Result<RunWrite, StoreError> {
    let external = piece.run_key.clone().unwrap_or_else(|| piece.trace_id.to_string());
    let body = compress(&std::mem::take(&mut piece.body))?;
    Ok(RunWrite {
        scope,
        target: Target::External(external),
        new_id: RunId::from_uuid(ids.uuid_v7()),
        change: Change::Trace { spans: std::mem::take(&mut piece.spans), body },
    })
}

/// A score becomes a step of its run's trace, so that it may arrive before the spans and is merged like them.
fn score_write(score: &ScorePiece, scope: Scope, ids: &Ids) -> Result<RunWrite, StoreError> {
    let mut hash = Sha256::new();
    hash.update(score.trace_id.0);
    hash.update(score.span_id.map_or([0; 8], |span| span.0));
    hash.update(score.name.as_bytes());
    let digest = hash.finalize();
    let mut id = [0u8; 8];
    id.copy_from_slice(&digest[..8]);
    let mut parent = [0u8; 8];
    parent.copy_from_slice(&digest[8..16]);
    let marks = Marks { scores: [(score.name.clone(), score.value)].into(), ..Marks::default() };
    let span = Span {
        id: SpanId(id),
        trace_id: score.trace_id,
        // Never a root: a score must not close the run it is about.
        parent: Some(score.span_id.unwrap_or(SpanId(parent))),
        name: format!("score {}", score.name),
        class: SpanClass::Evaluator,
        started_at: score.at,
        ended_at: Some(score.at),
        error: None,
        tokens: None,
        cost_nanos: None,
        model: None,
        tool: None,
        marks: Some(Box::new(marks)),
    };
    Ok(RunWrite {
        scope,
        target: Target::External(score.trace_id.to_string()),
        new_id: RunId::from_uuid(ids.uuid_v7()),
        change: Change::Trace { spans: vec![span], body: compress(&[])? },
    })
}
