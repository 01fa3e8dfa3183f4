//! A whole project, row by row: read at one moment for a file that leaves, and written where such a file comes in.
//!
//! Every table of the schema is named here, kept or left behind, so that whoever adds one says which (a test asks the
//! database). Columns are the catalog's, so that a column that is added is kept without a word.

use futures_util::TryStreamExt as _;
use sea_orm::{ConnectionTrait, DatabaseTransaction, QueryResult, Statement, StreamTrait as _};
use sea_orm::{TransactionOptions, TransactionTrait as _, Value};
use seatrial_domain::ids::ProjectId;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::connection::{Connection, WriteTx};
use crate::error::StoreError;
use crate::migrations::MIGRATIONS;
use crate::open::{Backend, Store};

/// A table that goes along.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// In what order its rows are read and written.
    order: &'static str,
    /// Columns that hold the id of an account, or a text with such ids, that says who is to act now. What says who acted
    /// stays as it was.
    pub accounts: &'static [&'static str],
}

const fn table(name: &'static str, order: &'static str, accounts: &'static [&'static str]) -> Table {
    Table { name, order, accounts }
}

/// The tables that go along, each after those it refers to. The first one is the project itself.
#[rustfmt::skip] // A line each, so that two changes that each add one do not meet.
pub const KEPT: &[Table] = &[
    table("projects", "id", &[]),
    table("members", "account_id", &["account_id"]),
    table("workflows", "id", &["owner_id"]),
    table("releases", "id", &[]),
    table("release_events", "at, id", &[]),
    table("deployments", "at, id", &[]),
    table("templates", "document, format, version", &[]),
    table("prices", "model", &[]),
    table("failure_classes", "name", &[]),
    table("runs", "id", &[]),
    table("traces", "run_id, format", &[]),
    table("run_facts", "id", &[]),
    table("segment_values", "workflow_id, dimension, value", &[]),
    table("cells", "workflow_id, release_id, dimension, resolution, start_at, value", &[]),
    table("blocks", "workflow_id, release_id, basis, dimension, start_at, value", &[]),
    table("saved_views", "id", &["account_id"]),
    table("sums_to_rebuild", "project_id", &[]),
    table("failures", "run_id", &["assigned_to", "reserved_by"]),
    table("triage_acts", "at, id, run_id", &[]),
    table("cases", "id", &[]),
    table("case_versions", "case_id, version", &[]),
    table("case_bands", "workflow_id, band, hash, case_id", &[]),
    table("patterns", "id", &[]),
    table("pattern_bands", "workflow_id, hash, pattern_id", &[]),
    table("pattern_events", "pattern_id, sequence", &[]),
    table("samples", "run_id", &[]),
    table("suites", "id", &[]),
    table("suite_versions", "suite_id, version", &[]),
    table("eval_results", "id", &[]),
    table("scorecards", "id", &["owner_id", "backup_id", "definition_json"]),
    table("scorecard_versions", "scorecard_id, version", &[]),
    table("attestations", "at, id", &[]),
    table("policies", "version", &[]),
    table("gates", "id", &[]),
    table("bundles", "frozen_at, digest", &[]),
    table("decisions", "sequence", &[]),
    table("proposals", "proposed_at, id", &[]),
    table("teams", "id", &[]),
    table("team_members", "team_id, account_id", &["account_id"]),
    table("exemptions", "id", &[]),
    table("gaps", "id", &["owner"]),
    table("responses", "id", &["owner"]),
    table("response_notes", "id", &[]),
    table("alerts", "id", &[]),
    table("alert_events", "at, id", &[]),
    table("drift_settings", "workflow_id", &[]),
    table("audit_entries", "at, id", &[]),
];

/// The tables that stay, each with the reason.
#[rustfmt::skip] // A line each, so that two changes that each add one do not meet.
pub const LEFT_BEHIND: &[(&str, &str)] = &[
    ("accounts", "of no project; the members' names and addresses go along without their passwords"),
    ("sessions", "credentials"),
    ("api_keys", "credentials"),
    ("signing_keys", "credentials"),
    ("reset_requests", "credentials"),
    ("password_resets", "credentials"),
    ("invitations", "credentials; whoever has not come yet is invited anew"),
    ("idempotency_keys", "answers of the old place"),
    ("webhooks", "hold secrets, and tell what happens at the old place"),
    ("outbox", "messages of the old place"),
    ("deliveries", "attempts at messages of the old place"),
    ("notices", "what people were told at the old place"),
    ("notice_preferences", "hold the links of mails that were sent"),
    ("leases", "of the running service"),
    ("drift_watches", "computed anew from cells"),
    ("forecasts", "worked out anew"),
    ("gate_prefixes", "computed anew from blocks"),
];

/// The oldest schema whose files can still be read, by its newest migration.
pub const OLDEST_READ: i64 = 25;

/// What tables that go along have had only since a later migration: a column, or with none the whole table. A file from
/// before has none of it; such a column has a default.
pub const LATER: &[(i64, &str, Option<&str>)] = &[(27, "failure_classes", Some("retired")), (28, "saved_views", None)];

/// The tables that go along in a file of this schema.
#[must_use]
pub fn kept_in(schema: i64) -> Vec<&'static Table> {
    let came =
        |table: &Table| LATER.iter().any(|(at, name, whole)| *at > schema && *name == table.name && whole.is_none());
    KEPT.iter().filter(|table| !came(table)).collect()
}

/// Of the columns that a table has here, those it has in a file of this schema.
#[must_use]
pub fn columns_in(schema: i64, table: &Table, here: Vec<Column>) -> Vec<Column> {
    let came = |column: &Column| {
        LATER.iter().any(|(at, name, of)| *at > schema && *name == table.name && *of == Some(column.name.as_str()))
    };
    here.into_iter().filter(|column| !came(column)).collect()
}

/// The newest migration: that of the files which are written.
#[must_use]
pub fn schema_version() -> i64 {
    MIGRATIONS.iter().map(|step| step.version).max().unwrap_or(0)
}

/// The kinds of columns there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bytes,
    Uuid,
    Integer,
    Real,
    Boolean,
    Text,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    kind: Kind,
}

/// A consistent view of the whole database, of the moment it was opened.
#[derive(Debug)]
pub struct Snapshot {
    raw: DatabaseTransaction,
    backend: Backend,
}

impl Snapshot {
    /// Opens a view.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(store: &Store) -> Result<Self, StoreError> {
        let backend = store.backend();
        let mut options = TransactionOptions::default();
        if backend == Backend::Postgres {
            options.isolation_level = Some(sea_orm::IsolationLevel::RepeatableRead);
            options.access_mode = Some(sea_orm::AccessMode::ReadOnly);
        }
        // On SQLite a transaction that only reads sees one moment and waits for nobody.
        let raw = store.read().raw().begin_with_options(options).await?;
        Ok(Self { raw, backend })
    }

    /// The columns of a table.
    ///
    /// # Errors
    /// When the database fails or a column is of a kind that is not known here.
    pub async fn columns(&self, table: &Table) -> Result<Vec<Column>, StoreError> {
        columns(&self.raw, self.backend, table).await
    }

    /// Reads the project's rows of a table one by one.
    ///
    /// # Errors
    /// When the database fails, or what `each` answers.
    pub async fn rows<E: From<StoreError>>(
        &self,
        table: &Table,
        columns: &[Column],
        project: ProjectId,
        mut each: impl FnMut(&[Json]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let names = quoted(columns);
        let owner = owner_column(table);
        let sql = format!("SELECT {names} FROM {} WHERE {owner} = $1 ORDER BY {}", table.name, table.order);
        let statement = statement(&self.raw, sql, vec![project.uuid().into()]);
        let failed = |error| E::from(StoreError::from(error));
        let mut rows = self.raw.stream_raw(statement).await.map_err(failed)?;
        let mut count = 0;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            let cells: Vec<Json> =
                columns.iter().map(|column| show(&row, column)).collect::<Result<_, _>>().map_err(E::from)?;
            each(&cells)?;
            count += 1;
        }
        Ok(count)
    }
}

/// The columns of a table as the writing side sees them.
///
/// # Errors
/// As [`Snapshot::columns`].
pub async fn columns_of(tx: &WriteTx, table: &Table) -> Result<Vec<Column>, StoreError> {
    columns(tx.raw(), tx.backend, table).await
}

/// Writes a row, given in the order of `columns`.
///
/// # Errors
/// When a cell is not of its column's kind, the row is not of this project, or the database refuses it.
pub async fn insert(
    tx: &WriteTx,
    table: &Table,
    columns: &[Column],
    project: ProjectId,
    cells: &[Json],
) -> Result<(), StoreError> {
    let wrong = |what: String| StoreError::corrupt("row", format!("of {}: {what}", table.name));
    if cells.len() != columns.len() {
        return Err(wrong(format!("it has {} cells for {} columns", cells.len(), columns.len())));
    }
    let mut values = Vec::with_capacity(cells.len());
    for (column, cell) in columns.iter().zip(cells) {
        let value = read(column.kind, cell).ok_or_else(|| wrong(format!("`{}` is of another kind", column.name)))?;
        if column.name == owner_column(table) && *cell != base64(project.uuid().as_bytes()) {
            return Err(wrong("it belongs to another project".to_owned()));
        }
        values.push(value);
    }
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", table.name, quoted(columns), places.join(", "));
    tx.raw().execute_raw(statement(tx.raw(), sql, values)).await?;
    Ok(())
}

/// The names of all tables of the schema.
///
/// # Errors
/// When the database fails.
pub async fn tables(store: &Store) -> Result<Vec<String>, StoreError> {
    let sql = match store.backend() {
        Backend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        Backend::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
    };
    let db = store.read().raw();
    let rows = db.query_all_raw(statement(db, sql, Vec::new())).await?;
    let names = rows.iter().map(|row| row.try_get("", "name")).collect::<Result<Vec<String>, _>>()?;
    Ok(names.into_iter().filter(|name| name != "_sqlx_migrations").collect())
}

async fn columns(raw: &DatabaseTransaction, backend: Backend, table: &Table) -> Result<Vec<Column>, StoreError> {
    let sql = match backend {
        Backend::Sqlite => "SELECT name, lower(type) AS kind FROM pragma_table_info($1) ORDER BY cid",
        Backend::Postgres => {
            "SELECT column_name::text AS name, data_type::text AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let rows = raw.query_all_raw(statement(raw, sql, vec![table.name.into()])).await?;
    rows.iter()
        .map(|row| {
            let (name, kind): (String, String) = (row.try_get("", "name")?, row.try_get("", "kind")?);
            let kind = match kind.as_str() {
                "blob" | "bytea" => Kind::Bytes,
                "uuid" => Kind::Uuid,
                "integer" | "bigint" => Kind::Integer,
                "real" | "double precision" => Kind::Real,
                "boolean" => Kind::Boolean,
                "text" => Kind::Text,
                other => return Err(StoreError::corrupt("schema", format!("{}.{name} is {other}", table.name))),
            };
            Ok(Column { name, kind })
        })
        .collect()
}

fn statement(db: &impl ConnectionTrait, sql: impl Into<String>, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

/// Names of the catalog, in quotes: some are words of SQL.
fn quoted(columns: &[Column]) -> String {
    columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}

/// The column that says whose a row is.
fn owner_column(table: &Table) -> &'static str {
    if table.name == KEPT[0].name { "id" } else { "project_id" }
}

/// A cell as JSON: bytes and ids as base64 in a list of one, everything else as it is. SQLite keeps ids as bytes.
fn show(row: &QueryResult, column: &Column) -> Result<Json, StoreError> {
    let name = column.name.as_str();
    let json = match column.kind {
        Kind::Bytes => row.try_get::<Option<Vec<u8>>>("", name)?.map(|bytes| base64(&bytes)),
        Kind::Uuid => row.try_get::<Option<Uuid>>("", name)?.map(|id| base64(id.as_bytes())),
        Kind::Integer => row.try_get::<Option<i64>>("", name)?.map(Json::from),
        Kind::Real => row.try_get::<Option<f64>>("", name)?.map(Json::from),
        Kind::Boolean => row.try_get::<Option<bool>>("", name)?.map(Json::from),
        Kind::Text => row.try_get::<Option<String>>("", name)?.map(Json::from),
    };
    Ok(json.unwrap_or(Json::Null))
}

/// A cell for a column of this kind; `None` when it is of another one.
fn read(kind: Kind, cell: &Json) -> Option<Value> {
    if cell.is_null() {
        return Some(match kind {
            Kind::Bytes => Value::Bytes(None),
            Kind::Uuid => Value::Uuid(None),
            Kind::Integer => Value::BigInt(None),
            Kind::Real => Value::Double(None),
            Kind::Boolean => Value::Bool(None),
            Kind::Text => Value::String(None),
        });
    }
    Some(match kind {
        Kind::Bytes => from_base64(cell)?.into(),
        Kind::Uuid => Uuid::from_slice(&from_base64(cell)?).ok()?.into(),
        Kind::Integer => cell.as_i64()?.into(),
        Kind::Real => cell.as_f64()?.into(),
        Kind::Boolean => cell.as_bool()?.into(),
        Kind::Text => cell.as_str()?.into(),
    })
}

/// Bytes as they stand in a file: a list of one text, so that no text can be mistaken for them.
#[must_use]
pub fn base64(bytes: &[u8]) -> Json {
    use base64::Engine as _;
    Json::from(vec![base64::engine::general_purpose::STANDARD.encode(bytes)])
}

/// The bytes of such a list.
#[must_use]
pub fn from_base64(cell: &Json) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let [text] = cell.as_array()?.as_slice() else { return None };
    base64::engine::general_purpose::STANDARD.decode(text.as_str()?).ok()
}
