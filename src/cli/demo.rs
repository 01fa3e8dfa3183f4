//! Filling the demo project: its history told through the use cases, at the times when it happened.
//!
//! A second [`App`] over the same database has a clock that is set to each moment of the story, so that a scorecard
//! attested weeks ago was attested weeks ago by the ordinary use case.

use std::collections::HashMap;
use std::sync::Arc;

use seatrial_domain::access::Role;
use seatrial_domain::case::Assertions;
use seatrial_domain::ids::{AccountId, CaseId, FactId, RunId};
use seatrial_domain::owner::OwnerId;
use seatrial_domain::release::ReleaseState;
use seatrial_domain::run::{LateFact, Provenance};
use seatrial_domain::time::Timestamp;
use seatrial_store::failure::{FailureFilter, FailureRow};
use seatrial_store::ingest::{Change, RunWrite, Target};
use seatrial_store::scorecard::Definition;
use seatrial_store::{Page, member, project};

use super::exit::Failure;
use super::printer;
use crate::app::access::{Caller, ProjectAccess};
use crate::app::account::NewAccount;
use crate::app::decision::NewDecision;
use crate::app::error::AppError;
use crate::app::failure::Promotion;
use crate::app::gate::NewGate;
use crate::app::names::Names;
use crate::app::otlp::{OtlpBody, OtlpRefusal, OtlpSignal};
use crate::app::ports::{Clock as _, ManualClock};
use crate::app::precondition::IfMatch;
use crate::app::project::{NewProject, ProjectSettings};
use crate::app::workflow::{ReleaseMove, WorkflowSettings};
use crate::app::{App, Ports};
use crate::auth::token::{SigningKey, Tokens};
use crate::demo::control::{self, DemoPromotion, PROJECT_SLUG};
use crate::demo::{DEMO_RUNS, DEMO_SEED, DemoBatch, requests};
use crate::ingest::otlp::{Encoding, Format};

/// The password of the demo project's people. The project holds nothing real.
pub const DEMO_PASSWORD: &str = "sea-trial-demo-1";

/// Fills the demo project where it is not there yet, and says who may sign in to it.
///
/// # Errors
/// When a use case refuses or the database fails. What was told up to there stays.
pub async fn fill(app: &Arc<App>, administrator: &str) -> Result<(), Failure> {
    if project::by_slug(app.store.read(), PROJECT_SLUG).await.map_err(AppError::from)?.is_none() {
        printer::say(&format!("filling the demo project with {DEMO_RUNS} simulated runs; this takes a minute or two"));
        let story = Story::begin(app, administrator).await?;
        story.tell(DEMO_RUNS).await?;
    }
    printer::data(&format!("The demo project's people sign in with the password {DEMO_PASSWORD}:"));
    for account in control::ACCOUNTS {
        let roles: Vec<&str> = account.roles.iter().map(|role| role.as_str()).collect();
        printer::data(&format!("  {} ({})", account.email, roles.join(", ")));
    }
    Ok(())
}

/// The demo project while its history is told.
struct Story {
    app: Arc<App>,
    clock: ManualClock,
    now: Timestamp,
    project: ProjectAccess,
    people: HashMap<&'static str, AccountId>,
}

impl Story {
    async fn begin(service: &Arc<App>, administrator: &str) -> Result<Self, Failure> {
        let now = service.now();
        let clock = ManualClock::new(now.plus_days(-60));
        let ports = Ports {
            clock: Arc::new(clock.clone()),
            randomness: Arc::clone(&service.randomness),
            mailer: None,
            outbound: Arc::clone(&service.outbound),
        };
        // The story issues no tokens; its key is thrown away.
        let key = SigningKey::generate().map_err(Failure::new)?;
        let tokens = Tokens::new(service.config.server.public_url.clone(), key);
        let app = App::new(Arc::clone(&service.config), service.store.clone(), tokens, ports)?;
        let settings = ProjectSettings {
            currency: control::CURRENCY.to_owned(),
            // Forty-five units an hour, what a person at a help desk costs.
            labour_nanos_per_hour: 45_000_000_000,
            ..ProjectSettings::default()
        };
        let new = NewProject { slug: PROJECT_SLUG.to_owned(), name: control::PROJECT_NAME.to_owned(), settings };
        app.create_project_as_system("demo", new, None).await?;
        let project = app.enter_as_system("demo", PROJECT_SLUG).await?;
        let people = Self::people(&app, &project, administrator).await?;
        Ok(Self { app, clock, now, project, people })
    }

    async fn people(
        app: &App,
        project: &ProjectAccess,
        administrator: &str,
    ) -> Result<HashMap<&'static str, AccountId>, Failure> {
        let mut people = HashMap::new();
        for account in control::ACCOUNTS {
            let new = NewAccount {
                email: account.email.to_owned(),
                name: account.name.to_owned(),
                password: DEMO_PASSWORD.to_owned(),
            };
            people.insert(account.email, app.create_account(new).await?.id);
        }
        let tx = app.store.write().await.map_err(AppError::from)?;
        for account in control::ACCOUNTS {
            let id = people[account.email];
            member::put(&tx, project.scope, id, account.roles, app.now()).await.map_err(AppError::from)?;
        }
        let first = seatrial_store::account::by_email(&tx, administrator).await.map_err(AppError::from)?;
        if let Some(first) = first {
            let id = AccountId::from_uuid(first.id);
            member::put(&tx, project.scope, id, &[Role::Admin], app.now()).await.map_err(AppError::from)?;
        }
        tx.commit().await.map_err(AppError::from)?;
        Ok(people)
    }

    /// Acts as the person with this address.
    fn as_person(&self, email: &str) -> Caller {
        let name = control::ACCOUNTS.iter().find(|account| account.email == email).map_or("", |account| account.name);
        let id = self.people.get(email).copied().unwrap_or_else(|| AccountId::from_uuid(uuid::Uuid::nil()));
        Caller::Account { id, name: name.to_owned() }
    }

    async fn tell(self, runs: usize) -> Result<(), Failure> {
        self.set_up_workflows().await?;
        self.move_releases().await?;
        self.clock.set(self.now);
        for batch in requests(DEMO_SEED, self.now, runs) {
            self.take_in(batch).await?;
        }
        self.learn().await?;
        self.keep_scorecards().await?;
        self.open_gates().await
    }

    async fn set_up_workflows(&self) -> Result<(), Failure> {
        let app = &self.app;
        app.put_prices_in(&self.project, control::prices(), &IfMatch::ANYTHING).await?;
        for workflow in control::workflows() {
            let settings = WorkflowSettings {
                risk_class: workflow.scenario.risk,
                owner: self.people.get(workflow.owner).copied().map(OwnerId::from),
                rules: workflow.rules,
            };
            let owner = self.as_person(workflow.owner);
            app.put_workflow(&owner, PROJECT_SLUG, workflow.scenario.name, settings, &IfMatch::ANYTHING).await?;
        }
        Ok(())
    }

    /// Registers every release when it came, moves it live and retires it when that happened.
    async fn move_releases(&self) -> Result<(), Failure> {
        let admin = self.as_person(control::BACKUP);
        for release in control::releases(self.now) {
            self.clock.set(release.registered_at);
            let names = self.names().await?;
            let workflow = names.workflow(release.workflow)?;
            let baseline = release.scenario.baseline.map(|name| names.release(Some(workflow), name)).transpose()?;
            let version = release.scenario.version;
            let row = self.app.put_release(&admin, PROJECT_SLUG, workflow, version, baseline).await?;
            let moves = [(release.live_at, ReleaseState::Live), (release.retired_at, ReleaseState::Retired)];
            for (at, state) in moves.into_iter().filter_map(|(at, state)| at.map(|at| (at, state))) {
                self.clock.set(at);
                let reason = match state {
                    ReleaseState::Live => release.scenario.notes.to_owned(),
                    _ => "Its successor has taken over all traffic.".to_owned(),
                };
                self.app.move_release(&admin, PROJECT_SLUG, row.id, ReleaseMove { state, reason }).await?;
            }
        }
        Ok(())
    }

    async fn names(&self) -> Result<Names, AppError> {
        self.app.names(&self.as_person(control::BACKUP), PROJECT_SLUG).await
    }

    /// Sends a batch the way an exporter and a help desk would: the traces, then what became known later.
    async fn take_in(&self, batch: DemoBatch) -> Result<(), Failure> {
        let body = OtlpBody {
            signal: OtlpSignal::Traces,
            format: Format::Protobuf,
            encoding: Encoding::Identity,
            bytes: batch.otlp.into(),
        };
        let room = self.app.ingest.reserve(body.bytes.len(), "otlp")?;
        self.app.take_in(&self.project, body, room).await.map_err(|refusal| match refusal {
            OtlpRefusal::App(error) => Failure::from(error),
            OtlpRefusal::Decode(error) => Failure::new(error),
        })?;
        let facts =
            batch.facts.into_iter().flat_map(|(run, facts)| facts.into_iter().map(move |fact| (run.clone(), fact)));
        let writes: Vec<RunWrite> = facts
            .map(|(run, fact)| RunWrite {
                scope: self.project.scope,
                target: Target::External(run),
                new_id: RunId::from_uuid(self.app.ids.uuid_v7()),
                change: Change::Fact {
                    id: FactId::from_uuid(self.app.ids.uuid_v7()),
                    key: fact.key,
                    fact: LateFact {
                        value: fact.value,
                        at: fact.at,
                        recorded_at: fact.at,
                        provenance: Provenance {
                            actor: "system:demo".to_owned(),
                            source: Some(fact.source.to_owned()),
                        },
                    },
                },
            })
            .collect();
        let reservation = self.app.ingest.reserve(writes.len(), "fact")?;
        self.app.ingest.write(writes, reservation).await?;
        Ok(())
    }

    /// Promotes one failure of each class that has been learned from, links its siblings, dismisses a few.
    async fn learn(&self) -> Result<(), Failure> {
        let reviewer = self.as_person(control::REVIEWER);
        for promotion in control::PROMOTIONS {
            let failures = self.failures(promotion.workflow, promotion.failure_class).await?;
            let Some((first, siblings)) = failures.split_first() else { continue };
            let case = self.promote(&reviewer, &promotion, first).await?;
            for sibling in siblings.iter().take(promotion.linked) {
                self.app.link_failure(&reviewer, PROJECT_SLUG, sibling.run, case).await?;
            }
        }
        for dismissal in control::DISMISSALS {
            if let Some(last) = self.failures(dismissal.workflow, dismissal.failure_class).await?.last() {
                self.app.dismiss_failure(&reviewer, PROJECT_SLUG, last.run, dismissal.reason).await?;
            }
        }
        Ok(())
    }

    async fn promote(
        &self,
        reviewer: &Caller,
        promotion: &DemoPromotion,
        failure: &FailureRow,
    ) -> Result<CaseId, AppError> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let written = Promotion {
            title: Some(promotion.title.to_owned()),
            assertions: Assertions {
                must: texts(promotion.must),
                must_not: texts(promotion.must_not),
                ..Assertions::default()
            },
            tags: vec!["demo".to_owned()],
            ..Promotion::default()
        };
        Ok(self.app.promote_failure(reviewer, PROJECT_SLUG, failure.run, written).await?.case.id)
    }

    /// Open failures of a class, the earliest first, of the two hundred latest.
    async fn failures(&self, workflow: &str, class: &str) -> Result<Vec<FailureRow>, AppError> {
        let workflow = self.names().await?.workflow(workflow)?;
        let filter = FailureFilter {
            workflow: Some(workflow),
            failure_class: Some(class.to_owned()),
            status: Some(seatrial_domain::failure::LearningStatus::Open),
            ..FailureFilter::default()
        };
        let reviewer = self.as_person(control::REVIEWER);
        let page = Page::new(None, Some(200));
        let (mut failures, _) = self.app.failures(&reviewer, PROJECT_SLUG, &filter, page).await?;
        failures.sort_by_key(|failure| (failure.occurred_at, failure.run));
        Ok(failures)
    }

    async fn keep_scorecards(&self) -> Result<(), Failure> {
        for scorecard in control::scorecards() {
            let owner = self.as_person(scorecard.owner);
            self.clock.set(self.now.plus_days(-scorecard.attested_days_ago));
            let definition = Definition {
                name: scorecard.name,
                owner: self.people.get(scorecard.owner).copied().map(OwnerId::from),
                backup: self.people.get(scorecard.backup).copied().map(OwnerId::from),
                cadence_days: scorecard.cadence_days,
                checks: scorecard.checks,
                dimensions: scorecard.dimensions.iter().map(|name| (*name).to_owned()).collect(),
                required_segments: Vec::new(),
            };
            self.app.put_scorecard(&owner, PROJECT_SLUG, scorecard.workflow, definition, None).await?;
            self.app.attest(&owner, PROJECT_SLUG, scorecard.workflow, Some(1), scorecard.note).await?;
        }
        self.clock.set(self.now);
        Ok(())
    }

    async fn open_gates(&self) -> Result<(), Failure> {
        for gate in control::GATES {
            let opener = self.as_person(gate.opened_by);
            let new = NewGate {
                workflow: gate.workflow.to_owned(),
                release: gate.release.to_owned(),
                baseline: Some(gate.baseline.to_owned()),
            };
            let row = self.app.open_gate(&opener, PROJECT_SLUG, &new).await?;
            let frozen = self.app.freeze_gate(&opener, PROJECT_SLUG, row.id).await?;
            if let Some(reason) = gate.decided {
                let new = NewDecision {
                    verdict: frozen.recommendation.verdict,
                    reason: reason.to_owned(),
                    bundle: frozen.bundle.digest,
                    supersedes: None,
                };
                self.app.decide(&self.as_person(control::RELEASE_MANAGER), PROJECT_SLUG, row.id, new).await?;
            }
        }
        printer::say(&format!("the demo project is ready as of {}", self.clock.now()));
        Ok(())
    }
}
