//! `access-requests`: its newest candidate has run too little to say anything, and its scorecard is stale.

use seatrial_domain::release::ReleaseState;
use seatrial_domain::workflow::RiskClass;

use super::{Dimension, Rates, ReleaseScenario, SegmentShift, WorkflowScenario};
use crate::demo::script;

const MISSES: &[(&str, f64)] = &[
    ("wrong_result", 0.22),
    ("policy_violation", 0.20),
    ("missed_escalation", 0.18),
    ("incomplete", 0.15),
    ("unsafe_action", 0.08),
    ("tool_misuse", 0.08),
    ("timeout", 0.06),
    ("data_leak", 0.03),
];

const FINANCE: SegmentShift =
    SegmentShift { dimension: "department", value: "finance", completed: -0.02, rescued: 0.0, misses: &[] };

pub(super) static WORKFLOW: WorkflowScenario = WorkflowScenario {
    name: "access-requests",
    about: "Grants, changes and removes employees' access to systems after checking who may have it.",
    risk: RiskClass::High,
    agent: "access-agent",
    share: 0.20,
    dimensions: &[
        Dimension { name: "department", values: &[("engineering", 0.52), ("support", 0.30), ("finance", 0.18)] },
        Dimension { name: "channel", values: &[("portal", 0.60), ("chat", 0.40)] },
        Dimension { name: "region", values: &[("eu", 0.55), ("us", 0.45)] },
    ],
    releases: [
        ReleaseScenario {
            version: "0.8.0",
            baseline: None,
            state: ReleaseState::Retired,
            notes: "Pilot with the engineering department's systems.",
            model: "mariner-2-mini",
            from_days_ago: 28.0,
            to_days_ago: 17.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.86,
                rescued: 0.06,
                approval: 0.55,
                denial: 0.13,
                escalation: 0.14,
                retry: 0.12,
            },
            shifts: &[FINANCE],
            misses: MISSES,
            model_call_ms: 1_250.0,
            input_tokens: 1_100.0,
            output_tokens: 120.0,
        },
        ReleaseScenario {
            version: "0.9.0",
            baseline: Some("0.8.0"),
            state: ReleaseState::Retired,
            notes: "Checks the role catalogue before it asks for approval.",
            model: "mariner-2-mini",
            from_days_ago: 18.5,
            to_days_ago: 8.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.885,
                rescued: 0.05,
                approval: 0.51,
                denial: 0.12,
                escalation: 0.13,
                retry: 0.10,
            },
            shifts: &[FINANCE],
            misses: MISSES,
            model_call_ms: 1_200.0,
            input_tokens: 1_150.0,
            output_tokens: 125.0,
        },
        ReleaseScenario {
            version: "0.9.1",
            baseline: Some("0.9.0"),
            state: ReleaseState::Live,
            notes: "Removes access as well as granting it.",
            model: "mariner-2",
            from_days_ago: 9.5,
            to_days_ago: 0.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.90,
                rescued: 0.045,
                approval: 0.50,
                denial: 0.11,
                escalation: 0.12,
                retry: 0.09,
            },
            shifts: &[FINANCE],
            misses: MISSES,
            model_call_ms: 1_350.0,
            input_tokens: 1_150.0,
            output_tokens: 130.0,
        },
        ReleaseScenario {
            version: "1.0.0",
            baseline: Some("0.9.1"),
            state: ReleaseState::Candidate,
            notes: "Grants time-limited access without a person for low-risk systems.",
            model: "mariner-3",
            from_days_ago: 1.2,
            to_days_ago: 0.0,
            weight: 0.2,
            rates: Rates {
                completed: 0.92,
                rescued: 0.03,
                approval: 0.34,
                denial: 0.09,
                escalation: 0.10,
                retry: 0.05,
            },
            shifts: &[],
            misses: MISSES,
            model_call_ms: 1_100.0,
            input_tokens: 1_100.0,
            output_tokens: 120.0,
        },
    ],
    script: &script::ACCESS_REQUESTS,
};
