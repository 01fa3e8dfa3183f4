//! Every code that a problem can have, with its status and its meaning: the page that `type` points to, and what
//! `docs/API.md` lists. A test compares them with the codes in the source.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Serialize;

use super::pages::context_html;
use super::problem::Problem;
use crate::render::Renderer;
use crate::render::view::Page;
use crate::render::view::problem::{ProblemCode, ProblemCodes};

/// One code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Code {
    /// What a program branches on.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means, and what to do where that is not plain.
    pub meaning: &'static str,
}

const fn code(status: u16, code: &'static str, meaning: &'static str) -> Code {
    Code { code, status, meaning }
}

/// Every code, by status and name.
pub const CODES: &[Code] = &[
    code(400, "malformed", "the body or query cannot be read"),
    code(401, "unauthenticated", "no credential, or one that is not valid, has expired or was revoked"),
    code(403, "bad_form_token", "a form or a session's request came without its token"),
    code(403, "forbidden", "the permission is missing; `detail` names it"),
    code(403, "insecure_transport", "sign-in over plain HTTP from another machine"),
    code(404, "no_project", "a page has nothing to show: you belong to no project yet"),
    code(404, "no_route", "there is nothing at this address"),
    code(404, "not_found", "there is no such thing in this project"),
    code(405, "method_not_allowed", "the address does not do that"),
    code(409, "alert_not_raised", "only an alert that fires or was acknowledged can be answered"),
    code(409, "already_a_member", "the account belongs to the project; change its roles instead"),
    code(409, "already_acted", "the response was done already; what was done first is kept"),
    code(409, "already_approved", "the proposal was approved by somebody else"),
    code(409, "already_decided", "somebody decided about the failure"),
    code(409, "already_done", "the request with this Idempotency-Key was carried out, and its answer is not kept"),
    code(409, "already_exists", "there is one with this name"),
    code(409, "already_rotated", "the webhook got another secret at the same time"),
    code(409, "already_undone", "the act was taken back already"),
    code(409, "archive_unusable", "a project's file is not whole or of another version (command line)"),
    code(409, "case_changed", "somebody wrote a newer version of the eval case; read it and repeat the change"),
    code(409, "case_retired", "the eval case is retired"),
    code(409, "changed_since", "something was done with the failure since"),
    code(
        409,
        "decided_meanwhile",
        "another decision of the gate stands than you know; look at it, and name it in `supersedes` to take its place",
    ),
    code(409, "duplicate_case", "an equal eval case is there; link the failure to it instead"),
    code(409, "evidence_changed", "evidence was frozen anew since; read the gate again"),
    code(409, "exemption_not_waiting", "the exemption was approved, ended or has expired"),
    code(409, "exemption_over", "the exemption is over already"),
    code(409, "failures_waiting", "failures that the response asks to learn from still wait in triage"),
    code(409, "gap_cannot_be_owned", "this gap must be closed, not taken on"),
    code(409, "gap_closed", "the gap is closed"),
    code(409, "gate_already_open", "the release has an open gate"),
    code(409, "idempotency_key_reused", "the Idempotency-Key was sent with another body before; choose a new one"),
    code(409, "last_admin", "a project keeps an admin"),
    code(409, "message_forgotten", "the message held a link that is used once; ask for a new link"),
    code(409, "message_not_dead", "only a message that was given up can be sent again"),
    code(409, "no_assertion", "an eval case needs an assertion or a reference before it is active"),
    code(409, "no_live_release", "no release of the workflow is live, so nothing is watched"),
    code(409, "no_mail_server", "the service cannot send mail; an administrator sets a new password"),
    code(409, "not_a_decider", "who decides may not, by role or as a machine"),
    code(409, "not_a_failure", "the run does not count as a failure"),
    code(409, "not_a_person", "an API key cannot do or have this"),
    code(409, "not_a_second_person", "who approves may not, by role or as a machine"),
    code(
        409,
        "not_an_incident",
        "nobody recommended or decided to roll back, or the alert never fired, so there is no incident review",
    ),
    code(409, "not_frozen", "nothing is frozen for the gate yet"),
    code(409, "nothing_decided", "the project has no decision yet, so its chain has no head"),
    code(409, "other_workflow", "the eval case tests another workflow"),
    code(409, "pattern_seen", "the release, or a later one, has failures of the pattern; name one first seen after it"),
    code(409, "policy_changed", "somebody wrote a newer policy; read it and decide again"),
    code(409, "project_exists", "the project or its name is here already (command line)"),
    code(409, "proposal_overtaken", "something else was frozen, proposed or decided meanwhile"),
    code(409, "reserved", "somebody else works on the failure; `detail` says who and until when"),
    code(409, "response_changed", "somebody changed the response at the same time; read it again"),
    code(409, "response_over", "the response is closed or cancelled"),
    code(409, "same_person", "who decided cannot approve as the second person"),
    code(409, "suite_changed", "somebody made a newer version of the eval suite; read it and repeat the change"),
    code(409, "team_owns_things", "hand over what the team owns first"),
    code(409, "too_many_teams", "the project has as many teams as it may"),
    code(
        409,
        "too_many_views",
        "there are as many saved views of the list as one person may have, or the project may share",
    ),
    code(409, "too_many_webhooks", "the project has as many endpoints as it may"),
    code(409, "version_conflict", "somebody wrote a newer version; read it and decide again"),
    code(409, "webhook_off", "the endpoint is turned off"),
    code(409, "webhook_on", "the endpoint is on already"),
    code(409, "wrong_state", "it cannot go from its state to that one"),
    code(412, "changed_meanwhile", "it is not what If-Match names any more; read it again"),
    code(413, "too_large", "larger than a limit"),
    code(415, "unsupported_media", "this content type or encoding is not accepted here"),
    code(422, "invalid", "fields break a rule; `errors` lists them"),
    code(429, "overloaded", "the queue is full; nothing was accepted; send it again after Retry-After"),
    code(429, "rate_limited", "too many attempts or requests; try again after Retry-After"),
    code(500, "internal", "a fault of the service; its log has the cause under `error_id`"),
    code(503, "read_only", "the database cannot be written"),
    code(507, "storage_full", "the disk that holds the database is full; nothing was recorded"),
];

/// `GET /docs/problems`: what each code means; a page for people, JSON for programs.
///
/// # Errors
/// When the template and its model do not fit.
#[get("/docs/problems")]
pub async fn problems(request: HttpRequest, renderer: web::Data<Renderer>) -> Result<HttpResponse, Problem> {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accepts.contains("text/html") {
        return Ok(HttpResponse::Ok().json(serde_json::json!({"items": CODES})));
    }
    let codes = CODES.iter().map(|code| ProblemCode {
        name: code.code.to_owned(),
        status: code.status,
        meaning: code.meaning.to_owned(),
    });
    context_html(&renderer, &Page::bare("Problems", String::new(), ProblemCodes { codes: codes.collect() }))
}
