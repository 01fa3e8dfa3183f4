//! The gate cases of the real runs, through the real way in: reported over HTTP in an order drawn with a seed, asked over
//! HTTP. The shares over sixty orders are tested in the domain; here is what must come out of any order.

use seatrial_domain::access::Role;
use seatrial_domain::digest::Digest;
use serde_json::{Value, json};

use crate::support::app::{TestApp, answer, both};
use crate::support::evidence::{expect, path};
use crate::support::real_data::{RealRun, Shape, bodies, reports, runs};

both!(
    better_releases_pass_and_what_is_no_worse_does_not_fail,
    a_regression_in_one_segment_is_named,
    trials_of_one_task_are_not_independent,
);

/// What a gate is asked about.
struct Case<'a> {
    workflow: &'a str,
    baseline: &'a str,
    candidate: &'a str,
}

/// Runs of these releases in an order that has nothing to do with how the file is sorted.
fn shuffled(file: &str, workflow: &str, releases: &[&str]) -> Vec<RealRun> {
    let wanted = |run: &RealRun| run.workflow == workflow && releases.contains(&run.release.as_str());
    let mut found: Vec<RealRun> = runs(file).into_iter().filter(wanted).collect();
    found.sort_by_key(|run| Digest::of(format!("order 1 {}", run.run_id).as_bytes()).to_string());
    found
}

/// Declares the workflow with a scorecard of key checks, attests it, and reports the runs.
async fn prepare(app: &TestApp, runs: &[RealRun], checks: &[&str], dimensions: &[&str], shape: Shape) {
    let workflow = runs.first().expect("there are runs").workflow.clone();
    let owner = app.member(Role::Owner);
    let rules = json!({ "observes": { "rescues": "not_applicable" }, "settle_seconds": 0 });
    let declared = json!({ "risk_class": "medium", "rules": rules });
    expect(200, owner.put(&path(&format!("workflows/{workflow}"))).json(&declared)).await;
    let criterion = json!({ "kind": "not_worse_than_baseline", "margin": 0.05 });
    let check = |signal: &&str| json!({ "key": signal, "signal": signal, "criterion": criterion, "role": "key" });
    let scorecard = json!({
        "name": workflow, "owner": app.account(Role::Owner).to_string(), "cadence_days": 30, "dimensions": dimensions,
        "checks": checks.iter().map(check).collect::<Vec<_>>(),
    });
    expect(201, owner.put(&path(&format!("workflows/{workflow}/scorecard"))).json(&scorecard)).await;
    expect(201, owner.post(&path(&format!("workflows/{workflow}/scorecard/attestations"))).json(&json!({}))).await;
    for body in bodies(&reports(runs, shape)) {
        let request = app.member(Role::Admin).post(&path("runs")).header("content-type", "application/x-ndjson");
        let (status, result) = answer(request.body(body)).await;
        assert_eq!((status, &result["rejected"]), (200, &json!(0)), "{result}");
    }
}

/// What the gate recommends.
async fn recommended(app: &TestApp, case: &Case<'_>) -> Value {
    let body = json!({ "workflow": case.workflow, "release": case.candidate, "baseline": case.baseline });
    let gate = expect(201, app.member(Role::Owner).post(&path("gates")).json(&body)).await;
    let id = gate["id"].as_str().expect("an id");
    let seen = expect(200, app.member(Role::Viewer).get(&path(&format!("gates/{id}/evaluation")))).await;
    seen["recommendation"].clone()
}

fn check<'a>(recommendation: &'a Value, key: &str) -> &'a Value {
    let checks = recommendation["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["key"] == key).unwrap_or_else(|| panic!("no {key} in {recommendation}"))
}

fn reasons(recommendation: &Value) -> String {
    recommendation["reasons"].to_string()
}

const SUCCESS: &str = "success_rate";
const ERRORS: &str = "tool_error_rate";

async fn better_releases_pass_and_what_is_no_worse_does_not_fail(app: &TestApp) {
    let workflow = "intercode-sql";
    let releases = [
        "gpt-3.5/tryagain-10",
        "gpt-4/tryagain-10",
        "gpt-3.5/react-10",
        "gpt-3.5/plan-solve",
        "gpt-3.5/tryagain-1",
        "gpt-4/tryagain-1",
    ];
    let runs = shuffled("intercode", workflow, &releases);
    prepare(app, &runs, &[SUCCESS, ERRORS], &[], Shape::default()).await;
    let told = async |baseline, candidate| recommended(app, &Case { workflow, baseline, candidate }).await;

    let much_better = told(releases[0], releases[1]).await;
    assert_eq!(check(&much_better, SUCCESS)["verdict"], "pass", "{much_better}");
    let successes = |release: &str| {
        let of_release = runs.iter().filter(|run| run.release == release);
        of_release.clone().filter(|run| run.outcome == "success").count() as f64 / of_release.count() as f64
    };
    let shown = &check(&much_better, SUCCESS)["figures"]["candidate_rate"];
    let shown = shown.as_f64().unwrap_or_else(|| panic!("a rate: {much_better}"));
    assert!((shown - successes(releases[1])).abs() < 1e-6, "{shown}");

    let better = told(releases[0], releases[2]).await;
    assert_eq!(check(&better, SUCCESS)["verdict"], "pass", "{better}");
    assert_eq!(check(&better, ERRORS)["verdict"], "pass", "{better}");

    let slightly = told(releases[0], releases[3]).await;
    assert_ne!(check(&slightly, SUCCESS)["verdict"], "fail", "{slightly}");
    assert_eq!(check(&slightly, ERRORS)["verdict"], "pass", "{slightly}");

    let no_worse = told(releases[4], releases[5]).await;
    assert_ne!(check(&no_worse, SUCCESS)["verdict"], "fail", "{no_worse}");
}

async fn a_regression_in_one_segment_is_named(app: &TestApp) {
    let case = Case { workflow: "intercode-bash", baseline: "gpt-3.5/tryagain-10", candidate: "gpt-3.5/plan-solve" };
    let runs = shuffled("intercode", case.workflow, &[case.baseline, case.candidate]);
    prepare(app, &runs, &[SUCCESS], &["file_system"], Shape::default()).await;
    let told = recommended(app, &case).await;
    assert_eq!(told["verdict"], "hold", "{told}");
    let segments = check(&told, SUCCESS)["segments"].as_array().expect("segments");
    let fs1 = segments.iter().find(|segment| segment["segment"]["value"] == "fs1");
    assert_eq!(fs1.map(|segment| &segment["verdict"]), Some(&json!("fail")), "{told}");
    assert!(reasons(&told).contains("file_system = fs1 fails"), "{}", reasons(&told));
}

async fn trials_of_one_task_are_not_independent(app: &TestApp) {
    let workflow = "agent-config-edit";
    let case = |candidate| Case { workflow, baseline: "haiku/v0", candidate };
    let runs = shuffled("agenta_edit", workflow, &["haiku/v0", "haiku/v1"]);
    prepare(app, &runs, &[SUCCESS], &[], Shape { task_as_unit: true, ..Shape::default() }).await;
    let told = recommended(app, &case("haiku/v1")).await;
    assert_eq!(told["verdict"], "collect_more_evidence", "{told}");
    assert_eq!(check(&told, SUCCESS)["verdict"], "inconclusive", "eleven units are not enough: {told}");
    assert!(reasons(&told).contains("11"), "{}", reasons(&told));

    // The same trials under other names, as if they were independent.
    let renamed = |mut run: RealRun| {
        run.run_id = format!("independent {}", run.run_id);
        run.workflow = format!("{workflow}-as-runs");
        run
    };
    let independent: Vec<RealRun> = runs.into_iter().map(renamed).collect();
    prepare(app, &independent, &[SUCCESS], &[], Shape::default()).await;
    let workflow = independent[0].workflow.clone();
    let told = recommended(app, &Case { workflow: &workflow, baseline: "haiku/v0", candidate: "haiku/v1" }).await;
    assert_eq!(check(&told, SUCCESS)["verdict"], "pass", "{told}");
}
