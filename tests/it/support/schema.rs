//! Holds documents against the schema that is published for them.

use seatrial::render::document::Document;
use seatrial::render::schema::schema;
use serde_json::Value;

/// Fails with every place where `document` does not keep to its schema.
pub fn keeps_to_schema(kind: Document, document: &Value) {
    let schema = schema(kind).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("the schema is one");
    let wrong: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "the {} does not keep to its schema:\n{}", kind.as_str(), wrong.join("\n"));
}
