//! Every operation that changes something of a project, done once with ids that are real: those who may not do it are
//! refused first, and the audit log says afterwards what was there before and what is there now.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use seatrial_domain::access::{Permission, Role, Scope};
use serde_json::{Value, json};

use super::operation::{Operation, operations};
use super::{Ids, PERSONS_ONLY};
use crate::support::app::{PROJECT, START, TestApp, TestClient, Who, answer};
use crate::support::evidence::{BASELINE, CANDIDATE, WORKFLOW, expect, path};
use crate::support::webhook_sink::WebhookSink;

/// What has no audit entry, and why.
const NOT_LOGGED: &[(&str, &str)] = &[
    ("report_runs", "a run keeps who reported it"),
    ("add_fact", "a fact is appended with who said it, when and from where"),
    ("add_facts", "a fact is appended with who said it, when and from where"),
    ("preview_alerts", "nothing changes"),
    ("preview_scorecard", "nothing changes"),
    ("preview_template", "nothing changes"),
    ("reserve_failure", "a reservation ends by itself and decides nothing"),
    ("release_failure", "a reservation ends by itself and decides nothing"),
    ("read_notice", "what somebody has read is theirs"),
    ("read_all_notices", "what somebody has read is theirs"),
    ("put_notice_preferences", "which mails somebody wants is theirs"),
];

/// The walk.
pub struct Walk<'a> {
    app: &'a TestApp,
    operations: BTreeMap<String, Operation>,
    keys: Vec<(Scope, TestClient<'a>)>,
    ids: Ids,
    logged: u64,
    /// The operations that were done.
    pub done: BTreeSet<String>,
    /// What was not as it should be.
    pub faults: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Begins where every kind of thing is there.
    pub async fn begin(app: &'a TestApp, ids: Ids) -> Self {
        let mut keys = Vec::new();
        for scope in Scope::ALL {
            keys.push((*scope, app.program(&[*scope]).await));
        }
        let operations = operations().into_iter().map(|operation| (operation.id.clone(), operation)).collect();
        let mut walk = Self { app, operations, keys, ids, logged: 0, done: BTreeSet::new(), faults: Vec::new() };
        walk.entries().await;
        walk
    }

    /// The entries that came since this was asked last.
    async fn entries(&mut self) -> Vec<Value> {
        self.app.clock.advance(std::time::Duration::from_millis(1));
        let log = answer(self.app.member(Role::Admin).get(&path("audit-entries?limit=50"))).await.1;
        let sequence = |entry: &Value| entry["sequence"].as_u64().unwrap_or_default();
        let items = log["items"].as_array().expect("a list");
        let new = items.iter().filter(|entry| sequence(entry) > self.logged).cloned().collect();
        self.logged = items.iter().map(sequence).max().unwrap_or(self.logged);
        new
    }

    fn fault(&mut self, id: &str, what: impl std::fmt::Display) {
        self.faults.push(format!("{id}: {what}"));
    }

    /// Everybody who may not, with exactly what somebody who may will send.
    async fn refused(&mut self, id: &str, at: &str, body: &Value) {
        let (method, permission) = (self.operations[id].method.clone(), self.operations[id].permission.clone());
        let permission: Permission = permission.parse().expect("checked by another test");
        let mut askers: Vec<(String, TestClient<'_>, u16)> = vec![
            ("nobody".to_owned(), self.app.client(Who::Nobody), 401),
            ("somebody outside".to_owned(), self.app.client(Who::Outsider), 404),
        ];
        let roles = Role::ALL.iter().filter(|role| !role.grants(permission));
        askers.extend(roles.map(|role| (role.to_string(), self.app.member(*role), 403)));
        let by_person = PERSONS_ONLY.contains(&id);
        let keys = self.keys.iter().filter(|(scope, _)| by_person || !scope.grants(permission));
        askers.extend(keys.map(|(scope, key)| (format!("a key for {scope}"), key.clone(), 403)));
        for (name, client, expected) in askers {
            let (status, answer) = send(&client, &method, at, body).await;
            if status != expected {
                self.fault(id, format!("{name} is answered {status}: {answer}"));
            }
        }
        let entries = self.entries().await;
        if !entries.is_empty() {
            self.fault(id, format!("what was refused left {entries:?}"));
        }
    }

    /// Does something: with these ids in the place of those the walk began with.
    pub async fn act(&mut self, id: &str, by: Role, instead: &[(&'static str, &str)], body: Value) -> Value {
        let mut ids = self.ids.clone();
        ids.extend(instead.iter().map(|(name, id)| (*name, (*id).to_owned())));
        let operation = self.operations.get(id).unwrap_or_else(|| panic!("there is an operation {id}"));
        let (method, at) = (operation.method.clone(), operation.address(PROJECT, &ids));
        self.entries().await;
        self.refused(id, &at, &body).await;
        let (status, answered) = send(&self.app.member(by), &method, &at, &body).await;
        if !(200..300).contains(&status) {
            self.fault(id, format!("{by} is answered {status}: {answered}"));
        }
        let entries = self.entries().await;
        match NOT_LOGGED.iter().find(|(of, _)| *of == id) {
            Some((_, why)) if !entries.is_empty() => self.fault(id, format!("{why}, and yet: {entries:?}")),
            None if entries.is_empty() => self.fault(id, "it left no entry"),
            _ => {}
        }
        for entry in entries {
            self.check(id, &entry);
        }
        self.done.insert(id.to_owned());
        answered
    }

    fn check(&mut self, id: &str, entry: &Value) {
        let (detail, actor) = (&entry["detail"], entry["actor"].as_str().unwrap_or_default());
        let both = detail.get("before").is_some() && detail.get("after").is_some();
        if !both || detail["before"] == detail["after"] {
            self.fault(id, format!("it does not say what changed: {entry}"));
        }
        let complete = ["action", "noun", "noun_id", "address", "request_id"].iter().all(|key| entry[key].is_string());
        if !complete || !(actor.starts_with("account:") || actor.starts_with("system:")) {
            self.fault(id, format!("it does not say who did it and from where: {entry}"));
        }
    }

    async fn get(&self, rest: &str) -> Value {
        expect(200, self.app.member(Role::Admin).get(&path(rest))).await
    }

    async fn first(&self, list: &str) -> String {
        let found = self.get(list).await;
        found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{list} is empty: {found}")).to_owned()
    }

    /// A failure nobody has decided about.
    async fn open_failure(&self) -> String {
        let found = self.get(&format!("failures?status=open&failure_class=timeout&release={CANDIDATE}&limit=1")).await;
        found["items"][0]["run_id"].as_str().unwrap_or_else(|| panic!("{found}")).to_owned()
    }
}

async fn send(client: &TestClient<'_>, method: &Method, at: &str, body: &Value) -> (u16, Value) {
    let request = client.request(method.clone(), at);
    let request = if body.is_null() { request } else { request.json(body) };
    let response = request.send().await.expect("the service answers");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap_or_default()).unwrap_or(Value::Null))
}

fn id_of(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("an id: {answer}")).to_owned()
}

/// Does everything.
pub async fn everything(walk: &mut Walk<'_>) {
    alerts(walk).await;
    people(walk).await;
    gates(walk).await;
    responses(walk).await;
    failures(walk).await;
    cases(walk).await;
    scorecards(walk).await;
    runs(walk).await;
    outgoing(walk).await;
    settings(walk).await;
    leaving(walk).await;
}

async fn alerts(walk: &mut Walk<'_>) {
    let note = json!({"note": "Seen."});
    walk.act("acknowledge_alert", Role::Owner, &[], note.clone()).await;
    walk.act("resolve_alert", Role::Owner, &[], json!({"note": "It was the supplier.", "accepted": true})).await;
    let settings = json!({"days_between_false_alarms": 60});
    walk.act("preview_alerts", Role::Viewer, &[], json!({"days": 3, "settings": settings})).await;
    walk.act("put_alert_settings", Role::Owner, &[], settings).await;
}

async fn people(walk: &mut Walk<'_>) {
    let (owner, admin) = (walk.app.account(Role::Owner), walk.app.account(Role::Admin));
    let team = walk.act("create_team", Role::Admin, &[], json!({"name": "Days", "members": [owner]})).await;
    let team = id_of(&team);
    let members = json!({"name": "Days", "members": [owner, admin]});
    walk.act("put_team", Role::Admin, &[("team", &team)], members).await;
    walk.act("delete_team", Role::Admin, &[("team", &team)], Value::Null).await;
    let view = json!({"list": "runs", "name": "Successful", "filters": {"outcome": "success"}, "shared": true});
    let view = id_of(&walk.act("create_saved_view", Role::Reviewer, &[], view).await);
    let renamed = json!({"name": "Abandoned", "filters": {"outcome": "abandoned"}, "shared": true});
    walk.act("put_saved_view", Role::Reviewer, &[("view", &view)], renamed).await;
    walk.act("delete_saved_view", Role::Reviewer, &[("view", &view)], Value::Null).await;
    walk.act("create_api_key", Role::Admin, &[], json!({"name": "more", "scopes": ["read"]})).await;
    walk.act("revoke_api_key", Role::Admin, &[], Value::Null).await;
    let invited = json!({"email": "ada@demo-co.example", "roles": ["viewer"]});
    walk.act("create_invitation", Role::Admin, &[], invited).await;
    walk.act("revoke_invitation", Role::Admin, &[], Value::Null).await;
    walk.act("put_member_roles", Role::Admin, &[], json!({"roles": ["viewer", "reviewer"]})).await;
    walk.act("put_member_roles", Role::Admin, &[], json!({"roles": ["viewer"]})).await;
}

async fn failures(walk: &mut Walk<'_>) {
    let reviewer = walk.app.account(Role::Reviewer);
    let run = walk.open_failure().await;
    let one: &[(&'static str, &str)] = &[("run", &run)];
    walk.act("reserve_failure", Role::Reviewer, one, Value::Null).await;
    walk.act("release_failure", Role::Reviewer, one, Value::Null).await;
    walk.act("label_failure", Role::Reviewer, one, json!({"failure_class": "timeout", "step": "pay"})).await;
    walk.act("assign_failure", Role::Reviewer, one, json!({"account": reviewer})).await;
    walk.act("dismiss_failure", Role::Reviewer, one, json!({"reason": "noise"})).await;
    walk.act("undo_failure", Role::Reviewer, one, Value::Null).await;
    let asked = json!({"title": "pays", "input": "Refund order 7", "assertions": {"must": ["pay it"]}});
    let promoted = walk.act("promote_failure", Role::Reviewer, one, asked).await;
    let case = id_of(&promoted["case"]);
    let run = walk.open_failure().await;
    walk.act("link_failure", Role::Reviewer, &[("run", &run)], json!({"case_id": case})).await;
    let other = walk.open_failure().await;
    let deed = json!({"deed": {"act": "dismiss", "reason": "noise"}, "runs": [other]});
    let acted = walk.act("triage_failures", Role::Reviewer, &[], deed).await;
    let act = acted["act"].as_str().unwrap_or_else(|| panic!("{acted}")).to_owned();
    walk.act("undo_triage_act", Role::Reviewer, &[("act", &act)], Value::Null).await;
    walk.act("put_release", Role::Owner, &[("release", "1.6.0")], json!({"baseline": BASELINE})).await;
    walk.act("confirm_pattern", Role::Reviewer, &[], json!({"note": "One cause."})).await;
    walk.act("fix_pattern", Role::Reviewer, &[], json!({"release": "1.6.0", "note": "Mended."})).await;
    walk.act("reopen_pattern", Role::Reviewer, &[], json!({"note": "It came back."})).await;
}

async fn cases(walk: &mut Walk<'_>) {
    let case = walk.ids["case"].clone();
    let writing = json!({"title": "Refund it once", "assertions": {"must": ["say so"], "must_not": ["pay twice"]}});
    walk.act("rewrite_case", Role::Reviewer, &[], writing).await;
    walk.act("move_case", Role::Reviewer, &[], json!({"state": "retired"})).await;
    walk.act("move_case", Role::Reviewer, &[], json!({"state": "active"})).await;
    walk.act("create_suite", Role::Reviewer, &[], json!({"workflow": WORKFLOW, "name": "more"})).await;
    let more: &[(&'static str, &str)] = &[("suite", "more")];
    walk.act("revise_suite", Role::Reviewer, more, json!({"add": [case]})).await;
    let results = json!({
        "release": CANDIDATE, "execution": "nightly", "runner": "walk", "results": [{"case": case, "verdict": "passed"}],
    });
    walk.act("record_eval_results", Role::Reviewer, more, results).await;
    walk.act("restore_suite", Role::Reviewer, more, json!({"version": 1})).await;
    // What was found out to be a secret is masked in what is stored already.
    let pattern = json!({"redaction_patterns": [{"name": "order", "pattern": "order [0-9]+"}]});
    walk.act("put_project_settings", Role::Admin, &[], pattern).await;
    walk.act("mask_case", Role::Reviewer, &[], Value::Null).await;
    walk.act("mask_cases", Role::Reviewer, &[], Value::Null).await;
}

async fn gates(walk: &mut Walk<'_>) {
    walk.act("approve_proposal", Role::Admin, &[], Value::Null).await;
    let open = json!({"workflow": WORKFLOW, "release": CANDIDATE, "baseline": BASELINE});
    let gate = id_of(&walk.act("open_gate", Role::Owner, &[], open).await);
    let one: &[(&'static str, &str)] = &[("gate", &gate)];
    let seen = walk.get(&format!("gates/{gate}/evaluation")).await;
    let gap = &seen["recommendation"]["gaps"][0];
    let key = |name: &str| gap[name].as_str().unwrap_or_else(|| panic!("a gap: {seen}")).to_owned();
    let key = [key("kind"), key("subject")].join(":");
    let owner = json!({"gap": key.trim_end_matches(':'), "owner": walk.app.account(Role::Admin)});
    walk.act("assign_gap", Role::Owner, one, owner).await;
    let frozen = walk.act("freeze_gate", Role::Owner, one, Value::Null).await;
    let bundle = frozen["bundle"]["digest"].clone();
    let answer = json!({"verdict": "hold", "reason": "Not yet.", "bundle": bundle});
    walk.act("decide", Role::ReleaseManager, one, answer).await;
}

async fn responses(walk: &mut Walk<'_>) {
    let (app, gap) = (walk.app, walk.first("gaps?state=open").await);
    let due = app.app.now().plus_days(5);
    let wanted = json!({
        "workflow": WORKFLOW, "origin": {"kind": "gap", "id": gap}, "kind": "rollback", "due_at": due,
        "owner": app.account(Role::Owner),
    });
    let made = id_of(&walk.act("open_response", Role::Owner, &[], wanted).await);
    let one: &[(&'static str, &str)] = &[("response", &made)];
    let given = json!({"owner": app.account(Role::Admin), "due_at": due.plus_days(1)});
    walk.act("put_response", Role::Owner, one, given).await;
    walk.act("note_response", Role::Owner, one, json!({"note": "Half of it."})).await;
    walk.act("acknowledge_response", Role::Owner, one, json!({"note": "Done."})).await;
    walk.act("close_response", Role::Owner, one, json!({"done": "It is rolled back."})).await;
    walk.act("cancel_response", Role::Owner, &[], json!({"reason": "A false alarm."})).await;
    let one: &[(&'static str, &str)] = &[("gap", &gap)];
    walk.act("put_gap_owner", Role::Owner, one, json!({"owner": app.account(Role::Admin), "due_at": due})).await;
    walk.act("close_gap", Role::Owner, one, json!({"done": "Somebody answers for it."})).await;
}

async fn scorecards(walk: &mut Walk<'_>) {
    walk.act("approve_exemption", Role::ReleaseManager, &[], Value::Null).await;
    walk.act("end_exemption", Role::Owner, &[], Value::Null).await;
    let expires = walk.app.app.now().plus_days(3);
    let wanted = json!({"check": "success", "reason": "It moves.", "expires_at": expires});
    walk.act("request_exemption", Role::Owner, &[], wanted).await;
    let read = walk.get(&format!("workflows/{WORKFLOW}/scorecard")).await;
    let mut next = json!({"owner": read["owner"]["id"], "cadence_days": 90, "version": read["version"]});
    for same in ["name", "checks", "dimensions"] {
        next[same] = read[same].clone();
    }
    walk.act("preview_scorecard", Role::Viewer, &[], next.clone()).await;
    walk.act("write_scorecard", Role::Owner, &[], next).await;
    walk.act("attest_scorecard", Role::Owner, &[], json!({"note": "I read it."})).await;
}

async fn runs(walk: &mut Walk<'_>) {
    let app = walk.app;
    let sampled = json!({"risk_class": "low", "rules": {"sample_share": 1.0, "settle_seconds": 0}});
    walk.act("put_workflow", Role::Owner, &[("workflow", "sampled")], sampled).await;
    let run = |external_id: &str, workflow: &str| {
        json!({
            "external_id": external_id, "workflow": workflow, "release": CANDIDATE, "started_at": START,
            "ended_at": START.plus_seconds(9), "outcome": "success",
        })
    };
    let reported = walk.act("report_runs", Role::Admin, &[], json!({"runs": [run("s-1", "sampled")]})).await;
    let sampled = reported["results"][0]["run_id"].as_str().unwrap_or_else(|| panic!("{reported}")).to_owned();
    let one: &[(&'static str, &str)] = &[("run", &sampled)];
    walk.act("find_sample", Role::Reviewer, one, json!({"holds": false, "note": "It refused."})).await;
    let fact = json!({"kind": "cost", "cost_nanos": 5});
    let about = json!({"idempotency_key": "one", "fact": fact});
    walk.act("add_fact", Role::Reviewer, one, about).await;
    let about = json!({"run": sampled, "idempotency_key": "two", "fact": fact});
    walk.act("add_facts", Role::Reviewer, &[], json!({"facts": [about]})).await;
    walk.act("delete_run", Role::Admin, one, Value::Null).await;
    let live = json!({"workflow": "sampled", "release": CANDIDATE, "environment": "production", "kind": "deployed"});
    walk.act("announce_deployment", Role::ReleaseManager, &[], live).await;
    let there: &[(&'static str, &str)] = &[("workflow", "sampled")];
    walk.act("move_release", Role::ReleaseManager, there, json!({"state": "retired", "reason": "It is over."})).await;
    let owner = app.account(Role::Owner);
    walk.act("put_workflow", Role::Owner, there, json!({"risk_class": "high", "owner": owner})).await;
}

async fn outgoing(walk: &mut Walk<'_>) {
    let sink = WebhookSink::start().await;
    sink.answer(410, 1).await;
    let hook = id_of(&walk.act("create_webhook", Role::Admin, &[], json!({"url": sink.url()})).await);
    let one: &[(&'static str, &str)] = &[("webhook", &hook)];
    walk.act("test_webhook", Role::Admin, one, Value::Null).await;
    walk.act("enable_webhook", Role::Admin, one, Value::Null).await;
    let dead = walk.first("outbox?state=dead").await;
    walk.act("resend_message", Role::Admin, &[("message", &dead)], Value::Null).await;
    walk.act("rotate_webhook_secret", Role::Admin, one, Value::Null).await;
    walk.act("delete_webhook", Role::Admin, one, Value::Null).await;
    walk.act("test_mail", Role::Admin, &[], Value::Null).await;
    walk.act("read_notice", Role::Owner, &[], Value::Null).await;
    walk.act("read_all_notices", Role::Owner, &[], Value::Null).await;
    walk.act("put_notice_preferences", Role::Owner, &[], json!({"muted": ["response"]})).await;
}

async fn settings(walk: &mut Walk<'_>) {
    let source = json!({"source": "{{release}} again", "note": "", "version": 1});
    walk.act("preview_template", Role::Admin, &[], json!({"source": "{{release}}"})).await;
    walk.act("put_template", Role::Admin, &[], source).await;
    let mut policy = walk.get("policy").await["policy"].clone();
    policy["name"] = json!("Stricter");
    policy["alpha"] = json!(0.01);
    walk.act("put_policy", Role::Admin, &[], policy).await;
    walk.act("put_prices", Role::Admin, &[], json!({"m": {"input_nanos": 1, "output_nanos": 2}})).await;
    let class = json!({"name": "lost_order", "meaning": "The order is gone.", "severity": "major"});
    walk.act("put_failure_classes", Role::Admin, &[], json!({"items": [class]})).await;
}

async fn leaving(walk: &mut Walk<'_>) {
    let to = json!({"to": walk.app.account(Role::ReleaseManager)});
    let from = walk.app.account(Role::Owner).to_string();
    walk.act("hand_over", Role::Admin, &[("owner", &from)], to).await;
    walk.act("remove_member", Role::Admin, &[], Value::Null).await;
}
