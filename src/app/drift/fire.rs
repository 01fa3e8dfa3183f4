//! Moving an alert to where it stands: its history, its evidence when it fires, the response it opens, and for a
//! regression the gate whose evidence is frozen, so that a person can decide at once.

use seatrial_domain::alert::{AlertEvidence, AlertKind, AlertState};
use seatrial_domain::digest::Digest;
use seatrial_domain::drift::{KindReading, Restart, Watch};
use seatrial_domain::gate::GateState;
use seatrial_domain::ids::{AlertId, GateId, ResponseId};
use seatrial_domain::limits;
use seatrial_domain::response::{OriginKind, ResponseState};
use seatrial_store::alert::{self, AlertEvent, AlertRow};
use seatrial_store::gate::GateFilter;
use seatrial_store::response::{self, ResponseFilter, ResponseRow};
use seatrial_store::{Page, Scope, WriteTx, gate};
use serde_json::json;

use super::Watched;
use crate::app::App;
use crate::app::audit::Change;
use crate::app::error::AppError;
use crate::app::gate::NewGate;
use crate::app::notice::event_body;
use crate::app::response::opened;

/// Days until a response that an alert opened is due.
const DUE_DAYS: i64 = 2;

/// Why an alert is where it is, when it does not fire.
fn calm_text(kind: AlertKind, state: AlertState) -> String {
    match state {
        AlertState::Learning => {
            "Too little history to compare with: 100 runs of the baseline's last four weeks, or 300 of the release's \
             first days."
        }
        AlertState::NoData => "The release has had no concluded run for a day, so nothing can be said.",
        AlertState::Resolved if kind == AlertKind::StalledTraffic => "Runs come again.",
        AlertState::Resolved => "The days since are as usual again.",
        _ => "Nothing changed beyond chance.",
    }
    .to_owned()
}

impl App {
    /// Moves one alert, in one transaction.
    pub(super) async fn move_alert(
        &self,
        of: &Watched,
        watch: &Watch,
        (kind, reading): KindReading,
        then: AlertState,
    ) -> Result<(), AppError> {
        let now = self.now();
        let before = of.alerts.get(&kind);
        let id = before.map_or_else(|| AlertId::from_uuid(self.ids.uuid_v7()), |row| row.id);
        let mut row = AlertRow {
            id,
            workflow: of.workflow.id,
            release: of.release.id,
            kind,
            state: then,
            since: now,
            text: calm_text(kind, then),
            digest: before.and_then(|row| row.digest),
            gate: before.and_then(|row| row.gate),
            response: before.and_then(|row| row.response),
            restart: before.and_then(|row| row.restart),
        };
        if then != AlertState::Firing {
            if then == AlertState::Resolved {
                let relearn_from = row.restart.and_then(|restart| restart.relearn_from);
                row.restart = Some(Restart { at: now, relearn_from });
            }
            let tx = self.store.write().await?;
            if self.still(&tx, of.scope(), before).await? {
                self.keep_move(&tx, of.scope(), &row, None).await?;
                tx.commit().await?;
            }
            return Ok(());
        }
        let evidence = self.alert_evidence(of, watch, id, (kind, reading.findings)).await?;
        let bytes = evidence.canonical_bytes().map_err(AppError::internal)?;
        row.digest = Some(Digest::of(&bytes));
        row.text.clone_from(&evidence.text);
        if kind == AlertKind::Regression {
            row.gate = self.gate_for_alert(of).await;
        }
        let tx = self.store.write().await?;
        if !self.still(&tx, of.scope(), before).await? {
            return Ok(());
        }
        row.response = self.answer_alert(&tx, of, &row, &evidence).await?;
        self.keep_move(&tx, of.scope(), &row, Some(bytes)).await?;
        let after = json!({"state": row.state, "evidence": row.digest, "text": row.text, "response": row.response});
        let detail = Change::of(before.as_ref().map(|row| json!({"state": row.state})), after)
            .with("kind", json!(kind))
            .with("release", json!(row.release));
        self.audit(&tx, &of.project, "fire", "alert", id, &detail).await?;
        tx.commit().await?;
        tracing::info!(alert = %id, kind = kind.as_str(), release = %row.release, "an alert fires");
        Ok(())
    }

    /// Whether an alert stands as it was read. Where somebody moved it meanwhile, the next pass reads it anew.
    async fn still(&self, tx: &WriteTx, scope: Scope, before: Option<&AlertRow>) -> Result<bool, AppError> {
        let Some(before) = before else { return Ok(true) };
        Ok(alert::find(tx, scope, before.id).await?.is_some_and(|now| now == *before))
    }

    /// Writes an alert and what happened to it. Whoever is to hear of it is told afterwards.
    async fn keep_move(
        &self,
        tx: &WriteTx,
        scope: Scope,
        row: &AlertRow,
        evidence: Option<Vec<u8>>,
    ) -> Result<(), AppError> {
        alert::put(tx, scope, row).await?;
        let event = AlertEvent {
            id: self.ids.uuid_v7(),
            alert: row.id,
            state: row.state,
            text: row.text.clone(),
            by: seatrial_domain::access::Actor::system("drift"),
            at: row.since,
            told_at: Self::is_calm(row.state).then_some(row.since),
            digest: row.digest.filter(|_| evidence.is_some()),
        };
        alert::add_event(tx, scope, &event, evidence).await?;
        Ok(())
    }

    /// Resolves an alert of a release that is live no more.
    pub(super) async fn end_alert(&self, scope: Scope, row: AlertRow) -> Result<(), AppError> {
        let text = "The release is live no more, so it is watched no more.".to_owned();
        let row = AlertRow { state: AlertState::Resolved, since: self.now(), text, ..row };
        let tx = self.store.write().await?;
        self.keep_move(&tx, scope, &row, None).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The gate that asks about the release, with its evidence frozen: one that waits already, or a new one. A gate
    /// that cannot be had keeps no alert from firing.
    async fn gate_for_alert(&self, of: &Watched) -> Option<GateId> {
        match self.frozen_gate(of).await {
            Ok(id) => Some(id),
            Err(error) => {
                tracing::warn!(%error, release = %of.release.id, "no evidence could be frozen for an alert");
                None
            }
        }
    }

    async fn frozen_gate(&self, of: &Watched) -> Result<GateId, AppError> {
        let filter = GateFilter { release: Some(of.release.id), ..GateFilter::default() };
        let (latest, _) = gate::list(self.store.read(), of.scope(), &filter, Page::new(None, Some(1))).await?;
        let waiting = latest.into_iter().next().filter(|gate| gate.state != GateState::Decided);
        let gate = match waiting {
            Some(gate) => gate,
            None => {
                let new = NewGate {
                    workflow: of.workflow.id.to_string(),
                    release: of.release.id.to_string(),
                    baseline: of.baseline.as_ref().map(|row| row.id.to_string()),
                };
                self.open_gate_in(&of.project, &new).await?
            }
        };
        // What somebody froze and waits for a decision stays as it is.
        if gate.state == GateState::Open {
            self.freeze_gate_in(&of.project, gate.id).await?;
        }
        Ok(gate.id)
    }

    /// Opens the response that fits the kind, with the evidence attached, unless one is open; none without somebody who
    /// can act.
    async fn answer_alert(
        &self,
        tx: &WriteTx,
        of: &Watched,
        alert: &AlertRow,
        evidence: &AlertEvidence,
    ) -> Result<Option<ResponseId>, AppError> {
        let scope = of.scope();
        let (Some(kind), Some(owner)) = (alert.kind.response(), of.workflow.owner) else { return Ok(None) };
        let filter = ResponseFilter {
            origin: Some(OriginKind::Alert),
            origin_id: Some(alert.id.to_string()),
            ..ResponseFilter::default()
        };
        let (known, _) = response::list(tx, scope, &filter, Page::new(None, Some(1))).await?;
        if let Some(open) = known.iter().find(|row| !row.state.is_over()) {
            return Ok(Some(open.id));
        }
        let holder = self.holders(tx, scope, [owner]).await?.remove(&owner);
        if !holder.is_some_and(|holder| holder.owner.active) {
            return Ok(None);
        }
        let title = format!("{}: {} on {} {}", kind.words(), alert.kind.words(), of.workflow.name, of.release.name);
        let detail = json!({
            "alert": alert.id, "evidence": alert.digest, "gate": alert.gate, "text": evidence.text,
        });
        let row = ResponseRow {
            id: ResponseId::from_uuid(self.ids.uuid_v7()),
            workflow: of.workflow.id,
            release: Some(of.release.id),
            origin: OriginKind::Alert,
            origin_id: alert.id.to_string(),
            kind,
            title: limits::label(&title).unwrap_or_else(|| kind.words().to_owned()),
            signal: alert.kind.signal(),
            detail,
            owner: Some(owner),
            due_at: self.now().plus_days(DUE_DAYS),
            state: ResponseState::Open,
            opened_by: of.project.actor().clone(),
            opened_at: self.now(),
            acted: None,
            closed: None,
            effect: None,
        };
        response::insert(tx, scope, &row).await?;
        self.audit(tx, &of.project, "open", "response", row.id, &Change::made(opened(&row))).await?;
        // In a quiet period the alert itself waits to be told, and names the response.
        if of.settings.quiet_until(self.now()).is_none() {
            self.tell_response(tx, &of.project, &row, "opened").await?;
        }
        let data = self.response_data(&of.project, &row, &of.workflow);
        let body = event_body("response.opened", row.opened_at, data)?;
        self.announce(tx, scope, &format!("{}:opened", row.id), &body).await?;
        Ok(Some(row.id))
    }
}
