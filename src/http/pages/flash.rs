//! What happened, carried over a redirect as a code: an address must not be able to put words on a page.

use crate::render::view::Flash;

/// The query parameter.
pub const NAME: &str = "done";

/// What each code says.
const WORDS: &[(&str, &str)] = &[
    ("fact_added", "The fact is added. Every figure computed from this run has changed with it."),
    ("fact_known", "This fact had been added already; nothing has changed."),
    ("promoted", "The failure is an eval case now."),
    ("linked", "The failure is linked to the case."),
    ("dismissed", "The failure is dismissed, with your reason."),
    ("failure_changed", "It is written down."),
    ("undone", "It is taken back: everything stands as before."),
    ("partly_undone", "It is taken back but for what was changed since, or is worked on by somebody else."),
    ("group_changed", "It is done with every failure of the group that was open."),
    ("group_partly_changed", "It is done with the group, but for failures that somebody else works on."),
    ("pattern_changed", "It is done, and kept in the history of the pattern."),
    ("sample_found", "What you found is recorded. Every figure of the run has changed with it."),
    ("suite_changed", "The suite has a new version."),
    ("case_changed", "The case is changed."),
    ("attested", "Your attestation is recorded."),
    ("scorecard_written", "The scorecard has a new version. Attest it when you have read it."),
    ("gate_opened", "The gate is open. Look at the evidence, freeze it, then decide."),
    ("frozen", "The evidence is frozen. Decisions rest on it, whatever comes in later."),
    ("proposed", "Your proposal is kept. It becomes a decision when a second person confirms it."),
    ("decided", "The decision is recorded in the ledger."),
    ("gap_assigned", "The gap has an owner now."),
    ("gap_closed", "The gap is closed. If the rule still finds it, it is open again at the next look."),
    ("response_changed", "It is written down."),
    ("alert_changed", "It is written down in the alert's history."),
    ("alert_settings_kept", "The settings are kept. Live releases are watched by them from the next pass on."),
    ("view_saved", "The view is saved. It stands above its list."),
    ("view_changed", "The view is changed."),
    ("view_removed", "The view is removed."),
    ("notices_read", "Everything is marked as read."),
    ("invited", "An invitation is on its way. Its link is good for seven days."),
    ("invitation_revoked", "The invitation is taken back. Its link stopped working."),
    ("member_changed", "Their roles are changed, from their next request on."),
    ("member_removed", "They do not belong to the project any more. What they recorded stays."),
    ("webhook_on", "The webhook is on. What was given up meanwhile can be sent again below."),
    ("mail_tested", "The mail server took a test mail to your address."),
    ("message_resent", "The message is sent again, with the same id."),
    ("failure_classes_kept", "The failure classes are changed, for runs that come in or change from now on."),
    ("amounts_kept", "It is kept. Amounts are written in this currency from now on; none was converted."),
    ("prices_kept", "The prices are kept, for runs that come in from now on."),
    (
        "masking_kept",
        "The patterns are kept, for cases made from now on. Stored cases are masked again when somebody asks for it.",
    ),
    ("workflow_kept", "The rules are kept. They hold for runs written from now on."),
    ("team_made", "The team is made. It can own whatever a member can."),
    ("team_changed", "The team is changed."),
    ("team_removed", "The team is removed."),
    ("policy_written", "The policy has a new version. Gates are held to it from their next look on."),
    ("key_revoked", "The key is revoked. What uses it stops working at once."),
    ("webhook_removed", "The webhook is removed."),
    ("template_written", "The template is kept. Documents are made by it from now on."),
    ("webhook_tested", "A test message is on its way to the webhook."),
    ("signed_out", "You are signed out."),
    ("password_changed", "Your password is changed. Other browsers are signed out."),
    ("password_chosen", "Your password is set. Sign in with it."),
    ("session_ended", "That browser is signed out."),
    ("joined", "You belong to the project now. Sign in to go there."),
    ("release_moved", "The release is moved."),
];

/// The message of a query.
pub fn of_query(query: &str) -> Option<Flash> {
    let code = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == NAME)?.1;
    let (_, text) = WORDS.iter().find(|(known, _)| *known == code)?;
    Some(Flash { kind: "good".to_owned(), text: (*text).to_owned() })
}

/// `href` with the code.
pub fn append(href: &str, code: &str) -> String {
    let (path, fragment) = href.split_once('#').map_or((href, None), |(path, fragment)| (path, Some(fragment)));
    let joint = if path.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{path}{joint}{NAME}={code}{fragment}")
}
