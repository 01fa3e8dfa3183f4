//! The gate policy of a project: read, and replaced by a new version.

use seatrial_domain::access::{Permission, Role};
use seatrial_domain::ids::PolicyId;
use seatrial_domain::policy::Policy;
use seatrial_store::policy::{self, PolicyRow};

use super::App;
use super::access::Caller;
use super::audit::Change;
use super::error::{AppError, FieldError};
use super::precondition::IfMatch;

/// The policy a project is under.
#[derive(Clone, Debug, PartialEq)]
pub enum CurrentPolicy {
    /// The one every project begins with.
    BuiltIn(Box<Policy>),
    /// One that the project wrote.
    Own(Box<PolicyRow>),
}

impl CurrentPolicy {
    /// The rules.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        match self {
            Self::BuiltIn(policy) => policy,
            Self::Own(row) => &row.policy,
        }
    }
}

fn check(policy: &Policy) -> Result<(), AppError> {
    let mut errors: Vec<FieldError> = policy
        .validate()
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| FieldError::new(error.field, error.problem))
        .collect();
    // A role that lacks the permission could be named and would then wait for somebody who never may.
    let mut able = |field: &str, roles: &[Role], permission: Permission| {
        for role in roles.iter().filter(|role| !role.grants(permission)) {
            errors.push(FieldError::new(field, format!("the role {role} may not {permission}; leave it out")));
        }
    };
    able("deciders", &policy.deciders, Permission::Decide);
    able("second_persons", &policy.second_persons, Permission::ApproveSecond);
    if errors.is_empty() { Ok(()) } else { Err(AppError::Invalid { errors }) }
}

impl App {
    /// The policy the project is under now.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn policy(&self, caller: &Caller, project: &str) -> Result<CurrentPolicy, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        let row = policy::current(self.store.read(), project.scope).await?;
        Ok(row.map_or_else(|| CurrentPolicy::BuiltIn(Box::default()), |row| CurrentPolicy::Own(Box::new(row))))
    }

    /// The versions the project wrote, latest first.
    ///
    /// # Errors
    /// When the caller may not or the database fails.
    pub async fn policy_versions(&self, caller: &Caller, project: &str) -> Result<Vec<PolicyRow>, AppError> {
        let project = self.enter(caller, project, Permission::ReadEvidence).await?;
        Ok(policy::versions(self.store.read(), project.scope).await?)
    }

    /// Writes a new version. `policy.version` must be the version it was made from, so that two who edit at once do
    /// not overwrite each other; gates frozen before keep theirs.
    ///
    /// # Errors
    /// When a setting is out of bounds, somebody wrote another version meanwhile, the caller may not, or the database
    /// fails.
    pub async fn put_policy(
        &self,
        caller: &Caller,
        project: &str,
        policy: Policy,
        if_match: &IfMatch,
    ) -> Result<PolicyRow, AppError> {
        let project = self.enter(caller, project, Permission::ManageProject).await?;
        check(&policy)?;
        let tx = self.store.write().await?;
        seatrial_store::ingest::lock(&tx, project.scope).await?;
        let before = policy::current(&tx, project.scope).await?.map(|row| row.policy).unwrap_or_default();
        if_match.check(&before)?;
        if policy.version != before.version {
            let detail = format!(
                "The policy is at version {} and this was made from version {}; read it again and repeat the change.",
                before.version, policy.version
            );
            return Err(AppError::Conflict { code: "policy_changed", detail });
        }
        let row = PolicyRow {
            id: PolicyId::from_uuid(self.ids.uuid_v7()),
            policy: Policy { version: before.version + 1, ..policy },
            created_by: project.actor().clone(),
            created_at: self.now(),
        };
        policy::insert(&tx, project.scope, &row).await?;
        self.audit(&tx, &project, "put", "policy", row.id, &Change::of(before, &row.policy)).await?;
        tx.commit().await?;
        Ok(row)
    }
}
