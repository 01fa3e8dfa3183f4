//! An operation of the document, with an address and a body that can be sent.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

/// One operation.
pub struct Operation {
    /// Its operation id.
    pub id: String,
    /// How it is asked.
    pub method: Method,
    /// Where, with its parameters in braces.
    pub path: String,
    /// What it says it needs.
    pub permission: String,
    /// The smallest body that has its shape.
    pub body: Option<Value>,
    /// The fields that its body may have beside those, each with a value of its shape; those that take any value are left out.
    pub further: Map<String, Value>,
    /// The names of all its query parameters.
    pub asks: Vec<String>,
    /// The query parameters that must be given, with values of their shape.
    query: Vec<(String, String)>,
    /// The query parameters that may be given and take any text.
    pub texts: Vec<String>,
    content: Vec<String>,
}

impl Operation {
    /// The names of its path's parameters.
    pub fn parameters(&self) -> Vec<String> {
        let parts = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        parts.map(str::to_owned).collect()
    }

    /// Its address with these ids.
    pub fn address(&self, project: &str, ids: &BTreeMap<&'static str, String>) -> String {
        let mut path = self.path.replace("{project}", project);
        for (name, id) in ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        let given = |(name, sample): &(String, String)| {
            let value = ids.get(name.as_str()).unwrap_or(sample);
            format!("{name}={}", url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>())
        };
        let pairs: Vec<String> = self.query.iter().map(given).collect();
        if pairs.is_empty() { path } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// Whether it also takes bodies that are no JSON, whose shape the document does not say.
    pub fn takes_other_bodies(&self) -> bool {
        self.content.iter().any(|kind| kind != "application/json")
    }
}

/// Every operation of the document.
pub fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&seatrial::http::openapi::json()).expect("the document is JSON");
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let content = operation["requestBody"]["content"].as_object();
            let schema = content.and_then(|content| content.get("application/json")).map(|kind| &kind["schema"]);
            let mut body = schema.map(|schema| sample(&document, schema, ""));
            // Either of two fields is needed, which a schema cannot say.
            if let Some(body) = body.as_mut().filter(|body| body.get("deed").is_some()) {
                body["runs"] = json!(["run_0192f3a4b5c67d8e9f00112233445566"]);
            }
            let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
            all.push(Operation {
                id: text("operationId"),
                method: Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method"),
                path: path.clone(),
                permission: text("x-permission"),
                body,
                further: schema.map(|schema| further(&document, schema)).unwrap_or_default(),
                asks: asks(operation),
                query: query(&document, operation),
                texts: texts(operation),
                content: content.map(|content| content.keys().cloned().collect()).unwrap_or_default(),
            });
        }
    }
    assert!(all.len() > 60, "found only {} operations", all.len());
    all
}

/// The parameters that may be given and take any text.
fn texts(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let free = |parameter: &&Value| {
        let schema = &parameter["schema"];
        let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
        let other = schema.get("enum").is_some() || schema.get("format").is_some();
        parameter["in"] == "query" && parameter["required"] != true && kind == Some("string") && !other
    };
    parameters.filter(free).filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

/// The names of the query parameters.
fn asks(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let asked = parameters.filter(|parameter| parameter["in"] == "query");
    asked.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect()
}

/// The parameters that must be given.
fn query(document: &Value, operation: &Value) -> Vec<(String, String)> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let needed = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
    let pair = |parameter: &Value| {
        let name = parameter["name"].as_str().unwrap_or_default();
        let value = sample(document, &parameter["schema"], name);
        (name.to_owned(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    needed.map(pair).collect()
}

/// A small value of a schema's shape. `name` is the field's, since ids are texts whose form the name tells.
fn sample(document: &Value, schema: &Value, name: &str) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.trim_start_matches("#/components/schemas/");
        return sample(document, &document["components"]["schemas"][target], name);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            let choice = choices.iter().find(|choice| choice["type"] != "null");
            return choice.map_or(Value::Null, |choice| sample(document, choice, name));
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut whole = Map::new();
        for part in parts {
            if let Value::Object(fields) = sample(document, part, name) {
                whole.extend(fields);
            }
        }
        return Value::Object(whole);
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()).or(schema.get("const")) {
        return value.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"].as_array().and_then(|kinds| kinds[0].as_str()));
    match kind {
        Some("object") => object(document, schema),
        Some("array") => json!([sample(document, &schema["items"], name)]),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        _ => json!(text(schema, name)),
    }
}

fn object(document: &Value, schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = required.map(|field| (field.to_owned(), sample(document, &schema["properties"][field], field)));
    Value::Object(fields.collect())
}

/// The fields of an object that are not required.
fn further(document: &Value, schema: &Value) -> Map<String, Value> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = reference.trim_start_matches("#/components/schemas/");
        return further(document, &document["components"]["schemas"][target]);
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let shaped =
        |schema: &Value| ["$ref", "type", "oneOf", "anyOf", "allOf"].iter().any(|key| schema.get(key).is_some());
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields = fields.filter(|(name, schema)| !required.contains(&name.as_str()) && shaped(schema));
    fields.map(|(name, schema)| (name.clone(), sample(document, schema, name))).collect()
}

fn text(schema: &Value, name: &str) -> String {
    let id = |prefix: &str| format!("{prefix}_0192f3a4b5c67d8e9f00112233445566");
    match (schema["format"].as_str(), name) {
        (Some("date-time"), _) => "2026-03-02T08:00:00Z".to_owned(),
        (_, "bundle" | "digest") => format!("sha256:{}", "0".repeat(64)),
        (_, "case" | "case_id") => id("case"),
        (_, "signal") => "success_rate".to_owned(),
        (_, "owner" | "backup" | "account" | "members" | "to") => id("acc"),
        (_, "gate") => id("gate"),
        (_, "run" | "runs") => id("run"),
        (_, "email") => "somebody@demo-co.example".to_owned(),
        _ => "a sample of text".to_owned(),
    }
}
