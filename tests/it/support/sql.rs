//! Statements past every rule of the service, for trying what the database itself refuses.

use seatrial::config::DatabaseKind;
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use super::app::TestApp;

/// Runs one statement on the service's own database, past every rule of the service; what the database says when it
/// refuses.
pub async fn sql(app: &TestApp, statement: &'static str) -> Result<(), String> {
    let failed = |error: sqlx::Error| error.to_string();
    match app.app.config.database_kind() {
        DatabaseKind::Sqlite(path) => {
            let mut connection =
                SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.map_err(failed)?;
            sqlx::query(statement).execute(&mut connection).await.map(|_| ()).map_err(failed)
        }
        DatabaseKind::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose()).await.map_err(failed)?;
            sqlx::query(statement).execute(&mut connection).await.map(|_| ()).map_err(failed)
        }
    }
}

/// The texts of a question with one text column, asked of the service's own database.
pub async fn texts(app: &TestApp, question: &'static str) -> Vec<String> {
    match app.app.config.database_kind() {
        DatabaseKind::Sqlite(path) => {
            let mut connection =
                SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("SQLite");
            sqlx::query_scalar(question).fetch_all(&mut connection).await.expect(question)
        }
        DatabaseKind::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose()).await.expect("PostgreSQL");
            sqlx::query_scalar(question).fetch_all(&mut connection).await.expect(question)
        }
    }
}
