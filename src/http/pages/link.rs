//! Addresses of pages: paths and queries with every part percent-encoded.

use crate::render::text::url_component;

/// One part of a path or one value of a query.
pub fn part(text: &str) -> String {
    url_component(text)
}

/// `path` with the parameters that have a value.
pub fn with_query(path: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let given = parameters.iter().filter_map(|(name, value)| Some((name, (*value)?))).filter(|(_, v)| !v.is_empty());
    let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", part(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}
