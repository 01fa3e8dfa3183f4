//! What queries run on: a pool of readers, or a transaction that writes.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait as _};
use seatrial_domain::ids::ProjectId;

use crate::audit;
use crate::changes::Changes;
use crate::error::StoreError;
use crate::open::Backend;
use crate::scope::Scope;

/// Something a query can run on.
pub trait Connection: Sync {
    /// SeaORM's connection.
    type Raw: ConnectionTrait + Sync;
    /// SeaORM's connection; only named inside this crate.
    fn raw(&self) -> &Self::Raw;
}

/// A pool of connections that only read.
#[derive(Clone, Debug)]
pub struct ReadConnection(pub(crate) DatabaseConnection);

impl Connection for ReadConnection {
    type Raw = DatabaseConnection;
    fn raw(&self) -> &DatabaseConnection {
        &self.0
    }
}

/// A transaction that writes. Dropped without [`WriteTx::commit`] it changes nothing.
#[derive(Debug)]
pub struct WriteTx {
    raw: DatabaseTransaction,
    pub(crate) backend: Backend,
    /// Audit entries, written as the last thing before the commit.
    pending: Mutex<Vec<(Scope, audit::Draft)>>,
    /// Projects of which something changes in it.
    changed: Mutex<BTreeSet<ProjectId>>,
    changes: Changes,
}

impl Connection for WriteTx {
    type Raw = DatabaseTransaction;
    fn raw(&self) -> &DatabaseTransaction {
        &self.raw
    }
}

impl WriteTx {
    pub(crate) async fn begin(
        writer: &DatabaseConnection,
        backend: Backend,
        changes: Changes,
    ) -> Result<Self, StoreError> {
        // A deferred transaction that reads and then writes fails at once beside another writer; an immediate one waits.
        let options = sea_orm::TransactionOptions {
            sqlite_transaction_mode: (backend == Backend::Sqlite).then_some(sea_orm::SqliteTransactionMode::Immediate),
            ..sea_orm::TransactionOptions::default()
        };
        let raw = writer.begin_with_options(options).await?;
        Ok(Self { raw, backend, pending: Mutex::default(), changed: Mutex::default(), changes })
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Vec<(Scope, audit::Draft)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those who listen to the project are told when this is durable. What is audited is told without it.
    pub(crate) fn changed(&self, scope: Scope) {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).insert(scope.project());
    }

    /// Writes the audit entries, makes everything durable, and tells those who listen.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn commit(self) -> Result<(), StoreError> {
        for (scope, _) in self.pending().iter() {
            self.changed(*scope);
        }
        audit::write_pending(&self).await?;
        self.raw.commit().await?;
        self.changes.tell(self.changed.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}
