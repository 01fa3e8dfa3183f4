//! The review artifact and the mails.

use seatrial::render::Renderer;
use seatrial::render::artifact::MARKDOWN_CHARACTERS;
use seatrial::render::document::{Document, DocumentView, TemplateFormat};
use seatrial::render::schema::schema;
use seatrial::render::view::account_mail::{Invitation, PasswordReset};
use seatrial::render::view::artifact::ArtifactView;
use seatrial::render::view::incident::IncidentView;
use seatrial::render::view::mail::{
    DecisionRecorded, GateWaiting, MailView, ScorecardDue, ScorecardOverdue, ScorecardStale, ScorecardUnowned, TestMail,
};

use super::html_check::{assert_harmless, check};
use super::renderer;
use crate::support::schema::keeps_to_schema;

fn review(view: ArtifactView) -> DocumentView {
    DocumentView::Review(Box::new(view))
}

fn incident(view: IncidentView) -> DocumentView {
    DocumentView::Incident(Box::new(view))
}

fn markdown(view: &DocumentView) -> String {
    renderer().document(view, TemplateFormat::Markdown).expect("markdown")
}

#[test]
fn the_documents_as_markdown() {
    insta::assert_snapshot!("artifact_markdown", markdown(&review(ArtifactView::sample())));
    insta::assert_snapshot!("incident_markdown", markdown(&incident(IncidentView::sample())));
}

#[test]
fn the_documents_as_json() {
    let json = |view: &DocumentView| renderer().document_json(view).expect("json");
    insta::assert_snapshot!("artifact_json", json(&review(ArtifactView::sample())));
    insta::assert_snapshot!("incident_json", json(&incident(IncidentView::sample())));
}

#[test]
fn the_published_schemas_are_those_of_the_documents() {
    for document in Document::ALL {
        let made = format!("{:#}\n", schema(document).expect("a schema"));
        let file = format!("{}/docs/schemas/{}.json", env!("CARGO_MANIFEST_DIR"), document.as_str());
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == made, "{file} is stale: write `seatrial schema {}` to it", document.as_str());
    }
}

#[test]
fn every_document_keeps_to_its_schema() {
    for document in Document::ALL {
        for sample in DocumentView::samples(document) {
            let json = renderer().document_json(&sample).expect("json");
            keeps_to_schema(document, &serde_json::from_str(&json).expect("JSON"));
        }
    }
    let other = serde_json::json!({"schema": "seatrial.review/2"});
    let validator = jsonschema::validator_for(&schema(Document::Review).expect("a schema")).expect("one");
    assert!(!validator.is_valid(&other), "it says what is missing");
}

/// A document of an alert has no decision in it, and no empty place where one would stand.
#[test]
fn the_incident_of_an_alert() {
    let view = incident(IncidentView::alert_sample());
    insta::assert_snapshot!("incident_of_an_alert_markdown", markdown(&view));
    let html = renderer().document(&view, TemplateFormat::Html).expect("html");
    assert!(html.contains("Alert: rescue jump, firing") && !html.contains("Decided by"), "{html}");
}

#[test]
fn the_incident_as_html() {
    let html = renderer().document(&incident(IncidentView::sample()), TemplateFormat::Html).expect("html");
    let body = &html[html.find("<body>").expect("a body")..];
    insta::assert_snapshot!("incident_html", body);
}

#[test]
fn hostile_text_keeps_its_value_in_json_and_is_safe_to_print() {
    let view = ArtifactView::hostile_sample();
    let release = view.release.clone();
    let json = renderer().document_json(&review(view)).expect("json");
    assert!(!json.contains(['\u{202e}', '\u{1b}', '\u{7f}', '\u{200b}']), "{json}");
    let value: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
    assert_eq!(value["release"], release.as_str());
}

#[test]
fn the_documents_as_html_are_well_formed_and_self_contained() {
    for view in Document::ALL.into_iter().flat_map(DocumentView::samples) {
        let html = renderer().document(&view, TemplateFormat::Html).expect("html");
        assert_eq!(check(&html), Vec::<String>::new());
        assert_harmless("artifact", &html);
        assert!(!html.contains("<script"), "no script");
        let outside = ["<link", "src=\"", "href=\"/", "@import", "url(http"].iter().find(|sign| html.contains(**sign));
        assert_eq!(outside, None, "no outside resource and no link into this server");
    }
}

#[test]
fn charts_have_a_title_a_description_and_a_table() {
    for view in [review(ArtifactView::sample()), incident(IncidentView::sample())] {
        let html = renderer().document(&view, TemplateFormat::Html).expect("html");
        let charts = html.matches("<svg").count();
        assert!(charts >= 2, "{charts}");
        assert!(html.matches("<title").count() > charts && html.matches("<desc").count() >= charts, "{html}");
        assert!(html.matches("<caption").count() >= 2, "the same figures stand in tables");
    }
}

#[test]
fn markdown_fits_a_comment() {
    let mut view = ArtifactView::sample();
    view.gaps = std::iter::repeat_n(view.gaps[0].clone(), 2_000).collect();
    let text = markdown(&review(view));
    assert!(text.chars().count() <= MARKDOWN_CHARACTERS, "{}", text.chars().count());
    assert!(
        text.contains("Shortened to fit a comment") && text.contains("decisions/dec_01)"),
        "{}",
        &text[text.len() - 300..]
    );
    assert!(markdown(&review(ArtifactView::sample())).chars().count() < 20_000);
}

#[test]
fn the_preview_says_that_nobody_decided() {
    let text = markdown(&review(ArtifactView::preview_sample()));
    assert!(text.contains("undecided (preview)") && text.contains("Nobody has decided"), "{text}");
}

#[test]
fn hostile_text_is_literal_in_markdown() {
    literal(&markdown(&review(ArtifactView::hostile_sample())), &markdown(&review(ArtifactView::sample())));
    literal(&markdown(&incident(IncidentView::hostile_sample())), &markdown(&incident(IncidentView::sample())));
}

fn literal(text: &str, usual: &str) {
    assert!(!text.contains('<'), "{text}");
    assert!(!text.contains("@everyone") && !text.contains("https://evil"), "{text}");
    assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{text}");
    // Seen through a Markdown parser with everything a code host enables, there is no link but our own and no heading but ours.
    let mut links = Vec::new();
    let mut headings = 0;
    for event in pulldown_cmark::Parser::new_ext(text, pulldown_cmark::Options::all()) {
        use pulldown_cmark::{Event, Tag};
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => links.push(dest_url.to_string()),
            Event::Start(Tag::Heading { .. }) => headings += 1,
            Event::Html(html) | Event::InlineHtml(html) => panic!("html in Markdown: {html}"),
            _ => {}
        }
    }
    assert_eq!(links, ["https://seatrial.example.com/p/demo/decisions/dec_01"]);
    assert_eq!(headings, usual.lines().filter(|line| line.starts_with('#')).count());
}

fn try_mail<T: MailView>(renderer: &Renderer, mail: &T) {
    let mail = renderer.mail(mail).unwrap_or_else(|error| panic!("{}: {error}", T::TEMPLATE));
    assert!(!mail.subject.is_empty() && mail.subject.chars().count() <= 161, "{}", mail.subject);
    for text in [&mail.subject, &mail.text] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        assert!(!text.contains('\u{202e}') && !text.contains("&lt;"), "{text:?}");
    }
    assert!(!mail.subject.contains('\n'));
    assert_harmless(T::TEMPLATE, &mail.html);
    assert!(mail.text.lines().count() > 2 && mail.html.contains("</html>"));
}

#[test]
fn every_mail_renders_and_its_subject_is_one_line() {
    let renderer = renderer();
    for hostile in [false, true] {
        try_mail(renderer, &if hostile { ScorecardDue::hostile_sample() } else { ScorecardDue::sample() });
        try_mail(renderer, &if hostile { ScorecardStale::hostile_sample() } else { ScorecardStale::sample() });
        try_mail(renderer, &if hostile { ScorecardOverdue::hostile_sample() } else { ScorecardOverdue::sample() });
        try_mail(renderer, &if hostile { ScorecardUnowned::hostile_sample() } else { ScorecardUnowned::sample() });
        try_mail(renderer, &if hostile { GateWaiting::hostile_sample() } else { GateWaiting::sample() });
        try_mail(renderer, &if hostile { DecisionRecorded::hostile_sample() } else { DecisionRecorded::sample() });
        try_mail(renderer, &if hostile { PasswordReset::hostile_sample() } else { PasswordReset::sample() });
        try_mail(renderer, &if hostile { Invitation::hostile_sample() } else { Invitation::sample() });
        try_mail(renderer, &if hostile { TestMail::hostile_sample() } else { TestMail::sample() });
    }
}

#[test]
fn the_mail_about_a_stale_scorecard() {
    let renderer = renderer();
    let mail = renderer.mail(&ScorecardStale::sample()).expect("mail");
    insta::assert_snapshot!("mail_scorecard_stale", format!("Subject: {}\n\n{}", mail.subject, mail.text));
}
