//! Learning from real failures: every one triaged by API, the learning rate right at every step, labels kept as people
//! gave them, and near-duplicates offered.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use seatrial_domain::access::Role;
use seatrial_domain::ids::CaseId;
use seatrial_domain::run::RunReport;
use seatrial_domain::similarity::{NEAR, Shingles};
use seatrial_domain::time::MINUTE;
use seatrial_store::Page;
use seatrial_store::case::{self, CaseFilter, NewCase};
use serde_json::{Value, json};

use crate::failure::{failed, get, post, report};
use crate::support::app::{TestApp, answer, both};
use crate::support::real_data::{self, FIRST, Shape};
use crate::support::shared;
use crate::support::sql::sql;

both!(
    every_real_failure_is_triaged,
    a_near_duplicate_is_offered_as_a_link,
    a_projects_own_patterns_are_masked,
    near_duplicates_are_found_among_thousands,
    cases_without_a_sketch_get_one,
);

const API: &str = "/api/v1/projects/demo-co";

/// The class and the step that people gave a failure.
pub type Given = (Option<String>, Option<String>);

/// A class name as the taxonomy takes it.
fn slug(text: &str) -> String {
    text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "_")
}

/// The failed runs of tau and of the labelled failures, with the class and the step that people gave.
pub fn real_failures() -> (Vec<RunReport>, BTreeMap<String, Given>) {
    let mut reports = Vec::new();
    let mut labels = BTreeMap::new();
    let shape = Shape { source_as_workflow: true, with_messages: true, ..Shape::default() };
    for file in ["tau", "failures_labelled"] {
        let extras: Vec<Value> = shared::json_lines(&format!("data/{file}.jsonl.gz"));
        for (run, raw) in real_data::runs(file).iter().zip(extras) {
            if run.outcome != "failure" {
                continue;
            }
            let at = FIRST.plus_micros(i64::try_from(reports.len()).unwrap_or(0) * MINUTE);
            // People's labels are what a reviewer writes, so the run comes without.
            let report =
                RunReport { failure_class: None, release: "one".to_owned(), ..real_data::report(run, at, shape) };
            let step = ["mistake_agent", "failed_agent"].iter().find_map(|name| raw["extra"][*name].as_str());
            labels
                .insert(report.external_id.clone(), (run.failure_class.as_deref().map(slug), step.map(str::to_owned)));
            reports.push(report);
        }
    }
    (reports, labels)
}

async fn every_real_failure_is_triaged(app: &TestApp) {
    let (reports, labels) = real_failures();
    let classes: BTreeSet<&String> = labels.values().filter_map(|(class, _)| class.as_ref()).collect();
    let own: Vec<Value> = classes
        .iter()
        .map(|class| json!({ "name": class, "severity": "critical", "meaning": "as people named it" }))
        .collect();
    let taxonomy = app.member(Role::Admin).put(&format!("{API}/failure-classes")).json(&json!({ "items": own }));
    assert_eq!(answer(taxonomy).await.0, 200);
    for body in real_data::bodies(&reports) {
        let request =
            app.member(Role::Admin).post(&format!("{API}/runs")).header("content-type", "application/x-ndjson");
        let (status, taken) = answer(request.body(body)).await;
        assert_eq!((status, &taken["rejected"]), (200, &json!(0)), "{taken}");
    }
    let mut tally: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for report in &reports {
        tally.entry(report.workflow.clone()).or_default().0 += 1;
    }
    let (mut seen, mut agreed) = (0, 0);
    while let Some(failure) =
        get(app, "failures?status=open&limit=1").await.1["items"].as_array().and_then(|rows| rows.first()).cloned()
    {
        let run = failure["run_id"].as_str().expect("an id").to_owned();
        let external = failure["external_id"].as_str().expect("a name");
        let workflow = failure["workflow"].as_str().expect("a name").to_owned();
        let (class, step) = &labels[external];
        if class.is_some() || step.is_some() {
            let label = json!({ "failure_class": class, "step": step });
            let (status, labelled) = post(app, Role::Reviewer, &format!("failures/{run}/label"), label).await;
            assert_eq!(status, 200, "{external}: {labelled}");
            seen += 1;
            agreed += u32::from(labelled["failure_class"] == json!(class) && labelled["step"] == json!(step));
        }
        let counted = tally.get_mut(&workflow).expect("a workflow");
        if class.is_some() {
            let learning = get(app, &format!("workflows/{workflow}/releases/one/learning")).await.1;
            assert_eq!(learning["open_critical"], 1, "a critical failure nobody learned from: {learning}");
        }
        learn(app, &run).await;
        counted.1 += 1;
        let (failures, learned) = (counted.0, counted.1);
        let learning = get(app, &format!("workflows/{workflow}/releases/one/learning")).await.1;
        assert_eq!((&learning["failures"], &learning["learned"]), (&json!(failures), &json!(learned)), "{external}");
        assert_eq!(learning["learning_rate"].as_f64(), Some(learned as f64 / failures as f64));
        assert_eq!(learning["open_critical"], 0);
    }
    assert!(
        tally.values().all(|(failures, learned, _)| failures == learned),
        "every failure is learned from: {tally:?}"
    );
    assert_eq!((agreed, seen > 90), (seen, true), "of {seen} labels that people gave, {agreed} are kept as they are");
}

/// Promotes a failure, or links it to the case that has its input, or dismisses it when it carries none.
async fn learn(app: &TestApp, run: &str) {
    let body = json!({ "assertions": { "must": ["do what was asked"] } });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    let (path, body) = match status {
        200 => return,
        409 => {
            assert_eq!(promoted["code"], "duplicate_case", "{promoted}");
            let (_, preview) = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await;
            assert_eq!(preview["nearest"][0]["why"], "same_input", "{}", preview["nearest"]);
            ("link", json!({ "case_id": preview["nearest"][0]["id"] }))
        }
        422 => ("dismiss", json!({ "reason": "the run carries no input" })),
        _ => panic!("{status}: {promoted}"),
    };
    let (status, answered) = post(app, Role::Reviewer, &format!("failures/{run}/{path}"), body).await;
    assert_eq!(status, 200, "{answered}");
}

async fn a_near_duplicate_is_offered_as_a_link(app: &TestApp) {
    let input = |text: &str| json!({ "input": [{ "role": "system", "content": "You help." }, { "role": "user", "content": text }] });
    let runs = json!([
        failed("a", 1, input("Hi! I'm looking to book a flight from New York to Seattle on May 20th.")),
        failed("b", 2, input("Hello, I am looking to book a flight from New York to Seattle on the 20th of May.")),
        failed("c", 3, input("My refund for order 1042 never arrived; where is it?")),
    ]);
    let runs = report(app, runs).await;
    let body = json!({ "assertions": { "must": ["ask for the date"] } });
    let (_, promoted) = post(app, Role::Reviewer, &format!("failures/{}/promote", runs[0]), body).await;
    let nearest = |run: String| async move {
        answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await.1["nearest"].clone()
    };
    let near = nearest(runs[1].clone()).await;
    assert_eq!((&near[0]["id"], &near[0]["why"]), (&promoted["case"]["id"], &json!("similar_input")), "{near}");
    assert!(near[0]["likeness_percent"].as_u64().is_some_and(|percent| (50..100).contains(&percent)), "{near}");
    assert_eq!(nearest(runs[2].clone()).await, json!([]), "another request is not alike");
}

async fn a_projects_own_patterns_are_masked(app: &TestApp) {
    let settings = |pattern: &str| {
        json!({
            "currency": "USD", "labour_nanos_per_hour": 0,
            "redaction_patterns": [{ "name": "customer number", "pattern": pattern }],
        })
    };
    let path = "/api/v1/projects/demo-co/settings";
    for wrong in ["(", "a*", ""] {
        assert_eq!(answer(app.member(Role::Admin).put(path).json(&settings(wrong))).await.0, 422, "{wrong}");
    }
    let (status, kept) = answer(app.member(Role::Admin).put(path).json(&settings("CN-[0-9]{6}"))).await;
    assert_eq!(status, 200, "{kept}");
    let secrets = ["CN-204711", "DE89 3704 0044 0532 0130 00", "536-22-1234", "12345678Z", "AB 12 34 56 C"];
    let text = format!(
        "I am {} with account {}, numbers {}, {} and {}.",
        secrets[0], secrets[1], secrets[2], secrets[3], secrets[4]
    );
    let run = &report(app, json!([failed("t", 1, json!({ "input": text, "output": text }))])).await[0];
    let body = json!({ "title": text, "assertions": { "must": [format!("greet {}", secrets[0])] } });
    let (status, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    assert_eq!(status, 200, "{promoted}");
    let id = promoted["case"]["id"].as_str().expect("an id");
    for stored in ["", "/snapshot", "/versions"] {
        let (_, mut stored) = get(app, &format!("cases/{id}{stored}")).await;
        stored["failures"].take();
        for secret in secrets {
            assert!(!stored.to_string().contains(secret), "{secret} is left: {stored}");
        }
    }
}

/// Texts made of the real inputs: each of two of them, so that there are thousands and some are much alike.
fn thousands(count: usize) -> Vec<String> {
    let real: Vec<String> = ["tau", "failures_labelled", "devai_judged"]
        .iter()
        .flat_map(|file| inputs(file))
        .map(|(_, text)| seatrial_domain::limits::clip(&text, 400).to_owned())
        .collect();
    let n = real.len();
    (0..count).map(|i| format!("{} {i} {}", real[i % n], real[(7 * i + i / n) % n])).collect()
}

/// Stores as many cases of the workflow as there are texts, beside the one that is there; the ids, in order.
async fn store_cases(app: &TestApp, of: CaseId, texts: &[String]) -> Vec<CaseId> {
    let (row, _) = app.app.case(&app.caller(Role::Reviewer), "demo-co", of).await.expect("a case");
    let (_, snapshot) =
        case::snapshot(app.app.store.read(), scope(app).await, of).await.expect("a query").expect("a snapshot");
    let tx = app.app.store.write().await.expect("the database is writable");
    let mut ids = Vec::new();
    for text in texts {
        let mut content = row.case.clone();
        content.definition.input = json!(text);
        let id = CaseId::from_uuid(app.app.ids.uuid_v7());
        let new = NewCase {
            id,
            workflow: row.workflow,
            case: &content,
            content_digest: content.content_digest().expect("canonical"),
            snapshot: &snapshot,
            snapshot_digest: row.snapshot_digest,
            by: &row.created_by,
            at: row.created_at,
        };
        assert_eq!(case::insert(&tx, scope(app).await, new).await.expect("stored"), None);
        ids.push(id);
    }
    tx.commit().await.expect("committed");
    ids
}

async fn scope(app: &TestApp) -> seatrial_store::Scope {
    seatrial_store::Scope::of(app.project_id().await)
}

/// A case of `refunds` from a failure with this input.
async fn a_case(app: &TestApp, input: &str) -> CaseId {
    let run = &report(app, json!([failed("seed", 1, json!({ "input": input }))])).await[0];
    let body = json!({ "assertions": { "must": ["ask for the date"] } });
    let (_, promoted) = post(app, Role::Reviewer, &format!("failures/{run}/promote"), body).await;
    promoted["case"]["id"].as_str().expect("an id").parse().expect("an id")
}

/// The most alike case by comparing with every one: the reference.
async fn by_comparing_all(app: &TestApp, shingles: &Shingles) -> CaseId {
    let (mut best, mut after) = (None::<(f64, CaseId)>, None);
    loop {
        let page = Page::new(after, Some(200));
        let (rows, next) =
            case::list(app.app.store.read(), scope(app).await, &CaseFilter::default(), page).await.expect("a page");
        for row in rows {
            let likeness = shingles.likeness(&Shingles::of_input(&row.case.definition.input));
            if best.is_none_or(|(known, _)| likeness > known) {
                best = Some((likeness, row.id));
            }
        }
        after = next;
        if after.is_none() {
            return best.expect("there are cases").1;
        }
    }
}

async fn near_duplicates_are_found_among_thousands(app: &TestApp) {
    let seed = a_case(app, "Hello").await;
    let texts = thousands(2_000);
    let ids = store_cases(app, seed, &texts).await;
    let (mut searched, mut compared, mut found) = (Duration::ZERO, Duration::ZERO, 0);
    let wanted: Vec<usize> = (0..5).map(|i| 397 * i + 11).collect();
    for at in &wanted {
        let input = format!("{} Thank you!", texts[*at]);
        let run = &report(app, json!([failed(&format!("near-{at}"), 2, json!({ "input": input }))])).await[0];
        let begun = Instant::now();
        let preview = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await.1;
        searched += begun.elapsed();
        let nearest = &preview["nearest"][0];
        found += usize::from(nearest["id"] == json!(ids[*at]) && nearest["why"] == "similar_input");
        let shingles = Shingles::of_input(&json!(input));
        let begun = Instant::now();
        assert_eq!(by_comparing_all(app, &shingles).await, ids[*at], "the reference finds it");
        compared += begun.elapsed();
    }
    assert_eq!(found, wanted.len(), "each is found");
    let ratio = compared.as_secs_f64() / searched.as_secs_f64();
    // What docs/LEARNING.md says; a closed terminal must not fail the test.
    let _ =
        writeln!(std::io::stderr(), "a preview takes 1/{ratio:.0} of comparing with each of {} cases", ids.len() + 1);
    assert!(ratio > 3.0, "the sketch saves looking at all: {searched:?} against {compared:?}");
}

async fn cases_without_a_sketch_get_one(app: &TestApp) {
    let words = "Hi! I'm looking to book a flight from New York to Seattle on May 20th.";
    let case = a_case(app, words).await;
    for statement in ["DELETE FROM case_bands", "UPDATE cases SET sketched = FALSE"] {
        sql(app, statement).await.expect("as it was before there were sketches");
    }
    let run = &report(app, json!([failed("later", 2, json!({ "input": format!("Hello. {words}") }))])).await[0];
    let nearest = async || {
        let preview = answer(app.member(Role::Reviewer).get(&format!("{API}/failures/{run}/preview"))).await;
        preview.1["nearest"].clone()
    };
    assert_eq!(nearest().await, json!([]), "nothing finds it");
    assert_eq!(app.app.sketch_cases().await.expect("sketched"), 1);
    assert_eq!(app.app.sketch_cases().await.expect("sketched"), 0, "once");
    assert_eq!(nearest().await[0]["id"], json!(case));
}

/// Real inputs with the task they are of. Two of one task are near-duplicates.
fn inputs(file: &str) -> Vec<(String, String)> {
    let rows: Vec<Value> = shared::json_lines(&format!("data/{file}.jsonl.gz"));
    let text = |row: &Value| {
        let said = row["messages"].as_array().and_then(|messages| {
            messages.iter().find(|message| message["role"] == "user" || message["role"] == "human")
        });
        let asked = said.map_or(&Value::Null, |message| &message["content"]);
        let asked = [asked, &row["extra"]["question"], &row["extra"]["query"]].into_iter().find_map(Value::as_str);
        Some((row["task_id"].to_string(), asked?.to_owned()))
    };
    rows.iter().filter_map(text).collect()
}

/// Pairs found by the sketch at the threshold, of those that are there: precision and recall.
fn measured(file: &str) -> (usize, usize, usize, usize) {
    let inputs = inputs(file);
    let sketched: Vec<(String, Shingles)> =
        inputs.into_iter().map(|(task, text)| (task, Shingles::of_text(&text))).collect();
    let bands: Vec<_> = sketched.iter().map(|(_, shingles)| shingles.bands()).collect();
    let (mut right, mut found, mut there, mut exact) = (0, 0, 0, 0);
    for (a, (task, shingles)) in sketched.iter().enumerate() {
        for (b, (other, others)) in sketched.iter().enumerate().skip(a + 1) {
            let alike = shingles.likeness(others) >= NEAR;
            let share = bands[a].iter().flatten().zip(bands[b].iter().flatten()).any(|(a, b)| a == b);
            there += usize::from(task == other);
            exact += usize::from(alike);
            found += usize::from(alike && share);
            right += usize::from(alike && share && task == other);
        }
    }
    (right, found, there, exact)
}

#[test]
fn near_duplicates_are_found_as_the_document_says() {
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LEARNING.md")).expect("a document");
    let mut missing = Vec::new();
    for file in ["tau", "failures_labelled", "devai_judged"] {
        let (right, found, there, exact) = measured(file);
        let percent = |part: usize, whole: usize| (100 * part + whole / 2) / whole.max(1);
        let row = format!(
            "| `{file}` | {there} | {found} | {} % ({right}/{found}) | {} % ({right}/{there}) | {found}/{exact} |",
            percent(right, found),
            percent(right, there)
        );
        if !document.contains(&row) {
            missing.push(row);
        }
        assert!(100 * found >= 90 * exact, "the sketch finds what is alike in {file}: {found} of {exact}");
    }
    assert!(missing.is_empty(), "docs/LEARNING.md lacks what is measured:\n{}", missing.join("\n"));
}

/// The failing step that each of two groups of people named, of the failures that both looked at.
fn named_by_both() -> Vec<(String, String)> {
    let mut by_task: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in shared::json_lines::<Value>("data/failures_labelled.jsonl.gz") {
        let named = ["mistake_agent", "failed_agent"].iter().find_map(|name| row["extra"][*name].as_str());
        if let Some(step) = named {
            let of = by_task.entry(row["task_id"].to_string()).or_default();
            of.insert(row["source"].to_string(), step.to_lowercase());
        }
    }
    by_task
        .into_values()
        .filter_map(|labels| <[String; 2]>::try_from(labels.into_values().collect::<Vec<_>>()).ok())
        .map(|[one, other]| (one, other))
        .collect()
}

/// How far two people agree on a failing step: what a reviewer's label is worth.
#[test]
fn people_agree_on_the_failing_step_as_the_document_says() {
    let pairs = named_by_both();
    let (n, same) = (pairs.len() as f64, pairs.iter().filter(|(one, other)| one == other).count());
    let steps: BTreeSet<&String> = pairs.iter().flat_map(|(one, other)| [one, other]).collect();
    let share = |step: &String, of: fn(&(String, String)) -> &String| {
        pairs.iter().filter(|pair| of(pair) == step).count() as f64 / n
    };
    let chance: f64 = steps.iter().map(|step| share(step, |pair| &pair.0) * share(step, |pair| &pair.1)).sum();
    let kappa = (same as f64 / n - chance) / (1.0 - chance);
    let said = format!("{same} of {} ({:.0} %; Cohen's kappa {kappa:.2})", pairs.len(), 100.0 * same as f64 / n);
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/LEARNING.md")).expect("a document");
    assert!(document.contains(&said), "docs/LEARNING.md lacks what is measured: {said}");
}
