//! What reviewers do by plain forms: label, assign, keep and take back; patterns, sampled successes, suites, versions.

use super::*;

both!(
    a_failure_is_worked_on_by_form,
    a_group_is_decided_by_one_form_and_taken_back_by_another,
    the_queue_goes_on_and_leads_past_what_others_work_on,
    a_pattern_is_moved_by_form,
    a_sampled_success_is_looked_at_by_form,
    a_suite_is_kept_by_form,
    versions_of_a_case_are_shown_and_masked_by_form,
    who_only_reads_sees_no_form_and_sends_none,
);

/// Sends a form of a page and returns the page it leads to.
async fn sent(visitor: &Visitor<'_>, on: &str, to: &str, fields: &[(&str, &str)]) -> String {
    let page = visitor.page(on).await;
    let next = visitor.send(&at(to), &page, fields).await.goes_on();
    visitor.get(&next).await.ok()
}

/// Sends a form that is not accepted and returns the page that says why.
async fn refused(visitor: &Visitor<'_>, on: &str, to: &str, fields: &[(&str, &str)]) -> String {
    let page = visitor.page(on).await;
    let seen = visitor.send(&at(to), &page, fields).await;
    assert_eq!(seen.status, 422, "{}", seen.text);
    assert!(seen.text.contains("role=\"alert\""), "it says why: {}", seen.text);
    seen.text
}

#[track_caller]
fn shows(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "`{text}` is not on the page: {page}");
    }
}

async fn a_failure_is_worked_on_by_form(app: &TestApp) {
    let run = report_failure(app, "worked-on", "Please refund order 7").await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let work = format!("/failures/{run}/triage");
    shows(&reviewer.page(&format!("/failures?run={run}")).await, &[&work]);
    let label = [("class", "unsafe_action"), ("step", "issue_refund"), ("note", "refunded twice")];
    let page = sent(&reviewer, &work, &format!("{work}/label"), &label).await;
    shows(&page, &["unsafe_action", "issue_refund", "refunded twice"]);
    let long = "x".repeat(5_000);
    refused(&reviewer, &work, &format!("{work}/label"), &[("class", "unsafe_action"), ("note", long.as_str())]).await;
    refused(&reviewer, &work, &format!("{work}/label"), &[("class", "nonsense")]).await;
    let me = app.account(Role::Reviewer).to_string();
    let page = sent(&reviewer, &work, &format!("{work}/assign"), &[("account", me.as_str())]).await;
    shows(&page, &["Demo reviewer"]);
    refused(&reviewer, &work, &format!("{work}/assign"), &[("account", "x")]).await;
    let page = sent(&reviewer, &work, &format!("{work}/reserve"), &[]).await;
    shows(&page, &["Give it free"]);
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let page = refused(&owner, &work, &format!("{work}/reserve"), &[]).await;
    shows(&page, &["Demo reviewer works on this failure"]);
    let page = sent(&reviewer, &work, &format!("{work}/release"), &[]).await;
    let last = between(&page, "<option value=\"act_", "\"").expect("an act to take back").to_owned();
    let page = sent(&reviewer, &work, &format!("{work}/undo"), &[("act", &format!("act_{last}"))]).await;
    shows(&page, &["(taken back)"]);
    let seen = reviewer.send(&at(&format!("{work}/explode")), &page, &[]).await;
    assert_eq!(seen.status, 404);
}

async fn a_group_is_decided_by_one_form_and_taken_back_by_another(app: &TestApp) {
    for n in 0..3 {
        report_failure(app, &format!("one-of-{n}"), &format!("Please refund order {n}")).await;
    }
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let list = "/failures?status=open&failure_class=wrong_result";
    let page = reviewer.page(list).await;
    shows(&page, &["All 3 at once", "Dismiss all that are open", "<b class=\"figure-value\">0</b>"]);
    let form = page.split("/triage/dismiss").nth(1).expect("a form on the group");
    let hidden = |name: &str| between(form, &format!("name=\"{name}\" value=\""), "\"").expect("a field").to_owned();
    let (workflow, release, carried) = (hidden("workflow"), hidden("release"), hidden("list").replace("&amp;", "&"));
    let group = [("workflow", workflow.as_str()), ("release", release.as_str()), ("of_class", "wrong_result")];
    let with =
        |more: [(&'static str, &'static str); 1]| [&group[..], &[("list", carried.as_str())], &more[..]].concat();
    let open = async || {
        let found = expect(200, app.member(Role::Viewer).get(&path("failures?status=open"))).await;
        found["items"].as_array().map_or(0, Vec::len)
    };
    let why = refused(&reviewer, list, "/triage/dismiss", &with([("reason", " ")])).await;
    assert!(why.contains("reason") && open().await == 3, "nothing without a reason");
    let page = sent(&reviewer, list, "/triage/dismiss", &with([("reason", "the sandbox was down")])).await;
    shows(&page, &["3 failures dismissed.", "Take it back", "Nothing to review"]);
    assert_eq!(open().await, 0);
    let act = between(&page, "name=\"act\" value=\"", "\"").expect("an act").to_owned();
    let undo = [("act", act.as_str()), ("list", carried.as_str())];
    let seen = reviewer.send(&at("/triage/undo"), &page, &undo).await;
    let page = reviewer.get(&seen.goes_on()).await.ok();
    shows(&page, &["It is taken back", "All 3 at once"]);
    assert_eq!(open().await, 3, "with one undo");
    assert_eq!(reviewer.send(&at("/triage/undo"), &page, &undo).await.status, 422, "once");
    sent(&reviewer, list, "/triage/assign", &with([("class", "")])).await;
    let page = sent(&reviewer, list, "/triage/label", &with([("class", "unsafe_action")])).await;
    shows(&page, &["3 failures labelled."]);
    shows(&reviewer.page("/failures?failure_class=unsafe_action").await, &["for Demo reviewer", "0/3"]);
    for (deed, fields) in [("explode", with([("reason", "x")])), ("undo", vec![("act", "act_1")])] {
        assert_eq!(reviewer.send(&at(&format!("/triage/{deed}")), &page, &fields).await.status, 404, "{deed}");
    }
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let seen = viewer.page("/failures").await;
    assert!(!seen.contains("at once") && !seen.contains("/triage/dismiss"), "who only reads has no form");
    assert_eq!(viewer.send(&at("/triage/dismiss"), &seen, &with([("reason", "x")])).await.status, 403);
}

async fn the_queue_goes_on_and_leads_past_what_others_work_on(app: &TestApp) {
    let mut runs = Vec::new();
    for n in 0..3 {
        runs.push(report_failure(app, &format!("one-of-{n}"), &format!("Please refund order {n}")).await);
    }
    let [reviewer, owner] = [Visitor::signed_in(app, Role::Reviewer).await, Visitor::signed_in(app, Role::Owner).await];
    let shown = |page: &str| {
        let action = between(page, "/failures/run_", "/promote\"");
        action.map_or_else(String::new, |id| format!("run_{}", id.rsplit("run_").next().unwrap_or(id)))
    };
    let first = shown(&reviewer.page("/failures").await);
    let page = sent(&reviewer, "/failures", &format!("/failures/{first}/triage/reserve"), &[("list", "")]).await;
    assert_eq!(shown(&page), first, "back in the queue");
    shows(&page, &["You work on it until", "Give it free", "Demo reviewer works on it"]);
    // The other one is led past it, and told when they come to it all the same.
    let page = owner.page("/failures").await;
    let second = shown(&page);
    assert_ne!(second, first);
    shows(&owner.page(&format!("/failures?run={first}")).await, &["Demo reviewer works on it until"]);
    let dismiss = [("reason", "noise"), ("list", ""), ("following", first.as_str())];
    let page = sent(&owner, "/failures", &format!("/failures/{second}/dismiss"), &dismiss).await;
    let third = shown(&page);
    assert!(third != first && third != second, "the promised one is kept by somebody meanwhile");
    shows(&page, &["1 failure dismissed.", "Demo owner (you)"]);
    let page = refused(&owner, "/failures", &format!("/failures/{first}/dismiss"), &dismiss).await;
    shows(&page, &["Demo reviewer works on this failure", "noise"]);
    // What is known is filled in; what is right is not.
    let promote = format!("/failures/{first}/promote");
    let page = reviewer.page(&format!("/failures?run={first}")).await;
    shows(
        &page,
        &[
            "value=\"wrong_result\" checked",
            "name=\"title\" type=\"text\" required maxlength=\"200\" value=\"Please refund",
        ],
    );
    assert_eq!(
        between(&page, "name=\"must\" maxlength=\"4000\" placeholder=\"refund at most the amount of the order\">", "<"),
        Some("")
    );
    let fields =
        [("title", "Asks first"), ("must", "ask first"), ("list", "status=open"), ("following", third.as_str())];
    let page = sent(&reviewer, &format!("/failures?run={first}"), &promote, &fields).await;
    assert_eq!(shown(&page), third);
    shows(&page, &["1 failure promoted to an eval case.", "Look at the case"]);
    // Without a list the new case is looked at.
    let bare = [("title", "Asks first"), ("must", "ask first")];
    let seen = reviewer.send(&at(&format!("/failures/{third}/promote")), &page, &bare).await;
    assert!(seen.goes_on().contains("/cases/case_"));
}

async fn a_pattern_is_moved_by_form(app: &TestApp) {
    for n in 0..3 {
        report_failure(app, &format!("alike-{n}"), "Please refund order 7, the blue bicycle is broken").await;
    }
    seatrial::worker::jobs::group_failures(&app.app).await.expect("grouped");
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let list = reviewer.page("/patterns").await;
    let id = between(&list, "/patterns/pat_", "\"").expect("a pattern").to_owned();
    let one = format!("/patterns/pat_{id}");
    shows(&reviewer.page(&one).await, &["wrong result", "Confirm", "3 failures"]);
    let page = sent(&reviewer, &one, &format!("{one}/confirm"), &[("note", "the order is never looked up")]).await;
    shows(&page, &["confirmed", "the order is never looked up", CANDIDATE]);
    let page = refused(&reviewer, &one, &format!("{one}/fix"), &[("release", CANDIDATE)]).await;
    shows(&page, &["has failures of this pattern"]);
    let about = path(&format!("workflows/{WORKFLOW}/releases/9.0.0"));
    app.clock.advance(std::time::Duration::from_secs(60));
    let made = answer(app.member(Role::Owner).put(&about).json(&json!({}))).await;
    assert!(made.0 < 300, "{}", made.1);
    let page = sent(&reviewer, &one, &format!("{one}/fix"), &[("release", "9.0.0"), ("note", "")]).await;
    shows(&page, &["fixed", "9.0.0"]);
    let page = sent(&reviewer, &one, &format!("{one}/reopen"), &[("note", "the wrong commit")]).await;
    shows(&page, &["reopened", "the wrong commit"]);
    sent(&reviewer, &one, &format!("{one}/label"), &[("class", "unsafe_action")]).await;
    let me = app.account(Role::Reviewer).to_string();
    sent(&reviewer, &one, &format!("{one}/assign"), &[("account", me.as_str())]).await;
    refused(&reviewer, &one, &format!("{one}/dismiss"), &[("note", " ")]).await;
    sent(&reviewer, &one, &format!("{one}/dismiss"), &[("note", "the sandbox was down")]).await;
    let left = expect(200, app.member(Role::Viewer).get(&path("failures?status=open"))).await;
    assert_eq!(left["items"], json!([]), "all of it at once");
    let owner = Visitor::signed_in(app, Role::Owner).await;
    let who = app.account(Role::Owner).to_string();
    let due = [("kind", "tighten_permissions"), ("owner", who.as_str()), ("due", "2026-12-31")];
    let page = sent(&owner, &one, &format!("{one}/respond"), &due).await;
    shows(&page, &["Tighten permissions"]);
    refused(&owner, &one, &format!("{one}/respond"), &[("kind", "pray"), ("owner", who.as_str())]).await;
}

async fn a_sampled_success_is_looked_at_by_form(app: &TestApp) {
    let rules = json!({"risk_class": "high", "rules": {"sample_share": 1}});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&rules)).await;
    let run = |n: u8| {
        json!({
            "external_id": format!("good-{n}"), "workflow": WORKFLOW, "release": CANDIDATE, "outcome": "success",
            "started_at": START, "ended_at": START.plus_seconds(5), "input": "Refund order 7", "output": "Refunded 420.00",
        })
    };
    let writer = app.program(&[KeyScope::Ingest]).await;
    expect(200, writer.post(&path("runs")).json(&json!({"runs": [run(1), run(2)]}))).await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let list = reviewer.page("/samples").await;
    let ids: Vec<&str> = list.split("/samples/run_").skip(1).map(|rest| &rest[..32]).collect();
    let one = format!("/samples/run_{}", ids[0]);
    shows(&reviewer.page(&one).await, &["Refund order 7", "Refunded 420.00", "It was a success"]);
    sent(&reviewer, &one, &format!("{one}/upheld"), &[("note", "as asked")]).await;
    refused(&reviewer, &one, &format!("{one}/upheld"), &[]).await;
    let other = format!("/samples/run_{}", ids[1]);
    refused(&reviewer, &other, &format!("{other}/overturned"), &[("class", "nonsense")]).await;
    sent(&reviewer, &other, &format!("{other}/overturned"), &[("class", "wrong_result"), ("note", "twice")]).await;
    shows(&reviewer.page("/failures").await, &["good-"]);
    shows(&reviewer.page("/samples").await, &["No sampled run here"]);
    shows(&reviewer.page("/samples?status=overturned").await, &["overturned"]);
}

async fn a_suite_is_kept_by_form(app: &TestApp) {
    let case = a_case(app).await;
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    shows(&reviewer.page("/suites").await, &["No eval suite yet"]);
    let page = refused(&reviewer, "/suites/new", "/suites", &[("name", " "), ("workflow", WORKFLOW)]).await;
    shows(&page, &["name"]);
    let fields = [("name", "Refund checks"), ("workflow", WORKFLOW), ("note", "the first")];
    let page = sent(&reviewer, "/suites/new", "/suites", &fields).await;
    shows(&page, &["Refund checks", "No case yet", "Version 1 with 0 cases"]);
    let id = between(&page, "/suites/suite_", "/").expect("a suite").to_owned();
    let one = format!("/suites/suite_{id}");
    let page =
        sent(&reviewer, &one, &format!("{one}/add"), &[("case_id", case.as_str()), ("note", "it was missing")]).await;
    shows(&page, &["Version 2 with 1 cases", "+ Please refund order 7", "it was missing"]);
    let page = sent(&reviewer, &one, &format!("{one}/remove"), &[("case_id", case.as_str())]).await;
    shows(&page, &["Version 3 with 0 cases", "− Please"]);
    let page = sent(&reviewer, &one, &format!("{one}/restore"), &[("version", "2")]).await;
    shows(&page, &["Version 4 with 1 cases; restores version 2"]);
    refused(&reviewer, &one, &format!("{one}/add"), &[("case_id", "x")]).await;
    refused(&reviewer, &one, &format!("{one}/restore"), &[("version", "two")]).await;
    shows(&reviewer.page("/suites").await, &["Refund checks", "version 4"]);
}

async fn versions_of_a_case_are_shown_and_masked_by_form(app: &TestApp) {
    let run = report_failure(app, "numbered", "Please refund customer CN-204711").await;
    let body = json!({"assertions": {"must": ["refund at most the amount of the order"]}});
    let promoted =
        expect(200, app.member(Role::Reviewer).post(&path(&format!("failures/{run}/promote"))).json(&body)).await;
    let case = promoted["case"]["id"].as_str().expect("a case");
    let reviewer = Visitor::signed_in(app, Role::Reviewer).await;
    let one = format!("/cases/{case}/versions");
    shows(&reviewer.page(&format!("/cases/{case}")).await, &[&one]);
    let page = reviewer.page(&one).await;
    shows(&page, &["Version 1", "0 things in it would be masked"]);
    assert!(!page.contains("Mask it once more"), "there is nothing to mask: {page}");
    let settings = json!({
        "currency": "USD", "labour_nanos_per_hour": 0,
        "redaction_patterns": [{"name": "customer number", "pattern": "CN-[0-9]{6}"}],
    });
    expect(200, app.member(Role::Admin).put(&path("settings")).json(&settings)).await;
    shows(&reviewer.page(&one).await, &["Mask it once more", "CN-204711"]);
    let page = sent(&reviewer, &one, &format!("{one}/mask"), &[]).await;
    shows(&page, &["Version 2", "Masked anew: ", "input (own)"]);
    assert!(!page.contains("CN-204711"), "{page}");
    let page = sent(&reviewer, &one, &format!("{one}/move"), &[("state", "quarantined")]).await;
    shows(&page, &["quarantined"]);
    refused(&reviewer, &one, &format!("{one}/move"), &[("state", "draft")]).await;
    refused(&reviewer, &one, &format!("{one}/move"), &[("state", "lost")]).await;
}

async fn who_only_reads_sees_no_form_and_sends_none(app: &TestApp) {
    let case = a_case(app).await;
    let runs = [
        report_failure(app, "a", "Please refund order 7").await,
        report_failure(app, "b", "Please refund order 7").await,
    ];
    let rules = json!({"risk_class": "high", "rules": {"sample_share": 1}});
    expect(200, app.member(Role::Owner).put(&path(&format!("workflows/{WORKFLOW}"))).json(&rules)).await;
    let good = json!({
        "external_id": "good", "workflow": WORKFLOW, "release": CANDIDATE, "outcome": "success", "started_at": START,
        "ended_at": START.plus_seconds(5),
    });
    let writer = app.program(&[KeyScope::Ingest]).await;
    let taken = expect(200, writer.post(&path("runs")).json(&json!({"runs": [good]}))).await;
    let sampled = taken["results"][0]["run_id"].as_str().expect("a run").to_owned();
    let suite = json!({"name": "s", "workflow": WORKFLOW, "cases": [case], "note": ""});
    let suite = expect(200, app.member(Role::Reviewer).post(&path("suites")).json(&suite)).await;
    let suite = suite["id"].as_str().expect("a suite");
    seatrial::worker::jobs::group_failures(&app.app).await.expect("grouped");
    let patterns = expect(200, app.member(Role::Viewer).get(&path("patterns"))).await;
    let pattern = patterns["items"][0]["id"].as_str().expect("a pattern");
    let viewer = Visitor::signed_in(app, Role::Viewer).await;
    let outsider = Visitor::new(app);
    outsider.sign_in("outsider@demo-co.example").await;
    let pages = [
        (format!("/failures/{}/triage", runs[0]), "label"),
        (format!("/patterns/{pattern}"), "confirm"),
        (format!("/patterns/{pattern}"), "respond"),
        (format!("/samples/{sampled}"), "upheld"),
        (format!("/suites/{suite}"), "add"),
        (format!("/cases/{case}/versions"), "mask"),
    ];
    for (page, act) in pages {
        let seen = viewer.page(&page).await;
        assert_eq!(seen.matches("method=\"post\"").count(), 1, "{page} has a form besides the one to sign out: {seen}");
        assert_eq!(viewer.send(&at(&format!("{page}/{act}")), &seen, &[]).await.status, 403, "{page}/{act}");
        assert_eq!(outsider.get(&at(&page)).await.status, 404, "{page} is not there for others");
    }
    let nothing = [
        "failures/run_00000000000000000000000000000001/triage",
        "patterns/x",
        "samples/x",
        "suites/x",
        "cases/x/versions",
    ];
    for page in nothing {
        assert_eq!(viewer.get(&at(&format!("/{page}"))).await.status, 404, "{page}");
    }
}
