//! The schema: both databases have the same one, a newer one is refused, and a file that cannot be written is said to be so.

use std::collections::BTreeSet;
use std::path::Path;

use seatrial_store::{OpenOptions, Store, StoreError};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::support::postgres::TestDatabase;

/// One line for every column, as `table.column type not null`, with the type's name on SQLite.
const SQLITE_COLUMNS: &str = "\
    SELECT m.name || '.' || p.name || ' ' || lower(p.type) || CASE WHEN p.\"notnull\" THEN ' not null' ELSE '' END \
    FROM sqlite_master m JOIN pragma_table_info(m.name) p \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations'";
const POSTGRES_COLUMNS: &str = "\
    SELECT table_name || '.' || column_name || ' ' \
      || CASE data_type WHEN 'uuid' THEN 'blob' WHEN 'bytea' THEN 'blob' WHEN 'bigint' THEN 'integer' \
         WHEN 'double precision' THEN 'real' ELSE data_type END \
      || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";

/// One line for every index: the columns of a unique key whatever its name, name and columns of the others.
const SQLITE_INDEXES: &str = "\
    SELECT CASE WHEN l.\"unique\" THEN 'unique key of ' || m.name ELSE 'index ' || l.name || ' on ' || m.name END || ' (' \
      || (SELECT group_concat(i.name, ', ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) i) || ')' \
      || CASE WHEN l.partial THEN ' partial' ELSE '' END \
    FROM sqlite_master m JOIN pragma_index_list(m.name) l \
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> '_sqlx_migrations'";
const POSTGRES_INDEXES: &str = "\
    SELECT CASE WHEN x.indisunique THEN 'unique key of ' || t.relname \
        ELSE 'index ' || i.relname || ' on ' || t.relname END || ' (' \
      || (SELECT string_agg(a.attname, ', ' ORDER BY k.place) \
          FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, place) \
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum) || ')' \
      || CASE WHEN x.indpred IS NOT NULL THEN ' partial' ELSE '' END \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = t.relnamespace \
    WHERE n.nspname = 'public' AND t.relname <> '_sqlx_migrations'";

/// One line for every foreign key of one column; there are no others.
const SQLITE_REFERENCES: &str = "\
    SELECT m.name || '.' || f.\"from\" || ' references ' || f.\"table\" || '.' || f.\"to\" \
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
const POSTGRES_REFERENCES: &str = "\
    SELECT t.relname || '.' || a.attname || ' references ' || r.relname || '.' || b.attname \
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1] \
    JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = c.confkey[1] WHERE c.contype = 'f'";

fn sqlite_url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// Brings a database up to date and lets go of it.
async fn migrate(url: &str) {
    Store::open(&OpenOptions::new(url)).await.expect("the database opens").close().await;
}

async fn sqlite(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&sqlite_url(path)).await.expect("SQLite answers")
}

async fn postgres(database: &TestDatabase) -> PgConnection {
    PgConnection::connect(database.url()).await.expect("PostgreSQL answers")
}

fn same(what: &str, sqlite: Vec<String>, postgres: Vec<String>) {
    let [sqlite, postgres] = [sqlite, postgres].map(|lines| lines.into_iter().collect::<BTreeSet<_>>());
    assert!(!sqlite.is_empty(), "no {what} at all: is the question to the database still right?");
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>().join("\n  ");
    assert!(
        sqlite == postgres,
        "the two schemas differ in their {what}.\nOnly on SQLite:\n  {}\nOnly on PostgreSQL:\n  {}",
        only(&sqlite, &postgres),
        only(&postgres, &sqlite)
    );
}

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let database = TestDatabase::create();
    migrate(database.url()).await;
    let mut lite = sqlite(&file).await;
    let mut big = postgres(&database).await;
    let questions = [
        ("columns", SQLITE_COLUMNS, POSTGRES_COLUMNS),
        ("keys and indexes", SQLITE_INDEXES, POSTGRES_INDEXES),
        ("references", SQLITE_REFERENCES, POSTGRES_REFERENCES),
    ];
    for (what, on_sqlite, on_postgres) in questions {
        let on_sqlite = sqlx::query_scalar::<_, String>(on_sqlite).fetch_all(&mut lite).await.expect(what);
        let on_postgres = sqlx::query_scalar::<_, String>(on_postgres).fetch_all(&mut big).await.expect(what);
        same(what, on_sqlite, on_postgres);
    }
}

#[tokio::test]
async fn every_migration_file_has_its_pair_and_is_applied() {
    let files = |dialect: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
        let entries = std::fs::read_dir(folder).expect("the folder of migrations is there");
        let names = entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned());
        names.collect::<BTreeSet<_>>()
    };
    let names = files("sqlite");
    assert_eq!(names, files("postgres"), "a migration has the same number and name in both folders");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let applied: Vec<(i64, String)> =
        sqlx::query_as("SELECT version, description FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut sqlite(&file).await)
            .await
            .expect("applied migrations");
    let applied: BTreeSet<String> =
        applied.into_iter().map(|(version, name)| format!("{version:04}_{name}.sql")).collect();
    assert_eq!(names, applied, "store::open embeds every file of migrations/");
}

#[tokio::test]
async fn opening_twice_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = sqlite_url(&folder.path().join("seatrial.db"));
    migrate(&url).await;
    migrate(&url).await;
    let database = TestDatabase::create();
    migrate(database.url()).await;
    migrate(database.url()).await;
}

fn assert_newer(result: Result<Store, StoreError>) {
    let error = result.expect_err("a newer database is refused");
    assert!(matches!(error, StoreError::Newer(9999)), "{error}");
    assert_eq!(
        error.to_string(),
        "the database was migrated by a newer version of Seatrial (migration 9999 is unknown here); start that version, \
         or restore the backup made before the upgrade"
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let mut connection = sqlite(&file).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .expect("recorded");
    connection.close().await.expect("closed");
    assert_newer(Store::open(&OpenOptions::new(sqlite_url(&file))).await);

    let database = TestDatabase::create();
    migrate(database.url()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, '\\x00', 0)",
    )
    .execute(&mut postgres(&database).await)
    .await
    .expect("recorded");
    assert_newer(Store::open(&OpenOptions::new(database.url())).await);
}

#[tokio::test]
async fn a_database_of_an_unreleased_build_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let mut connection = sqlite(&file).await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1")
        .execute(&mut connection)
        .await
        .expect("recorded");
    connection.close().await.expect("closed");
    let error = Store::open(&OpenOptions::new(sqlite_url(&file))).await.expect_err("it differs");
    assert!(matches!(error, StoreError::Changed(1)), "{error}");
}

/// Permissions do not bind the administrator, who may run this test: SQLite's own read-only mode answers the same.
fn read_only(path: &Path) -> OpenOptions {
    OpenOptions::new(format!("{}?mode=ro", sqlite_url(path)))
}

#[tokio::test]
async fn a_read_only_file_is_read_and_says_why_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let store = Store::open(&read_only(&file)).await.expect("what is there can be read");
    assert_eq!(seatrial_store::project::by_slug(store.read(), "none").await.expect("read").map(|p| p.slug), None);
    let error = store.ping().await.expect_err("a write fails");
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
    assert_eq!(
        error.to_string(),
        "the database is read-only: check the permissions of the file, its folder and the disk"
    );
    store.close().await;
}

#[tokio::test]
async fn a_read_only_file_that_needs_a_migration_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    // A database, and nothing in it.
    let mut connection = SqliteConnection::connect(&format!("{}?mode=rwc", sqlite_url(&file))).await.expect("made");
    sqlx::query("PRAGMA journal_mode = wal").execute(&mut connection).await.expect("set");
    sqlx::query("PRAGMA user_version = 1").execute(&mut connection).await.expect("written");
    connection.close().await.expect("closed");
    let error = Store::open(&read_only(&file)).await.expect_err("it cannot be brought up to date");
    assert!(matches!(error, StoreError::ReadOnly), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = Store::open(&OpenOptions::new("sqlite:/nowhere/at/all/seatrial.db")).await.expect_err("no folder");
    assert!(error.to_string().contains("cannot open `/nowhere/at/all/seatrial.db`"), "{error}");
    let error = Store::open(&OpenOptions::new("mysql://user:hush@host/db")).await.expect_err("not supported");
    assert_eq!(error.to_string(), "`mysql` is not a database URL: expected `sqlite:PATH` or `postgres://…`");
}

/// Takes step 22 back and keeps two events of a pattern of one moment and a later one, in none of which it is said who was first.
const BEFORE_22: [&str; 4] = [
    "DROP INDEX pattern_events_in_order",
    "ALTER TABLE pattern_events DROP COLUMN sequence",
    "CREATE INDEX pattern_events_by_pattern ON pattern_events (project_id, pattern_id, at, id)",
    "DELETE FROM _sqlx_migrations WHERE version = 22",
];
/// The ids as hexadecimal digits, for either database.
const EVENTS: [(&str, &str, i64); 4] = [("02", "a0", 7), ("01", "a0", 7), ("03", "a0", 9), ("04", "b0", 8)];
const IN_ORDER: [(&str, i64); 4] = [("new", 1), ("confirmed", 2), ("fixed", 3), ("other", 1)];

fn event(quote: impl Fn(&str) -> String, (id, pattern, at): (&str, &str, i64), state: &str) -> String {
    let [id, pattern, project] = [id, pattern, "f0"].map(|digits| quote(&digits.repeat(16)));
    format!(
        "INSERT INTO pattern_events (id, project_id, pattern_id, state, note, actor_json, at) \
         VALUES ({id}, {project}, {pattern}, '{state}', '', '{{}}', {at})"
    )
}

#[tokio::test]
async fn events_that_are_there_get_an_order() {
    let states = ["confirmed", "new", "fixed", "other"];
    let question = "SELECT state, sequence FROM pattern_events ORDER BY pattern_id, sequence";
    let expected = IN_ORDER.map(|(state, sequence)| (state.to_owned(), sequence)).to_vec();

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("seatrial.db");
    migrate(&sqlite_url(&file)).await;
    let mut connection = sqlite(&file).await;
    let inserts = EVENTS.iter().zip(states).map(|(of, state)| event(|hex| format!("x'{hex}'"), *of, state));
    let alone = std::iter::once("PRAGMA foreign_keys = OFF".to_owned());
    for statement in alone.chain(BEFORE_22.map(str::to_owned)).chain(inserts) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.expect("as it was");
    }
    connection.close().await.expect("closed");
    migrate(&sqlite_url(&file)).await;
    let found: Vec<(String, i64)> = sqlx::query_as(question).fetch_all(&mut sqlite(&file).await).await.expect("read");
    assert_eq!(found, expected);

    let database = TestDatabase::create();
    migrate(database.url()).await;
    let mut connection = postgres(&database).await;
    let inserts = EVENTS.iter().zip(states).map(|(of, state)| event(|hex| format!("'{hex}'"), *of, state));
    let alone = std::iter::once("SET session_replication_role = replica".to_owned());
    for statement in alone.chain(BEFORE_22.map(str::to_owned)).chain(inserts) {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.expect("as it was");
    }
    migrate(database.url()).await;
    let found: Vec<(String, i64)> = sqlx::query_as(question).fetch_all(&mut connection).await.expect("read");
    assert_eq!(found, expected);
}
