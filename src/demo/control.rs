//! The rest of the demo project as plain data: people, workflows and their rules, releases, scorecards, the gate that
//! was decided and the one that waits for a decision, and the failures that have become eval cases. Whoever fills a
//! project applies it through the same use cases as a person would.

mod learning;

use std::collections::BTreeMap;

use seatrial_domain::access::Role;
use seatrial_domain::price::{Price, PriceTable};
use seatrial_domain::release::ReleaseState;
use seatrial_domain::scorecard::{Check, CheckRole, Criterion, Scope};
use seatrial_domain::signal::Signal;
use seatrial_domain::time::{DAY, Timestamp};
use seatrial_domain::workflow::{FactKind, FactSource, WorkflowRules};

use super::scenario::{ReleaseScenario, WORKFLOWS, WorkflowScenario};

pub use learning::{DISMISSALS, DemoDismissal, DemoPromotion, PROMOTIONS};

/// A person of the demo project.
#[derive(Clone, Copy, Debug)]
pub struct DemoAccount {
    /// The name shown.
    pub name: &'static str,
    /// Where notices go; also the sign-in name.
    pub email: &'static str,
    /// Roles in the project.
    pub roles: &'static [Role],
}

/// The e-mail of the person who owns the scorecards.
pub const OWNER: &str = "odile.owner@example.com";
/// The e-mail of the release manager.
pub const RELEASE_MANAGER: &str = "marta.manager@example.com";
/// The e-mail of the reviewer.
pub const REVIEWER: &str = "remy.reviewer@example.com";
/// The e-mail of the owner's backup, who is the project's administrator.
pub const BACKUP: &str = "ade.admin@example.com";

/// The people of the demo project, one for each role.
pub const ACCOUNTS: [DemoAccount; 5] = [
    DemoAccount { name: "Vera Viewer", email: "vera.viewer@example.com", roles: &[Role::Viewer] },
    DemoAccount { name: "Remy Reviewer", email: REVIEWER, roles: &[Role::Reviewer] },
    DemoAccount { name: "Odile Owner", email: OWNER, roles: &[Role::Owner] },
    DemoAccount { name: "Marta Manager", email: RELEASE_MANAGER, roles: &[Role::ReleaseManager] },
    DemoAccount { name: "Ade Admin", email: BACKUP, roles: &[Role::Admin] },
];

/// The name of the demo project.
pub const PROJECT_NAME: &str = "Demo";
/// Its name in addresses.
pub const PROJECT_SLUG: &str = "demo";
/// The currency its amounts are in.
pub const CURRENCY: &str = "EUR";

/// A workflow of the demo project.
#[derive(Clone, Debug)]
pub struct DemoWorkflow {
    /// What is true of it.
    pub scenario: &'static WorkflowScenario,
    /// E-mail of its owner.
    pub owner: &'static str,
    /// What it observes. Everything settles at once: late facts of a demo need no waiting for.
    pub rules: WorkflowRules,
}

/// The workflows with their rules: approvals and escalations come with the traces, rescues from the help desk.
#[must_use]
pub fn workflows() -> Vec<DemoWorkflow> {
    let observes = BTreeMap::from([
        (FactKind::Approvals, FactSource::Traces),
        (FactKind::Escalations, FactSource::Traces),
        (FactKind::Rescues, FactSource::Api),
    ]);
    let rules = WorkflowRules { observes, settle_seconds: 0, ..WorkflowRules::default() };
    WORKFLOWS.into_iter().map(|scenario| DemoWorkflow { scenario, owner: OWNER, rules: rules.clone() }).collect()
}

/// A release of the demo project.
#[derive(Clone, Copy, Debug)]
pub struct DemoRelease {
    /// The workflow's name.
    pub workflow: &'static str,
    /// What is true of it.
    pub scenario: &'static ReleaseScenario,
    /// When it was registered as a candidate.
    pub registered_at: Timestamp,
    /// When it went live; `None` for a candidate.
    pub live_at: Option<Timestamp>,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// Every release, oldest first within its workflow.
#[must_use]
pub fn releases(now: Timestamp) -> Vec<DemoRelease> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "microseconds of some weeks")]
    let ago = |days: f64| now.plus_micros(-((days * DAY as f64) as i64));
    let mut releases = Vec::new();
    for workflow in WORKFLOWS {
        let mut taken_over_at = None;
        for scenario in &workflow.releases {
            let registered_at = ago(scenario.from_days_ago + 0.1);
            let retired_at = (scenario.state == ReleaseState::Retired).then(|| ago(scenario.to_days_ago));
            // A release goes live when the one before it has handed over its last traffic.
            let live_at = (scenario.state != ReleaseState::Candidate).then(|| taken_over_at.unwrap_or(registered_at));
            releases.push(DemoRelease { workflow: workflow.name, scenario, registered_at, live_at, retired_at });
            taken_over_at = retired_at;
        }
    }
    releases
}

/// The scorecard of a workflow.
#[derive(Clone, Debug)]
pub struct DemoScorecard {
    /// The workflow's name.
    pub workflow: &'static str,
    /// The scorecard's name.
    pub name: String,
    /// E-mail of its owner.
    pub owner: &'static str,
    /// E-mail of the owner's backup.
    pub backup: &'static str,
    /// How often it must be re-read, in days.
    pub cadence_days: u32,
    /// How long ago the owner last attested it, in days.
    pub attested_days_ago: i64,
    /// The owner's note at that time.
    pub note: &'static str,
    /// The checks.
    pub checks: Vec<Check>,
    /// Dimensions by whose values every key check is read too.
    pub dimensions: &'static [&'static str],
}

/// The scorecards: those of refunds and invoices are fresh; that of access requests was attested before its present
/// release went live and longer ago than its cadence allows.
#[must_use]
pub fn scorecards() -> Vec<DemoScorecard> {
    let fresh = |workflow: &'static str, note, dimensions, ceiling| DemoScorecard {
        workflow,
        name: format!("{workflow} in production"),
        owner: OWNER,
        backup: BACKUP,
        cadence_days: 30,
        attested_days_ago: 5,
        note,
        checks: checks(ceiling),
        dimensions,
    };
    vec![
        fresh(
            "refund-handling",
            "Read against the refund policy of this quarter; enterprise contracts stay a dimension of their own.",
            &["customer_tier", "channel"],
            0.03,
        ),
        fresh(
            "invoice-triage",
            "Margins agreed with accounts payable; supplier types behave differently, so they stay.",
            &["supplier_type", "channel"],
            0.03,
        ),
        DemoScorecard {
            attested_days_ago: 41,
            ..fresh("access-requests", "First version, written for the pilot with engineering.", &["department"], 0.03)
        },
    ]
}

/// What each of the three is held to; only the ceiling on failures of high cost differs.
fn checks(high_cost_ceiling: f64) -> Vec<Check> {
    let check = |key: &str, signal, criterion, role| Check {
        key: key.to_owned(),
        signal,
        statistic: None,
        scope: Scope::All,
        criterion,
        role,
    };
    let not_worse = |margin| Criterion::NotWorseThanBaseline { margin: Some(margin) };
    let within = |margin| Criterion::WithinBaseline { margin: Some(margin) };
    let ceiling = Criterion::Ceiling { rate: high_cost_ceiling };
    vec![
        check("success", Signal::SuccessRate, not_worse(0.05), CheckRole::Key),
        check("high-cost failures", Signal::HighCostFailureRate, ceiling, CheckRole::Key),
        check("rescues", Signal::RescueRate, not_worse(0.05), CheckRole::Standard),
        check("approvals", Signal::ApprovalRate, within(0.15), CheckRole::Standard),
        check("escalations", Signal::EscalationRate, within(0.15), CheckRole::Info),
        check("retries", Signal::RetryRate, not_worse(0.05), CheckRole::Info),
    ]
}

/// A gate of the demo project, its evidence frozen.
#[derive(Clone, Copy, Debug)]
pub struct DemoGate {
    /// The workflow's name.
    pub workflow: &'static str,
    /// The release that asks to go on.
    pub release: &'static str,
    /// The release it is compared with.
    pub baseline: &'static str,
    /// E-mail of who opens it; somebody else decides.
    pub opened_by: &'static str,
    /// Why the release manager decided as was recommended; `None` where the decision is still missing.
    pub decided: Option<&'static str>,
}

/// The gate that was decided, and the one that waits for its decision: the evidence of both is plain.
pub const GATES: [DemoGate; 2] = [
    DemoGate {
        workflow: "refund-handling",
        release: "2.3.0",
        baseline: "2.2.0",
        opened_by: OWNER,
        decided: Some(
            "Better on the whole is not enough: nothing is proved for enterprise customers, whose refunds people redo after \
             2.3.0 called them complete.",
        ),
    },
    DemoGate { workflow: "invoice-triage", release: "1.7.0", baseline: "1.6.0", opened_by: OWNER, decided: None },
];

/// What the models of the demo project cost, in nano-units of [`CURRENCY`] per token.
#[must_use]
pub fn prices() -> PriceTable {
    let price = |model: &str, input_nanos, output_nanos| (model.to_owned(), Price { input_nanos, output_nanos });
    PriceTable::new(BTreeMap::from([
        price("mariner-2-mini", 150, 600),
        price("mariner-2", 1_000, 4_000),
        price("mariner-3", 1_200, 5_000),
    ]))
}
