//! Taking in what is new of the hours of live releases: all that one pass looks at, in few queries.
//!
//! A release whose watch goes on reads a day or two; all of a project's releases are read together, as many at once as fit
//! in memory. One that is watched for the first time, or of which an old hour was corrected, learns anew what was usual
//! from its own weeks, which are read by themselves.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::drift::{Plan, Watch};
use seatrial_domain::ids::WorkflowId;
use seatrial_domain::time::Timestamp;
use seatrial_store::Scope;
use seatrial_store::drift::{self, KeptWatch, WatchKey};

use super::Watched;
use super::history::{Source, TrafficOf, hours_of, recent};
use crate::app::App;
use crate::app::error::AppError;

/// A watch on its way.
struct Begun {
    plan: Plan,
    /// Hours before this one can change no more but by a correction.
    horizon: Timestamp,
    known: Option<Watch>,
    /// The revision that was read with what is kept.
    read: Option<i64>,
    /// The revision under which what is computed may be kept.
    claimed: Option<i64>,
}

fn key(of: &Watched) -> WatchKey {
    (of.workflow.id, of.release.id)
}

impl App {
    /// Takes in what is new of the hours of releases of one project; returns of each its watch up to now, and up to which
    /// hour it can change no more but by a correction.
    pub(super) async fn advance(
        &self,
        of: &[Watched],
        kept: Vec<Option<KeptWatch>>,
        now: Timestamp,
    ) -> Result<Vec<(Watch, Timestamp)>, AppError> {
        let Some(scope) = of.first().map(Watched::scope) else { return Ok(Vec::new()) };
        let begin = |(of, kept): (&Watched, Option<KeptWatch>)| {
            let plan = of.plan();
            let usable = |watch: &Watch| watch.plan == plan && watch.learn_at.is_none_or(|at| at > now);
            let read = kept.as_ref().map(|kept| kept.revision);
            let known = kept.and_then(|kept| kept.watch).filter(usable);
            Begun { horizon: plan.horizon(now).max(plan.begin()), known, read, claimed: None, plan }
        };
        let mut begun: Vec<Begun> = of.iter().zip(kept).map(begin).collect();
        self.claim(scope, of, &mut begun).await?;
        let (mut watches, mut claims) = (Vec::with_capacity(of.len()), Vec::with_capacity(of.len()));
        let db = self.store.read();
        for (of, begun) in of.iter().zip(begun) {
            claims.push((begun.claimed, begun.horizon));
            watches.push(match begun.known {
                Some(watch) => watch,
                None => of.source().learn(db, begun.plan, now).await?,
            });
        }
        self.learn_traffic(scope, of, &mut watches, now).await?;
        let wanted: Vec<_> = of.iter().zip(&watches).map(|(of, watch)| (of.source(), watch.through)).collect();
        let traffic = recent(db, scope, &wanted, now).await?;
        let mut young = Vec::with_capacity(of.len());
        let hours = hours_of(db, scope, &wanted, &traffic, now).await?;
        for ((mut hours, watch), (_, horizon)) in hours.into_iter().zip(&mut watches).zip(&claims) {
            let settled = hours.iter().take_while(|hour| hour.at < *horizon).count();
            young.push(hours.split_off(settled));
            hours.iter().for_each(|hour| watch.step(hour));
            watch.through = watch.through.max(*horizon);
        }
        self.keep(scope, of, &claims, &watches).await?;
        let after = |(mut watch, young): (Watch, Vec<_>)| {
            let through = watch.through;
            young.iter().for_each(|hour| watch.step(hour));
            (watch, through)
        };
        Ok(watches.into_iter().zip(young).map(after).collect())
    }

    /// From here on a correction of an hour that is taken in is noticed.
    async fn claim(&self, scope: Scope, of: &[Watched], begun: &mut [Begun]) -> Result<(), AppError> {
        let behind = |begun: &Begun| begun.known.as_ref().is_none_or(|watch| watch.through < begun.horizon);
        let claims: Vec<_> =
            of.iter().zip(&*begun).filter(|(_, begun)| behind(begun)).map(|(of, at)| (key(of), at.horizon)).collect();
        if claims.is_empty() {
            return Ok(());
        }
        let tx = self.store.write().await?;
        let claimed = drift::claim(&tx, scope, &claims).await?;
        tx.commit().await?;
        for (of, begun) in of.iter().zip(begun).filter(|(_, begun)| behind(begun)) {
            begun.claimed = claimed.get(&of.release.id).copied();
            // A correction came since what is kept was read: it holds no more.
            begun.known = begun.known.take().filter(|_| begun.read == begun.claimed);
        }
        Ok(())
    }

    /// What traffic is usual is learned once a day.
    async fn learn_traffic(
        &self,
        scope: Scope,
        of: &[Watched],
        watches: &mut [Watch],
        now: Timestamp,
    ) -> Result<(), AppError> {
        let due = |watch: &Watch| watch.traffic_day != now.day();
        let workflows: BTreeSet<WorkflowId> =
            of.iter().zip(&*watches).filter(|(_, watch)| due(watch)).map(|(of, _)| of.workflow.id).collect();
        let traffic: TrafficOf = Source::traffic_of(self.store.read(), scope, &workflows, now.day()).await?;
        let none = BTreeMap::new();
        for (of, watch) in of.iter().zip(watches).filter(|(_, watch)| due(watch)) {
            watch.learn_traffic(traffic.get(&of.workflow.id).unwrap_or(&none), now.day());
        }
        Ok(())
    }

    /// Keeps how far the watches have come that were claimed. Of one that a correction came between what was read is still
    /// good to look at, and is read again at the next pass.
    async fn keep(
        &self,
        scope: Scope,
        of: &[Watched],
        claims: &[(Option<i64>, Timestamp)],
        watches: &[Watch],
    ) -> Result<(), AppError> {
        let all = of.iter().zip(claims).zip(watches);
        let kept: Vec<_> = all.filter_map(|((of, (claimed, _)), watch)| Some((key(of), (*claimed)?, watch))).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let tx = self.store.write().await?;
        drift::keep(&tx, scope, &kept).await?;
        tx.commit().await?;
        Ok(())
    }
}
