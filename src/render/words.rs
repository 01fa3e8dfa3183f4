//! The words and classes of states: one table from the values the API speaks to what a page shows.

/// How one state is shown: a class of the stylesheet (colour and shape) and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The state class, `is-ship`.
    pub class: &'static str,
    /// The word for people, `Roll back`.
    pub label: &'static str,
}

const fn word(class: &'static str, label: &'static str) -> Word {
    Word { class, label }
}

/// Looks up how `value` of `kind` is shown. Kinds are the badge blocks of the stylesheet: `verdict`, `result`,
/// `outcome`, `severity`, `fresh`, `status`, `state`. `None` for a value this table does not know.
pub fn look_up(kind: &str, value: &str) -> Option<Word> {
    let found = match (kind, value) {
        ("verdict", "ship") => word("is-ship", "Ship"),
        ("verdict", "hold") => word("is-hold", "Hold"),
        ("verdict", "rollback") => word("is-rollback", "Roll back"),
        ("verdict", "collect_more_evidence") => word("is-collect", "Collect more evidence"),
        ("verdict", "undecided") => word("is-undecided", "Undecided"),
        ("result", "pass") => word("is-pass", "Pass"),
        ("result", "fail") => word("is-fail", "Fail"),
        ("result", "inconclusive") => word("is-inconclusive", "Inconclusive"),
        ("result", "conflict") => word("is-inconclusive is-conflict", "Conflict"),
        ("result", "unproved") => word("is-unproved", "Unproved"),
        ("result", "unverified") => word("is-unverified", "Unverified"),
        ("result", "error") => word("is-fail", "Error"),
        ("result", "skipped") => word("is-unproved", "Skipped"),
        ("outcome", "success") => word("is-success", "Success"),
        ("outcome", "failure") => word("is-failure", "Failure"),
        ("outcome", "abandoned") => word("is-abandoned", "Abandoned"),
        ("outcome", "unknown") => word("is-unknown", "Unknown"),
        ("severity", "critical") => word("is-critical", "Critical"),
        ("severity", "major") => word("is-major", "Major"),
        ("severity", "minor") => word("is-minor", "Minor"),
        ("fresh", "fresh") => word("is-fresh", "Fresh"),
        ("fresh", "due") => word("is-due", "Due soon"),
        ("fresh", "stale") => word("is-stale", "Stale"),
        ("fresh", "unowned") => word("is-stale", "No owner"),
        ("fresh", "never") => word("is-never", "Never attested"),
        ("state", "candidate") => word("is-candidate", "Candidate"),
        ("state", "live") => word("is-live", "Live"),
        ("state", "rolled_back") => word("is-rolled-back", "Rolled back"),
        ("state", "retired") => word("is-retired", "Retired"),
        ("status", other) => return status(other),
        _ => return None,
    };
    Some(found)
}

fn status(value: &str) -> Option<Word> {
    Some(match value {
        "open" => word("is-open", "Open"),
        "acted" => word("is-acknowledged", "Done, effect awaited"),
        "closed" => word("is-resolved", "Closed"),
        "cancelled" => word("is-dismissed", "Cancelled"),
        "promoted" => word("is-promoted", "Promoted"),
        "linked" => word("is-linked", "Linked"),
        "dismissed" => word("is-dismissed", "Dismissed"),
        "draft" => word("is-draft", "Draft"),
        "active" => word("is-active", "Active"),
        "quarantined" => word("is-acknowledged", "Quarantined"),
        "retired" => word("is-retired", "Retired"),
        "frozen" => word("is-acknowledged", "Frozen"),
        "decided" => word("is-resolved", "Decided"),
        "firing" => word("is-firing", "Firing"),
        "ok" => word("is-ok", "OK"),
        "learning" => word("is-learning", "Learning"),
        "no_data" => word("is-no-data", "No data"),
        "acknowledged" => word("is-acknowledged", "Acknowledged"),
        "resolved" => word("is-resolved", "Resolved"),
        _ => return None,
    })
}

/// `snake_case` as words: `amount_mismatch` → `amount mismatch`.
pub fn spaced(value: &str) -> String {
    value.replace('_', " ")
}
