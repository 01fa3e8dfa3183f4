//! A project's own templates: checked before they are kept, tried without being kept, and never able to lose a decision.

use seatrial::render::Renderer;
use seatrial::render::document::{Document, DocumentView, TemplateFormat};
use seatrial_domain::access::Role;
use serde_json::{Value, json};

use crate::support::app::{TestApp, Who, answer, both};
use crate::support::evidence::{decide, expect, freeze, path, ready_gate};
use crate::support::sql::sql;

both!(a_template_is_written_tried_and_put_back, a_template_that_breaks_never_loses_a_decision);

fn renderer() -> Renderer {
    Renderer::new().expect("the built-in templates parse")
}

#[test]
fn a_project_can_begin_from_the_built_in_templates() {
    let renderer = renderer();
    for document in Document::ALL {
        for format in TemplateFormat::ALL {
            let source = Renderer::built_in_template(document, format);
            let checked = renderer.check_template(document, format, &source);
            let checked = checked.unwrap_or_else(|problem| panic!("{document:?} {format:?}: {problem}"));
            for sample in DocumentView::samples(document) {
                let own = renderer.with_template(&sample, format, checked.source()).expect("it renders");
                assert_eq!(own, renderer.document(&sample, format).expect("it renders"), "the same to the byte");
            }
        }
    }
}

#[test]
fn what_a_template_may_not_do_is_refused_with_its_line() {
    let renderer = renderer();
    let deep = "{{#if decision}}".repeat(2_000);
    let parentheses = format!("{{{{#if {}decision{}}}}}x{{{{/if}}}}", "(not ".repeat(5_000), ")".repeat(5_000));
    let long = "x".repeat(70_000);
    let cases: [(&str, &str); 24] = [
        ("a\n{{{decision.reason}}}", "line 2: text cannot be written unescaped"),
        ("{{&decision.reason}}", "unescaped"),
        ("{{release", "cannot be read"),
        ("{{nothing_of_the_kind}}", "cannot be rendered"),
        ("{{#if nothing}}x{{/if}}", "cannot be rendered"),
        ("{{no_such_helper release}}", "cannot be rendered"),
        ("{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}", "defines nothing"),
        ("{{> layouts/app}}", "only these partials"),
        ("{{> pages/run/show release}}", "only these partials"),
        ("{{> partials/markdown decision.reason}}", "one of `charts`"),
        ("{{> partials/chart this}}", "one of `charts`"),
        ("{{> partials/checks checks links=true}}", "hand a part"),
        ("{{#> partials/gaps gaps}}x{{/partials/gaps}}", "cannot be used"),
        ("{{#each checks}}{{#each ../checks}}x{{/each}}{{/each}}", "without `../`"),
        ("{{#each checks}}{{#each @root.checks}}x{{/each}}{{/each}}", "without `../`"),
        ("{{#each checks as |check|}}x{{/each}}", "without `../`"),
        ("<p>\n<ScRipt>x</script>", "line 2: `<script` cannot be used"),
        ("<img alt=\"x\" src=\"https://evil.example/x\">", "self-contained"),
        ("<p onclick = \"x()\">", "handlers of events"),
        ("<meta http-equiv=\"refresh\" content=\"0\">", "stays where it is"),
        ("<style>p{background:url(https://evil.example)}</style>", "self-contained"),
        (&deep, "nested deeper"),
        (&parentheses, "nested deeper"),
        (&long, "at most 65536"),
    ];
    for (source, says) in cases {
        let shown: String = source.chars().take(60).collect();
        let problem = renderer.check_template(Document::Review, TemplateFormat::Html, source);
        let problem = problem.expect_err(&shown).to_string();
        assert!(problem.contains(says), "{shown}: {problem}");
    }
}

#[test]
fn hostile_text_stays_text_in_a_template_of_ones_own() {
    let renderer = renderer();
    let html = "<h1>{{release}}</h1><p title=\"{{decision.reason}}\">{{line decision.reason}}</p>\
        {{#each checks}}{{#each segments}}<p>{{value}}</p>{{/each}}{{/each}}{{#if charts.checks}}{{> partials/chart charts.checks}}{{/if}}";
    // A preview has no decision, and the check says so.
    let problem =
        renderer.check_template(Document::Review, TemplateFormat::Html, html).expect_err("a preview has none");
    assert!(problem.message.contains("cannot be rendered"), "{problem}");
    let html = html
        .replace("<p title", "{{#if decision}}<p title")
        .replace("</p>{{#each checks}}", "</p>{{/if}}{{#each checks}}");
    renderer.check_template(Document::Review, TemplateFormat::Html, &html).expect("it is a good template");
    let hostile = DocumentView::samples(Document::Review).remove(1);
    let made = renderer.with_template(&hostile, TemplateFormat::Html, &html).expect("it renders");
    assert!(!made.contains("<script") && !made.contains("<img") && !made.contains('\u{202e}'), "{made}");
    crate::render::html_check::assert_harmless("own template", &made);
    let markdown = "# {{release}}\n\n{{#if decision}}> {{line decision.reason}}{{/if}}\n";
    renderer.check_template(Document::Review, TemplateFormat::Markdown, markdown).expect("it is a good template");
    let made = renderer.with_template(&hostile, TemplateFormat::Markdown, markdown).expect("it renders");
    assert!(!made.contains('<') && made.contains("\\[a\\](javascript"), "{made}");
}

async fn shipped(app: &TestApp) -> String {
    let gate = ready_gate(app, 95).await;
    let (bundle, _) = freeze(app, &gate).await;
    let (status, decision) = decide(app, Role::ReleaseManager, &gate, &bundle, ("ship", "Read <b>twice</b>.")).await;
    assert_eq!(status, 201, "{decision}");
    decision["id"].as_str().expect("an id").to_owned()
}

/// The document of a decision, and which template made it.
async fn document(app: &TestApp, decision: &str, format: &str) -> (String, String) {
    let about = path(&format!("decisions/{decision}/artifact?format={format}"));
    let response = app.member(Role::Viewer).get(&about).send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let used = response.headers().get("x-seatrial-template").map(|used| used.to_str().expect("text").to_owned());
    (response.text().await.expect("a body"), used.unwrap_or_default())
}

const SHORT: &str = "# {{workflow}} {{release}}\n\n{{#if decision}}{{word \"verdict\" decision.verdict}}: {{line decision.reason}}{{/if}}\n";

async fn a_template_is_written_tried_and_put_back(app: &TestApp) {
    let decision = shipped(app).await;
    let about = path("templates/review/markdown");
    let first = expect(200, app.member(Role::Viewer).get(&about)).await;
    assert_eq!((first["built_in"].clone(), first["version"].clone()), (json!(true), json!(0)));
    assert!(first["source"].as_str().is_some_and(|source| source.contains("## Four questions")));
    let (built_in, used) = document(app, &decision, "markdown").await;
    assert_eq!(used, "built-in");

    let try_it = json!({"source": SHORT, "decision": decision});
    let preview = expect(200, app.member(Role::Viewer).post(&format!("{about}/preview")).json(&try_it)).await;
    let wanted = "# refund-handling 1.5.0\n\nShip: Read \\<b>twice\\</b>.\n";
    let shown = preview["output"].as_str().expect("text");
    assert!(shown.starts_with("# refund\\-handling") || shown.starts_with("# refund-handling"), "{shown}");
    assert!(!shown.contains("<b>") && shown.lines().count() == wanted.lines().count(), "{shown}");
    assert_eq!(document(app, &decision, "markdown").await.0, built_in, "nothing was kept");

    let body = |version: u32| json!({"source": SHORT, "note": "Fits our channel.", "version": version});
    let (status, _) = answer(app.member(Role::Owner).put(&about).json(&body(0))).await;
    assert_eq!(status, 403);
    let written = expect(200, app.member(Role::Admin).put(&about).json(&body(0))).await;
    assert_eq!((written["version"].clone(), written["built_in"].clone()), (json!(1), json!(false)));
    let (made, used) = document(app, &decision, "markdown").await;
    assert_eq!((made.as_str(), used.as_str()), (shown, "version 1"));
    assert!(document(app, &decision, "html").await.0.contains("<!doctype html>"), "the other formats keep theirs");
    let (status, problem) = answer(app.member(Role::Admin).put(&about).json(&body(0))).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("version_conflict")));
    let broken = json!({"source": "# {{verdict_of_nobody}}", "version": 1});
    let (status, problem) = answer(app.member(Role::Admin).put(&about).json(&broken)).await;
    assert_eq!((status, problem["errors"][0]["field"].as_str()), (422, Some("source")), "{problem}");
    let back = json!({"source": Value::Null, "version": 1});
    expect(200, app.member(Role::Admin).put(&about).json(&back)).await;
    assert_eq!(document(app, &decision, "markdown").await.1, "built-in");
    let versions = expect(200, app.member(Role::Viewer).get(&format!("{about}/versions"))).await;
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(versions["items"][1]["note"], "Fits our channel.");
    for (who, about) in [(Who::Outsider, about.clone()), (Who::Member(Role::Viewer), path("templates/review/pdf"))] {
        assert_eq!(answer(app.client(who).get(&about)).await.0, 404);
    }
}

async fn a_template_that_breaks_never_loses_a_decision(app: &TestApp) {
    let decision = shipped(app).await;
    let (built_in, _) = document(app, &decision, "markdown").await;
    // As an earlier version could have kept it, before the document lost a field.
    let project = app.project_id().await.uuid().simple().to_string();
    let id = match app.app.store.backend() {
        seatrial_store::Backend::Sqlite => format!("x'{project}'"),
        seatrial_store::Backend::Postgres => format!("'{project}'"),
    };
    let statement = format!(
        "INSERT INTO templates (project_id, document, format, version, source, note, created_by_json, created_at) VALUES \
         ({id}, 'review', 'markdown', 1, '# {{{{a_field_of_old}}}}', '', '{{\"kind\":\"system\",\"id\":\"test\",\"display_name\":\"test\"}}', 0)"
    );
    sql(app, Box::leak(statement.into_boxed_str())).await.expect("it is kept");
    let (made, used) = document(app, &decision, "markdown").await;
    assert_eq!((made, used.as_str()), (built_in, "built-in; version 1 failed"));
    let refused = sql(app, "UPDATE templates SET source = ''").await.expect_err("it is append-only");
    assert!(refused.contains("append-only"), "{refused}");
}
