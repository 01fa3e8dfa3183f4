//! A whole project as a file: exported at one place and imported at another, its chain of decisions intact.
//!
//! The file is JSON Lines: a header, the members' accounts, each table with its rows, and an end with the number of rows
//! and the SHA-256 of everything before it. Credentials stay behind. `docs/OPERATIONS.md` says how it is used.

use std::collections::HashMap;
use std::io::{BufRead, Write};

use seatrial_domain::access::Actor;
use seatrial_domain::decision::{SealedDecision, verify_chain};
use seatrial_domain::digest::Digest;
use seatrial_domain::ids::{AccountId, ProjectId};
use seatrial_domain::project::is_slug;
use seatrial_domain::time::Timestamp;
use seatrial_store::account::AccountRow;
use seatrial_store::archive::{self, Column, Snapshot, Table};
use seatrial_store::{Scope, WriteTx, account, bundle, decision, member, project};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::App;
use super::audit::Change;
use super::error::AppError;

/// The name and version of the file's shape.
pub const ARCHIVE_FORMAT: &str = "seatrial.project/1";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    /// The version that wrote it.
    seatrial: String,
    /// The newest migration of the schema it was written from.
    schema: i64,
    project: ProjectId,
    slug: String,
    made_at: Timestamp,
}

/// A line after the first.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Vec<Value>),
    Accounts { accounts: Vec<Person> },
    Table { table: String, columns: Vec<String> },
    End { rows: u64, sha256: String },
}

/// A member's account, without the password.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    id: AccountId,
    email: String,
    name: String,
}

/// What went into a file, or came out of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// The project's name in URLs.
    pub slug: String,
    /// Rows of every table.
    pub rows: u64,
    /// Decisions of the chain.
    pub decisions: u64,
    /// The digest of the last one.
    pub head: Option<Digest>,
    /// Accounts that were made here for members who had none; they set a password by a reset.
    pub accounts_made: Vec<String>,
}

fn unusable(detail: impl Into<String>) -> AppError {
    AppError::Conflict { code: "archive_unusable", detail: detail.into() }
}

/// Writes lines and keeps the digest of what was written.
struct Writer<'a> {
    out: &'a mut dyn Write,
    digest: Sha256,
}

impl Writer<'_> {
    fn line(&mut self, line: &impl Serialize) -> Result<(), AppError> {
        let mut bytes = serde_json::to_vec(line).map_err(AppError::internal)?;
        bytes.push(b'\n');
        self.digest.update(&bytes);
        let failed = |error| unusable(format!("The file cannot be written: {error}."));
        self.out.write_all(&bytes).map_err(failed)
    }
}

impl App {
    /// Writes the whole project, as it is at one moment.
    ///
    /// # Errors
    /// When there is no such project, the file cannot be written, or the database fails.
    pub async fn export_project(&self, slug: &str, out: &mut dyn Write) -> Result<ArchiveSummary, AppError> {
        let access = self.enter_as_system("command-line", slug).await?;
        let id = access.scope.project();
        let people = member::list(self.store.read(), access.scope).await?;
        let accounts = people.into_iter().map(|row| Person { id: row.account, email: row.email, name: row.name });
        let snapshot = Snapshot::open(&self.store).await?;
        let mut writer = Writer { out, digest: Sha256::new() };
        writer.line(&Header {
            format: ARCHIVE_FORMAT.to_owned(),
            seatrial: env!("CARGO_PKG_VERSION").to_owned(),
            schema: archive::schema_version(),
            project: id,
            slug: slug.to_owned(),
            made_at: self.now(),
        })?;
        writer.line(&Line::Accounts { accounts: accounts.collect() })?;
        let (mut rows, mut decisions) = (0, 0);
        for table in archive::KEPT {
            let columns = snapshot.columns(table).await?;
            let names = columns.iter().map(|column| column.name.clone()).collect();
            writer.line(&Line::Table { table: table.name.to_owned(), columns: names })?;
            let count = snapshot.rows(table, &columns, id, |cells| writer.line(&cells)).await?;
            rows += count;
            if table.name == "decisions" {
                decisions = count;
            }
        }
        let sha256 = Digest::from_bytes(writer.digest.clone().finalize().into()).hex();
        writer.line(&Line::End { rows, sha256 })?;
        writer.out.flush().map_err(|error| unusable(format!("The file cannot be written: {error}.")))?;
        let head = decision::latest(self.store.read(), access.scope, &decision::DecisionFilter::default()).await?;
        let tx = self.store.write().await?;
        self.audit(&tx, &access, "export", "project", id, &Change::made(json!({"rows": rows, "decisions": decisions})))
            .await?;
        tx.commit().await?;
        let head = head.map(|head| head.digest);
        Ok(ArchiveSummary { slug: slug.to_owned(), rows, decisions, head, accounts_made: Vec::new() })
    }

    /// Brings an exported project in, under the name it had or another one. Nothing is kept unless the file is whole,
    /// its chain of decisions holds, and every decision's evidence has the digest that the decision names.
    ///
    /// # Errors
    /// When the file is not whole or of another schema, the project or the name is here already, or the database fails.
    pub async fn import_project(
        &self,
        input: &mut dyn BufRead,
        slug: Option<&str>,
    ) -> Result<ArchiveSummary, AppError> {
        let mut lines = Lines { input, digest: Sha256::new(), number: 0 };
        let header = header(&mut lines)?;
        let slug = slug.unwrap_or(&header.slug).to_owned();
        if !is_slug(&slug) {
            let message = "must be 2 to 64 lower-case letters, digits and single hyphens inside";
            return Err(AppError::invalid("slug", message));
        }
        let taken = |detail: String| AppError::Conflict { code: "project_exists", detail };
        if project::by_id(self.store.read(), header.project).await?.is_some() {
            return Err(taken(format!("The project {} is here already; nothing is merged into it.", header.project)));
        }
        if project::by_slug(self.store.read(), &slug).await?.is_some() {
            return Err(taken(format!("There is another project called {slug} here; choose a name with --slug.")));
        }
        let tx = self.store.write().await?;
        let tables = archive::kept_in(header.schema);
        let schema = header.schema;
        let made = Vec::new();
        let mut import = Import { app: self, tx: &tx, project: header.project, slug: &slug, schema, tables, made };
        let rows = import.read(&mut lines).await?;
        let accounts_made = import.made;
        let scope = Scope::of(header.project);
        let chain = whole_chain(&tx, scope).await?;
        let head = chain.last().map(|last| last.digest);
        let detail =
            Change::made(json!({"rows": rows, "decisions": chain.len(), "slug": slug, "made_at": header.made_at}));
        let actor = Actor::system("command-line");
        self.audit_as(&tx, scope, &actor, ("import", "project"), header.project, &detail)?;
        tx.commit().await?;
        Ok(ArchiveSummary { slug, rows, decisions: chain.len() as u64, head, accounts_made })
    }
}

/// Reads lines and keeps the digest of what was read.
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    digest: Sha256,
    number: u64,
}

impl Lines<'_> {
    /// The next line with the digest of everything before it; `None` at the end.
    fn next(&mut self) -> Result<Option<(Vec<u8>, String)>, AppError> {
        let mut line = Vec::new();
        self.number += 1;
        let failed = |error| unusable(format!("The file cannot be read: {error}."));
        if self.input.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(None);
        }
        let before = Digest::from_bytes(self.digest.clone().finalize().into()).hex();
        self.digest.update(&line);
        Ok(Some((line, before)))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> AppError {
        unusable(format!("Line {} of the file cannot be used: {what}. Export the project again.", self.number))
    }
}

fn header(lines: &mut Lines<'_>) -> Result<Header, AppError> {
    let first = lines.next()?.map(|(line, _)| line).unwrap_or_default();
    let header: Header = serde_json::from_slice(&first)
        .map_err(|_| unusable(format!("The file is no export of a project: its first line is no {ARCHIVE_FORMAT}.")))?;
    if header.format != ARCHIVE_FORMAT {
        return Err(unusable(format!("The file is not of the format {ARCHIVE_FORMAT}.")));
    }
    let here = archive::schema_version();
    if (archive::OLDEST_READ..=here).contains(&header.schema) {
        return Ok(header);
    }
    Err(unusable(format!(
        "The file was written by version {} (migration {}), and this one reads files of migration {} to {here}; use the \
         same version at both places.",
        header.seatrial,
        header.schema,
        archive::OLDEST_READ
    )))
}

/// A project on its way in.
struct Import<'a> {
    app: &'a App,
    tx: &'a WriteTx,
    project: ProjectId,
    slug: &'a str,
    /// The newest migration of the schema that the file was written from.
    schema: i64,
    /// The tables that the file has.
    tables: Vec<&'static Table>,
    made: Vec<String>,
}

/// A table whose rows are being read.
struct Open {
    place: usize,
    table: &'static Table,
    columns: Vec<Column>,
}

impl Import<'_> {
    /// Reads every line up to the end, and checks that it is the end of what was written.
    async fn read(&mut self, lines: &mut Lines<'_>) -> Result<u64, AppError> {
        let (mut open, mut rows) = (None::<Open>, 0);
        let mut accounts = HashMap::new();
        while let Some((bytes, before)) = lines.next()? {
            let line: Line = serde_json::from_slice(&bytes).map_err(|_| lines.wrong("it is of no known kind"))?;
            match line {
                Line::Row(cells) => {
                    let open = open.as_ref().ok_or_else(|| lines.wrong("a row before any table"))?;
                    self.row(open, cells, &accounts).await.map_err(|error| lines.wrong(error))?;
                    rows += 1;
                }
                Line::Accounts { accounts: people } => accounts = self.accounts(people).await?,
                Line::Table { table, columns } => {
                    let next = open.map_or(0, |open| open.place + 1);
                    open = Some(self.table(next, &table, &columns).await.map_err(|error| lines.wrong(error))?);
                }
                Line::End { rows: written, sha256 } => {
                    let whole = open.as_ref().is_some_and(|open| open.place + 1 == self.tables.len());
                    if written != rows || sha256 != before || !whole || lines.next()?.is_some() {
                        return Err(unusable(
                            "The file is not what was written: its rows or its digest differ. Export the project again.",
                        ));
                    }
                    return Ok(rows);
                }
            }
        }
        Err(unusable("The file ends before the project does. Copy it again, or export the project again."))
    }

    async fn table(&self, place: usize, name: &str, columns: &[String]) -> Result<Open, AppError> {
        let table = self.tables.get(place).copied().filter(|table| table.name == name);
        let table = table.ok_or_else(|| unusable("another table belongs here"))?;
        let here = archive::columns_in(self.schema, table, archive::columns_of(self.tx, table).await?);
        let found: Option<Vec<Column>> =
            columns.iter().map(|name| here.iter().find(|column| column.name == *name).cloned()).collect();
        let columns = found.filter(|found| found.len() == here.len()).ok_or_else(|| unusable("its columns differ"))?;
        Ok(Open { place, table, columns })
    }

    async fn row(
        &self,
        open: &Open,
        mut cells: Vec<Value>,
        accounts: &HashMap<AccountId, AccountId>,
    ) -> Result<(), AppError> {
        for (column, cell) in open.columns.iter().zip(&mut cells) {
            if open.place == 0 && column.name == "slug" {
                *cell = Value::from(self.slug);
            }
            if open.table.accounts.contains(&column.name.as_str()) {
                stand_in(cell, accounts);
            }
        }
        Ok(archive::insert(self.tx, open.table, &open.columns, self.project, &cells).await?)
    }

    /// Finds the members' accounts here by id or address, and makes those that are missing, with a password that nobody
    /// knows. Returns who stands for whom.
    async fn accounts(&mut self, people: Vec<Person>) -> Result<HashMap<AccountId, AccountId>, AppError> {
        let mut found = HashMap::new();
        let mut secret = [0; 32];
        self.app.randomness.fill(&mut secret);
        let hash = self.app.passwords.hash(Digest::of(&secret).hex()).await.map_err(AppError::internal)?;
        for person in people {
            let known = match account::by_id(self.tx, person.id).await? {
                Some(row) => Some(row),
                None => account::by_email(self.tx, &person.email).await?,
            };
            let id = match known {
                Some(row) => AccountId::from_uuid(row.id),
                None => {
                    let row = AccountRow {
                        id: person.id.uuid(),
                        email: person.email.clone(),
                        name: person.name,
                        password_hash: hash.clone(),
                        created_at: self.app.now().micros(),
                        disabled_at: None,
                        tokens_from: None,
                    };
                    account::insert(self.tx, row).await?;
                    self.made.push(person.email);
                    person.id
                }
            };
            found.insert(person.id, id);
        }
        Ok(found)
    }
}

/// Puts the accounts of this place where those of the other one stood.
fn stand_in(cell: &mut Value, accounts: &HashMap<AccountId, AccountId>) {
    if let Value::String(text) = cell {
        for (there, here) in accounts.iter().filter(|(there, here)| there != here) {
            *text = text.replace(&there.to_string(), &here.to_string());
        }
    } else if let Some(bytes) = archive::from_base64(cell) {
        let here = accounts.iter().find(|(there, _)| there.uuid().as_bytes()[..] == bytes[..]);
        if let Some((_, here)) = here {
            *cell = archive::base64(here.uuid().as_bytes());
        }
    }
}

/// The chain that came in, once it holds and its evidence is there and what it says.
async fn whole_chain(tx: &WriteTx, scope: Scope) -> Result<Vec<SealedDecision>, AppError> {
    let mut chain: Vec<SealedDecision> = Vec::new();
    loop {
        let more = decision::chain(tx, scope, chain.last().map_or(0, |last| last.record.sequence)).await?;
        if more.is_empty() {
            break;
        }
        chain.extend(more);
    }
    verify_chain(&chain).map_err(|error| unusable(format!("The chain of decisions does not hold: {error}.")))?;
    for sealed in &chain {
        let record = &sealed.record;
        let held = bundle::find(tx, scope, record.bundle).await?;
        let same = held.is_some_and(|row| {
            Digest::of(&row.canonical) == record.bundle && Digest::of(&row.recommendation) == record.recommendation
        });
        if !same {
            let number = record.sequence;
            return Err(unusable(format!("The evidence of decision {number} is missing or is not what was frozen.")));
        }
    }
    Ok(chain)
}
