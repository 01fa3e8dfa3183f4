//! The JSON Schema of each document that leaves, derived from the view it is written from, so that the two cannot drift
//! apart.

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use super::document::Document;
use super::view::artifact::ArtifactView;
use super::view::incident::IncidentView;

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ArtifactView)))]
struct Review;

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(IncidentView)))]
struct Incident;

/// The schema (JSON Schema 2020-12) that every JSON form of the document keeps to.
///
/// Within a version fields are only added: read what you know, and pass over the rest.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn schema(document: Document) -> Result<Value, serde_json::Error> {
    let (described, root, title) = match document {
        Document::Review => (Review::openapi(), "ArtifactView", "The review of a decision"),
        Document::Incident => (Incident::openapi(), "IncidentView", "The incident review of a release"),
    };
    let components = serde_json::to_value(described.components)?;
    let mut defs = components.get("schemas").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    defs.values_mut().for_each(point_to_defs);
    let version = document.version();
    if let Some(field) = defs.get_mut(root).and_then(|view| view.pointer_mut("/properties/schema")) {
        field["const"] = json!(version);
    }
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:{}", version.replace(['.', '/'], ":")),
        "title": format!("{title} ({version})"),
        "$ref": format!("#/$defs/{root}"),
        "$defs": defs,
    }))
}

/// Turns references into an OpenAPI document into references into this one.
fn point_to_defs(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref") {
                *target = target.replace("#/components/schemas/", "#/$defs/");
            }
            map.values_mut().for_each(point_to_defs);
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_defs),
        _ => {}
    }
}
