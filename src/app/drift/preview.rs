//! What settings would have done: a release's past hours watched as if they had been in force.

use std::collections::BTreeMap;

use seatrial_domain::alert::AlertKind;
use seatrial_domain::drift::{DriftSettings, Finding, Plan};
use seatrial_domain::time::{DAY, HOUR, Timestamp};

use super::Watched;
use crate::app::App;
use crate::app::error::AppError;

/// An alert that would have fired.
#[derive(Clone, Debug, PartialEq)]
pub struct WouldFire {
    /// What is watched for.
    pub kind: AlertKind,
    /// In which hour.
    pub at: Timestamp,
    /// What had changed, the strongest first.
    pub findings: Vec<Finding>,
}

/// What settings would have done.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftPreview {
    /// From this hour on.
    pub from: Timestamp,
    /// Up to this time.
    pub to: Timestamp,
    /// How many streams would have been watched, by kind.
    pub streams: BTreeMap<AlertKind, u64>,
    /// Every time an alert would have fired, earliest first. After each, its kind begins anew.
    pub fired: Vec<WouldFire>,
}

impl App {
    /// Watches the last `days` of a live release by other settings. Nothing is kept and nobody is told.
    pub(in crate::app) async fn drift_preview(
        &self,
        of: &Watched,
        settings: DriftSettings,
        days: i64,
    ) -> Result<DriftPreview, AppError> {
        let now = self.now();
        let source = of.source();
        let db = self.store.read();
        let plan = Plan { settings: DriftSettings { quiet: Vec::new(), ..settings }, ..of.plan() };
        let mut watch = source.learn(db, Plan { restarts: BTreeMap::new(), ..plan }, now).await?;
        let from = now.plus_micros(-days * DAY).hour().max(watch.through);
        watch.learn_traffic(&source.traffic(db, from.day()).await?, from.day());
        let hours = source.hours(db, from, now).await?;
        let named = of.named();
        let mut fired = Vec::new();
        let none = BTreeMap::new();
        for hour in &hours {
            watch.step(hour);
            let after = hour.at.plus_micros(HOUR);
            for (kind, reading) in watch.read(after, &none, after, &named) {
                if !reading.findings.is_empty() {
                    fired.push(WouldFire { kind, at: hour.at, findings: reading.findings });
                    watch.restart(kind, after);
                }
            }
        }
        let streams = watch.read(now, &none, now, &named).into_iter().map(|(kind, reading)| (kind, reading.watched));
        Ok(DriftPreview { from, to: now, streams: streams.collect(), fired })
    }
}
