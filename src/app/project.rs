//! Projects: the tenant boundary, their settings, prices and failure classes.

use std::collections::HashSet;

use seatrial_domain::access::{Actor, Permission, Role};
use seatrial_domain::failure::{FailureClass, Taxonomy};
use seatrial_domain::ids::{AccountId, ProjectId};
use seatrial_domain::limits;
use seatrial_domain::price::PriceTable;
use seatrial_domain::project::is_slug;
use seatrial_domain::time::Timestamp;
use seatrial_store::project::ProjectRow;
use seatrial_store::{Scope, failure_class, member, price, project};
use serde_json::json;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::{AppError, FieldError};
use super::precondition::IfMatch;

pub use seatrial_domain::project::ProjectSettings;

/// A project to be made.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: ProjectSettings,
}

/// A project in a list.
#[derive(Clone, Debug)]
pub struct ProjectSummary {
    /// Its id.
    pub id: ProjectId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl From<ProjectRow> for ProjectSummary {
    fn from(row: ProjectRow) -> Self {
        Self {
            id: ProjectId::from_uuid(row.id),
            slug: row.slug,
            name: row.name,
            created_at: Timestamp::from_micros(row.created_at),
        }
    }
}

/// Reads the settings of a stored project.
pub(super) fn settings_of(row: &ProjectRow) -> Result<ProjectSettings, AppError> {
    serde_json::from_str(&row.settings_json).map_err(AppError::internal)
}

impl App {
    /// The projects that the caller may enter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn projects(&self, caller: &Caller) -> Result<Vec<ProjectSummary>, AppError> {
        let db = self.store.read();
        let rows = match caller {
            Caller::Account { id, .. } => project::of_account(db, *id).await?,
            Caller::ApiKey { project, .. } => project::by_id(db, *project).await?.into_iter().collect(),
        };
        Ok(rows.into_iter().map(ProjectSummary::from).collect())
    }

    /// Makes a project with the caller as its admin. Takes an admin of any project; where there is none yet, anybody
    /// with an account, who then is the administrator made at the first start.
    ///
    /// # Errors
    /// When the caller may not, the input breaks a rule, the slug is taken, or the database fails.
    pub async fn create_project(&self, caller: &Caller, new: NewProject) -> Result<ProjectSummary, AppError> {
        let Caller::Account { id, name } = caller else {
            return Err(AppError::Forbidden { permission: Permission::ManageProject });
        };
        let db = self.store.read();
        if !member::is_admin_anywhere(db, *id).await? && project::any(db).await? {
            return Err(AppError::Forbidden { permission: Permission::ManageProject });
        }
        let actor = Actor::account(id.to_string(), name.clone());
        self.insert_project(new, Some(*id), &actor).await
    }

    /// Makes a project for a part of Seatrial, with `admin` as its admin where given.
    ///
    /// # Errors
    /// When the input breaks a rule, the slug is taken, or the database fails.
    pub async fn create_project_as_system(
        &self,
        part: &'static str,
        new: NewProject,
        admin: Option<AccountId>,
    ) -> Result<ProjectSummary, AppError> {
        self.insert_project(new, admin, &Actor::system(part)).await
    }

    async fn insert_project(
        &self,
        new: NewProject,
        admin: Option<AccountId>,
        actor: &Actor,
    ) -> Result<ProjectSummary, AppError> {
        let mut errors = settings_errors(&new.settings);
        if !is_slug(&new.slug) {
            errors
                .push(FieldError::new("slug", "must be 2 to 64 lower-case letters, digits and single hyphens inside"));
        }
        let name = limits::label(&new.name);
        if name.is_none() {
            errors.push(FieldError::new("name", "must not be empty"));
        }
        let Some(name) = name.filter(|_| errors.is_empty()) else { return Err(AppError::Invalid { errors }) };
        let now = self.now();
        let row = ProjectRow {
            id: self.ids.uuid_v7(),
            slug: new.slug,
            name,
            settings_json: serde_json::to_string(&new.settings).map_err(AppError::internal)?,
            created_at: now.micros(),
        };
        let scope = Scope::of(ProjectId::from_uuid(row.id));
        let tx = self.store.write().await?;
        project::insert(&tx, row.clone()).await?;
        if let Some(admin) = admin {
            member::put(&tx, scope, admin, &[Role::Admin], now).await?;
        }
        let detail = Change::made(json!({"slug": row.slug, "name": row.name, "settings": new.settings}));
        self.audit_as(&tx, scope, actor, ("create", "project"), scope.project(), &detail)?;
        tx.commit().await?;
        Ok(row.into())
    }

    /// A project's settings.
    ///
    /// # Errors
    /// When the caller may not read them, or the database fails.
    pub async fn project_settings(&self, caller: &Caller, slug: &str) -> Result<ProjectSettings, AppError> {
        Ok(self.enter(caller, slug, Permission::ReadEvidence).await?.settings)
    }

    /// Replaces a project's settings.
    ///
    /// # Errors
    /// When the caller may not, a setting breaks a rule, or the database fails.
    pub async fn put_project_settings(
        &self,
        caller: &Caller,
        slug: &str,
        settings: ProjectSettings,
        if_match: &IfMatch,
    ) -> Result<ProjectSettings, AppError> {
        let project = self.enter(caller, slug, Permission::ManageProject).await?;
        let errors = settings_errors(&settings);
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        let tx = self.store.write().await?;
        project::hold(&tx, project.scope.project()).await?;
        let row = project::by_id(&tx, project.scope.project()).await?.ok_or(AppError::NotFound { noun: "project" })?;
        let before = settings_of(&row)?;
        if_match.check(&before)?;
        let settings_json = serde_json::to_string(&settings).map_err(AppError::internal)?;
        project::set_settings(&tx, project.scope.project(), settings_json).await?;
        let detail = Change::of(&before, &settings);
        self.audit(&tx, &project, "change_settings", "project", project.scope.project(), &detail).await?;
        tx.commit().await?;
        Ok(settings)
    }

    /// A project's prices.
    ///
    /// # Errors
    /// When the caller may not read them, or the database fails.
    pub async fn prices(&self, caller: &Caller, slug: &str) -> Result<PriceTable, AppError> {
        let project = self.enter(caller, slug, Permission::ReadEvidence).await?;
        Ok(price::table(self.store.read(), project.scope).await?)
    }

    /// Replaces a project's prices. Runs that came in before keep the cost they have.
    ///
    /// # Errors
    /// When the caller may not, a price breaks a rule, or the database fails.
    pub async fn put_prices(
        &self,
        caller: &Caller,
        slug: &str,
        table: PriceTable,
        if_match: &IfMatch,
    ) -> Result<PriceTable, AppError> {
        let project = self.enter(caller, slug, Permission::ManageProject).await?;
        self.put_prices_in(&project, table, if_match).await
    }

    /// [`App::put_prices`] for somebody who has entered the project.
    ///
    /// # Errors
    /// When a price breaks a rule, or the database fails.
    pub async fn put_prices_in(
        &self,
        project: &ProjectAccess,
        table: PriceTable,
        if_match: &IfMatch,
    ) -> Result<PriceTable, AppError> {
        let errors = price_errors(&table);
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        let tx = self.store.write().await?;
        project::hold(&tx, project.scope.project()).await?;
        let before = price::table(&tx, project.scope).await?;
        if_match.check(&before)?;
        price::replace(&tx, project.scope, &table).await?;
        let detail = Change::of(&before, &table);
        self.audit(&tx, project, "change_prices", "project", project.scope.project(), &detail).await?;
        tx.commit().await?;
        Ok(table)
    }

    /// A project's failure classes, the built-in ones included.
    ///
    /// # Errors
    /// When the caller may not read them, or the database fails.
    pub async fn failure_classes(&self, caller: &Caller, slug: &str) -> Result<Taxonomy, AppError> {
        let project = self.enter(caller, slug, Permission::ReadEvidence).await?;
        Ok(failure_class::taxonomy(self.store.read(), project.scope).await?)
    }

    /// Replaces a project's own failure classes. A severity counts for runs that come in or change from now on.
    ///
    /// # Errors
    /// When the caller may not, a class breaks a rule, or the database fails.
    pub async fn put_failure_classes(
        &self,
        caller: &Caller,
        slug: &str,
        classes: Vec<FailureClass>,
        if_match: &IfMatch,
    ) -> Result<Taxonomy, AppError> {
        let project = self.enter(caller, slug, Permission::ManageProject).await?;
        let errors = class_errors(&classes);
        if !errors.is_empty() {
            return Err(AppError::Invalid { errors });
        }
        let tx = self.store.write().await?;
        project::hold(&tx, project.scope.project()).await?;
        let before = failure_class::list(&tx, project.scope).await?;
        if_match.check(&Taxonomy::new(before.clone()).classes())?;
        failure_class::replace(&tx, project.scope, &classes).await?;
        let detail = Change::of(&before, &classes);
        self.audit(&tx, &project, "change_failure_classes", "project", project.scope.project(), &detail).await?;
        tx.commit().await?;
        Ok(Taxonomy::new(classes))
    }
}

fn settings_errors(settings: &ProjectSettings) -> Vec<FieldError> {
    settings.problems().into_iter().map(|(field, message)| FieldError::new(field, message)).collect()
}

fn price_errors(table: &PriceTable) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let prices = table.prices();
    if prices.len() as u64 > limits::PRICES_PER_PROJECT {
        errors.push(FieldError::new("", format!("has more than {} models", limits::PRICES_PER_PROJECT)));
    }
    for (model, price) in prices {
        let field = limits::clip(model, limits::LABEL_BYTES);
        if limits::label(model).as_deref() != Some(model) {
            errors.push(FieldError::new(field, "the name of a model is 1 to 200 bytes without control characters"));
        }
        // A token for more than a thousandth of a unit is a mistake of the unit.
        let allowed = 0..=1_000_000;
        if !allowed.contains(&price.input_nanos) || !allowed.contains(&price.output_nanos) {
            errors.push(FieldError::new(field, "a price is from 0 to 1,000,000 nano-units per token"));
        }
    }
    errors
}

fn class_errors(classes: &[FailureClass]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if classes.len() as u64 > limits::CLASSES_PER_PROJECT {
        errors.push(FieldError::new("", format!("has more than {} classes", limits::CLASSES_PER_PROJECT)));
    }
    let mut seen = HashSet::new();
    for (index, class) in classes.iter().enumerate() {
        if limits::label(&class.name).as_deref() != Some(class.name.as_str()) {
            let message = "must be 1 to 200 bytes without control characters";
            errors.push(FieldError::new(format!("[{index}].name"), message));
        }
        if !seen.insert(class.name.as_str()) {
            errors.push(FieldError::new(format!("[{index}].name"), "is the name of another class in this list"));
        }
        if class.meaning.len() > limits::NOTE_BYTES {
            let message = format!("is longer than {} bytes", limits::NOTE_BYTES);
            errors.push(FieldError::new(format!("[{index}].meaning"), message));
        }
    }
    errors
}
