//! Who is asking, and what they may do in which project. Every use case begins here.

use seatrial_domain::access::{Access, Actor, Permission};
use seatrial_domain::ids::{AccountId, ApiKeyId, ProjectId};
use seatrial_domain::project::is_slug;
use seatrial_store::Scope;

use super::App;
use super::error::AppError;

/// Somebody who has proved who they are.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A person, by session or access token.
    Account {
        /// Their account.
        id: AccountId,
        /// Their name.
        name: String,
    },
    /// A program, by API key.
    ApiKey {
        /// The key.
        id: ApiKeyId,
        /// The key's name.
        name: String,
        /// The only project it opens.
        project: ProjectId,
        /// What it may do there.
        access: Access,
    },
}

/// A project as somebody who may enter it sees it.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    /// What every query starts from.
    pub scope: Scope,
    /// The project's name in URLs.
    pub slug: String,
    /// The project's name.
    pub name: String,
    /// The project's settings.
    pub settings: super::project::ProjectSettings,
    /// Who is asking, and what they may do.
    pub access: Access,
}

impl ProjectAccess {
    /// Who is asking.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.access.actor
    }

    /// Refuses unless the caller has a further permission.
    ///
    /// # Errors
    /// [`AppError::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), AppError> {
        self.access.require(permission).map_err(AppError::from)
    }
}

impl Caller {
    /// The account of a person; `None` for a program.
    #[must_use]
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account { id, .. } => Some(*id),
            Self::ApiKey { .. } => None,
        }
    }
}

impl App {
    /// Lets a part of Seatrial into the project `slug`: a worker, the command line on the server, the demo. It may do
    /// everything but the acts of a person.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such project.
    pub async fn enter_as_system(&self, part: &'static str, slug: &str) -> Result<ProjectAccess, AppError> {
        let project = seatrial_store::project::by_slug(self.store.read(), slug).await?;
        let project = project.ok_or(AppError::NotFound { noun: "project" })?;
        Self::access_to(project, Access::of_system(part))
    }

    /// The project of a row, as somebody with `access` sees it.
    pub(super) fn access_to(
        project: seatrial_store::project::ProjectRow,
        access: Access,
    ) -> Result<ProjectAccess, AppError> {
        let settings = super::project::settings_of(&project)?;
        let scope = Scope::of(ProjectId::from_uuid(project.id));
        Ok(ProjectAccess { scope, slug: project.slug, name: project.name, settings, access })
    }

    /// Lets the caller into the project `slug` for something that needs `permission`.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such project *or the caller does not belong to it*, which must look the
    /// same; [`AppError::Forbidden`] when they belong and may not.
    pub async fn enter(&self, caller: &Caller, slug: &str, permission: Permission) -> Result<ProjectAccess, AppError> {
        let not_found = || AppError::NotFound { noun: "project" };
        if !is_slug(slug) {
            return Err(not_found());
        }
        let project = seatrial_store::project::by_slug(self.store.read(), slug).await?.ok_or_else(not_found)?;
        let id = ProjectId::from_uuid(project.id);
        let access = match caller {
            Caller::ApiKey { project, access, .. } if *project == id => access.clone(),
            Caller::ApiKey { .. } => return Err(not_found()),
            Caller::Account { id: account, name } => {
                let roles = seatrial_store::member::roles(self.store.read(), Scope::of(id), *account).await?;
                let roles = roles.ok_or_else(not_found)?;
                Access::of_account(Actor::account(account.to_string(), name.clone()), &roles)
            }
        };
        access.require(permission)?;
        Self::access_to(project, access)
    }
}
