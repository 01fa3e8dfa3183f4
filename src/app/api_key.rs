//! API keys: made for one project, shown once, revoked, and found again when they are presented.

use seatrial_domain::access::{Access, Actor, Permission, PermissionSet, Scope as KeyScope};
use seatrial_domain::ids::{ApiKeyId, ProjectId};
use seatrial_domain::limits;
use seatrial_domain::time::{MINUTE, Timestamp};
use seatrial_store::api_key::{self, ApiKeyRow};
use seatrial_store::{Cursor, Page};
use serde_json::json;
use uuid::Uuid;

use super::App;
use super::access::{Caller, ProjectAccess};
use super::audit::Change;
use super::error::{AppError, FieldError, Unauthenticated};
use crate::auth::api_key::{NewApiKey, masked, public_id_of};
use crate::auth::secret::{Secret, SecretHash};

/// A row's `used_at` is written at most this often, in microseconds: ingest must not write twice.
const TOUCH_AFTER_MICROS: i64 = MINUTE;

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for, in words.
    pub name: String,
    /// What it may do; at least one.
    pub scopes: Vec<KeyScope>,
    /// When it ends; never when absent.
    pub expires_at: Option<Timestamp>,
}

/// A key just made.
#[derive(Debug)]
pub struct CreatedKey {
    /// The whole key: shown now and never again.
    pub key: Secret,
    /// What is kept of it.
    pub view: ApiKeyView,
}

/// A key as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyView {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Its beginning, for recognising it.
    pub masked: String,
    /// What it may do.
    pub scopes: Vec<KeyScope>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it ends; never when absent.
    pub expires_at: Option<Timestamp>,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used_at: Option<Timestamp>,
}

impl App {
    /// Makes a key.
    ///
    /// # Errors
    /// When the caller may not, the input breaks a rule, or the database fails.
    pub async fn create_api_key(&self, caller: &Caller, slug: &str, new: NewKey) -> Result<CreatedKey, AppError> {
        let project = self.enter(caller, slug, Permission::ManageKeys).await?;
        let created_by = match caller {
            Caller::Account { id, .. } => id.uuid(),
            Caller::ApiKey { id, .. } => id.uuid(),
        };
        self.create_api_key_in(&project, created_by, new).await
    }

    /// [`App::create_api_key`] for a part of Seatrial that has entered the project.
    ///
    /// # Errors
    /// When the input breaks a rule, or the database fails.
    pub async fn create_api_key_as_system(&self, project: &ProjectAccess, new: NewKey) -> Result<CreatedKey, AppError> {
        self.create_api_key_in(project, Uuid::nil(), new).await
    }

    async fn create_api_key_in(
        &self,
        project: &ProjectAccess,
        created_by: Uuid,
        mut new: NewKey,
    ) -> Result<CreatedKey, AppError> {
        new.scopes.sort_unstable();
        new.scopes.dedup();
        let name = self.check_key(project, &new)?;
        let NewApiKey { public_id, key, hash } = NewApiKey::generate(self.randomness.as_ref());
        let row = ApiKeyRow {
            id: self.ids.uuid_v7(),
            project_id: project.scope.project().uuid(),
            name,
            public_id,
            secret_hash: hash.as_bytes().to_vec(),
            scopes_json: serde_json::to_string(&new.scopes).map_err(AppError::internal)?,
            created_by,
            created_at: self.now().micros(),
            expires_at: new.expires_at.map(Timestamp::micros),
            revoked_at: None,
            used_at: None,
        };
        let view = view(row.clone())?;
        let tx = self.store.write().await?;
        api_key::insert(&tx, row).await?;
        let detail = Change::made(json!({"name": view.name, "scopes": view.scopes, "expires_at": view.expires_at}));
        self.audit(&tx, project, "create", "api_key", view.id, &detail).await?;
        tx.commit().await?;
        Ok(CreatedKey { key, view })
    }

    /// Checks a new key and returns its name as it is stored.
    fn check_key(&self, project: &ProjectAccess, new: &NewKey) -> Result<String, AppError> {
        let mut errors = Vec::new();
        let name = limits::label(&new.name).unwrap_or_default();
        if name.is_empty() {
            errors.push(FieldError::new("name", "must not be empty: say what the key is for"));
        }
        if new.scopes.is_empty() {
            errors.push(FieldError::new("scopes", "must name at least one scope"));
        }
        let wanted: PermissionSet = new.scopes.iter().map(|scope| scope.permissions()).collect();
        if !project.access.permissions.covers(wanted) {
            errors.push(FieldError::new("scopes", "a key cannot be allowed more than who makes it"));
        }
        if new.expires_at.is_some_and(|at| at <= self.now()) {
            errors.push(FieldError::new("expires_at", "is in the past"));
        }
        if errors.is_empty() { Ok(name) } else { Err(AppError::Invalid { errors }) }
    }

    /// A page of the project's keys, the newest first, revoked ones included.
    ///
    /// # Errors
    /// When the caller may not, or the database fails.
    pub async fn api_keys(
        &self,
        caller: &Caller,
        slug: &str,
        page: Page,
    ) -> Result<(Vec<ApiKeyView>, Option<Cursor>), AppError> {
        let project = self.enter(caller, slug, Permission::ManageKeys).await?;
        let (rows, next) = api_key::list(self.store.read(), project.scope, page).await?;
        let views = rows.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok((views, next))
    }

    /// Revokes a key, for good. Revoking it again changes nothing.
    ///
    /// # Errors
    /// When the caller may not, there is no such key, or the database fails.
    pub async fn revoke_api_key(&self, caller: &Caller, slug: &str, id: ApiKeyId) -> Result<(), AppError> {
        let project = self.enter(caller, slug, Permission::ManageKeys).await?;
        let tx = self.store.write().await?;
        let row = api_key::by_id(&tx, project.scope, id).await?.ok_or(AppError::NotFound { noun: "API key" })?;
        if api_key::revoke(&tx, project.scope, id, self.now()).await? {
            self.audit(
                &tx,
                &project,
                "revoke",
                "api_key",
                id,
                &Change::gone(json!({"name": row.name, "scopes_json": row.scopes_json})),
            )
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Whose a presented key is, if it is still good.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is wrong, revoked or over, or when the database fails.
    pub async fn resolve_api_key(&self, presented: &str) -> Result<Caller, AppError> {
        let refuse = |why| AppError::Unauthenticated { why };
        let public_id = public_id_of(presented).ok_or(refuse(Unauthenticated::Invalid))?;
        let row = api_key::by_public_id(self.store.read(), public_id).await?;
        let proved =
            |row: &ApiKeyRow| SecretHash::from_bytes(&row.secret_hash).is_some_and(|stored| stored.matches(presented));
        // Only who knows the whole key is told more than that it is not valid.
        let row = row.filter(proved).ok_or(refuse(Unauthenticated::Invalid))?;
        let now = self.now();
        if row.revoked_at.is_some() {
            return Err(refuse(Unauthenticated::Revoked));
        }
        if row.expires_at.is_some_and(|at| at <= now.micros()) {
            return Err(refuse(Unauthenticated::Expired));
        }
        if row.used_at.is_none_or(|used_at| now.micros() - used_at >= TOUCH_AFTER_MICROS) {
            self.touch_api_key(ApiKeyId::from_uuid(row.id), now).await;
        }
        caller(row)
    }

    /// A key must work when the database cannot be written: reading goes on, and writing says why it cannot.
    async fn touch_api_key(&self, id: ApiKeyId, now: Timestamp) {
        let touched = async {
            let tx = self.store.write().await?;
            api_key::touch(&tx, id, now).await?;
            tx.commit().await
        };
        if let Err(error) = touched.await {
            tracing::debug!(%error, "the use of an API key was not noted");
        }
    }
}

fn caller(row: ApiKeyRow) -> Result<Caller, AppError> {
    let view = view(row.clone())?;
    let actor = Actor::api_key(view.id.to_string(), view.name.clone());
    let access = Access::of_api_key(actor, &view.scopes);
    Ok(Caller::ApiKey { id: view.id, name: view.name, project: ProjectId::from_uuid(row.project_id), access })
}

fn view(row: ApiKeyRow) -> Result<ApiKeyView, AppError> {
    let names: Vec<String> = serde_json::from_str(&row.scopes_json).map_err(AppError::internal)?;
    Ok(ApiKeyView {
        id: ApiKeyId::from_uuid(row.id),
        name: row.name,
        masked: masked(&row.public_id),
        // A scope that this version does not know grants nothing.
        scopes: names.iter().filter_map(|name| name.parse().ok()).collect(),
        created_at: Timestamp::from_micros(row.created_at),
        expires_at: row.expires_at.map(Timestamp::from_micros),
        revoked_at: row.revoked_at.map(Timestamp::from_micros),
        used_at: row.used_at.map(Timestamp::from_micros),
    })
}
