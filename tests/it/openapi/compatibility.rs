//! What of a changed document would break clients of a released one: operations, parameters, types, required fields, enums.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Operation, operations};

/// What would break a client of `released` that meets `current`.
pub fn breaks(released: &Value, current: &Value) -> Vec<String> {
    let now: BTreeMap<String, Operation<'_>> =
        operations(current).into_iter().map(|operation| (operation.at.clone(), operation)).collect();
    let mut found = Vec::new();
    for before in operations(released) {
        match now.get(&before.at) {
            Some(after) => found.extend(operation_breaks(&before, after)),
            None => found.push(format!("{} is gone", before.at)),
        }
    }
    found.extend(schema_breaks(released, current));
    found
}

fn operation_breaks(before: &Operation<'_>, after: &Operation<'_>) -> Vec<String> {
    let at = &before.at;
    let mut found = Vec::new();
    if before.text("operationId") != after.text("operationId") {
        found.push(format!("{at} changed its operationId from {}", before.text("operationId")));
    }
    let (parameters, kept) = (before.parameters(), after.parameters());
    for name in parameters.keys().filter(|name| !kept.contains_key(*name)) {
        found.push(format!("{at} lost the parameter {name}"));
    }
    for (name, _) in kept.iter().filter(|(name, required)| **required && parameters.get(*name) != Some(&true)) {
        found.push(format!("{at} newly requires the parameter {name}"));
    }
    for (name, then) in before.parameter_schemas() {
        if let Some(now) = after.parameter_schemas().get(&name) {
            let mut compare = Compare { way: Way::Sent, found: &mut found };
            compare.schemas(&format!("{at} {name}"), then, now);
        }
    }
    for kind in before.body_types().difference(&after.body_types()) {
        found.push(format!("{at} no longer takes {kind}"));
    }
    let required = |operation: &Operation<'_>| operation.value["requestBody"]["required"] == true;
    if required(after) && !required(before) && before.value.get("requestBody").is_some() {
        found.push(format!("{at} newly requires a body"));
    }
    let answers: BTreeMap<&String, &Value> = after.responses().collect();
    for (status, then) in before.responses().filter(|(status, _)| status.starts_with('2')) {
        let Some(now) = answers.get(status) else {
            found.push(format!("{at} no longer answers {status}"));
            continue;
        };
        for (kind, then) in then["content"].as_object().into_iter().flatten() {
            match now["content"].get(kind) {
                None => found.push(format!("{at} no longer answers {status} as {kind}")),
                Some(now) => {
                    let mut compare = Compare { way: Way::Answered, found: &mut found };
                    compare.schemas(&format!("{at} {status}"), &then["schema"], &now["schema"]);
                }
            }
        }
    }
    for (kind, then) in before.value["requestBody"]["content"].as_object().into_iter().flatten() {
        let mut compare = Compare { way: Way::Sent, found: &mut found };
        compare.schemas(&format!("{at} body"), &then["schema"], &after.value["requestBody"]["content"][kind]["schema"]);
    }
    found
}

/// Which way a schema travels. What is sent may be taken more widely, what is answered may be told more narrowly.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Answered,
}

/// The names of the schemas that travel one way.
fn travelling(document: &Value, way: Way) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for operation in operations(document) {
        match way {
            Way::Sent => refer(document, &operation.value["requestBody"], &mut names),
            Way::Answered => refer(document, &operation.value["responses"], &mut names),
        }
    }
    names
}

/// Every schema that a part of the document refers to, however deep.
fn refer(document: &Value, part: &Value, names: &mut BTreeSet<String>) {
    match part {
        Value::Object(map) => {
            if let Some(name) = part["$ref"].as_str().and_then(|target| target.strip_prefix("#/components/schemas/"))
                && names.insert(name.to_owned())
            {
                refer(document, &document["components"]["schemas"][name], names);
            }
            map.values().for_each(|part| refer(document, part, names));
        }
        Value::Array(parts) => parts.iter().for_each(|part| refer(document, part, names)),
        _ => {}
    }
}

fn schema_breaks(released: &Value, current: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for way in [Way::Sent, Way::Answered] {
        for name in travelling(released, way) {
            let (then, now) = (&released["components"]["schemas"][&name], &current["components"]["schemas"][&name]);
            if !now.is_null() {
                Compare { way, found: &mut found }.schemas(&name, then, now);
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|what| seen.insert(what.clone()));
    found
}

struct Compare<'a> {
    way: Way,
    found: &'a mut Vec<String>,
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => BTreeSet::from([text.clone()]),
        Value::Array(items) => {
            items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
        }
        _ => BTreeSet::new(),
    }
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}

impl Compare<'_> {
    fn schemas(&mut self, at: &str, then: &Value, now: &Value) {
        if !then.is_object() || !now.is_object() {
            return;
        }
        self.kinds(at, then, now);
        self.fields(at, then, now);
        self.schemas(&format!("{at}[]"), &then["items"], &now["items"]);
        for choice in ["oneOf", "anyOf", "allOf"] {
            let parts = |schema: &Value| schema[choice].as_array().cloned().unwrap_or_default();
            let (before, after) = (parts(then), parts(now));
            let lost = before.len() > after.len() && (self.way == Way::Sent || choice == "allOf");
            let more = before.len() < after.len() && !before.is_empty() && self.way == Way::Answered;
            if lost || more {
                self.found.push(format!("{at} has {} choices instead of {}", after.len(), before.len()));
            }
            for (before, after) in before.iter().zip(&after) {
                self.schemas(at, before, after);
            }
        }
    }

    /// Type, format, reference and the values that are allowed.
    fn kinds(&mut self, at: &str, then: &Value, now: &Value) {
        let (before, after) = (texts(&then["type"]), texts(&now["type"]));
        let (given, taken) = if self.way == Way::Sent { (&before, &after) } else { (&after, &before) };
        if !before.is_empty() && (after.is_empty() || !given.is_subset(taken)) {
            self.found.push(format!("{at} changed its type from {} to {}", list(&before), list(&after)));
        }
        for part in ["$ref", "format"] {
            if then.get(part) != now.get(part) && then.get(part).is_some() {
                self.found.push(format!("{at} changed its {part} from {} to {}", then[part], now[part]));
            }
        }
        // A value that is new in answers is allowed: whoever reads must expect that (docs/API.md).
        let (before, after) = (texts(&then["enum"]), texts(&now["enum"]));
        let gone: BTreeSet<String> = before.difference(&after).cloned().collect();
        let newly = self.way == Way::Sent && before.is_empty() && !after.is_empty();
        if !gone.is_empty() && (!after.is_empty() || self.way == Way::Answered) {
            self.found.push(format!("{at} lost the values {}", list(&gone)));
        } else if newly {
            self.found.push(format!("{at} takes certain values only: {}", list(&after)));
        }
        for (bound, lower) in
            [("maximum", true), ("maxLength", true), ("maxItems", true), ("minimum", false), ("minLength", false)]
        {
            let (before, after) = (then[bound].as_f64(), now[bound].as_f64());
            let tighter = match (before, after) {
                (Some(before), Some(after)) => {
                    if lower {
                        after < before
                    } else {
                        after > before
                    }
                }
                (None, Some(_)) => !texts(&then["type"]).is_empty(),
                _ => false,
            };
            if self.way == Way::Sent && tighter {
                self.found.push(format!("{at} has a tighter {bound}"));
            }
        }
    }

    fn fields(&mut self, at: &str, then: &Value, now: &Value) {
        let (before, after) = (texts(&then["required"]), texts(&now["required"]));
        for (field, then) in then["properties"].as_object().into_iter().flatten() {
            match now["properties"].get(field) {
                None => self.found.push(format!("{at} lost the field {field}")),
                Some(now) => self.schemas(&format!("{at}.{field}"), then, now),
            }
        }
        match self.way {
            Way::Sent => {
                for field in after.difference(&before) {
                    self.found.push(format!("{at} newly requires the field {field}"));
                }
            }
            Way::Answered => {
                for field in before.difference(&after).filter(|field| now["properties"].get(field.as_str()).is_some()) {
                    self.found.push(format!("{at} may leave out the field {field}"));
                }
            }
        }
    }
}
