//! The API as it is described: the committed document is the generated one, complete, and breaks nothing that was released.

mod compatibility;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use seatrial::http::problem_table::{CODES, Code};
use seatrial_domain::access::Permission;
use serde_json::Value;

use crate::support::tree::rust;
use compatibility::breaks;

/// Operations outside a project: for anybody, for whoever is signed in, with a browser session only, for admins of some
/// project.
const BESIDES_PERMISSIONS: &[&str] = &["none", "signed_in", "session", "admin_of_any_project"];
const METHODS: &[&str] = &["get", "put", "post", "delete", "patch", "head", "options"];

/// One operation of a document.
struct Operation<'a> {
    /// `post /api/v1/projects/{project}/runs`.
    at: String,
    value: &'a Value,
}

impl Operation<'_> {
    fn text(&self, key: &str) -> &str {
        self.value[key].as_str().unwrap_or_default()
    }

    fn responses(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.value["responses"].as_object().into_iter().flatten()
    }

    /// `in name` of every parameter, and whether it is required.
    fn parameters(&self) -> BTreeMap<String, bool> {
        let parameters = self.value["parameters"].as_array().into_iter().flatten();
        let named = parameters.map(|parameter| {
            let text = |key: &str| parameter[key].as_str().unwrap_or_default();
            (format!("{} {}", text("in"), text("name")), parameter["required"].as_bool().unwrap_or(false))
        });
        named.collect()
    }

    /// The schema of every parameter, by `in name`.
    fn parameter_schemas(&self) -> BTreeMap<String, &Value> {
        let parameters = self.value["parameters"].as_array().into_iter().flatten();
        let named = parameters.map(|parameter| {
            let text = |key: &str| parameter[key].as_str().unwrap_or_default();
            (format!("{} {}", text("in"), text("name")), &parameter["schema"])
        });
        named.collect()
    }

    fn body_types(&self) -> BTreeSet<&String> {
        self.value["requestBody"]["content"].as_object().into_iter().flatten().map(|(kind, _)| kind).collect()
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, methods)| {
        let methods =
            methods.as_object().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str()));
        methods.map(move |(method, value)| Operation { at: format!("{method} {path}"), value })
    });
    all.collect()
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn document() -> Value {
    serde_json::from_str(&seatrial::http::openapi::json()).expect("the document is JSON")
}

fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}\n  {}", found.join("\n  "));
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let committed = std::fs::read_to_string(repository("openapi/seatrial.json")).unwrap_or_default();
    assert!(
        committed == seatrial::http::openapi::json(),
        "openapi/seatrial.json is not what the code says. Write it anew and commit it:\n  \
         cargo run -- openapi > openapi/seatrial.json"
    );
}

#[test]
fn every_operation_says_who_may_call_it_and_how_it_fails() {
    let document = document();
    let operations = operations(&document);
    assert!(operations.len() > 5, "found only {} operations", operations.len());
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    for operation in &operations {
        let at = &operation.at;
        let id = operation.text("operationId");
        let snake_case = !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if !snake_case || !ids.insert(id) {
            found.push(format!("{at} has the operationId `{id}`: it must be unique and snake_case"));
        }
        if operation.value["tags"].as_array().is_none_or(|tags| tags.len() != 1) {
            found.push(format!("{at} has not exactly one tag"));
        }
        if operation.text("summary").is_empty() {
            found.push(format!("{at} has no summary"));
        }
        let permission = operation.text("x-permission");
        if permission.parse::<Permission>().is_err() && !BESIDES_PERMISSIONS.contains(&permission) {
            found.push(format!("{at} has x-permission `{permission}`, which is none"));
        }
        found.extend(missing_problems(operation, permission));
    }
    none("Operations that are not described whole:", &found);
}

/// What an operation's answers leave out.
fn missing_problems(operation: &Operation<'_>, permission: &str) -> Vec<String> {
    let at = &operation.at;
    let mut found = Vec::new();
    let statuses: BTreeSet<&str> = operation.responses().map(|(status, _)| status.as_str()).collect();
    if !statuses.iter().any(|status| status.starts_with('2') || status.starts_with('3')) {
        found.push(format!("{at} has no answer for success"));
    }
    let in_project = at.contains("{project}");
    let mut expected = Vec::new();
    if permission != "none" {
        expected.push("401");
    }
    if in_project {
        expected.extend(["403", "404"]);
    }
    for status in expected.into_iter().filter(|status| !statuses.contains(status)) {
        found.push(format!("{at} does not describe {status}"));
    }
    for (status, response) in operation.responses().filter(|(status, _)| status.starts_with(['4', '5'])) {
        let is_problem = response.to_string().contains("#/components/schemas/Problem\"");
        // Liveness and the like answer in words of their own.
        if !is_problem {
            found.push(format!("{at} answers {status} with something else than a Problem"));
        }
    }
    found
}

#[test]
fn released_operations_are_not_broken() {
    let current = document();
    let folder = repository("openapi/released");
    let entries = std::fs::read_dir(&folder).expect("openapi/released is there");
    let mut found = breaks(&read(&repository("openapi/seatrial.json")), &current);
    for entry in entries {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.extend(breaks(&read(&path), &current).into_iter().map(|broken| format!("{name}: {broken}")));
        }
    }
    none("Clients of a released version would break:", &found);
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A released document of one operation, `POST /api/v1/b`, that takes an `In` and answers an `Out`.
fn of_two_schemas(sent: &Value, answered: &Value) -> Value {
    serde_json::json!({
        "paths": {
            "/api/v1/a": { "get": { "operationId": "read_a", "responses": { "200": {} }, "parameters": [
                { "in": "query", "name": "from", "required": false, "schema": { "type": "string" } },
                { "in": "query", "name": "to", "required": false },
            ] } },
            "/api/v1/b": { "post": { "operationId": "write_b",
                "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Out" } } } } },
                "requestBody": { "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/In" } }, "application/x-ndjson": {}
                } } } },
        },
        "components": { "schemas": { "In": sent, "Out": answered } },
    })
}

#[test]
fn a_break_of_an_operation_is_found() {
    let schema = serde_json::json!({});
    let released = of_two_schemas(&schema, &schema);
    assert_eq!(breaks(&released, &released), Vec::<String>::new());
    let mut current = released.clone();
    current["paths"]["/api/v1/a"]["get"] = serde_json::json!({ "operationId": "get_a", "responses": { "204": {} },
        "parameters": [
            { "in": "query", "name": "from", "required": true, "schema": { "type": "integer" } },
            { "in": "query", "name": "zone", "required": true },
        ] });
    current["paths"]["/api/v1/c"] =
        serde_json::json!({ "get": { "operationId": "read_c", "responses": { "200": {} } } });
    let post = &mut current["paths"]["/api/v1/b"]["post"];
    post["requestBody"]["content"].as_object_mut().expect("kinds").remove("application/x-ndjson");
    post["requestBody"]["required"] = true.into();
    assert_eq!(
        breaks(&released, &current),
        [
            "get /api/v1/a changed its operationId from read_a",
            "get /api/v1/a lost the parameter query to",
            "get /api/v1/a newly requires the parameter query from",
            "get /api/v1/a newly requires the parameter query zone",
            "get /api/v1/a query from changed its type from string to integer",
            "get /api/v1/a no longer answers 200",
            "post /api/v1/b no longer takes application/x-ndjson",
            "post /api/v1/b newly requires a body",
        ]
    );
    assert_eq!(
        breaks(&released, &serde_json::json!({ "paths": {} })),
        ["get /api/v1/a is gone", "post /api/v1/b is gone"]
    );
}

#[test]
fn a_break_of_a_schema_is_found() {
    use serde_json::json;
    let before = json!({
        "type": "object", "required": ["kind"],
        "properties": {
            "kind": { "type": "string", "enum": ["a", "b"] }, "size": { "type": "integer", "maximum": 10 },
            "at": { "type": "string", "format": "date-time" }, "tags": { "type": "array", "items": { "type": "string" } },
        },
    });
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut after = before.clone();
        change(&mut after);
        after
    };
    // What it does to whoever sends it, and to whoever reads it.
    type Case<'a> = (&'a dyn Fn(&mut Value), &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 9] = [
        (
            &|s| drop(s["properties"].as_object_mut().expect("fields").remove("at")),
            &["In lost the field at"],
            &["Out lost the field at"],
        ),
        (&|s| s["required"] = json!(["kind", "size"]), &["In newly requires the field size"], &[]),
        (&|s| s["required"] = json!([]), &[], &["Out may leave out the field kind"]),
        (
            &|s| s["properties"]["kind"]["enum"] = json!(["a"]),
            &["In.kind lost the values b"],
            &["Out.kind lost the values b"],
        ),
        (&|s| s["properties"]["kind"]["enum"] = json!(["a", "b", "c"]), &[], &[]),
        (
            &|s| s["properties"]["size"]["type"] = json!(["integer", "null"]),
            &[],
            &["Out.size changed its type from integer to integer, null"],
        ),
        (
            &|s| s["properties"]["tags"]["items"]["type"] = json!("integer"),
            &["In.tags[] changed its type from string to integer"],
            &["Out.tags[] changed its type from string to integer"],
        ),
        (
            &|s| s["properties"]["at"]["format"] = json!("date"),
            &["In.at changed its format from \"date-time\" to \"date\""],
            &["Out.at changed its format from \"date-time\" to \"date\""],
        ),
        (&|s| s["properties"]["size"]["maximum"] = json!(9), &["In.size has a tighter maximum"], &[]),
    ];
    for (change, sent, answered) in cases {
        let released = of_two_schemas(&before, &before);
        let after = changed(change);
        assert_eq!(breaks(&released, &of_two_schemas(&after, &before)), sent, "{after}");
        assert_eq!(breaks(&released, &of_two_schemas(&before, &after)), answered, "{after}");
    }
    // What nobody sends or reads any more breaks nobody.
    let mut unused = of_two_schemas(&before, &before);
    unused["components"]["schemas"]["Other"] = json!({ "properties": { "x": {} } });
    let mut without = unused.clone();
    without["components"]["schemas"]["Other"] = json!({});
    assert_eq!(breaks(&unused, &without), Vec::<String>::new());
}

/// The codes that the source can answer with: what is quoted where an error is made.
fn codes() -> BTreeSet<String> {
    let made_here = ["code", "rule(\"", "Some((\"", "Self::new(StatusCode"];
    let files = rust().into_iter().filter(|file| file.is_in(&["src/app/", "src/http/problem.rs"]));
    let mut found = BTreeSet::new();
    for file in files.filter(|file| file.text.contains("Conflict {") || file.path.ends_with("problem.rs")) {
        let named = |line: &str| file.path == "src/app/error.rs" && line.contains("=> \"");
        let made = |line: &str| made_here.iter().any(|sign| line.contains(sign)) || named(line);
        for (_, line) in file.code().filter(|(_, line)| made(line)) {
            let quoted = line.split('"').skip(1).step_by(2);
            found.extend(quoted.filter(|text| is_code(text)).map(str::to_owned));
        }
    }
    found
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[test]
fn the_limits_are_in_the_document() {
    let limits = document()["x-limits"].as_object().cloned().expect("limits");
    let (body, page) = (seatrial_domain::limits::JSON_BODY_BYTES as u64, seatrial_domain::limits::PAGE_SIZE_MAX);
    assert_eq!((limits["json_body_bytes"].as_u64(), limits["page_size_max"].as_u64()), (Some(body), Some(page)));
    assert!(limits.values().all(|limit| limit.as_u64().is_some_and(|limit| limit > 0)), "{limits:?}");
}

#[test]
fn every_code_of_a_problem_is_explained() {
    let codes = codes();
    assert!(codes.contains("read_only") && codes.contains("not_frozen") && codes.len() > 25, "found only {codes:?}");
    let table: BTreeMap<&str, &Code> = CODES.iter().map(|code| (code.code, code)).collect();
    assert_eq!(table.len(), CODES.len(), "a code is there once");
    assert!(CODES.is_sorted_by_key(|code| (code.status, code.code)), "the table is in order");
    let missing: Vec<String> = codes.iter().filter(|code| !table.contains_key(code.as_str())).cloned().collect();
    none("http::problem_table explains every code, since programs branch on them; it lacks:", &missing);
    let page = std::fs::read_to_string(repository("docs/API.md")).expect("docs/API.md is there");
    let row = |code: &&Code| format!("| `{}` | {} | {} |\n", code.code, code.status, code.meaning);
    let missing: Vec<String> = CODES.iter().filter(|code| !page.contains(&row(code))).map(|code| row(&code)).collect();
    none("docs/API.md has the same table; it lacks:", &missing);
}
