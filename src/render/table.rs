//! A list as it is shown, for spreadsheets and programs: the rows of a page as CSV or JSON.

use serde_json::{Map, Value};

use super::text::csv_line;

/// Formats a list can be had in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values with a header, UTF-8; a cell that a spreadsheet would compute is text.
    Csv,
    /// An array of objects.
    Json,
}

impl TableFormat {
    /// `csv` or `json`.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Its content type and the ending of its files.
    pub const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Csv => ("text/csv; charset=utf-8", "csv"),
            Self::Json => ("application/json", "json"),
        }
    }
}

/// The rows of a page's model. `list` names the array that holds them; where its entries are groups, with an array
/// `items` of their own, each item is a row that also says what its group says.
pub fn table(model: &Value, list: &str, format: TableFormat) -> String {
    let rows: Vec<Map<String, Value>> =
        model.get(list).and_then(Value::as_array).into_iter().flatten().flat_map(rows_of).collect();
    match format {
        TableFormat::Json => serde_json::to_string_pretty(&rows).unwrap_or_default(),
        TableFormat::Csv => csv(&rows),
    }
}

fn rows_of(entry: &Value) -> Vec<Map<String, Value>> {
    let Value::Object(fields) = entry else { return Vec::new() };
    let Some(items) = fields.get("items").and_then(Value::as_array) else { return vec![fields.clone()] };
    let of_group = || fields.iter().filter(|(name, _)| *name != "items").map(|(name, v)| (name.clone(), v.clone()));
    let item = |item: &Value| {
        let own = item.as_object().into_iter().flatten().map(|(name, v)| (name.clone(), v.clone()));
        of_group().chain(own).collect()
    };
    items.iter().map(item).collect()
}

fn csv(rows: &[Map<String, Value>]) -> String {
    // All rows of a list are of one type, so the first has every column.
    let Some(first) = rows.first() else { return String::new() };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let line = |row: &Map<String, Value>| {
        let cells: Vec<String> = names.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect();
        csv_line(&cells.iter().map(String::as_str).collect::<Vec<_>>())
    };
    std::iter::once(csv_line(&names)).chain(rows.iter().map(line)).collect()
}

/// A value in one cell: nothing for what is unknown, what a link or a figure says, and JSON for the rest.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => match fields.get("label").and_then(Value::as_str) {
            Some(label) if fields.contains_key("href") => label.to_owned(),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}
