//! Freshness: judges scorecards from what is stored, records a change of state and tells people, all in one
//! transaction.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::{ALL, Counts, Resolution};
use seatrial_domain::ids::AccountId;
use seatrial_domain::notice::Topic;
use seatrial_domain::owner::{Audience, Owner, OwnerId, audience, pace_days};
use seatrial_domain::scorecard::{
    Freshness, FreshnessInput, FreshnessState, Scorecard, SilentSource, due_soon_days, freshness,
};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_domain::workflow::{FactKind, FactSource};
use seatrial_store::accumulate::{CellQuery, cells};
use seatrial_store::member::MemberRow;
use seatrial_store::owner::Holder;
use seatrial_store::scorecard::{ScorecardRow, of_all_projects, record_freshness};
use seatrial_store::{Connection, Scope, notice, owner, release, workflow};

use super::App;
use super::error::AppError;
use super::notice::{NoticeKind, Subject, Telling};

/// Scorecards read at once.
const CHUNK: u64 = 200;
/// A source is compared with so many windows before the present one.
const EARLIER_WINDOWS: i64 = 3;

/// A scorecard with its owners as they are now, and where it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The scorecard.
    pub scorecard: Scorecard,
    /// Where it stands, and why.
    pub freshness: Freshness,
    /// The owner and the backup, and the people who can act for them.
    pub holders: BTreeMap<OwnerId, Holder>,
}

/// Judges a scorecard at `now`.
///
/// # Errors
/// When the database fails or what is stored cannot be read back.
pub async fn judge(
    db: &impl Connection,
    scope: Scope,
    row: &ScorecardRow,
    now: Timestamp,
) -> Result<Standing, AppError> {
    let definition = &row.definition;
    let ids: Vec<OwnerId> = [definition.owner, definition.backup].into_iter().flatten().collect();
    let holders = owner::resolve(db, scope, &ids).await?;
    let as_owner = |id: Option<OwnerId>| id.and_then(|id| holders.get(&id)).map(|holder| holder.owner.clone());
    let scorecard = row.scorecard(as_owner(definition.owner), as_owner(definition.backup));
    let since = match row.attested_at {
        Some(attested) => since_review(db, scope, row, attested).await?,
        None => SinceReview::default(),
    };
    let window_days = definition.cadence_days;
    let runs = Runs::read(db, scope, row, now).await?;
    let freshness = freshness(&FreshnessInput {
        owner: scorecard.owner.as_ref(),
        backup: scorecard.backup.as_ref(),
        created_at: row.created_at,
        attested_at: row.attested_at,
        cadence_days: definition.cadence_days,
        due_soon_days: due_soon_days(definition.cadence_days),
        now,
        releases_live_since: &since.releases,
        runs_in_window: u64::try_from(runs.now.concluded).unwrap_or_default(),
        window_days,
        uncovered_failures: since.uncovered,
        uncovered_since: since.uncovered_since,
        silent_sources: &runs.silent(db, scope, row).await?,
    });
    Ok(Standing { scorecard, freshness, holders })
}

/// What happened since a review.
#[derive(Default)]
struct SinceReview {
    releases: Vec<(String, Timestamp)>,
    uncovered: u64,
    uncovered_since: Option<Timestamp>,
}

/// The releases that went live since the review, and the open failures since then whose class no active case tests.
async fn since_review(
    db: &impl Connection,
    scope: Scope,
    row: &ScorecardRow,
    attested: Timestamp,
) -> Result<SinceReview, AppError> {
    let releases = release::list(db, scope, Some(row.workflow)).await?;
    let live = releases.into_iter().filter_map(|release| Some((release.name, release.live_at?)));
    let failures = seatrial_store::freshness::open_failures(db, scope, row.workflow, attested).await?;
    let covered = seatrial_store::freshness::covered_classes(db, scope, row.workflow).await?;
    // A failure that nobody classified is of no kind that a case could cover: it waits in triage, not here.
    let uncovered: Vec<_> =
        failures.into_iter().filter(|(class, ..)| class.as_ref().is_some_and(|c| !covered.contains(c))).collect();
    Ok(SinceReview {
        releases: live.filter(|(_, at)| *at > attested).collect(),
        uncovered: uncovered.iter().map(|(_, failures, _)| failures).sum(),
        uncovered_since: uncovered.iter().map(|(.., first)| *first).min(),
    })
}

/// What a workflow's runs add up to in the window of its scorecard, and in the time before it.
struct Runs {
    now: Counts,
    before: Counts,
}

impl Runs {
    async fn read(db: &impl Connection, scope: Scope, row: &ScorecardRow, now: Timestamp) -> Result<Self, AppError> {
        let window = i64::from(row.definition.cadence_days);
        let begin = now.plus_days(-window).day();
        let query = CellQuery {
            workflow: row.workflow,
            releases: Vec::new(),
            dimension: Some(ALL.to_owned()),
            from: begin.plus_days(-window * EARLIER_WINDOWS),
            to: now.plus_days(1),
            by: Resolution::Day,
        };
        let (mut inside, mut before) = (Counts::default(), Counts::default());
        for (_, start, cell) in cells(db, scope, &query).await? {
            let sum = if start >= begin { &mut inside } else { &mut before };
            sum.add(&cell.counts, 1);
        }
        Ok(Self { now: inside, before })
    }

    /// The sources that the workflow declares and that fell silent.
    async fn silent(
        &self,
        db: &impl Connection,
        scope: Scope,
        row: &ScorecardRow,
    ) -> Result<Vec<SilentSource>, AppError> {
        let work = workflow::find(db, scope, &row.workflow.to_string()).await?;
        let observes = work.map(|work| work.rules.observes).unwrap_or_default();
        let sources = observes.into_iter().filter_map(|(fact, source)| self.source(fact, source));
        Ok(sources.filter(SilentSource::is_silent).collect())
    }

    fn source(&self, fact: FactKind, source: FactSource) -> Option<SilentSource> {
        let source = match source {
            FactSource::Traces => "The traces",
            FactSource::Api => "The API",
            FactSource::NotApplicable => return None,
        };
        let count = |counts: &Counts| {
            let (top, known) = match fact {
                FactKind::Approvals => (counts.approval_asked, counts.approvals_known),
                FactKind::Escalations => (counts.escalated, counts.escalations_known),
                FactKind::Rescues => (counts.rescued, counts.rescues_known),
            };
            (u64::try_from(top).unwrap_or_default(), u64::try_from(known).unwrap_or_default())
        };
        let noun = match fact {
            FactKind::Approvals => "approvals",
            FactKind::Escalations => "escalations",
            FactKind::Rescues => "rescues",
        };
        Some(SilentSource { fact: noun, source, now: count(&self.now), before: count(&self.before) })
    }
}

/// A notice that a state calls for: which, by what key it is told once, and to whom.
struct Call {
    kind: NoticeKind,
    key: String,
    readers: Vec<Audience>,
}

/// The notice that a state calls for after so many days in it. One that was missed while nothing ran is not made up
/// for: whoever it was for is told by the present one.
fn calls_for(row: &ScorecardRow, standing: &Standing, since: Timestamp, now: Timestamp) -> Option<Call> {
    let (owner, backup) = (standing.scorecard.owner.as_ref(), standing.scorecard.backup.as_ref());
    let pace = i64::from(pace_days(standing.scorecard.cadence_days));
    let step = (now.micros_since(since) / DAY / pace).max(0);
    let (kind, step) = match standing.freshness.state {
        FreshnessState::Fresh => return None,
        FreshnessState::Due => (NoticeKind::Due, 0),
        FreshnessState::Unowned => (NoticeKind::Unowned, step),
        FreshnessState::Stale if step == 0 => (NoticeKind::Stale, 0),
        FreshnessState::Stale => (NoticeKind::Overdue, step),
    };
    let mut key = notice_key(row, kind.as_str(), since);
    if step > 0 {
        key.push_str(&format!(":{step}"));
    }
    Some(Call { kind, key, readers: audience(owner, backup, step) })
}

const fn because(reader: Audience) -> &'static str {
    match reader {
        Audience::Owner => "you own it",
        Audience::Backup => "you are its backup",
        Audience::Admins => "you administer the project",
    }
}

impl App {
    /// Judges every scorecard, records changed states and enqueues what they call for. Returns how many messages were
    /// enqueued. One scorecard that fails does not keep the others from being judged.
    ///
    /// # Errors
    /// The first failure, after all were tried.
    pub async fn check_scorecards(&self) -> Result<usize, AppError> {
        let (mut after, mut enqueued, mut failure) = (None, 0, None);
        loop {
            let rows = of_all_projects(self.store.read(), after, CHUNK).await?;
            let Some((_, last)) = rows.last() else { break };
            after = Some(last.id);
            for (scope, row) in &rows {
                match self.check_scorecard(*scope, row).await {
                    Ok(messages) => enqueued += messages,
                    Err(error) => {
                        tracing::warn!(%error, scorecard = %row.id, "a scorecard could not be judged");
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        failure.map_or(Ok(enqueued), Err)
    }

    async fn check_scorecard(&self, scope: Scope, row: &ScorecardRow) -> Result<usize, AppError> {
        let now = self.now();
        let standing = judge(self.store.read(), scope, row, now).await?;
        let state = standing.freshness.state;
        let changed = state != row.freshness;
        // The time it happened, not the time somebody looked; never before what was recorded last.
        let since = if changed {
            standing.freshness.since().unwrap_or(now).max(row.freshness_at).min(now)
        } else {
            row.freshness_at
        };
        let call = calls_for(row, &standing, since, now);
        let readers = match &call {
            Some(call) => self.not_told(scope, &standing, call).await?,
            None => Vec::new(),
        };
        if !changed && readers.is_empty() {
            return Ok(0);
        }
        let subject = self.subject(scope, row, &standing, since).await?;
        let tx = self.store.write().await?;
        // Somebody attested or edited it meanwhile: what was found no longer holds, the next pass judges anew.
        if !record_freshness(&tx, scope, row, state, since).await? {
            return Ok(0);
        }
        let mut enqueued = 0;
        if let Some(Call { kind, key, .. }) = call {
            let (topic, thread, url) = (Topic::Review, row.id.to_string(), subject.url.clone());
            let what = Telling { scope, topic, key, thread, url };
            for (reader, person) in &readers {
                let words = |preferences: &str| subject.letter(kind, &person.name, because(*reader), preferences);
                enqueued += self.tell(&tx, &what, person, words).await?;
            }
        }
        if changed && state != FreshnessState::Fresh {
            enqueued += self.announce(&tx, scope, &notice_key(row, state.as_str(), since), &subject.event()?).await?;
        }
        tx.commit().await?;
        if changed {
            let state = state.as_str();
            tracing::info!(scorecard = %row.id, state, enqueued, "a scorecard is in another state");
        }
        Ok(enqueued)
    }

    /// Whom a notice is for and who has not been told, each once.
    async fn not_told(
        &self,
        scope: Scope,
        standing: &Standing,
        call: &Call,
    ) -> Result<Vec<(Audience, MemberRow)>, AppError> {
        let mut told: BTreeSet<AccountId> = notice::told(self.store.read(), scope, &call.key).await?;
        let mut readers = Vec::new();
        for reader in &call.readers {
            for person in self.people(scope, standing, *reader).await? {
                if told.insert(person.account) {
                    readers.push((*reader, person));
                }
            }
        }
        Ok(readers)
    }

    async fn people(&self, scope: Scope, standing: &Standing, reader: Audience) -> Result<Vec<MemberRow>, AppError> {
        let people = |owner: &Option<Owner>| {
            let holder = owner.as_ref().and_then(|owner| standing.holders.get(&owner.id));
            holder.map(|holder| holder.people.clone()).unwrap_or_default()
        };
        Ok(match reader {
            Audience::Owner => people(&standing.scorecard.owner),
            Audience::Backup => people(&standing.scorecard.backup),
            Audience::Admins => owner::admins(self.store.read(), scope).await?,
        })
    }

    /// What a notice about the scorecard is about, in names.
    async fn subject(
        &self,
        scope: Scope,
        row: &ScorecardRow,
        standing: &Standing,
        since: Timestamp,
    ) -> Result<Subject, AppError> {
        let db = self.store.read();
        let (slug, project) = self.project_names(db, scope.project()).await?;
        let workflow = workflow::find(db, scope, &row.workflow.to_string()).await?;
        Ok(Subject {
            url: self.scorecard_url(&slug, row.id),
            project_slug: slug,
            project,
            workflow: workflow.map_or_else(|| row.workflow.to_string(), |workflow| workflow.name),
            scorecard: standing.scorecard.clone(),
            freshness: standing.freshness.clone(),
            since,
        })
    }
}

/// What a notice tells, for telling it once: a state that is left and entered again is told again.
fn notice_key(row: &ScorecardRow, what: &str, since: Timestamp) -> String {
    format!("{}:{what}:{}", row.id, since.micros())
}
