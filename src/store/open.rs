//! Opening a database: pools, pragmas, migrations.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DatabaseConnection, SqlxPostgresConnector, SqlxSqliteConnector};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqlSafeStr as _};

use crate::changes::Changes;
use crate::connection::{ReadConnection, WriteTx};
use crate::error::StoreError;
use crate::migrations::MIGRATIONS;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Embedded SQLite, one file.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// How to open a database.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections that read.
    pub readers: u32,
    /// Connections that write (PostgreSQL; SQLite has one writer).
    pub writers: u32,
    /// How long a query waits for a connection.
    pub acquire_timeout: Duration,
}

impl OpenOptions {
    /// The defaults for `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), readers: 4, writers: 4, acquire_timeout: Duration::from_secs(30) }
    }
}

/// An open database.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
    path: Option<PathBuf>,
    reader: ReadConnection,
    writer: DatabaseConnection,
    changes: Changes,
    statements: Arc<AtomicU64>,
}

fn migrator(backend: Backend) -> Migrator {
    let migrations = MIGRATIONS.iter().map(|migration| {
        let sql = match backend {
            Backend::Sqlite => migration.sqlite,
            Backend::Postgres => migration.postgres,
        };
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(migration.version, Cow::Borrowed(migration.name), MigrationType::Simple, sql, false)
    });
    Migrator::with_migrations(migrations.collect())
}

impl Store {
    /// Opens the database, makes it when it is an SQLite file that is not there, and applies what migrations are new.
    ///
    /// # Errors
    /// When the URL is wrong, the database cannot be reached or written, or is newer than this version.
    pub async fn open(options: &OpenOptions) -> Result<Self, StoreError> {
        let store = if options.url.starts_with("sqlite:") {
            Self::open_sqlite(options).await?
        } else if options.url.starts_with("postgres://") || options.url.starts_with("postgresql://") {
            Self::open_postgres(options).await?
        } else {
            // The URL may hold a password: only its beginning is repeated.
            let scheme = options.url.split_once(':').map_or("…", |(scheme, _)| scheme);
            return Err(StoreError::Url(scheme.to_owned()));
        };
        crate::ingest::rebuild_sums(&store).await?;
        Ok(store.counting())
    }

    async fn open_sqlite(options: &OpenOptions) -> Result<Self, StoreError> {
        let database = |error: sqlx::Error| StoreError::Migrate(error.to_string());
        let base = SqliteConnectOptions::from_str(&options.url)
            .map_err(|_| StoreError::Url(options.url.clone()))?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            // Per connection, in KiB: what is read again is small (cells, indexes); the system caches the file itself.
            .pragma("cache_size", "-8192")
            .pragma("temp_store", "memory")
            // A table of segments is thousands of small rows: fewer hand-overs between the thread that reads and the one that asked.
            .row_buffer_size(1_024)
            // A statement about hundreds of rows is kilobytes of placeholders; commit times are a metric.
            .disable_statement_logging();
        let path = base.get_filename().to_owned();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(options.acquire_timeout)
            // On a full disk SQLite ends a transaction by itself; its end is then refused and counted as still open, and
            // what comes after would be acknowledged inside it and never be durable. Such a connection is not used again.
            .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
            .connect_with(base.clone().create_if_missing(true))
            .await
            .map_err(|error| explain_open(error, &path))?;
        migrator(Backend::Sqlite).run(&writer).await.map_err(explain_migrate)?;
        let reader = SqlitePoolOptions::new()
            .max_connections(options.readers.max(1))
            .acquire_timeout(options.acquire_timeout)
            .connect_with(base.pragma("query_only", "1"))
            .await
            .map_err(database)?;
        Ok(Self {
            backend: Backend::Sqlite,
            path: Some(path),
            reader: ReadConnection(SqlxSqliteConnector::from_sqlx_sqlite_pool(reader)),
            writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
            changes: Changes::default(),
            statements: Arc::default(),
        })
    }

    async fn open_postgres(options: &OpenOptions) -> Result<Self, StoreError> {
        let connect = PgConnectOptions::from_str(&options.url)
            .map_err(|_| StoreError::Url("postgres".to_owned()))?
            .application_name("seatrial")
            .disable_statement_logging();
        let unreachable = |error: sqlx::Error| StoreError::Migrate(format!("cannot reach PostgreSQL: {error}"));
        let pool = |connections: u32| {
            PgPoolOptions::new().max_connections(connections.max(1)).acquire_timeout(options.acquire_timeout)
        };
        let writer = pool(options.writers).connect_with(connect.clone()).await.map_err(unreachable)?;
        migrator(Backend::Postgres).run(&writer).await.map_err(explain_migrate)?;
        let read_only = connect.options([("default_transaction_read_only", "on")]);
        let reader = pool(options.readers).connect_with(read_only).await.map_err(unreachable)?;
        Ok(Self {
            backend: Backend::Postgres,
            path: None,
            reader: ReadConnection(SqlxPostgresConnector::from_sqlx_postgres_pool(reader)),
            writer: SqlxPostgresConnector::from_sqlx_postgres_pool(writer),
            changes: Changes::default(),
            statements: Arc::default(),
        })
    }

    /// Counts every statement from here on.
    fn counting(mut self) -> Self {
        for connection in [&mut self.reader.0, &mut self.writer] {
            let statements = Arc::clone(&self.statements);
            connection.set_metric_callback(move |_| {
                statements.fetch_add(1, Ordering::Relaxed);
            });
        }
        self
    }

    /// How many statements were sent since it was opened, the ends of transactions not counted.
    #[must_use]
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Which database it is.
    #[must_use]
    pub const fn backend(&self) -> Backend {
        self.backend
    }

    /// The database file, of SQLite.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The pool of readers.
    #[must_use]
    pub const fn read(&self) -> &ReadConnection {
        &self.reader
    }

    /// Where to listen for what is committed.
    #[must_use]
    pub const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Begins a transaction that writes. On SQLite it waits for the one before it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        WriteTx::begin(&self.writer, self.backend, self.changes.clone()).await
    }

    /// Asks the database something real, by a reader and by the writer.
    ///
    /// # Errors
    /// When either cannot answer.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.reader.0.execute_unprepared("SELECT 1").await?;
        let tx = self.write().await?;
        crate::connection::Connection::raw(&tx)
            .execute_unprepared("UPDATE leases SET expires_at = expires_at WHERE name = ''")
            .await?;
        tx.commit().await
    }

    /// Ends every connection after the work in hand.
    pub async fn close(self) {
        // What is acknowledged is committed already; a pool that does not end in order loses nothing.
        let _ = self.reader.0.close().await;
        let _ = self.writer.close().await;
    }
}

fn explain_open(error: sqlx::Error, path: &Path) -> StoreError {
    let text = error.to_string();
    if text.contains("readonly") {
        return StoreError::ReadOnly;
    }
    StoreError::Migrate(format!(
        "cannot open `{}`: {text}; check that the folder exists and can be written",
        path.display()
    ))
}

fn explain_migrate(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => StoreError::Newer(version),
        MigrateError::VersionMismatch(version) => StoreError::Changed(version),
        other if other.to_string().contains("readonly") => StoreError::ReadOnly,
        other => StoreError::Migrate(other.to_string()),
    }
}
