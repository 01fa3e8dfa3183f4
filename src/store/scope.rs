//! The project that a query is confined to, and the pages that lists come in.

use sea_orm::prelude::Uuid;
use seatrial_domain::ids::ProjectId;
use seatrial_domain::limits;

/// The project that every query starts from: nothing outside it is ever read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(ProjectId);

impl Scope {
    /// The scope of a project.
    #[must_use]
    pub const fn of(project: ProjectId) -> Self {
        Self(project)
    }

    /// What belongs to no project: accounts, sessions, keys that sign. Its log is the operator's.
    #[must_use]
    pub const fn installation() -> Self {
        Self(ProjectId::from_uuid(Uuid::nil()))
    }

    /// The project.
    #[must_use]
    pub const fn project(self) -> ProjectId {
        self.0
    }

    pub(crate) const fn uuid(self) -> Uuid {
        self.0.uuid()
    }
}

/// Where a page begins: after the row with this sort key and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key of the last row seen, such as a time in microseconds.
    pub key: i64,
    /// Its id.
    pub id: Uuid,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{}", self.key, self.id.as_simple())
    }
}

impl std::str::FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "the cursor is not one this list gave out; start again without it";
        let (key, id) = text.split_once('.').ok_or(wrong)?;
        let key = u64::from_str_radix(key, 16).map_err(|_| wrong)?.cast_signed();
        Ok(Self { key, id: Uuid::try_parse(id).map_err(|_| wrong)? })
    }
}

/// Which rows of a list are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where to begin; at the top when absent.
    pub after: Option<Cursor>,
    /// How many rows at most.
    pub limit: u64,
}

impl Page {
    /// A page of at most `limit` rows (bounded to [`limits::PAGE_SIZE_MAX`]) after `after`.
    #[must_use]
    pub fn new(after: Option<Cursor>, limit: Option<u64>) -> Self {
        Self { after, limit: limit.unwrap_or(limits::PAGE_SIZE).clamp(1, limits::PAGE_SIZE_MAX) }
    }

    /// Splits rows fetched with one more than the limit into the page and the cursor of the next one.
    #[must_use]
    pub fn split<T>(self, mut rows: Vec<T>, cursor: impl Fn(&T) -> Cursor) -> (Vec<T>, Option<Cursor>) {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return (rows, None);
        }
        rows.truncate(limit);
        let next = rows.last().map(cursor);
        (rows, next)
    }
}
