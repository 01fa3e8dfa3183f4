//! Mails: what each says and its subject.

use serde::Serialize;

use super::{HOSTILE, Time};

/// A mail's model, its templates (`{TEMPLATE}.txt.hbs` and `{TEMPLATE}.html.hbs`) and its subject.
pub trait MailView: Serialize {
    /// Template under `web/templates`, without endings: `mails/scorecard_due`.
    const TEMPLATE: &'static str;

    /// The subject; the renderer puts it on one line, shows its control characters and cuts it.
    fn subject(&self) -> String;
}

/// What every notice about a scorecard says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScorecardNotice {
    /// Project.
    pub project: String,
    /// Scorecard.
    pub scorecard: String,
    /// Workflow it holds to account.
    pub workflow: String,
    /// Name of the recipient.
    pub recipient: String,
    /// Why this person: `you own it`, `you are its backup`, `you administer the project`.
    pub because: String,
    /// When the review is or was due.
    pub due_at: Option<Time>,
    /// Why it is due or stale, in words.
    pub reasons: Vec<String>,
    /// Address of the scorecard's page.
    pub url: String,
}

impl ScorecardNotice {
    /// A stale one.
    pub fn sample() -> Self {
        Self::named("Refund handling")
    }

    fn named(scorecard: &str) -> Self {
        Self {
            project: "Demo project".to_owned(),
            scorecard: scorecard.to_owned(),
            workflow: scorecard.to_owned(),
            recipient: "Ana Reyes".to_owned(),
            because: "you own it".to_owned(),
            due_at: Some(Time::sample(1440)),
            reasons: vec!["Release 1.4.0 went live after the last review.".to_owned(), scorecard.to_owned()],
            url: "https://seatrial.example.com/p/demo/scorecards/sc_01".to_owned(),
        }
    }
}

macro_rules! scorecard_mail {
    ($(#[$doc:meta])* $name:ident, $template:literal, $subject:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub ScorecardNotice);

        impl MailView for $name {
            const TEMPLATE: &'static str = $template;

            fn subject(&self) -> String {
                format!($subject, self.0.scorecard)
            }
        }

        impl $name {
            /// A usual one.
            pub fn sample() -> Self {
                Self(ScorecardNotice::sample())
            }

            /// One about a scorecard with a hostile name.
            pub fn hostile_sample() -> Self {
                Self(ScorecardNotice::named(HOSTILE))
            }
        }
    };
}

scorecard_mail!(
    /// The review is due soon: to the owner.
    ScorecardDue, "mails/scorecard_due", "Review due: {}"
);
scorecard_mail!(
    /// The scorecard went stale: to the owner.
    ScorecardStale, "mails/scorecard_stale", "Stale scorecard: {}"
);
scorecard_mail!(
    /// It is still stale and nobody acted: to the backup, then to the project's administrators.
    ScorecardOverdue, "mails/scorecard_overdue", "Still stale, nobody has acted: {}"
);
scorecard_mail!(
    /// Neither its owner nor its backup can act: to the project's administrators.
    ScorecardUnowned, "mails/scorecard_unowned", "Scorecard without an owner: {}"
);

/// A gate waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateWaiting {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Release.
    pub release: String,
    /// Name of the recipient.
    pub recipient: String,
    /// What the machine recommends: `ship`, `hold`, `rollback`, `collect_more_evidence`.
    pub recommendation: String,
    /// Why, heaviest first.
    pub reasons: Vec<String>,
    /// Address of the gate's page.
    pub url: String,
}

impl MailView for GateWaiting {
    const TEMPLATE: &'static str = "mails/gate_waiting";

    fn subject(&self) -> String {
        format!("Decision wanted: {} {}", self.workflow, self.release)
    }
}

impl GateWaiting {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("1.4.0")
    }

    /// One about a release with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(release: &str) -> Self {
        Self {
            project: "Demo project".to_owned(),
            workflow: "refund-handling".to_owned(),
            release: release.to_owned(),
            recipient: "Ana Reyes".to_owned(),
            recommendation: "hold".to_owned(),
            reasons: vec![format!("Success rate fails in customer_tier = {release}.")],
            url: "https://seatrial.example.com/p/demo/gates/gate_01".to_owned(),
        }
    }
}

/// A decision was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionRecorded {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Release.
    pub release: String,
    /// Name of the recipient.
    pub recipient: String,
    /// The verdict.
    pub verdict: String,
    /// What the machine recommended.
    pub recommendation: String,
    /// Who decided.
    pub decided_by: String,
    /// When.
    pub decided_at: Time,
    /// The reason given, as written.
    pub reason: String,
    /// SHA-256 of the evidence bundle.
    pub bundle_digest: String,
    /// Address of the decision's page.
    pub url: String,
}

impl MailView for DecisionRecorded {
    const TEMPLATE: &'static str = "mails/decision_recorded";

    fn subject(&self) -> String {
        let verdict =
            crate::render::words::look_up("verdict", &self.verdict).map_or(self.verdict.as_str(), |word| word.label);
        format!("{verdict}: {} {}", self.workflow, self.release)
    }
}

impl DecisionRecorded {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("1.4.0")
    }

    /// One about a release with a hostile name.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(text: &str) -> Self {
        Self {
            project: "Demo project".to_owned(),
            workflow: "refund-handling".to_owned(),
            release: text.to_owned(),
            recipient: "Ben Okafor".to_owned(),
            verdict: "rollback".to_owned(),
            recommendation: "hold".to_owned(),
            decided_by: "Ana Reyes".to_owned(),
            decided_at: Time::sample(-5),
            reason: text.to_owned(),
            bundle_digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            url: "https://seatrial.example.com/p/demo/decisions/dec_01".to_owned(),
        }
    }
}

/// Something waits for a person, or was done: what, why them, and where to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Project.
    pub project: String,
    /// Name of the recipient.
    pub recipient: String,
    /// What happened or waits, in one line: the subject.
    pub title: String,
    /// The same with what is asked of the reader.
    pub lead: String,
    /// Details, a line each.
    pub reasons: Vec<String>,
    /// Why this person: `you own it`.
    pub because: String,
    /// What the button says: `Open the response`.
    pub act: String,
    /// Where it leads.
    pub url: String,
}

impl MailView for Told {
    const TEMPLATE: &'static str = "mails/told";

    fn subject(&self) -> String {
        self.title.clone()
    }
}

impl Told {
    /// A usual one.
    pub fn sample() -> Self {
        Self::named("Roll back")
    }

    /// One about a response with a hostile title.
    pub fn hostile_sample() -> Self {
        Self::named(HOSTILE)
    }

    fn named(title: &str) -> Self {
        Self {
            project: "Demo project".to_owned(),
            recipient: "Ana Reyes".to_owned(),
            title: title.to_owned(),
            lead: "A response is yours now; it is due on 24 November.".to_owned(),
            reasons: vec![title.to_owned()],
            because: "you own it".to_owned(),
            act: "Open the response".to_owned(),
            url: "https://seatrial.example.com/p/demo/responses/rsp_01".to_owned(),
        }
    }
}

/// A test of the mail settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestMail {
    /// Project.
    pub project: String,
    /// Who asked for it.
    pub requested_by: String,
}

impl MailView for TestMail {
    const TEMPLATE: &'static str = "mails/test";

    fn subject(&self) -> String {
        format!("Test mail from Seatrial, project {}", self.project)
    }
}

impl TestMail {
    /// A usual one.
    pub fn sample() -> Self {
        Self { project: "Demo project".to_owned(), requested_by: "Ana Reyes".to_owned() }
    }

    /// From a project with a hostile name.
    pub fn hostile_sample() -> Self {
        Self { project: HOSTILE.to_owned(), requested_by: HOSTILE.to_owned() }
    }
}
