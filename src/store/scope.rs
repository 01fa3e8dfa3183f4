//! The project that a query is confined to, and the pages that lists come in.

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Condition, Expr, ExprTrait as _, Func};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select};
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

    /// That a row which is looked up by its own id is the project's. It says the same as `project_id = …` and offers no way
    /// to find the row: SQLite expects few rows of a project and many of a list of ids, and would go through the index over
    /// everything the project has.
    pub(crate) fn owns(self, project_id: impl ColumnTrait) -> Expr {
        let own = || Expr::col(project_id.as_column_ref());
        Expr::expr(Func::coalesce([own(), own()])).eq(self.uuid())
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

/// Which way a list goes along the index that it is kept in. Either way costs the same, at a thousand rows as at a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What came last is first.
    #[default]
    Newest,
    /// What came first is first.
    Oldest,
}

/// Which rows of a list are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where to begin; at the top when absent.
    pub after: Option<Cursor>,
    /// How many rows at most.
    pub limit: u64,
    /// Which way the list goes.
    pub order: Order,
}

impl Page {
    /// A page of at most `limit` rows (bounded to [`limits::PAGE_SIZE_MAX`]) after `after`.
    #[must_use]
    pub fn new(after: Option<Cursor>, limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(limits::PAGE_SIZE).clamp(1, limits::PAGE_SIZE_MAX);
        Self { after, limit, order: Order::Newest }
    }

    /// The same page of the list the other way round, or not.
    #[must_use]
    pub const fn in_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The rows of the page and one more, along `key` and, among equals, along `id`: no row is shown twice or left out,
    /// however many share a key.
    pub(crate) fn along<E: EntityTrait>(self, query: Select<E>, key: E::Column, id: E::Column) -> Select<E> {
        let rest = self.after.map(|after| {
            let (beyond, same) = match self.order {
                Order::Newest => (key.lt(after.key), id.lt(after.id)),
                Order::Oldest => (key.gt(after.key), id.gt(after.id)),
            };
            Condition::any().add(beyond).add(key.eq(after.key).and(same))
        });
        let query = rest.into_iter().fold(query, Select::filter);
        let query = match self.order {
            Order::Newest => query.order_by_desc(key).order_by_desc(id),
            Order::Oldest => query.order_by_asc(key).order_by_asc(id),
        };
        query.limit(self.limit + 1)
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
