//! `refund-handling`: its newest candidate improves the whole and fails enterprise customers.

use seatrial_domain::release::ReleaseState;
use seatrial_domain::workflow::RiskClass;

use super::{Dimension, Rates, ReleaseScenario, SegmentShift, WorkflowScenario};
use crate::demo::script;

const MISSES: &[(&str, f64)] = &[
    ("wrong_result", 0.30),
    ("policy_violation", 0.18),
    ("incomplete", 0.16),
    ("missed_escalation", 0.10),
    ("tool_misuse", 0.09),
    ("timeout", 0.08),
    ("unauthorised_commitment", 0.05),
    ("irreversible_error", 0.02),
    ("data_leak", 0.02),
];

/// What the candidate does to enterprise customers: it promises what contract terms forbid.
const ENTERPRISE_MISSES: &[(&str, f64)] =
    &[("unauthorised_commitment", 0.46), ("policy_violation", 0.32), ("missed_escalation", 0.22)];

/// Enterprise customers have an account manager and clean records, so their refunds used to go better than others.
const ENTERPRISE_BEFORE: SegmentShift =
    SegmentShift { dimension: "customer_tier", value: "enterprise", completed: 0.04, rescued: -0.01, misses: &[] };

const PHONE: SegmentShift =
    SegmentShift { dimension: "channel", value: "phone", completed: -0.03, rescued: 0.01, misses: &[] };

pub(super) static WORKFLOW: WorkflowScenario = WorkflowScenario {
    name: "refund-handling",
    about: "Decides refund requests of customers and pays out what the policy allows.",
    risk: RiskClass::High,
    agent: "refund-agent",
    share: 0.45,
    dimensions: &[
        Dimension { name: "customer_tier", values: &[("standard", 0.62), ("plus", 0.24), ("enterprise", 0.14)] },
        Dimension { name: "channel", values: &[("chat", 0.55), ("email", 0.35), ("phone", 0.10)] },
        Dimension { name: "region", values: &[("eu", 0.45), ("us", 0.40), ("apac", 0.15)] },
    ],
    releases: [
        ReleaseScenario {
            version: "2.0.0",
            baseline: None,
            state: ReleaseState::Retired,
            notes: "First release with the order system's own refund tool.",
            model: "mariner-2-mini",
            from_days_ago: 28.0,
            to_days_ago: 19.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.82,
                rescued: 0.07,
                approval: 0.24,
                denial: 0.09,
                escalation: 0.12,
                retry: 0.16,
            },
            shifts: &[ENTERPRISE_BEFORE, PHONE],
            misses: MISSES,
            model_call_ms: 1_450.0,
            input_tokens: 1_650.0,
            output_tokens: 170.0,
        },
        ReleaseScenario {
            version: "2.1.0",
            baseline: Some("2.0.0"),
            state: ReleaseState::Retired,
            notes: "Shorter prompt; looks the order up before it answers.",
            model: "mariner-2-mini",
            from_days_ago: 20.5,
            to_days_ago: 10.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.85,
                rescued: 0.05,
                approval: 0.22,
                denial: 0.08,
                escalation: 0.11,
                retry: 0.12,
            },
            shifts: &[ENTERPRISE_BEFORE, PHONE],
            misses: MISSES,
            model_call_ms: 1_300.0,
            input_tokens: 1_350.0,
            output_tokens: 150.0,
        },
        ReleaseScenario {
            version: "2.2.0",
            baseline: Some("2.1.0"),
            state: ReleaseState::Live,
            notes: "Retries the order system once before it gives up.",
            model: "mariner-2",
            from_days_ago: 11.5,
            to_days_ago: 0.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.885,
                rescued: 0.04,
                approval: 0.21,
                denial: 0.08,
                escalation: 0.10,
                retry: 0.11,
            },
            shifts: &[ENTERPRISE_BEFORE, PHONE],
            misses: MISSES,
            model_call_ms: 1_600.0,
            input_tokens: 1_400.0,
            output_tokens: 160.0,
        },
        ReleaseScenario {
            version: "2.3.0",
            baseline: Some("2.2.0"),
            state: ReleaseState::Candidate,
            notes: "New model; decides small refunds without asking.",
            model: "mariner-3",
            from_days_ago: 7.0,
            to_days_ago: 0.0,
            weight: 1.0,
            rates: Rates {
                completed: 0.955,
                rescued: 0.02,
                approval: 0.17,
                denial: 0.06,
                escalation: 0.07,
                retry: 0.06,
            },
            shifts: &[
                SegmentShift {
                    dimension: "customer_tier",
                    value: "enterprise",
                    completed: -0.135,
                    rescued: 0.25,
                    misses: ENTERPRISE_MISSES,
                },
                PHONE,
            ],
            misses: MISSES,
            model_call_ms: 1_150.0,
            input_tokens: 1_250.0,
            output_tokens: 145.0,
        },
    ],
    script: &script::REFUND_HANDLING,
};
