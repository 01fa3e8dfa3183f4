//! What queries run on: a pool of readers, or a transaction that writes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait as _};

use crate::audit;
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
}

impl Connection for WriteTx {
    type Raw = DatabaseTransaction;
    fn raw(&self) -> &DatabaseTransaction {
        &self.raw
    }
}

impl WriteTx {
    pub(crate) async fn begin(writer: &DatabaseConnection, backend: Backend) -> Result<Self, StoreError> {
        // A deferred transaction that reads and then writes fails at once beside another writer; an immediate one waits.
        let options = sea_orm::TransactionOptions {
            sqlite_transaction_mode: (backend == Backend::Sqlite).then_some(sea_orm::SqliteTransactionMode::Immediate),
            ..sea_orm::TransactionOptions::default()
        };
        let raw = writer.begin_with_options(options).await?;
        Ok(Self { raw, backend, pending: Mutex::default() })
    }

    pub(crate) fn pending(&self) -> MutexGuard<'_, Vec<(Scope, audit::Draft)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the audit entries and makes everything durable.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn commit(self) -> Result<(), StoreError> {
        audit::write_pending(&self).await?;
        self.raw.commit().await.map_err(StoreError::from)
    }
}
