//! Freshness: judges scorecards from what is stored, records a change of state and tells people, all in one
//! transaction.

use std::collections::{BTreeMap, BTreeSet};

use seatrial_domain::cell::{ALL, Resolution};
use seatrial_domain::ids::AccountId;
use seatrial_domain::owner::{Audience, Owner, OwnerId, audience};
use seatrial_domain::scorecard::{Freshness, FreshnessInput, FreshnessState, Scorecard, freshness};
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_store::accumulate::{CellQuery, cells};
use seatrial_store::member::MemberRow;
use seatrial_store::outbox::{self, Channel, Message};
use seatrial_store::scorecard::{ScorecardRow, of_all_projects, record_freshness};
use seatrial_store::{Connection, Scope, owner, release, webhook};

use super::App;
use super::error::AppError;
use super::notice::{NoticeKind, Subject};

/// At most this many days before its review a scorecard counts as due; a quarter of a short cadence.
const DUE_SOON_DAYS: u32 = 7;
/// After so many days in which nobody acted the owner is told again, and with them the backup.
const BACKUP_AFTER_DAYS: i64 = 7;
/// After so many the project's admins are told too.
const ADMINS_AFTER_DAYS: i64 = 14;
/// Scorecards read at once.
const CHUNK: u64 = 200;

/// A scorecard with its owners as they are now, and where it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The scorecard.
    pub scorecard: Scorecard,
    /// Where it stands, and why.
    pub freshness: Freshness,
    /// The owner and the backup with their addresses, as far as they exist.
    pub people: BTreeMap<AccountId, MemberRow>,
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
    let accounts: Vec<AccountId> = [definition.owner, definition.backup].into_iter().flatten().collect();
    let people = owner::people(db, scope, &accounts).await?;
    let as_owner = |account: Option<AccountId>| account.map(|account| owner_of(account, people.get(&account)));
    let scorecard = row.scorecard(as_owner(definition.owner), as_owner(definition.backup));
    let (releases, uncovered) = match row.attested_at {
        Some(attested) => since_review(db, scope, row, attested).await?,
        None => (Vec::new(), 0),
    };
    let window_days = definition.cadence_days;
    let freshness = freshness(&FreshnessInput {
        owner: scorecard.owner.as_ref(),
        backup: scorecard.backup.as_ref(),
        attested_at: row.attested_at,
        cadence_days: definition.cadence_days,
        due_soon_days: DUE_SOON_DAYS.min(definition.cadence_days / 4),
        now,
        releases_live_since: &releases,
        runs_in_window: runs_in_window(db, scope, row, window_days, now).await?,
        window_days,
        uncovered_failures: uncovered,
    });
    Ok(Standing { scorecard, freshness, people })
}

/// The owner an account is now; one that does not exist can do nothing.
pub(super) fn owner_of(account: AccountId, person: Option<&MemberRow>) -> Owner {
    Owner {
        id: OwnerId::Account(account),
        name: person.map_or_else(|| account.to_string(), |person| person.name.clone()),
        active: person.is_some_and(|person| person.active),
    }
}

/// The releases that went live since the review, and the open failures since then whose class no active case tests.
async fn since_review(
    db: &impl Connection,
    scope: Scope,
    row: &ScorecardRow,
    attested: Timestamp,
) -> Result<(Vec<String>, u64), AppError> {
    let releases = release::list(db, scope, Some(row.workflow)).await?;
    let live = releases.into_iter().filter(|release| release.live_at.is_some_and(|at| at > attested));
    let failures = seatrial_store::freshness::open_failures(db, scope, row.workflow, attested).await?;
    let covered = seatrial_store::freshness::covered_classes(db, scope, row.workflow).await?;
    // A failure that nobody classified is of no kind that a case could cover: it waits in triage, not here.
    let uncovered = failures.into_iter().filter(|(class, _)| class.as_ref().is_some_and(|c| !covered.contains(c)));
    Ok((live.map(|release| release.name).collect(), uncovered.map(|(_, failures)| failures).sum()))
}

async fn runs_in_window(
    db: &impl Connection,
    scope: Scope,
    row: &ScorecardRow,
    window_days: u32,
    now: Timestamp,
) -> Result<u64, AppError> {
    let query = CellQuery {
        workflow: row.workflow,
        releases: Vec::new(),
        dimension: Some(ALL.to_owned()),
        from: now.plus_days(-i64::from(window_days)),
        to: now.plus_days(1),
        by: Resolution::Day,
    };
    let concluded: i64 = cells(db, scope, &query).await?.iter().map(|(_, _, cell)| cell.counts.concluded).sum();
    Ok(u64::try_from(concluded).unwrap_or_default())
}

/// Which notices a state calls for after so many days in it, and for whom.
fn calls_for(standing: &Standing, days: i64) -> Vec<(NoticeKind, BTreeSet<Reader>)> {
    let (owner, backup) = (standing.scorecard.owner.as_ref(), standing.scorecard.backup.as_ref());
    let at = |days| Reader::from(audience(owner, backup, days));
    match standing.freshness.state {
        FreshnessState::Fresh => Vec::new(),
        FreshnessState::Due => vec![(NoticeKind::Due, BTreeSet::from([at(0)]))],
        FreshnessState::Unowned => vec![(NoticeKind::Unowned, BTreeSet::from([at(0)]))],
        FreshnessState::Stale => {
            let mut again = BTreeSet::new();
            if days >= BACKUP_AFTER_DAYS {
                again.extend([at(0), at(BACKUP_AFTER_DAYS)]);
            }
            if days >= ADMINS_AFTER_DAYS {
                again.insert(at(ADMINS_AFTER_DAYS));
            }
            vec![(NoticeKind::Stale, BTreeSet::from([at(0)])), (NoticeKind::Overdue, again)]
        }
    }
}

/// [`Audience`] in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reader {
    Owner,
    Backup,
    Admins,
}

impl From<Audience> for Reader {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Owner => Self::Owner,
            Audience::Backup => Self::Backup,
            Audience::Admins => Self::Admins,
        }
    }
}

impl Reader {
    const fn because(self) -> &'static str {
        match self {
            Self::Owner => "you own it",
            Self::Backup => "you are its backup",
            Self::Admins => "you administer the project",
        }
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
        let since = if changed { now } else { row.freshness_at };
        let mut messages = self.mails(scope, row, &standing, since).await?;
        if changed && state != FreshnessState::Fresh {
            messages.extend(self.events(scope, row, &standing, since).await?);
        }
        if !changed && messages.is_empty() {
            return Ok(0);
        }
        let tx = self.store.write().await?;
        // Somebody attested or edited it meanwhile: what was found no longer holds, the next pass judges anew.
        if !record_freshness(&tx, scope, row, state, since).await? {
            return Ok(0);
        }
        let mut enqueued = 0;
        for message in &messages {
            enqueued += usize::from(outbox::enqueue(&tx, message).await?);
        }
        tx.commit().await?;
        if changed {
            let state = state.as_str();
            tracing::info!(scorecard = %row.id, state, enqueued, "a scorecard is in another state");
        }
        Ok(enqueued)
    }

    /// The mails that are called for and were not enqueued yet.
    async fn mails(
        &self,
        scope: Scope,
        row: &ScorecardRow,
        standing: &Standing,
        since: Timestamp,
    ) -> Result<Vec<Message>, AppError> {
        let days = self.now().micros_since(since) / DAY;
        let mut messages = Vec::new();
        for (kind, readers) in calls_for(standing, days) {
            let key = notice_key(row, kind.as_str(), since);
            let told = outbox::told(self.store.read(), scope, &key).await?;
            for reader in readers {
                for person in self.people(scope, standing, reader).await? {
                    let recipient = person.account.to_string();
                    let again = messages.iter().any(|m: &Message| m.recipient == recipient && m.dedup_key == key);
                    if again || told.contains(&(Channel::Mail, recipient)) {
                        continue;
                    }
                    let subject = self.subject(scope, row, standing, since).await?;
                    let notice = subject.notice(kind, &person.name, reader.because());
                    messages.push(self.mail_message(scope, &person, &key, &notice)?);
                }
            }
        }
        Ok(messages)
    }

    async fn people(&self, scope: Scope, standing: &Standing, reader: Reader) -> Result<Vec<MemberRow>, AppError> {
        let person = |owner: &Option<Owner>| match owner.as_ref().map(|owner| owner.id) {
            Some(OwnerId::Account(account)) => standing.people.get(&account).filter(|person| person.active).cloned(),
            _ => None,
        };
        Ok(match reader {
            Reader::Owner => person(&standing.scorecard.owner).into_iter().collect(),
            Reader::Backup => person(&standing.scorecard.backup).into_iter().collect(),
            Reader::Admins => owner::admins(self.store.read(), scope).await?,
        })
    }

    /// One event for each active webhook.
    async fn events(
        &self,
        scope: Scope,
        row: &ScorecardRow,
        standing: &Standing,
        since: Timestamp,
    ) -> Result<Vec<Message>, AppError> {
        let hooks = webhook::list_active(self.store.read(), scope).await?;
        if hooks.is_empty() {
            return Ok(Vec::new());
        }
        let key = notice_key(row, standing.freshness.state.as_str(), since);
        let body = self.subject(scope, row, standing, since).await?.event()?;
        Ok(hooks.iter().map(|hook| self.webhook_message(scope, hook.id, &key, body.clone())).collect())
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
        let project = seatrial_store::project::by_id(db, scope.project()).await?;
        let project = project.ok_or(AppError::NotFound { noun: "project" })?;
        let workflow = seatrial_store::workflow::find(db, scope, &row.workflow.to_string()).await?;
        Ok(Subject {
            url: self.scorecard_url(&project.slug, row.id),
            project_slug: project.slug,
            project: project.name,
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
