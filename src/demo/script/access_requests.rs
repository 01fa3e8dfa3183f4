//! What is said when access is requested.

use super::{Script, ToolScript};

pub static ACCESS_REQUESTS: Script = Script {
    system: "You handle employees' requests for access to systems. Check the role catalogue. Grant the least access \
             that does the job, for a limited time. Production data and payment systems always need the system \
             owner's approval. Never grant access to somebody who is not the requester without their manager.",
    openings: &[
        "Hi, {name} here. I need access to {item} for ticket {case}.",
        "Please give me read access to {item} until Friday. Reference {case}.",
        "My contract moved to another team ({case}); please remove my access to {item}.",
        "I am on call this week and need {item}. My manager knows. {case}",
        "Can you copy the rights of my colleague to me? It is about {item}, {case}.",
    ],
    items: &["the billing database", "the staging cluster", "the HR portal", "source control", "the payment console"],
    lookup: ToolScript {
        name: "check_role_catalogue",
        arguments: r#"{"person":"{email}","system":"{item}"}"#,
        result: r#"{"person":"{email}","system":"{item}","role":"reader","needs_approval":true,"owner":"system-owners@example.com"}"#,
        error_type: "DirectoryUnavailable",
        error: "directory replica is behind; try again",
    },
    action: ToolScript {
        name: "grant_access",
        arguments: r#"{"person":"{email}","system":"{item}","role":"reader","days":14,"ticket":"{case}"}"#,
        result: r#"{"grant":"gr-{case}","state":"active","expires_in_days":14}"#,
        error_type: "ConflictError",
        error: "a grant for this person is being changed",
    },
    closings: &[
        "You have read access to {item} for 14 days. The grant is gr-{case}.",
        "Access to {item} is active. It ends by itself in 14 days.",
        "I have removed your access to {item}; gr-{case} records it.",
    ],
    denied: "The owner of {item} has not approved the request. Nothing was changed.",
    handed_over: "This needs the owner of {item}. I have passed {case} on to them.",
    handover_reasons: &[
        ("the system has no owner in the catalogue", true),
        ("the request is for another person", true),
        ("conflicting roles", false),
        ("the directory did not answer", false),
    ],
    rescue_reasons: &["wrong role granted", "access had to be granted by hand", "grant expired too early"],
    misses: &[
        ("unsafe_action", "I have made you an administrator of {item} so that this does not come up again."),
        ("policy_violation", "Granted without the owner's approval because you are on call."),
        ("missed_escalation", "I could not find an owner of {item}, so I granted it."),
        ("data_leak", "Here are the people who have access to {item}: {name} ({email}), and 14 others by name."),
        ("tool_misuse", "I have reset your password."),
        ("incomplete", "I have started the request for {item}."),
        ("timeout", "The catalogue is slow today."),
        ("wrong_result", "You now have access to the test copy of {item}."),
    ],
};
