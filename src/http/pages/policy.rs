//! The gate policy: what it says, its versions, and what differs between them.

use actix_web::web::{Path, Query};
use seatrial_domain::access::Permission;
use seatrial_domain::gate::GateState;
use seatrial_domain::policy::Policy;
use seatrial_store::Page;
use seatrial_store::gate::GateFilter;
use seatrial_store::policy::PolicyRow;
use serde::Deserialize;

use super::context::{Answer, Frame, Visitor};
use crate::app::error::AppError;
use crate::http::present::policy::{changes, groups};
use crate::http::problem::Problem;
use crate::render::view::policy::{PolicyDifference, PolicyGate, PolicyPage, PolicyVersion, PolicyWritten};
use crate::render::view::{Link, Time};

/// Gates named in each state; more wait rarely.
const GATES: u64 = 50;

/// Which version to compare with.
#[derive(Debug, Default, Deserialize)]
pub struct VersionQuery {
    with: Option<u32>,
}

/// A version as it was written; the built-in one by nobody.
pub struct Version {
    /// The rules.
    pub policy: Policy,
    written: Option<PolicyWritten>,
}

impl From<PolicyRow> for Version {
    fn from(row: PolicyRow) -> Self {
        let written = PolicyWritten { by: row.created_by.display_name, at: Time(row.created_at.micros()) };
        Self { policy: row.policy, written: Some(written) }
    }
}

/// The versions, latest first, the built-in one at the end unless there are more than are listed.
///
/// # Errors
/// When the database fails.
pub async fn versions(frame: &Frame) -> Result<Vec<Version>, AppError> {
    let rows = frame.app().policy_versions(frame.caller(), frame.slug()).await?;
    let begins = rows.last().is_none_or(|row| row.policy.version <= 2);
    let built_in = begins.then(|| Version { policy: Policy::default(), written: None });
    Ok(rows.into_iter().map(Version::from).chain(built_in).collect())
}

/// `GET /p/{project}/settings/policy`: the version in force.
///
/// # Errors
/// When the project is not theirs or the database fails.
pub async fn show(visitor: Visitor, project: Path<String>) -> Answer {
    let frame = visitor.enter(&project).await?;
    let body = page(&frame, None, None).await?;
    frame.page("Gate policy", body)
}

/// `GET /p/{project}/settings/policy/versions/{version}`.
///
/// # Errors
/// When there is no such version, the project is not theirs, or the database fails.
pub async fn version(visitor: Visitor, path: Path<(String, u32)>, query: Query<VersionQuery>) -> Answer {
    let (project, version) = path.into_inner();
    let frame = visitor.enter(&project).await?;
    let body = page(&frame, Some(version), query.with).await?;
    frame.page(format!("Gate policy, version {version}"), body)
}

async fn page(frame: &Frame, wanted: Option<u32>, with: Option<u32>) -> Result<PolicyPage, Problem> {
    let versions = versions(frame).await?;
    let find = |wanted: u32| versions.iter().find(|version| version.policy.version == wanted);
    let none = || AppError::NotFound { noun: "policy version" };
    let in_force = versions.first().map_or(1, |version| version.policy.version);
    let shown = find(wanted.unwrap_or(in_force)).ok_or_else(none)?;
    // A version is read beside the one before it unless another is asked for.
    let other = match with {
        Some(with) => Some(find(with).ok_or_else(none)?),
        None => find(shown.policy.version.saturating_sub(1)),
    };
    let difference = other.filter(|other| other.policy.version != shown.policy.version).map(|other| {
        let turned = other.policy.version > shown.policy.version;
        let (before, after) = if turned { (shown, other) } else { (other, shown) };
        PolicyDifference {
            before: before.policy.version,
            after: after.policy.version,
            changes: changes(&before.policy, &after.policy),
        }
    });
    let listed = versions.iter().enumerate().map(|(place, version)| PolicyVersion {
        version: version.policy.version,
        href: frame.href(&format!("/settings/policy/versions/{}", version.policy.version)),
        shown: version.policy.version == shown.policy.version,
        written: version.written.clone(),
        changed: versions.get(place + 1).map(|before| changes(&before.policy, &version.policy)).unwrap_or_default(),
    });
    let may = frame.may(Permission::ManageProject);
    Ok(PolicyPage {
        name: shown.policy.name.clone(),
        version: shown.policy.version,
        in_force,
        built_in: shown.written.is_none(),
        digest: shown.policy.digest().map_err(|error| Problem::internal(&error))?.to_string(),
        written: shown.written.clone(),
        groups: groups(&shown.policy),
        difference,
        versions: listed.collect(),
        gates: gates(frame).await?,
        edit: may.then(|| frame.href("/settings/policy/edit")),
    })
}

/// Gates without a decision: those that a new version touches.
///
/// # Errors
/// When the database fails.
pub async fn gates(frame: &Frame) -> Result<Vec<PolicyGate>, Problem> {
    let (app, caller, slug) = (frame.app(), frame.caller(), frame.slug());
    let names = app.names(caller, slug).await?;
    let mut found = Vec::new();
    for state in [GateState::Open, GateState::Frozen] {
        let filter = GateFilter { state: Some(state), ..GateFilter::default() };
        let (rows, _) = app.list_gates(caller, slug, &filter, Page::new(None, Some(GATES))).await?;
        found.extend(rows.into_iter().map(|row| PolicyGate {
            link: Link::new(frame.href(&format!("/gates/{}", row.id)), names.release_name(row.release)),
            workflow: names.workflow_name(row.workflow),
            state: state.as_str().to_owned(),
        }));
    }
    Ok(found)
}
