//! What can go wrong with the database, in words an operator can act on.

use std::borrow::Cow;

use sea_orm::{DbErr, RuntimeErr};

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database that is supported.
    #[error("`{0}` is not a database URL: expected `sqlite:PATH` or `postgres://…`")]
    Url(String),
    /// The database was written by a newer version of Seatrial.
    #[error(
        "the database was migrated by a newer version of Seatrial (migration {0} is unknown here); start that version, \
         or restore the backup made before the upgrade"
    )]
    Newer(i64),
    /// A migration that was applied differs from the one this version has.
    #[error(
        "migration {0} of the database differs from this version's; the database was made by a build that never was \
         released: restore a backup or start with an empty database"
    )]
    Changed(i64),
    /// A migration could not be applied.
    #[error("cannot bring the database up to date: {0}")]
    Migrate(String),
    /// The database cannot be written.
    #[error("the database is read-only: check the permissions of the file, its folder and the disk")]
    ReadOnly,
    /// The disk is full.
    #[error("the disk that holds the database is full: free some space")]
    Full,
    /// A row that must be unique is there already.
    #[error("there already is such a row")]
    Duplicate,
    /// The request was carried out already, under the same key.
    #[error("this request was carried out already")]
    AlreadyDone,
    /// A text holds the character NUL, which PostgreSQL cannot keep.
    #[error("a text holds the character NUL (U+0000)")]
    Nul,
    /// Something stored cannot be read back.
    #[error("a stored {what} cannot be read: {why}")]
    Corrupt {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Anything else the database says.
    #[error("the database failed: {0}")]
    Database(DbErr),
}

impl StoreError {
    /// A stored thing that cannot be read back.
    pub fn corrupt(what: &'static str, why: impl ToString) -> Self {
        Self::Corrupt { what, why: why.to_string() }
    }

    /// Whether trying again can help: another writer was in the way.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let Self::Database(error) = self else { return false };
        matches!(code(error).as_deref(), Some("40001" | "40P01")) || matches!(sqlite_code(error), Some(5 | 6))
    }
}

/// The database's own code of an error: five letters of the SQL standard from PostgreSQL, a number from SQLite. Messages
/// are in the language of the server; codes are the same everywhere.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else { return None };
    let RuntimeErr::SqlxError(cause) = cause else { return None };
    cause.as_database_error()?.code().map(Cow::into_owned)
}

/// SQLite's primary result code, which the extended codes end with.
fn sqlite_code(error: &DbErr) -> Option<u32> {
    let code = code(error)?;
    // A code of five digits is PostgreSQL's.
    (code.len() < 5).then(|| code.parse::<u32>().ok()).flatten().map(|code| code & 0xff)
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        if matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_))) {
            return Self::Duplicate;
        }
        match (code(&error).as_deref(), sqlite_code(&error)) {
            (Some("25006"), _) | (_, Some(8)) => Self::ReadOnly,
            (Some("53100"), _) | (_, Some(13)) => Self::Full,
            (Some("22021"), _) if error.to_string().contains("0x00") => Self::Nul,
            _ => Self::Database(error),
        }
    }
}
