//! Search: what a project has that is called so.

use serde::Serialize;

use super::{HOSTILE, Link, View};

/// Body of `/p/{project}/search?q=…`. With `part=found` only the groups are answered, for the list below the field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchPage {
    /// What was typed.
    pub q: String,
    /// What was found, by kind; none without any.
    pub groups: Vec<SearchGroup>,
}

/// What was found of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchGroup {
    /// `Releases`.
    pub title: String,
    /// The things, the newest first.
    pub items: Vec<SearchItem>,
}

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchItem {
    /// The thing.
    pub link: Link,
    /// Where it belongs or how it stands: `refund-handling, live`.
    pub note: String,
}

impl SearchPage {
    /// A release and a case.
    pub fn sample() -> Self {
        Self::with_text("1.4.0")
    }

    /// The same with hostile text in every name.
    pub fn hostile_sample() -> Self {
        Self::with_text(HOSTILE)
    }

    /// Nothing is called so.
    pub fn empty_sample() -> Self {
        Self { groups: Vec::new(), ..Self::sample() }
    }

    fn with_text(said: &str) -> Self {
        let item = SearchItem { link: Link::new("/p/demo/releases/rel_01", said), note: said.to_owned() };
        let group = |title: &str| SearchGroup { title: title.to_owned(), items: vec![item.clone()] };
        Self { q: said.to_owned(), groups: vec![group("Releases"), group("Eval cases")] }
    }
}

impl View for SearchPage {
    const TEMPLATE: &'static str = "pages/search/show";
}
