//! Every operation of a project, asked with bodies, ids and queries that are wrong in every way: the answer is a problem that
//! says so, never a fault of the service, and nothing changes.

use reqwest::RequestBuilder;
use seatrial_domain::access::{Permission, Role};
use serde_json::{Map, Value, json};

use crate::permissions::Ids;
use crate::permissions::operation::{Operation, operations};
use crate::permissions::real::real;
use crate::support::app::{PROJECT, TestApp, TestClient, both};
use crate::support::sql::texts;

both!(
    wrong_bodies_are_refused_and_change_nothing,
    wrong_ids_name_nothing,
    wrong_queries_are_no_fault_of_the_service,
    hostile_texts_are_no_fault_of_the_service,
);

/// What an operation answered.
struct Answered {
    status: u16,
    is_problem: bool,
    body: Value,
}

async fn ask(request: RequestBuilder) -> Answered {
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_problem = kind == "application/problem+json";
    Answered {
        status,
        is_problem,
        body: serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or_default(),
    }
}

impl Answered {
    /// Whether it is a refusal that says what is wrong, in a sentence and by a code.
    fn refuses(&self) -> bool {
        let said = |field: &str| self.body[field].as_str().is_some_and(|text| !text.is_empty());
        (400..500).contains(&self.status) && self.is_problem && said("code") && said("detail")
    }

    fn told(&self) -> String {
        format!("{} {}", self.status, self.body.to_string().chars().take(300).collect::<String>())
    }
}

/// The operations of a project, each with somebody who may.
fn asked(app: &TestApp) -> Vec<(Operation, TestClient<'_>)> {
    let all = operations().into_iter().filter(|operation| operation.path.contains("{project}"));
    let with_somebody = all.map(|operation| {
        let permission: Permission = operation.permission.parse().expect("a permission");
        let by = [Role::Admin].iter().chain(Role::ALL).find(|role| role.grants(permission)).expect("somebody may");
        (operation, app.member(*by))
    });
    with_somebody.collect()
}

/// What was recorded so far: nothing happens without an entry.
async fn recorded(app: &TestApp) -> usize {
    texts(app, "SELECT action FROM audit_entries").await.len()
}

/// Values of other kinds than this one.
fn of_another_kind(value: &Value) -> Vec<Value> {
    let all = [json!({ "no": "such" }), json!([[]]), json!("\u{1f6a2} none"), json!(-1), json!(true)];
    let same = |other: &Value| std::mem::discriminant(other) == std::mem::discriminant(value);
    all.into_iter().filter(|other| !same(other)).collect()
}

/// Bodies that no operation takes, each with what is wrong with it.
fn wrong_bodies(fields: &Map<String, Value>, further: &Map<String, Value>) -> Vec<(String, String)> {
    let mut wrong: Vec<(String, String)> = [
        ("nothing", String::new()),
        ("a beginning", "{".to_owned()),
        ("null", "null".to_owned()),
        ("a list", "[]".to_owned()),
        ("a text", "\"text\"".to_owned()),
        ("a number", "1".to_owned()),
        ("depth", "[".repeat(20_000)),
        ("the same field twice and no end", "{\"a\":1,\"a\":2".to_owned()),
    ]
    .map(|(what, body)| (what.to_owned(), body))
    .into();
    let mut stranger = fields.clone();
    stranger.insert("no_such_field".to_owned(), json!(1));
    wrong.push(("an unknown field".to_owned(), Value::Object(stranger).to_string()));
    for (name, value) in fields {
        let mut less = fields.clone();
        less.remove(name);
        wrong.push((format!("no {name}"), Value::Object(less).to_string()));
        for other in of_another_kind(value) {
            let mut changed = fields.clone();
            changed.insert(name.clone(), other.clone());
            wrong.push((format!("{name}: {other}"), Value::Object(changed).to_string()));
        }
    }
    for (name, value) in further {
        for other in of_another_kind(value) {
            let mut changed = fields.clone();
            changed.insert(name.clone(), other.clone());
            wrong.push((format!("{name}: {other}"), Value::Object(changed).to_string()));
        }
    }
    wrong
}

async fn wrong_bodies_are_refused_and_change_nothing(app: &TestApp) {
    let ids = real(app).await;
    let before = recorded(app).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (operation, client) in asked(app) {
        let Some(Value::Object(fields)) = operation.body.clone() else { continue };
        if operation.takes_other_bodies() {
            // Runs, traces and results of evals have tests of their own, line by line.
            continue;
        }
        let request = || client.request(operation.method.clone(), &operation.address(PROJECT, &ids));
        for (what, body) in wrong_bodies(&fields, &operation.further) {
            let sent = ask(request().header("content-type", "application/json").body(body)).await;
            tried += 1;
            if !sent.refuses() {
                faults.push(format!("{} with {what}: {}", operation.id, sent.told()));
            }
        }
        for kind in ["text/plain", "application/xml"] {
            let sent =
                ask(request().header("content-type", kind).body(Value::Object(fields.clone()).to_string())).await;
            if !sent.refuses() {
                faults.push(format!("{} as {kind}: {}", operation.id, sent.told()));
            }
        }
    }
    assert!(tried > 1_000, "only {tried} bodies were tried");
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(recorded(app).await, before, "nothing happened");
}

/// Operations that make what they name.
const MAKES_ITS_NAME: &[&str] = &["put_workflow", "put_release"];

async fn wrong_ids_name_nothing(app: &TestApp) {
    let ids = real(app).await;
    let before = recorded(app).await;
    let mut faults = Vec::new();
    for (operation, client) in asked(app) {
        if MAKES_ITS_NAME.contains(&operation.id.as_str()) {
            continue;
        }
        for name in operation.parameters().into_iter().filter(|name| name != "project") {
            let name: &'static str = ids.keys().find(|known| **known == name).expect("a known parameter");
            let long = "x".repeat(3_000);
            let of_another = if name == "run" { ids["case"].as_str() } else { ids["run"].as_str() };
            for wrong in ["x", "%00", "%FF%FE", "%F0%9F%9A%A2", "..%2F..%2Fetc", "0", "-1", of_another, &long] {
                let mut ids: Ids = ids.clone();
                ids.insert(name, wrong.to_owned());
                let mut request = client.request(operation.method.clone(), &operation.address(PROJECT, &ids));
                if let Some(body) = &operation.body {
                    request = request.json(body);
                }
                let sent = ask(request).await;
                if !sent.refuses() {
                    faults.push(format!("{} with {name} {wrong:.20}: {}", operation.id, sent.told()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(recorded(app).await, before, "nothing happened");
}

async fn wrong_queries_are_no_fault_of_the_service(app: &TestApp) {
    let ids = real(app).await;
    let (mut faults, mut tried) = (Vec::new(), 0);
    for (operation, client) in asked(app) {
        if operation.method != reqwest::Method::GET {
            continue;
        }
        let at = operation.address(PROJECT, &ids);
        let join = if at.contains('?') { '&' } else { '?' };
        for name in &operation.asks {
            let long = "x".repeat(3_000);
            for wrong in ["", "%00", "%FF", "x", "-1", "99999999999999999999", "%F0%9F%9A%A2", "'%20OR%201=1--", &long]
            {
                let sent = ask(client.get(&format!("{at}{join}{name}={wrong}"))).await;
                tried += 1;
                // Some are names of nothing, which may be asked for; a number or a place in a list must be one.
                // Counts are whole: their description says that a cursor plays no part.
                let whole = operation.id == "count_failures";
                let must_refuse = matches!((name.as_str(), wrong), ("cursor" | "limit", "x" | "-1")) && !whole;
                if sent.status >= 500 || (sent.status >= 400 && !sent.refuses()) || (must_refuse && sent.status < 400) {
                    faults.push(format!("{} with {name}={wrong:.20}: {}", operation.id, sent.told()));
                }
            }
        }
    }
    assert!(tried > 500, "only {tried} queries were tried");
    assert!(faults.is_empty(), "{} of {tried}:\n{}", faults.len(), faults.join("\n"));
}

/// Every text in it replaced by this one.
fn with_texts(value: &Value, text: &str) -> Value {
    match value {
        Value::String(_) => json!(text),
        Value::Array(items) => items.iter().map(|item| with_texts(item, text)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (name.clone(), with_texts(value, text))).collect())
        }
        other => other.clone(),
    }
}

async fn hostile_texts_are_no_fault_of_the_service(app: &TestApp) {
    let ids = real(app).await;
    let long = "\u{1f6a2}".repeat(300_000);
    let texts = [
        "",
        " ",
        "a\u{0}b",
        "\u{1b}[31m\u{202e}",
        "{{constructor}} {{#each this}}",
        "<script>alert(1)</script>",
        &long,
    ];
    let mut faults = Vec::new();
    for (operation, client) in asked(app) {
        let Some(body @ Value::Object(_)) = &operation.body else { continue };
        for text in texts {
            let mut hostile = vec![with_texts(body, text)];
            for name in
                body.as_object().into_iter().flatten().filter(|(_, value)| value.is_string()).map(|(name, _)| name)
            {
                let mut one = body.clone();
                one[name.as_str()] = json!(text);
                hostile.push(one);
            }
            for body in hostile {
                let sent =
                    ask(client.request(operation.method.clone(), &operation.address(PROJECT, &ids)).json(&body)).await;
                if sent.status >= 500 || (sent.status >= 400 && !sent.refuses()) {
                    faults.push(format!("{} with {text:.30}: {}", operation.id, sent.told()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}
