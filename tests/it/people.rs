//! Each person's work in a browser with keys alone, and what it left behind; what they type outlives what goes wrong.

use seatrial::app::api_key::NewKey;
use seatrial::app::project::{NewProject, ProjectSettings};
use seatrial::worker::jobs;
use seatrial_domain::access::{Role, Scope as KeyScope};
use seatrial_domain::decision::verify_export;
use seatrial_store::Backend;
use serde_json::{Value, json};

use crate::alert_settings::drifted;
use crate::loop_walk::take_in;
use crate::support::app::{PASSWORD, PROJECT, TestApp, run};
use crate::support::browser;
use crate::support::evidence::{expect, path};

/// A project that no run was sent to, of the admin; its key for sending.
async fn empty_project(app: &TestApp) -> (&'static str, String) {
    let slug = "empty";
    let new = NewProject { slug: slug.into(), name: "Empty".into(), settings: ProjectSettings::default() };
    let admin = app.account(Role::Admin);
    app.app.create_project_as_system("test", new, Some(admin)).await.expect("a project");
    let key = NewKey { name: "sender".to_owned(), scopes: vec![KeyScope::Ingest], expires_at: None };
    let made = app.app.create_api_key(&app.caller(Role::Admin), slug, key).await.expect("a key is made");
    (slug, made.key.expose().to_owned())
}

#[test]
fn each_person_does_what_they_came_for_with_keys_alone() {
    run(Backend::Sqlite, async |app: &TestApp| {
        take_in(app).await;
        drifted(app).await;
        jobs::watch_drift(&app.app).await.expect("watched");
        let (empty, key) = empty_project(app).await;
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_PROJECT", PROJECT),
            ("SEATRIAL_EMPTY_PROJECT", empty),
            ("SEATRIAL_EMPTY_KEY", &key),
            ("SEATRIAL_PASSWORD", PASSWORD),
        ];
        browser::walk("people", &settings).await;

        let viewer = app.member(Role::Viewer);
        let decisions = expect(200, viewer.get(&path("decisions"))).await;
        let decision = &decisions["items"][0];
        assert_eq!(decision["verdict"], "hold", "{decisions}");
        assert_eq!(decision["reason"], "Held: success is below what we agreed on.");
        let export = path(&format!("decisions/{}/export", decision["id"].as_str().unwrap_or_default()));
        let export = viewer.get(&export).send().await.expect("an answer").bytes().await.expect("a body");
        let report = verify_export(&export, &[]);
        assert!(report.ok, "{report:?}");
        let scorecard = expect(200, viewer.get(&path("workflows/airline-support/scorecard"))).await;
        assert_eq!(scorecard["version"], 2, "{scorecard}");
        let alerts = expect(200, viewer.get(&path("alerts?state=acknowledged"))).await;
        assert_eq!(alerts["items"].as_array().map(Vec::len), Some(1), "{alerts}");
    });
}

/// The id of the first of a list.
async fn first(app: &TestApp, list: &str) -> String {
    let found = expect(200, app.member(Role::Viewer).get(&path(list))).await;
    found["items"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}: {found}")).to_owned()
}

fn form(address: String, fields: &[(&str, &str)], sent: &str) -> Value {
    json!({"address": format!("/p/{PROJECT}{address}"), "fields": fields, "sent": sent})
}

#[test]
fn what_is_typed_outlives_a_session_and_a_connection() {
    run(Backend::Sqlite, async |app: &TestApp| {
        drifted(app).await;
        jobs::watch_drift(&app.app).await.expect("watched");
        // The alert that fired has frozen the evidence of a gate.
        let alerts = expect(200, app.member(Role::Viewer).get(&path("alerts?state=firing"))).await;
        let gate = alerts["items"][0]["gate_id"].as_str().unwrap_or_else(|| panic!("{alerts}")).to_owned();
        let scorecard = first(app, "scorecards").await;
        let response = first(app, "responses").await;
        let forms = json!([
            form(
                format!("/scorecards/{scorecard}/edit"),
                &[("#edit input[name=value]", "0.77"), ("#name", "Another name")],
                "#edit button.is-primary",
            ),
            form(
                "/failures".to_owned(),
                &[("#promote input[type=text]", "Ask before"), ("#promote textarea", "never twice")],
                "#promote button.is-primary",
            ),
            form(format!("/gates/{gate}"), &[("#reason", "Because of this.")], "#decide button.is-primary"),
            form(
                format!("/responses/{response}"),
                &[("#task-note", "The deployer has been told.")],
                "form:has(#task-note) button",
            ),
        ]);
        let settings = [
            ("SEATRIAL_BASE_URL", app.base_url.as_str()),
            ("SEATRIAL_EMAIL", &app.email(Role::Admin)),
            ("SEATRIAL_PASSWORD", PASSWORD),
            ("SEATRIAL_FORMS", &forms.to_string()),
        ];
        browser::walk("typed", &settings).await;
    });
}
